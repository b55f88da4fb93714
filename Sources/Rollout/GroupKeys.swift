import Backends

/// The keys of a group in the store, by which its hosts coordinate.
package struct GroupKeys: Hashable, Sendable {
    /// What the keys of all groups begin with.
    package static let root = OwnKeys.rollouts

    /// The path of the group, without a slash at the end.
    package let path: String

    package init(group: String) { path = "\(Self.root)/\(group)" }

    /// A key below the group.
    enum Key: Hashable {
        /// Its value is the name of the newest change.
        case current
        /// A host that takes part and is alive: the key is attached to the host's lease.
        case member(String)
        case of(ChangeName, Entry)
    }

    /// What hosts note about a change.
    enum Entry: Hashable {
        /// The host waits for its turn, or has it: the key is attached to the host's lease.
        case queue(String)
        /// The host has its turn, and may have the new file.
        case started(String)
        /// The host has the new file, and it works.
        case done(String)
        /// The canaries are done.
        case ok
        /// The change is halted; the value says why.
        case halt
    }

    /// The key that says that `host` takes part.
    package func memberKey(of host: String) -> [UInt8] { bytes(.member(host)) }

    /// The key that says that `host` waits for its turn in a change, or has it.
    package func queueKey(of host: String, in change: ChangeName) -> [UInt8] { bytes(.of(change, .queue(host))) }

    func bytes(_ key: Key) -> [UInt8] {
        let rest: String
        switch key {
        case .current: rest = "current"
        case .member(let host): rest = "members/\(host)"
        case .of(let change, .queue(let host)): rest = "\(change.text)/queue/\(host)"
        case .of(let change, .started(let host)): rest = "\(change.text)/started/\(host)"
        case .of(let change, .done(let host)): rest = "\(change.text)/done/\(host)"
        case .of(let change, .ok): rest = "\(change.text)/ok"
        case .of(let change, .halt): rest = "\(change.text)/halt"
        }
        return Array("\(path)/\(rest)".utf8)
    }

    /// The path of all keys about a change.
    func bytes(_ change: ChangeName) -> [UInt8] { Array("\(path)/\(change.text)".utf8) }

    /// Parses a key; nil if it is none of the group's.
    func key(_ bytes: some Collection<UInt8>) -> Key? {
        guard bytes.starts(with: "\(path)/".utf8) else { return nil }
        let rest = bytes.dropFirst(path.utf8.count + 1)
        // A host's name on Linux has at most 64 bytes.
        guard rest.count <= Self.longest else { return nil }
        let parts = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self)[...] }
        if parts.contains(where: \.isEmpty) { return nil }
        switch (parts.count, parts[0]) {
        case (1, "current"): return .current
        case (2, "members"): return .member(String(parts[1]))
        case (2, _):
            guard let change = ChangeName(parts[0]) else { return nil }
            return parts[1] == "ok" ? .of(change, .ok) : parts[1] == "halt" ? .of(change, .halt) : nil
        case (3, _):
            guard let change = ChangeName(parts[0]) else { return nil }
            return Self.entry(parts[1], String(parts[2])).map { .of(change, $0) }
        default: return nil
        }
    }

    private static let longest = 512

    private static func entry(_ list: Substring, _ host: String) -> Entry? {
        switch list {
        case "queue": .queue(host)
        case "started": .started(host)
        case "done": .done(host)
        default: nil
        }
    }
}

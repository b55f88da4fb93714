import Diagnostics
import KeyValue
import Primitives

/// The keys of a group in the store, as last seen; updated with each key that changes.
package struct GroupView: Sendable {
    package let keys: GroupKeys
    /// The store's revision.
    package private(set) var revision: Int64 = 0
    /// The newest change, and the version of the key that says so.
    package private(set) var current: (name: ChangeName, version: Int64)?
    /// The version of that key, also if its value is malformed; 0 if there is no such key.
    private(set) var currentVersion: Int64 = 0
    /// The hosts that take part and are alive, with their settings (`RolloutPolicy.text`).
    package private(set) var members: [String: String] = [:]
    /// How many members have which settings.
    private var settings: [String: Int] = [:]
    package private(set) var changes: [ChangeName: ChangeView] = [:]

    package init(_ keys: GroupKeys) { self.keys = keys }

    /// What is noted about the newest change.
    package var currentChange: ChangeView? { current.map { changes[$0.name] ?? ChangeView() } }

    /// Takes what differs between two snapshots of the group's keys.
    package mutating func take(_ snapshot: Snapshot, after older: Snapshot) {
        var removed: [[UInt8]] = []
        var added: [(key: [UInt8], version: Int64)] = []
        snapshot.compareRevisions(with: older) { key, _ in
            removed.append(Array(key))
        } added: { key, version in
            added.append((Array(key), version))
        }
        for key in removed { take(Update(key: key, value: nil), at: snapshot.revision) }
        for (key, version) in added {
            let value = key.withUnsafeBufferPointer { snapshot.find($0).map { Array(snapshot.valueBytes($0)) } }
            take(Update(key: key, value: value ?? [], revision: version), at: snapshot.revision)
        }
        revision = snapshot.revision
    }

    /// Takes the change of one key.
    package mutating func take(_ update: Update, at revision: Int64) {
        self.revision = max(self.revision, revision)
        guard let key = keys.key(update.key) else { return }
        take(key, update.value, update.value == nil ? nil : update.revision)
    }

    /// Takes what a key has, and its version; nil if it is gone.
    mutating func take(_ key: GroupKeys.Key, _ value: [UInt8]?, _ version: Int64?) {
        revision = max(revision, version ?? 0)
        switch key {
        case .current:
            currentVersion = version ?? 0
            current = value.flatMap { ChangeName(String(decoding: $0.prefix(128), as: UTF8.self)[...]) }
                .map { ($0, version ?? 0) }
        case .member(let host):
            let text =
                version == nil ? nil : value.map { PrintableText.line(String(decoding: $0.prefix(200), as: UTF8.self)) }
            count(members[host], by: -1)
            count(text, by: 1)
            members[host] = text
        case .of(let change, let entry):
            changes[change, default: ChangeView()].take(entry, version, value ?? [])
            if changes[change]?.isEmpty == true { changes[change] = nil }
        }
    }

    private mutating func count(_ text: String?, by number: Int) {
        guard let text else { return }
        let count = settings[text, default: 0] + number
        settings[text] = count == 0 ? nil : count
    }

    /// A host whose settings differ from `text`, and its settings; nil if all hosts agree.
    package func memberWithOtherSettings(than text: String) -> (host: String, settings: String)? {
        if settings.isEmpty || settings.count == 1 && settings[text] != nil { return nil }
        return members.filter { $0.value != text }.min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// How many hosts that are alive have their turn in changes other than `name`.
    func holdersElsewhere(than name: ChangeName) -> Int {
        changes.reduce(0) { $0 + ($1.key == name ? 0 : $1.value.holderCount) }
    }
}

/// What the store has about one change.
package struct ChangeView: Sendable {
    /// Hosts by name, with the versions of their keys.
    package private(set) var queue: [String: Int64] = [:]
    package private(set) var started: [String: Int64] = [:]
    package private(set) var done: [String: Int64] = [:]
    package private(set) var ok: Int64?
    package private(set) var halt: Halt?
    /// The hosts in the queue that are not done, in the order in which they came.
    package private(set) var order: [Place] = []
    /// Hosts whose lease ended while they had their turn.
    private var dead: Set<String> = []
    /// The host that was done first.
    package private(set) var firstDone: Place?

    package struct Place: Equatable, Sendable {
        package let version: Int64
        package let host: String
    }

    package struct Halt: Equatable, Sendable {
        /// For people, on one line: the host and the reason.
        package let text: String
        package let version: Int64
    }

    var isEmpty: Bool { queue.isEmpty && started.isEmpty && done.isEmpty && ok == nil && halt == nil }

    /// How many hosts have their turn and are alive.
    package var holderCount: Int { started.count - dead.count }

    /// A host whose lease ended while it had its turn.
    package var deadHolder: String? { dead.min() }

    /// Whether nobody waits for its turn or has it.
    var isIdle: Bool { order.isEmpty && holderCount == 0 }

    /// How many hosts in the queue are before `host`; nil if it is not there.
    func rank(of host: String) -> Int? {
        guard let version = queue[host] else { return nil }
        let place = place(of: version)
        return place < order.count && order[place].host == host ? place : nil
    }

    private func place(of version: Int64) -> Int { order.indices.partitionPoint { order[$0].version < version } }

    fileprivate mutating func take(_ entry: GroupKeys.Entry, _ version: Int64?, _ value: [UInt8]) {
        switch entry {
        case .queue(let host):
            removeFromOrder(host)
            queue[host] = version
            addToOrder(host)
            noteDeath(host)
        case .started(let host):
            started[host] = version
            noteDeath(host)
        case .done(let host):
            removeFromOrder(host)
            done[host] = version
            addToOrder(host)
            if let version, firstDone.map({ version < $0.version }) ?? true {
                firstDone = Place(version: version, host: host)
            } else if firstDone?.host == host {
                firstDone = done.min { $0.value < $1.value }.map { Place(version: $0.value, host: $0.key) }
            }
        case .ok: ok = version
        case .halt: halt = version.map { Halt(text: Self.text(value), version: $0) }
        }
    }

    private mutating func noteDeath(_ host: String) {
        if started[host] != nil, queue[host] == nil { dead.insert(host) } else { dead.remove(host) }
    }

    private mutating func removeFromOrder(_ host: String) {
        guard let version = queue[host] else { return }
        let place = place(of: version)
        if place < order.count, order[place].host == host { order.remove(at: place) }
    }

    private mutating func addToOrder(_ host: String) {
        guard let version = queue[host], done[host] == nil else { return }
        order.insert(Place(version: version, host: host), at: place(of: version))
    }

    /// Untrusted: anybody with access to the store may have written it.
    private static func text(_ value: [UInt8]) -> String {
        PrintableText.line(String(decoding: value.prefix(300), as: UTF8.self))
    }
}

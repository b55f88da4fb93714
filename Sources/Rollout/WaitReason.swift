/// Why the file of a host stays as it is.
package enum WaitReason: Equatable, Sendable {
    /// The group's keys have not been read yet.
    case storeUnknown
    /// They cannot be read; for people.
    case unreadable(String)
    /// The store refuses this host's place in the queue, or another write for the turn; for people.
    case refused(String)
    /// This host's place in the queue is not in the store yet.
    case notNoted
    /// Hosts with another template or other keys go first.
    case otherChange(ChangeName)
    /// This many hosts go first.
    case queued(before: Int)
    /// These hosts, of which a few are named, have their turn as canaries.
    case canary([String])
    /// No host that is alive is a canary.
    case noCanary([String])
    /// For people: the host and the reason.
    case halted(String)

    package var message: String {
        switch self {
        case .storeUnknown: "the store has not been asked yet whose turn it is"
        case .unreadable(let reason): "the keys of its group cannot be read: \(reason)"
        case .refused(let reason): "its turn cannot be noted in the store: \(reason)"
        case .notNoted: "its place in the queue is not in the store yet"
        case .otherChange(let change): "change \(change.shortText), of other keys or another template, goes first"
        case .queued(let count): count == 1 ? "1 host goes first" : "\(count) hosts go first"
        case .canary(let hosts):
            hosts.isEmpty ? "a canary goes first" : "the canary goes first: \(hosts.joined(separator: ", "))"
        case .noCanary(let patterns): "no host that is alive is a canary: \(patterns.joined(separator: ", "))"
        case .halted(let text): "halted: \(text)"
        }
    }

    /// Whether `other` is the same but for numbers, names of hosts and the words of the store.
    package func isAlike(_ other: WaitReason) -> Bool {
        switch (self, other) {
        case (.queued, .queued), (.canary, .canary), (.noCanary, .noCanary), (.refused, .refused): true
        default: self == other
        }
    }

    /// Whether it ends as soon as the store has answered.
    package var isPassing: Bool {
        switch self {
        case .storeUnknown, .notNoted, .otherChange: true
        case .unreadable, .refused, .queued, .canary, .noCanary, .halted: false
        }
    }

    /// Whether a write of this host itself is waited for.
    package var waitsForOwnWrite: Bool { self == .storeUnknown || self == .notNoted }

    /// Whether somebody has to do something about it.
    package var isHalt: Bool {
        switch self {
        case .halted, .noCanary: true
        case .storeUnknown, .unreadable, .refused, .notNoted, .otherChange, .queued, .canary: false
        }
    }
}

import Backends
import KeyValue
import Posix
import Synchronization

/// A store in the memory of the test, whose keys have revisions, and leases that end when the test says so.
final class RolloutStore: Backend {
    private struct Entry {
        var value: [UInt8]
        var version: Int64
        /// The host whose lease the key has; nil without a lease.
        var owner: String?
    }

    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        var snapshot = Snapshot([])

        /// Makes these changes at the next revision.
        mutating func make(_ changes: [(key: [UInt8], value: [UInt8]?)], owner: String? = nil) {
            let revision = snapshot.revision + 1
            for (key, value) in changes {
                entries[key] = value.map { Entry(value: $0, version: revision, owner: owner) }
            }
            snapshot = snapshot.applying(
                changes.map { Update(key: $0.key, value: $0.value, revision: revision) }, revision: revision)
        }
    }

    private let state = Mutex(State())
    private let watchers = Watchers()
    /// Why it cannot be read; nil if it can.
    private let failure: BackendError?

    init(failure: BackendError? = nil) { self.failure = failure }

    /// All keys now.
    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    func put(_ key: String, _ value: String) { change { $0.make([(Array(key.utf8), Array(value.utf8))]) } }

    /// The value of a key, nil without it.
    func value(_ key: String) -> String? {
        state.withLock { $0.entries[Array(key.utf8)].map { String(decoding: $0.value, as: UTF8.self) } }
    }

    /// What stands behind `path` in the names of keys, sorted.
    func names(below path: String) -> [String] {
        state.withLock { state in
            state.entries.keys.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix(path) }
                .map { String($0.dropFirst(path.count)) }.sorted()
        }
    }

    /// Makes the changes of `transaction` if all its conditions hold.
    func commit(_ transaction: Transaction) -> Bool {
        change { state in
            let holds = transaction.conditions.allSatisfy { (state.entries[$0.key]?.version ?? 0) == $0.version }
            guard holds else { return false }
            var changes: [(key: [UInt8], value: [UInt8]?)] = []
            for change in transaction.changes {
                switch change {
                case .put(let key, let value): changes.append((key, value))
                case .delete(let key): changes.append((key, nil))
                case .deleteBelow(let path):
                    let below = path + [UInt8(ascii: "/")]
                    changes += state.entries.keys.filter { $0.starts(with: below) }.map { ($0, nil) }
                }
            }
            state.make(changes)
            return true
        }
    }

    // MARK: - Leases

    /// The keys with the lease of `owner`.
    func held(by owner: String) -> [[UInt8]: [UInt8]] {
        state.withLock { $0.entries.filter { $0.value.owner == owner }.mapValues(\.value) }
    }

    /// Gives these keys the lease of `owner`, and removes its other ones.
    func hold(_ places: [(key: [UInt8], value: [UInt8])], by owner: String) {
        let known = held(by: owner)
        let wanted = Set(places.map(\.key))
        // Each at its own revision, as the registrar writes them.
        for key in known.keys where !wanted.contains(key) { change { $0.make([(key, nil)]) } }
        for (key, value) in places where known[key] != value { change { $0.make([(key, value)], owner: owner) } }
    }

    /// Ends the lease of `owner`: its keys are removed.
    func endLease(of owner: String) { hold([], by: owner) }

    // MARK: - Followers

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        defer { watchers.wake() }
        return state.withLock { body(&$0) }
    }

    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        if let failure { throw failure }
        return snapshot.view(of: ranges, strippingPrefix: [])
    }

    func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        try watchers.follow(
            until: cancellation,
            read: { () throws(BackendError) in try snapshot(of: ranges, timeout: timeout) }, deliver: deliver)
    }
}

/// The kind of backend that has such a store behind it.
struct RolloutKind: BackendKind {
    let store: RolloutStore
    let name = "test"
    let summary = "the memory of a test"
    let watching = "at once"
    let takesRollouts = true
    let options: [BackendOption] = []

    func sources(of options: BackendOptions) -> [String] { ["memory"] }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend { store }
}

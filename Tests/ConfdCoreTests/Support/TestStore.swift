import Backends
import KeyValue
import Posix
import Synchronization

/// A store in the memory of the test. With `failing`, the test makes its reads fail, or blocks them.
final class TestStore: Backend {
    private struct State {
        var pairs: [String: String]
        var revision: Int64 = 1
        var timeouts: [Duration] = []
    }

    private let state: Mutex<State>
    private let watchers = Watchers()
    /// What the read with this number (from 1) fails with; nil if it succeeds. Called on the reading thread.
    private let failure: @Sendable (_ read: Int, _ ranges: [KeyRange]) -> BackendError?

    init(
        _ pairs: [String: String] = [:],
        failing failure: @escaping @Sendable (_ read: Int, _ ranges: [KeyRange]) -> BackendError? = { _, _ in nil }
    ) {
        state = Mutex(State(pairs: pairs))
        self.failure = failure
    }

    /// How often it was read.
    var reads: Int { timeouts.count }

    /// How long each read could take.
    var timeouts: [Duration] { state.withLock { $0.timeouts } }

    /// Changes a key, or removes it, and lets those who follow know.
    func put(_ key: String, _ value: String?) { change { $0[key] = value } }

    /// Changes several keys at once.
    func put(_ pairs: [String: String?]) {
        change { all in for (key, value) in pairs { all[key] = value } }
    }

    /// Has these keys and no others, and lets those who follow know.
    func replace(by pairs: [String: String]) { change { $0 = pairs } }

    private func change(_ body: (inout [String: String]) -> Void) {
        state.withLock { state in
            body(&state.pairs)
            state.revision += 1
        }
        watchers.wake()
    }

    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        let read = state.withLock { state in
            state.timeouts.append(timeout)
            return state.timeouts.count
        }
        if let failure = failure(read, ranges) { throw failure }
        return state.withLock { state in
            Snapshot(
                state.pairs.map { (key: Array($0.key.utf8), value: Array($0.value.utf8)) }, revision: state.revision)
        }
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

/// The kind of backend that has a test's store behind it.
struct TestKind: BackendKind {
    let store: TestStore
    var name = "test"
    let summary = "the memory of a test"
    let watching = "at once"
    let options: [BackendOption] = []

    func sources(of options: BackendOptions) -> [String] { ["memory"] }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend { store }
}

import Glibc
import KeyValue
import Posix
import Synchronization
import TestSupport

@testable import Backends

/// Follows ranges on a thread of its own as the daemon does: after a failure it goes on from the last snapshot. The thread
/// ends with this object, or after `stop`.
final class Following: Sendable {
    /// What the thread uses: an object of its own, so that the thread does not keep `Following` alive.
    private final class Work: Sendable {
        struct State {
            var last: Snapshot?
            var deliveries = 0
            var failures: [BackendError] = []
            var hasEnded = false
        }

        let state = Mutex(State())
        let cancellation: Cancellation
        private let backend: any Backend
        private let ranges: [KeyRange]
        private let onDelivery: @Sendable (Snapshot) -> Void

        init(
            _ backend: any Backend, _ ranges: [KeyRange], _ onDelivery: @escaping @Sendable (Snapshot) -> Void
        ) throws {
            self.backend = backend
            self.ranges = ranges
            self.onDelivery = onDelivery
            cancellation = try Cancellation()
        }

        func run() {
            while !cancellation.isCancelled {
                do throws(BackendError) {
                    let start = state.withLock { $0.last }
                    try backend.follow(ranges, from: start, timeout: .seconds(5), cancellation: cancellation) {
                        snapshot in
                        state.withLock { state in
                            state.last = snapshot
                            state.deliveries += 1
                        }
                        onDelivery(snapshot)
                    }
                } catch {
                    if cancellation.isCancelled { break }
                    state.withLock { $0.failures.append(error) }
                    // A pause before the next attempt, so that a server that is away does not take a processor.
                    usleep(50_000)
                }
            }
            state.withLock { $0.hasEnded = true }
        }
    }

    private let work: Work

    /// `onDelivery` is called on the thread with each snapshot; the thread goes on when it returns.
    convenience init(
        _ backend: any Backend, _ paths: String..., onDelivery: @escaping @Sendable (Snapshot) -> Void = { _ in }
    ) throws {
        try self.init(backend, paths.map { KeyRange(cleaned: Array($0.utf8)) }, onDelivery: onDelivery)
    }

    init(
        _ backend: any Backend, _ ranges: [KeyRange], onDelivery: @escaping @Sendable (Snapshot) -> Void = { _ in }
    ) throws {
        work = try Work(backend, ranges, onDelivery)
        try Thread.detach { [work] in work.run() }
    }

    deinit { work.cancellation.cancel() }

    var failures: [BackendError] { work.state.withLock { $0.failures } }
    /// Those but of calls for which a busy machine left a server too little time.
    var failuresButTime: [BackendError] { failures.filter { !$0.message.hasSuffix("within the time limit") } }
    var deliveries: Int { work.state.withLock { $0.deliveries } }
    var last: Snapshot? { work.state.withLock { $0.last } }

    /// Waits until the last snapshot has exactly `texts`; false after `seconds`.
    func sees(_ texts: [String: String], within seconds: Double = 60) -> Bool {
        eventuallyBlocking(seconds: seconds) { self.last?.texts == texts }
    }

    /// Cancels, and waits for the thread's end for at most 20 s; false if it does not end.
    @discardableResult
    func stop() -> Bool {
        work.cancellation.cancel()
        return eventuallyBlocking(seconds: 20) { work.state.withLock { $0.hasEnded } }
    }
}

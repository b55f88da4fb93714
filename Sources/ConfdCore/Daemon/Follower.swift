import Backends
import Configuration
import KeyValue
import Posix
import Synchronization

/// Holds the newest snapshot of one backend, on a thread of its own: the last one counts, none waits in a queue.
///
/// It reads when `read` is called and, if it watches, each time something has changed. What fails is tried again for ever.
final class Follower: Sendable {
    /// A snapshot, and the generation that it belongs to.
    struct Delivery: Sendable {
        let snapshot: Snapshot
        /// The number of the last call of `read` before the snapshot was taken.
        let generation: Int
    }

    private struct State {
        var ranges: [KeyRange] = []
        var generation = 0
        var current: Cancellation?
        var delivery: Delivery?
        var failure: BackendError?
        /// When the failures began that nothing has ended yet.
        var failingSince: Duration?
        var lastContact: WallTime?
        var isStale = false
        var hasStarted = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let configuration: BackendConfiguration
    private let backends: BackendPool
    private let watches: Bool
    private let timeout: Duration
    private let logger: Logger
    private let metrics: Metrics
    private let patience: Duration
    private let wake: @Sendable () -> Void

    /// A backend that fails for longer than `patience` is stale: what it had is still in use, and may be wrong by now.
    /// `wake` is called when there is a delivery or a failure.
    init(
        _ configuration: BackendConfiguration, _ backends: BackendPool, watches: Bool, timeout: Duration,
        logger: Logger, metrics: Metrics = Metrics(),
        patience: Duration = .seconds(30), wake: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.backends = backends
        self.watches = watches
        self.timeout = timeout
        self.logger = logger
        self.metrics = metrics
        self.patience = patience
        self.wake = wake
    }

    /// Reads what `ranges` cover anew; returns the generation that its delivery has, or a later delivery.
    func read(_ ranges: [KeyRange]) throws(SystemError) -> Int {
        let (generation, old, isFirst) = state.withLock { state in
            state.ranges = ranges
            state.generation += 1
            defer { state.hasStarted = true }
            return (state.generation, state.current, !state.hasStarted)
        }
        old?.cancel()
        if isFirst { try Thread.detach { [self] in run() } }
        return generation
    }

    /// Ends its thread.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            return state.current
        }?.cancel()
    }

    /// The ranges that it was told to read last.
    var ranges: [KeyRange] { state.withLock { $0.ranges } }

    /// The newest snapshot, if it was not taken yet.
    func take() -> Delivery? {
        state.withLock { state in
            defer { state.delivery = nil }
            return state.delivery
        }
    }

    /// Why the last attempt failed, nil if it did not.
    var failure: BackendError? { state.withLock { $0.failure } }

    private func run() {
        var backoff = Backoff(limit: configuration.kind.longestPause)
        var last: Delivery?
        while !state.withLock({ $0.isStopped }) {
            guard let cancellation = makeCancellation() else { continue }
            let (ranges, generation) = state.withLock { state in
                state.current = cancellation
                return (state.ranges, state.generation)
            }
            // A new generation begins from nothing.
            if last?.generation != generation { last = nil }
            do {
                let backend = try backends.backend(for: configuration)
                try follow(backend, ranges, from: last?.snapshot, cancellation) { snapshot in
                    backoff.reset()
                    let delivery = Delivery(snapshot: snapshot, generation: generation)
                    last = delivery
                    deliver(delivery)
                }
            } catch {
                if cancellation.isCancelled { continue }
                note(error)
                // Ended early by the next `read`; if not even waiting works, the next attempt says so.
                try? cancellation.wait(backoff.next())
            }
        }
    }

    private func makeCancellation() -> Cancellation? {
        do {
            return try Cancellation()
        } catch {
            note(BackendError(.unreachable, error.message))
            // Descriptors may be free again later.
            Clock.sleep(.seconds(1))
            return nil
        }
    }

    private func follow(
        _ backend: any Backend, _ ranges: [KeyRange], from start: Snapshot?, _ cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        if watches {
            try backend.follow(ranges, from: start, timeout: timeout, cancellation: cancellation, deliver: deliver)
        } else {
            try backend.readAndWait(ranges, timeout: timeout, cancellation: cancellation, deliver: deliver)
        }
    }

    private func deliver(_ delivery: Delivery) {
        let hadFailed = state.withLock { state in
            state.delivery = delivery
            state.lastContact = Clock.wall()
            state.failingSince = nil
            state.isStale = false
            defer { state.failure = nil }
            return state.failure != nil
        }
        if hadFailed { logger.notice("Backend \(configuration.name) answers again", configuration) }
        wake()
    }

    private func note(_ error: BackendError) {
        let now = Clock.monotonic()
        let (isNew, becameStale, lastContact) = state.withLock { state in
            let since = state.failingSince ?? now
            // A watch has a heartbeat: until it broke, there was contact.
            if state.failingSince == nil, watches, state.lastContact != nil { state.lastContact = Clock.wall() }
            state.failingSince = since
            let becomesStale = !state.isStale && now - since >= patience
            if becomesStale { state.isStale = true }
            defer { state.failure = error }
            return (state.failure != error, becomesStale, state.lastContact)
        }
        metrics.countFailure(of: configuration)
        let subject = error.logFields(configuration)
        if isNew { logger.error(error.message, subject) } else { logger.debug(error.message, subject) }
        if becameStale {
            let since =
                lastContact.map { "has not been heard of since \(Clock.rfc3339($0))" } ?? "has never been reached"
            logger.warning(
                "Backend \(configuration.name) \(since): files stay as they are until it answers",
                configuration)
        }
        wake()
    }

    /// The last contact with the backend.
    var contact: BackendContact {
        state.withLock { state in
            let isConnected = state.failure == nil && state.lastContact != nil
            return BackendContact(
                isConnected: isConnected, lastHeard: isConnected && watches ? Clock.wall() : state.lastContact,
                isStale: state.isStale)
        }
    }
}

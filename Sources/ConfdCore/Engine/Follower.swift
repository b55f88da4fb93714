import Applying
import Backends
import Configuration
import KeyValue
import Posix
import Synchronization

/// Follows one backend on a thread of its own, and holds its newest snapshot: a newer one replaces one that was not taken.
///
/// It reads when `read` is called and, if it watches, each time something has changed. What fails is tried again, for ever or
/// until a given time.
final class Follower: Sendable {
    /// How it follows.
    struct Options: Sendable {
        /// Whether changes are waited for.
        var watches: Bool
        /// For one read.
        var timeout: Duration
        /// When the last attempt of a read that fails is made (by `clock`); nil: attempts go on for ever.
        var end: Duration?
        /// Whether it reads the keys that all resources of the backend share: its failures are then failures of
        /// the backend.
        var isOfAllResources = true
        /// A backend that fails for longer is stale: what it had is still in use, and may be wrong by now.
        var patience = Duration.seconds(30)
        var clock: @Sendable () -> Duration = Clock.monotonic

        init(watches: Bool, timeout: Duration) {
            self.watches = watches
            self.timeout = timeout
        }

        /// The longest pause between attempts that have an end: somebody waits for it.
        fileprivate static let longestPause = Duration.seconds(5)
    }

    /// A snapshot, and the generation that it belongs to.
    struct Delivery: Sendable {
        let snapshot: Snapshot
        /// The number of the last call of `read` before the snapshot was taken.
        let generation: Int
        /// Whether it is of an earlier run: the backend has not answered yet.
        var isCached = false
    }

    private struct State {
        var ranges: [KeyRange] = []
        var generation = 0
        var current: Cancellation?
        var delivery: Delivery?
        var failure: BackendError?
        /// The generation whose last attempt has failed, and the one that is not tried any more; 0 for none.
        var failedGeneration = 0
        var abandonedGeneration = 0
        /// When the failures began that nothing has ended yet.
        var failingSince: Duration?
        var lastContact: WallTime?
        var isStale = false
        var isOptional = false
        var hasStarted = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let configuration: BackendConfiguration
    private let backends: BackendPool
    private let options: Options
    private let logger: Logger
    private let metrics: Metrics
    private let wake: @Sendable () -> Void
    private let cache: SnapshotCache?
    private let keeper: SnapshotKeeper?

    /// `wake` is called when there is a delivery or a failure. A follower that takes over ranges of another one begins with that
    /// one's `failure`, which has been logged. With `cache` it delivers the cached keys first.
    init(
        _ configuration: BackendConfiguration, _ backends: BackendPool, _ options: Options, logger: Logger,
        metrics: Metrics = Metrics(), failure: BackendError? = nil, cache: SnapshotCache? = nil,
        wake: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.backends = backends
        self.options = options
        self.logger = logger
        self.metrics = metrics
        self.wake = wake
        self.cache = cache
        keeper = cache?.keeper(of: configuration)
        state.withLock { $0.failure = failure }
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
        keeper?.stop()
    }

    /// From now on its failures are errors, or warnings if it is optional.
    func setOptional(_ isOptional: Bool) { state.withLock { $0.isOptional = isOptional } }

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

    /// Whether the last attempt at what was asked for last has failed.
    var isFailing: Bool { state.withLock { $0.failedGeneration == $0.generation } }

    /// Whether what was asked for last is not tried any more.
    var hasGivenUp: Bool { state.withLock { $0.abandonedGeneration == $0.generation } }

    private func run() {
        var backoff = Backoff(
            limit: options.end == nil ? configuration.kind.longestPause : Options.longestPause)
        var last = deliverCached()
        var known = failure
        while !state.withLock({ $0.isStopped }) {
            guard let cancellation = makeCancellation() else { continue }
            guard let (ranges, generation) = begin(cancellation) else { return }
            // A new generation begins from nothing.
            if last?.generation != generation { last = nil }
            let isKnown = known != nil
            do throws(BackendError) {
                if let failure = known.take() { throw failure }
                let backend = try backends.backend(for: configuration)
                try follow(backend, ranges, from: last?.snapshot, cancellation) { snapshot in
                    backoff.reset()
                    let delivery = Delivery(snapshot: snapshot, generation: generation)
                    last = delivery
                    deliver(delivery)
                    keeper?.put(snapshot, ranges)
                }
            } catch {
                if cancellation.isCancelled { continue }
                let pause = pause(&backoff)
                note(error, of: generation, isLast: pause == nil, isKnown: isKnown)
                // Ended early by the next `read`; if not even waiting works, the next attempt says so.
                try? cancellation.wait(pause)
            }
        }
    }

    /// What is to be read, by an attempt that `cancellation` ends; nil if it was stopped meanwhile.
    private func begin(_ cancellation: Cancellation) -> (ranges: [KeyRange], generation: Int)? {
        state.withLock { state in
            if state.isStopped { return nil }
            state.current = cancellation
            return (state.ranges, state.generation)
        }
    }

    /// Delivers what the cache has of the keys that were asked for; nil if it has nothing.
    private func deliverCached() -> Delivery? {
        let (ranges, generation) = state.withLock { ($0.ranges, $0.generation) }
        guard let snapshot = cache?.load(configuration, ranges) else { return nil }
        keeper?.noteKept(snapshot, ranges)
        let delivery = Delivery(snapshot: snapshot, generation: generation, isCached: true)
        state.withLock { $0.delivery = delivery }
        wake()
        return delivery
    }

    /// The time until the next attempt; nil if there is to be none.
    private func pause(_ backoff: inout Backoff) -> Duration? {
        guard let end = options.end else { return backoff.next() }
        let left = end - options.clock()
        return left > .zero ? min(backoff.next(), left) : nil
    }

    private func makeCancellation() -> Cancellation? {
        do {
            return try Cancellation()
        } catch {
            let generation = state.withLock { $0.generation }
            let isLast = options.end.map { options.clock() >= $0 } ?? false
            note(BackendError(.unreachable, error.message), of: generation, isLast: isLast)
            // Descriptors may be free again later.
            Clock.sleep(.seconds(1))
            return nil
        }
    }

    private func follow(
        _ backend: any Backend, _ ranges: [KeyRange], from start: Snapshot?, _ cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        if options.watches {
            try backend.follow(
                ranges, from: start, timeout: options.timeout, cancellation: cancellation, deliver: deliver)
        } else {
            try backend.readAndWait(ranges, timeout: options.timeout, cancellation: cancellation, deliver: deliver)
        }
    }

    private func deliver(_ delivery: Delivery) {
        let wasAway = state.withLock { state in
            state.delivery = delivery
            state.lastContact = Clock.wall()
            state.failingSince = nil
            state.failedGeneration = 0
            state.isStale = false
            defer { state.failure = nil }
            // One that refuses some keys has answered.
            return state.failure.map { $0.refused == nil } ?? false
        }
        if wasAway, options.end == nil {
            logger.notice("Backend \(configuration.name) answers again", configuration)
        }
        wake()
    }

    /// Notes that an attempt has failed. With `isLast` no other one is made; with `isKnown` the failure has been logged before.
    private func note(_ error: BackendError, of generation: Int, isLast: Bool = false, isKnown: Bool = false) {
        let now = options.clock()
        let (isNew, becameStale, lastContact) = state.withLock { state in
            let since = state.failingSince ?? now
            // A watch has a heartbeat: until it broke, there was contact.
            let wasWatched = options.watches && state.failingSince == nil
            if wasWatched, state.lastContact != nil { state.lastContact = Clock.wall() }
            state.failingSince = since
            state.failedGeneration = generation
            if isLast { state.abandonedGeneration = generation }
            let becomesStale = !state.isStale && !state.isOptional && now - since >= options.patience
            if becomesStale { state.isStale = true }
            defer { state.failure = error }
            return (state.failure != error, becomesStale, state.lastContact)
        }
        if !isKnown { log(error, isNew: isNew || options.end != nil) }
        if becameStale, options.end == nil, options.isOfAllResources {
            let silence = BackendContact(lastHeard: lastContact, hasRefused: error.isRefusal).silence
            logger.warning(
                "Backend \(configuration.name) \(silence): files stay as they are until it answers", configuration)
        }
        wake()
    }

    /// Counts and logs a failure; where attempts have an end, each one is an error, else only a new one.
    private func log(_ error: BackendError, isNew: Bool) {
        metrics.countFailure(of: configuration)
        let subject = error.logFields(configuration)
        if !isNew {
            logger.debug(error.message, subject)
        } else if state.withLock({ $0.isOptional }) {
            logger.warning(error.message, subject)
        } else {
            logger.error(error.message, subject)
        }
    }

    /// The last contact with the backend.
    var contact: BackendContact {
        state.withLock { state in
            let isConnected = state.failure == nil && state.lastContact != nil
            return BackendContact(
                isConnected: isConnected, lastHeard: isConnected && options.watches ? Clock.wall() : state.lastContact,
                isStale: state.isStale && !state.isOptional, hasRefused: state.failure?.isRefusal ?? false)
        }
    }
}

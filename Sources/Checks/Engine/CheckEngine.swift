import Posix
import Synchronization

/// Probes targets, each by its own check, from one thread, and says which are up. TLS and HTTP/2 run on a second thread, the HTTP
/// client's; host names are looked up on up to eight more. Stop it when it is no longer needed.
package final class CheckEngine: Sendable {
    private let state: ProberState
    private let ended = Semaphore()

    /// Starts the thread. `deliver` and `warn` are called on it, and must neither wait nor stop the engine; `warn` gets lines
    /// about targets that cannot be probed, once each. `environment` is that of commands, `NAME=VALUE` each. `limit` is how
    /// many probes may run at a time: by default, what the limit of open files allows with 256 left, at most 4,096.
    package init(
        environment: @escaping @Sendable () -> [[UInt8]] = { Environment.entries() },
        limit: Int = DescriptorLimit.jobs(4_096, each: 2, reserve: 256),
        warn: @escaping @Sendable (String) -> Void, deliver: @escaping @Sendable (VerdictChange) -> Void
    ) throws(SystemError) {
        let schedule = CheckSchedule(random: SystemRandomNumberGenerator())
        state = ProberState(schedule, try Inbox(), warn: warn, deliver: deliver)
        let (state, ended) = (state, ended)
        try Thread.detach(blocksSignals: true) {
            defer { ended.post() }
            Self.prober(state, limit, environment, warn)?.run()
        }
    }

    /// The prober, as soon as there are descriptors for it; nil if the engine ends before.
    private static func prober(
        _ state: ProberState, _ limit: Int, _ environment: @escaping @Sendable () -> [[UInt8]],
        _ warn: @Sendable (String) -> Void
    ) -> Prober? {
        var backoff = Backoff()
        var isTold = false
        while true {
            do throws(SystemError) {
                return try Prober(state, limit: limit, environment: environment)
            } catch {
                if !isTold { warn("no health checks: \(error.message), trying again") }
                isTold = true
            }
            if state.inbox.stops(within: backoff.next()) { return nil }
        }
    }

    deinit { state.inbox.post { $0.stops = true } }

    /// Makes `targets` all that is probed. Those that were there before keep what is known about them; a target with another
    /// check is another one. May be called from any thread.
    package func set(_ targets: Set<CheckedTarget>) {
        let now = Clock.monotonic()
        let cancelled = state.schedule.withLock { $0.set(targets, at: now) }
        state.inbox.post { $0.cancelled += cancelled }
    }

    /// The health of a target, nil if it is not probed. May be called from any thread.
    package func health(of target: CheckedTarget) -> Health? {
        state.schedule.withLock { $0.state(of: target) }.map { Health(target, $0, at: Clock.monotonic()) }
    }

    /// Counters since the start. May be called from any thread.
    package var statistics: CheckStatistics { state.statistics.withLock { $0 } }

    /// Ends all probes at once, and returns when nothing is delivered any more. A look-up that the system's resolver does
    /// not answer is left to itself.
    package func stop() {
        state.inbox.post { $0.stops = true }
        ended.wait()
        ended.post()
    }
}

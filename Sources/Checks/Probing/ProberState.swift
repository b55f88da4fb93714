import Posix
import Synchronization

/// What the thread of the probes shares with those who ask.
final class ProberState: Sendable {
    let schedule: Mutex<CheckSchedule>
    let statistics = Mutex(CheckStatistics())
    let inbox: Inbox
    private let deliver: @Sendable (VerdictChange) -> Void
    private let warn: @Sendable (String) -> Void
    /// When a `local` or `delayed` obstacle was last logged.
    private let lastWarning = Mutex<Duration?>(nil)

    /// A shortage on this machine affects all targets: it is logged once in this time, not once a target.
    private static let warningPeriod = Duration.seconds(60)

    init(
        _ schedule: consuming CheckSchedule, _ inbox: Inbox, warn: @escaping @Sendable (String) -> Void,
        deliver: @escaping @Sendable (VerdictChange) -> Void
    ) {
        self.schedule = Mutex(schedule)
        self.inbox = inbox
        self.warn = warn
        self.deliver = deliver
    }

    /// Counts a probe that took `duration`, and tells those who want to know what it changed.
    func take(_ report: CheckSchedule.Report, _ result: ProbeResult, duration: Duration, at now: Duration) {
        let kind = report.target.check.kind.name
        statistics.withLock { statistics in
            if case .inconclusive = result {} else { statistics.durations[kind, default: Histogram()].add(duration) }
            if report.change.isTransition { statistics.transitions += 1 }
        }
        if report.change.isNewObstacle, let obstacle = report.state.obstacle {
            if mayWarn(obstacle, at: now) { warn("\(report.target): \(obstacle.message)") }
        }
        if report.change.isFirst || report.change.isTransition {
            deliver(VerdictChange(report, Health(report.target, report.state, at: now)))
        }
    }

    private func mayWarn(_ obstacle: ProbeObstacle, at now: Duration) -> Bool {
        switch obstacle {
        case .lookup, .needsHost: return true
        case .local, .delayed:
            return lastWarning.withLock { last in
                if let time = last, now - time < Self.warningPeriod { return false }
                last = now
                return true
            }
        }
    }
}

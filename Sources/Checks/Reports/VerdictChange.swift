/// News about a target: its first probe has ended, or its verdict is another one.
package struct VerdictChange: Sendable {
    package let target: CheckedTarget
    package let health: Health
    /// The first probe has ended; those who wait for that before they use verdicts need not wait any longer.
    package let isFirst: Bool
    /// The verdict is another one than before, `initial` included.
    package let isTransition: Bool

    init(_ report: CheckSchedule.Report, _ health: Health) {
        target = report.target
        self.health = health
        isFirst = report.change.isFirst
        isTransition = report.change.isTransition
    }

    /// One line for the log: `10.0.0.3:8080 is down after 3 failures: http: status 503`.
    package var message: String {
        switch health.verdict {
        case .up: "\(target) is up" + count(health.rise, "success", "successes")
        // It has answered, and not often enough.
        case .down where health.fall == 0 && health.rise > 0:
            "\(target) is not up yet" + count(health.rise, "success", "successes")
        case .down:
            "\(target) is down" + count(health.fall, "failure", "failures") + (health.error.map { ": " + $0 } ?? "")
        }
    }

    private func count(_ count: Int, _ one: String, _ many: String) -> String {
        count == 0 ? "" : " after \(count) \(count == 1 ? one : many)"
    }
}

import Posix
import Synchronization

@testable import Appliers

/// Waits for a session's status.
final class StatusWaiter: Sendable {
    private let changed = Semaphore()
    private let reports = Mutex([ApplierStatus(generation: 0, state: .unknown)])

    func report(_ status: ApplierStatus) {
        reports.withLock { $0.append(status) }
        changed.post()
    }

    /// Whether one of the reports so far was this.
    func contains(_ isWanted: (ApplierStatus) -> Bool) -> Bool { reports.withLock { $0.contains(where: isWanted) } }

    /// How many reports there were.
    var count: Int { reports.withLock { $0.count } }

    /// Waits until, after the first `count` reports, one says that the servers are not as desired and a later one that they
    /// are; false if none does within 30 s.
    func waitUntilEqualAgain(after count: Int) -> Bool {
        wait { _ in isEqualAgain(after: count) }
        return isEqualAgain(after: count)
    }

    private func isEqualAgain(after count: Int) -> Bool {
        let new = reports.withLock { $0.dropFirst(count) }
        guard let other = new.firstIndex(where: { !$0.isEqual }) else { return false }
        return new[other...].contains { $0.isEqual }
    }

    /// Makes `wait` look at its condition again.
    func wake() { changed.post() }

    /// Waits until `isWanted` holds for the latest status, for at most 30 s; returns the latest status.
    @discardableResult
    func wait(for isWanted: (ApplierStatus) -> Bool) -> ApplierStatus {
        let end = Clock.monotonic() + .seconds(30)
        while true {
            let status = reports.withLock { $0[$0.count - 1] }
            let left = end - Clock.monotonic()
            if isWanted(status) || left <= .zero { return status }
            _ = changed.wait(atMost: left)
        }
    }

    /// Waits until the balancer has the set of servers with this number.
    func waitUntilEqual(_ generation: Int) -> ApplierStatus {
        wait { $0.generation == generation && $0.isEqual }
    }
}

/// A session that is stopped when this object is freed.
final class TestSession: Sendable {
    let session: ApplierSession
    let waiter: StatusWaiter

    init(
        reconcile: Duration = .seconds(600), exchange: Duration = .seconds(10), plan: PlanOptions = PlanOptions(),
        _ makeDriver: @escaping @Sendable () -> any BalancerDriver
    ) throws {
        let waiter = StatusWaiter()
        self.waiter = waiter
        var options = ApplierSession.Options()
        options.reconciler.reconcile = reconcile
        options.reconciler.plan = plan
        options.exchange = exchange
        session = try ApplierSession(options, makeDriver) { waiter.report($0) }
    }

    deinit { session.stop() }

    /// Desires `servers` and waits until the balancer has them.
    func apply(_ servers: [DesiredServer]) -> ApplierStatus { waiter.waitUntilEqual(session.desire(servers)) }
}

/// A driver that performs steps one by one and calls `willTake` before each.
struct SteppingDriver: BalancerDriver {
    private var driver: any BalancerDriver
    private let willTake: @Sendable (Step) -> Void

    init(_ driver: any BalancerDriver, _ willTake: @escaping @Sendable (Step) -> Void) {
        self.driver = driver
        self.willTake = willTake
    }

    var traits: BalancerTraits { driver.traits }
    var subject: String { driver.subject }
    var connection: Int32? { driver.connection }
    var pulse: Duration? { driver.pulse }

    func check(_ servers: [DesiredServer]) throws(ApplierError) { try driver.check(servers) }

    mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] { try driver.read(patience) }

    mutating func isCurrent(_ patience: Patience) -> Bool { driver.isCurrent(patience) }

    mutating func disconnect() { driver.disconnect() }

    mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
        var whole = StepReport()
        for step in steps {
            willTake(step)
            // A command is sent before the connection looks whether it was cancelled.
            if patience.cancellation.isCancelled { throw ApplierError(.cancelled, subject) }
            let report = try driver.perform([step], patience)
            whole.pending += report.pending
            whole.failures += report.failures
        }
        return whole
    }
}

import Posix

/// When one backend is read and changed: events and the time in, what to do out. Level-triggered: whatever happens, the
/// servers are read, the least difference is planned and done, and they are read again; equal, or owed with the reasons.
package struct Reconciler: Sendable {
    package enum Action: Equatable, Sendable {
        /// Reads the servers; `didRead` is to follow.
        case read
        /// Takes these steps; `didPerform` is to follow.
        case perform([Step])
        /// Nothing before this time; nil: nothing without an event.
        case wait(until: Duration?)
    }

    package struct Options: Sendable {
        package var plan = PlanOptions()
        /// The servers are compared this often although nothing happened.
        package var reconcile = Duration.seconds(10)
        /// The pauses after failures.
        package var backoff = Backoff(start: .milliseconds(100), limit: .seconds(5))

        package init() {}
    }

    /// How soon the last connections of a server that has left are looked at again, at first and at most.
    private static let firstLook = Duration.milliseconds(100)
    private static let longestLook = Duration.seconds(1)
    /// How soon a server that may not leave yet is looked at again: others come up.
    private static let debtLook = Duration.milliseconds(500)
    /// A balancer that ends each connection is not read more often than this.
    private static let shortestPause = Duration.milliseconds(100)
    /// After this many rounds in a row without a pause the balancer is taken not to keep what is set.
    private static let roundLimit = 200

    private let traits: BalancerTraits
    private let subject: String
    private var options: Options
    private var desired: [DesiredServer]?
    private var departures = Departures()
    private var readDue: Duration?
    private var lastRead: Duration?
    private var plan: Plan?
    /// What the last steps were, and on what; nil if they were not all taken.
    private var taken: (steps: [Step], on: [RunningServer])?
    private var actual: [RunningServer] = []
    private var rounds = 0
    private var look = Reconciler.firstLook
    /// The steps that were refused since the servers were read last.
    private var refusals: [ApplierStatus.Reason] = []
    package private(set) var status = ApplierStatus(generation: 0, state: .unknown)

    /// For a balancer of these traits, which errors call `subject`.
    package init(_ traits: BalancerTraits, subject: String, _ options: Options) {
        self.traits = traits
        self.subject = subject
        self.options = options
    }

    /// What is to be done now.
    package func action(at now: Duration) -> Action {
        guard desired != nil else { return .wait(until: nil) }
        if let plan { return .perform(plan.steps) }
        guard let readDue else { return .wait(until: nil) }
        return readDue <= now ? .read : .wait(until: readDue)
    }
}

// MARK: - Events

extension Reconciler {
    /// The servers are to be these from now on.
    package mutating func desire(_ servers: [DesiredServer], generation: Int, at now: Duration) {
        desired = servers
        status = ApplierStatus(generation: generation, state: .owed([.inProgress]))
        startOver(at: now)
    }

    /// The servers are to be compared now.
    package mutating func compare(at now: Duration) {
        if desired != nil { startOver(at: now) }
    }

    /// The desired servers cannot be those of this balancer: nothing is done until others are desired.
    package mutating func refuse(_ error: ApplierError, generation: Int) {
        desired = nil
        plan = nil
        status = ApplierStatus(generation: generation, state: .owed([.error(error)]))
    }

    /// The balancer ended its connection, or another process took its place: what it has is unknown.
    package mutating func connectionEnded(at now: Duration) {
        guard desired != nil else { return }
        plan = nil
        taken = nil
        if status.isEqual { status.state = .unknown }
        let earliest = lastRead.map { max(now, $0 + Self.shortestPause) } ?? now
        readDue = min(readDue ?? earliest, earliest)
    }

    /// The servers were read.
    package mutating func didRead(_ result: Result<[RunningServer], ApplierError>, at now: Duration) {
        guard let desired else { return }
        lastRead = now
        switch result {
        case .failure(let error): fail([.error(error)], at: now)
        case .success(let servers):
            let plan = Plan(
                desired: desired, actual: servers, traits: traits, options: options.plan, departures: &departures,
                now: now)
            actual = servers
            decide(plan, at: now)
        }
    }

    /// The steps were taken.
    package mutating func didPerform(_ result: Result<StepReport, ApplierError>, at now: Duration) {
        guard let plan else { return }
        self.plan = nil
        switch result {
        case .failure(let error): fail([.error(error)], at: now)
        case .success(let report): settle(plan, report, at: now)
        }
    }
}

// MARK: - Decisions

extension Reconciler {
    private mutating func startOver(at now: Duration) {
        plan = nil
        taken = nil
        rounds = 0
        look = Self.firstLook
        refusals = []
        options.backoff.reset()
        readDue = now
    }

    /// What follows from a plan that was just made.
    private mutating func decide(_ plan: Plan, at now: Duration) {
        if plan.isEqual {
            status.state = .equal(leaving: plan.parked)
            taken = nil
            rounds = 0
            refusals = []
            options.backoff.reset()
            if plan.steps.isEmpty {
                readDue = now + options.reconcile
            } else {
                self.plan = plan
            }
            return
        }
        var reasons = refusals
        reasons += plan.debts.map { .debt($0) }
        if plan.steps.isEmpty {
            status.state = .owed(reasons)
            rounds = 0
            readDue = min(plan.nextDue ?? now + Self.debtLook, now + Self.debtLook, now + options.reconcile)
            return
        }
        if let taken, taken.steps == plan.steps, taken.on == actual { return fail([.error(unchanged)], at: now) }
        rounds += 1
        if rounds > Self.roundLimit { return fail([.error(unchanged)], at: now) }
        status.state = .owed(reasons.isEmpty ? [.inProgress] : reasons)
        self.plan = plan
    }

    /// What follows from steps that were taken.
    private mutating func settle(_ plan: Plan, _ report: StepReport, at now: Duration) {
        refusals = []
        if plan.isEqual {
            // Only servers that have gone remain to be removed; one that cannot be removed yet is parked.
            let isLeft = !report.pending.isEmpty || !report.failures.isEmpty
            readDue = isLeft ? now + nextLook() : now
            return
        }
        if !report.failures.isEmpty {
            refusals = report.failures.map { .error($0.error) }
            return fail(refusals + plan.debts.map { .debt($0) }, at: now)
        }
        if plan.steps.count == report.pending.count {
            // Waiting for connections to end is no change that could be seen.
            rounds = 0
            readDue = now + nextLook()
        } else {
            if report.pending.isEmpty { taken = (plan.steps, actual) }
            look = Self.firstLook
            readDue = now
        }
    }

    private mutating func nextLook() -> Duration {
        defer { look = min(look * 2, Self.longestLook) }
        return look
    }

    private mutating func fail(_ reasons: [ApplierStatus.Reason], at now: Duration) {
        plan = nil
        taken = nil
        rounds = 0
        status.state = .owed(reasons)
        readDue = now + options.backoff.next()
    }

    private var unchanged: ApplierError { ApplierError(.unchanged, subject) }
}

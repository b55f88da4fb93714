import Posix
import Testing

@testable import Appliers

@Suite struct ReconcilerTests {
    private let error = ApplierError(.ended("x"), "test")

    private func reconciler(_ traits: BalancerTraits = .haproxy, drain: Duration = .zero) -> Reconciler {
        var options = Reconciler.Options()
        options.backoff = Backoff(start: .milliseconds(100), limit: .seconds(5), jitter: .none)
        options.plan.drain = drain
        return Reconciler(traits, subject: "test", options)
    }

    @Test func nothingDesiredIsNothingToDo() {
        var reconciler = reconciler()
        #expect(reconciler.action(at: .seconds(9)) == .wait(until: nil))
        reconciler.compare(at: .seconds(9))
        reconciler.connectionEnded(at: .seconds(9))
        #expect(reconciler.action(at: .seconds(9)) == .wait(until: nil))
        #expect(reconciler.status == ApplierStatus(generation: 0, state: .unknown))
    }

    @Test func readsPlansDoesAndReadsAgain() {
        var reconciler = reconciler()
        var model = ModelBalancer(.haproxy)
        reconciler.desire([.local("a", 1)], generation: 7, at: .seconds(1))
        #expect(reconciler.status == ApplierStatus(generation: 7, state: .owed([.inProgress])))
        #expect(reconciler.action(at: .seconds(1)) == .read)
        reconciler.didRead(.success([]), at: .seconds(1))
        #expect(reconciler.action(at: .seconds(1)) == .perform([.add(.local("a", 1))]))
        _ = model.take(.add(.local("a", 1)))
        reconciler.didPerform(.success(StepReport()), at: .seconds(1))
        #expect(!reconciler.status.isEqual)
        #expect(reconciler.action(at: .seconds(1)) == .read)
        reconciler.didRead(.success(model.servers), at: .seconds(1))
        #expect(reconciler.status == ApplierStatus(generation: 7, state: .equal(leaving: [])))
        #expect(reconciler.action(at: .seconds(1)) == .wait(until: .seconds(11)))
        #expect(reconciler.action(at: .seconds(11)) == .read)
    }

    @Test func failuresAreTriedAgainWithGrowingPauses() {
        var reconciler = reconciler()
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        var now = Duration.zero
        for pause in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            #expect(reconciler.action(at: now) == .read)
            reconciler.didRead(.failure(error), at: now)
            #expect(reconciler.status.state == .owed([.error(error)]))
            #expect(reconciler.action(at: now) == .wait(until: now + .milliseconds(pause)))
            now += .milliseconds(pause)
        }
        // A new set of servers is tried without the pause.
        reconciler.didRead(.failure(error), at: now)
        reconciler.desire([.local("b", 1)], generation: 2, at: now)
        #expect(reconciler.action(at: now) == .read)
    }

    @Test func refusedStepsAreNamedAndTriedAgain() {
        var reconciler = reconciler()
        var model = ModelBalancer(.haproxy)
        reconciler.desire([.local("a", 1), .local("b", 2)], generation: 1, at: .zero)
        reconciler.didRead(.success([]), at: .zero)
        _ = model.take(.add(.local("a", 1)))
        var report = StepReport()
        report.failures = [StepReport.Failure("b", error)]
        reconciler.didPerform(.success(report), at: .zero)
        #expect(reconciler.status.state == .owed([.error(error)]))
        #expect(reconciler.action(at: .zero) == .wait(until: .milliseconds(100)))
        reconciler.didRead(.success(model.servers), at: .milliseconds(100))
        // The error is reported until the step succeeds.
        #expect(reconciler.status.state == .owed([.error(error)]))
        #expect(reconciler.action(at: .milliseconds(100)) == .perform([.add(.local("b", 2))]))
        reconciler.didPerform(.success(StepReport()), at: .milliseconds(100))
        _ = model.take(.add(.local("b", 2)))
        reconciler.didRead(.success(model.servers), at: .milliseconds(100))
        #expect(reconciler.status.isEqual)
    }

    @Test func aBalancerThatDoesNothingIsNotAskedForEver() {
        var reconciler = reconciler()
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        reconciler.didRead(.success([]), at: .zero)
        reconciler.didPerform(.success(StepReport()), at: .zero)
        #expect(reconciler.action(at: .zero) == .read)
        reconciler.didRead(.success([]), at: .zero)
        #expect(reconciler.status.errors.map(\.kind) == [.unchanged])
        #expect(reconciler.action(at: .zero) == .wait(until: .milliseconds(100)))
        reconciler.didRead(.success([]), at: .milliseconds(100))
        #expect(reconciler.action(at: .milliseconds(100)) == .perform([.add(.local("a", 1))]))
    }

    /// There is a pause also where the balancer reports other servers at each read.
    @Test func aBalancerThatChangesByItselfIsNotAskedForEver() {
        var reconciler = reconciler()
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        for round in 0..<1_000 {
            guard reconciler.action(at: .zero) == .read else {
                #expect(reconciler.status.errors.map(\.kind) == [.unchanged])
                return
            }
            var server = RunningServer(key: "a", handle: "a")
            server.weight = 2 + round
            reconciler.didRead(.success([server]), at: .zero)
            if case .perform = reconciler.action(at: .zero) {
                reconciler.didPerform(.success(StepReport()), at: .zero)
            }
        }
        Issue.record("no pause in 1,000 rounds")
    }

    @Test func connectionsOfServersThatLeftAreAwaitedWithoutBeingOwed() {
        var reconciler = reconciler()
        var model = ModelBalancer(.haproxy)
        for server: DesiredServer in [.local("a", 1), .local("b", 2)] { _ = model.take(.add(server)) }
        model.busy = [model.servers[1].handle]
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        var now = Duration.zero
        var pauses: [Duration] = []
        while now < .seconds(4) {
            switch reconciler.action(at: now) {
            case .read: reconciler.didRead(.success(model.servers), at: now)
            case .perform(let steps):
                var report = StepReport()
                for step in steps where model.take(step) != nil { report.pending.append(step.server) }
                reconciler.didPerform(.success(report), at: now)
            case .wait(let time):
                pauses.append((time ?? .seconds(9)) - now)
                now = time ?? .seconds(9)
            }
        }
        #expect(pauses == [100, 200, 400, 800, 1_000, 1_000, 1_000].map { .milliseconds($0) })
        #expect(reconciler.status.state == .equal(leaving: ["b"]))
        model.busy = []
        reconciler.didRead(.success(model.servers), at: now)
        guard case .perform(let steps) = reconciler.action(at: now) else {
            Issue.record("nothing is removed")
            return
        }
        for step in steps { _ = model.take(step) }
        reconciler.didPerform(.success(StepReport()), at: now)
        reconciler.didRead(.success(model.servers), at: now)
        #expect(reconciler.status.state == .equal(leaving: []))
        #expect(model.servers.map(\.key) == ["a"])
    }

    /// A server that is kept up and connections that do not end are no failures of the balancer, however long.
    @Test func waitingIsNoFailure() {
        var reconciler = reconciler()
        var model = ModelBalancer(.haproxy)
        for server: DesiredServer in [.local("a", 1), .local("b", 2)] { _ = model.take(.add(server)) }
        _ = model.take(.park(model.servers[0]))
        model.busy = [model.servers[0].handle]
        reconciler.desire([], generation: 1, at: .zero)
        var now = Duration.zero
        while now < .seconds(400) {
            switch reconciler.action(at: now) {
            case .read: reconciler.didRead(.success(model.servers), at: now)
            case .perform(let steps):
                var report = StepReport()
                report.pending = steps.map(\.server)
                reconciler.didPerform(.success(report), at: now)
            case .wait(let time): now = time ?? .seconds(99)
            }
            if now > .zero { #expect(reconciler.status.state == .owed([.debt(.keptUp("b"))])) }
        }
    }

    @Test func theEndOfAConnectionIsAReasonToCompareButNotAllTheTime() {
        var reconciler = reconciler()
        reconciler.desire([], generation: 1, at: .seconds(1))
        reconciler.didRead(.success([]), at: .seconds(1))
        #expect(reconciler.status.isEqual)
        reconciler.connectionEnded(at: .seconds(5))
        #expect(reconciler.status.state == .unknown)
        #expect(reconciler.action(at: .seconds(5)) == .read)
        reconciler.didRead(.success([]), at: .seconds(5))
        reconciler.connectionEnded(at: .seconds(5))
        #expect(reconciler.action(at: .seconds(5)) == .wait(until: .milliseconds(5_100)))
    }

    @Test func whatCannotBeIsOwedUntilSomethingElseIsDesired() {
        var reconciler = reconciler()
        let refusal = ApplierError(.unsupported(server: "a", "no"), "test")
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        reconciler.refuse(refusal, generation: 2)
        #expect(reconciler.status == ApplierStatus(generation: 2, state: .owed([.error(refusal)])))
        #expect(reconciler.action(at: .seconds(100)) == .wait(until: nil))
        reconciler.desire([.local("a", 1)], generation: 3, at: .seconds(100))
        #expect(reconciler.action(at: .seconds(100)) == .read)
    }

    @Test func drainingIsOwedUntilItsTimeIsOver() {
        var reconciler = reconciler(drain: .milliseconds(300))
        var model = ModelBalancer(.haproxy)
        for server: DesiredServer in [.local("a", 1), .local("b", 2)] { _ = model.take(.add(server)) }
        reconciler.desire([.local("a", 1)], generation: 1, at: .zero)
        reconciler.didRead(.success(model.servers), at: .zero)
        _ = model.take(.drain(model.servers[1]))
        reconciler.didPerform(.success(StepReport()), at: .zero)
        reconciler.didRead(.success(model.servers), at: .zero)
        #expect(reconciler.status.state == .owed([.debt(.draining("b"))]))
        #expect(reconciler.action(at: .zero) == .wait(until: .milliseconds(300)))
    }

    @Test func whatIsLateIsOfNoEffect() {
        var reconciler = reconciler()
        reconciler.didRead(.success([]), at: .zero)
        reconciler.didPerform(.success(StepReport()), at: .zero)
        #expect(reconciler.status == ApplierStatus(generation: 0, state: .unknown))
    }
}

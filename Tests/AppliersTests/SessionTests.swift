import Posix
import Synchronization
import Testing

@testable import Appliers

/// The session's thread, with a balancer in memory.
@Suite struct SessionTests {
    private final class Shared: Sendable {
        let model: Mutex<ModelBalancer>
        let reads = Counter()
        let failures = Mutex<Int>(0)

        init() { model = Mutex(ModelBalancer(.haproxy)) }
    }

    private struct MemoryDriver: BalancerDriver {
        let shared: Shared
        var traits: BalancerTraits { .haproxy }
        var subject: String { "memory" }

        func check(_ servers: [DesiredServer]) throws(ApplierError) {
            if let server = servers.first(where: { $0.weight > 256 }) {
                throw ApplierError(.unsupported(server: server.id, "too heavy"), "memory")
            }
        }

        func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
            shared.reads.count()
            let fails = shared.failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if fails { throw ApplierError(.ended("read"), "memory") }
            return shared.model.withLock { $0.servers }
        }

        func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
            var report = StepReport()
            for step in steps where shared.model.withLock({ $0.take(step) }) != nil {
                report.pending.append(step.server)
            }
            return report
        }
    }

    private func keys(_ shared: Shared) -> [String] { shared.model.withLock { $0.servers.map(\.key) } }

    @Test func onlyTheNewestSetCounts() throws {
        let shared = Shared()
        let test = try TestSession { MemoryDriver(shared: shared) }
        for number in 1...50 { test.session.desire([.local("s\(number)", UInt16(number))]) }
        #expect(test.waiter.waitUntilEqual(50).isEqual)
        #expect(keys(shared) == ["s50"])
        #expect(test.session.status == ApplierStatus(generation: 50, state: .equal(leaving: [])))
    }

    @Test func failuresAreReportedAndOvercome() throws {
        let shared = Shared()
        shared.failures.withLock { $0 = 3 }
        let test = try TestSession { MemoryDriver(shared: shared) }
        #expect(test.apply([.local("a", 1)]).isEqual)
        #expect(shared.reads.value >= 5)
        let error = ApplierError(.ended("read"), "memory")
        #expect(test.waiter.contains { $0.errors == [error] })
    }

    @Test func whatCannotBeIsSaidAndLeavesTheRestAlone() throws {
        let shared = Shared()
        let test = try TestSession { MemoryDriver(shared: shared) }
        #expect(test.apply([.local("a", 1)]).isEqual)
        let generation = test.session.desire([.local("b", 2, weight: 300)])
        let status = test.waiter.wait { $0.generation == generation }
        #expect(status.errors.map(\.wantsReload) == [true])
        #expect(keys(shared) == ["a"])
    }

    @Test func itIsComparedWhenTheIntervalIsOver() throws {
        let shared = Shared()
        let test = try TestSession(reconcile: .milliseconds(10)) { MemoryDriver(shared: shared) }
        #expect(test.apply([.local("a", 1)]).isEqual)
        let count = test.waiter.count
        shared.model.withLock { $0.servers = [] }
        #expect(test.waiter.waitUntilEqualAgain(after: count))
        #expect(keys(shared) == ["a"])
    }

    @Test func stoppingEndsIt() throws {
        let shared = Shared()
        let test = try TestSession { MemoryDriver(shared: shared) }
        test.session.stop()
        test.session.stop()
        test.session.desire([.local("a", 1)])
        #expect(test.session.isCancelled && keys(shared).isEmpty)
    }
}

import Checks
import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import ConfdCore

@Suite struct HealthMonitorTests {
    /// If the probes cannot start for lack of descriptors or threads, it is tried again after a pause.
    @Test func isTriedAgain() throws {
        var failures = 2
        var warnings: [String] = []
        let monitor = HealthMonitor { () throws(SystemError) in
            failures -= 1
            if failures >= 0 { throw SystemError(call: "eventfd", code: EMFILE) }
            return try CheckEngine(warn: { _ in }, deliver: { _ in })
        } warn: {
            warnings.append($0)
        }
        let target = CheckedTarget(.host("127.0.0.1", port: 1), try HealthCheck(.ajp))
        monitor.set([target], for: .services, at: .zero)
        #expect(monitor.engine == nil && warnings == ["no health checks: eventfd: too many open files, trying again"])
        let first = try #require(monitor.retryAt)
        monitor.retry(at: first - .nanoseconds(1))
        #expect(failures == 1)
        // Targets of another owner do not cut the pause short.
        monitor.set([target], for: .resource(1), at: .zero)
        #expect(failures == 1)
        monitor.retry(at: first)
        let second = try #require(monitor.retryAt)
        #expect(monitor.engine == nil && second >= first && warnings.count == 1)
        monitor.retry(at: second)
        #expect(monitor.retryAt == nil && monitor.health(of: target) != nil)
        monitor.stop()
    }

    @Test func isNotTriedAgainForNobody() throws {
        let monitor = HealthMonitor { () throws(SystemError) in
            throw SystemError(call: "eventfd", code: EMFILE)
        } warn: { _ in
        }
        monitor.set([CheckedTarget(.host("127.0.0.1", port: 1), try HealthCheck(.ajp))], for: .services, at: .zero)
        monitor.set([], for: .services, at: .zero)
        monitor.retry(at: try #require(monitor.retryAt))
        #expect(monitor.retryAt == nil)
    }

    /// A target of several owners is probed once, for as long as one of them has it.
    @Test func probesOnceForSeveral() throws {
        let asked = Counter()
        let server = try TCPServer { _ in asked.count.add(1, ordering: .relaxed) }
        let monitor = HealthMonitor { () throws(SystemError) in
            try CheckEngine(warn: { _ in }, deliver: { _ in })
        } warn: { _ in
        }
        var options = HealthCheck.Options()
        options.interval = .seconds(3_600)
        let check = try HealthCheck(.tcp(TCPCheck()), options)
        let target = CheckedTarget(.host("127.0.0.1", port: server.port), check)
        for owner in [HealthMonitor.Owner.resource(1), .resource(2), .services] {
            monitor.set([target], for: owner, at: .zero)
        }
        #expect(eventuallyBlocking { monitor.health(of: target)?.wasProbed == true })
        monitor.remove(.resource(1))
        monitor.set([], for: .services, at: .zero)
        #expect(monitor.health(of: target)?.hasVerdict == true)
        monitor.remove(.resource(2))
        #expect(monitor.health(of: target) == nil)
        monitor.stop()
        // The kernel connects before the server's thread knows of it.
        #expect(eventuallyBlocking { asked.count.load(ordering: .relaxed) > 0 })
        #expect(asked.count.load(ordering: .relaxed) == 1)
    }

    private final class Counter: Sendable {
        let count = Atomic(0)
    }
}

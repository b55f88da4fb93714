import Posix
import Synchronization
import TestSupport
import Testing

@testable import Appliers

/// A session against a real haproxy; either of them is ended before each step in turn.
@Suite(.serialized) struct HaproxySessionTests {
    private let words = [ServerWord("check", .flag(true)), ServerWord("inter", .text("500ms"))]

    /// Expects that `haproxy` has exactly these servers now.
    private func expect(_ haproxy: RunningHaproxy, has servers: [DesiredServer], _ comment: Comment? = nil) throws {
        #expect(try haproxy.servers() == servers.asStates, comment)
    }

    @Test func aRestartedHaproxyGetsItsServersBack() throws {
        let haproxy = try RunningHaproxy(servers: "  server old 127.0.0.1:9")
        let target = haproxy.target
        // The next comparison is due only after 600 s: the end of the connection brings it forward.
        let test = try TestSession { HaproxyDriver(target) }
        let servers: [DesiredServer] = [.local("a", 8001), .local("b", 8002, weight: 4)]
        #expect(test.apply(servers).isEqual)
        try expect(haproxy, has: servers)
        try haproxy.kill()
        test.waiter.wait { !$0.isEqual }
        #expect(!test.session.status.isEqual)
        try haproxy.start()
        #expect(test.waiter.wait { $0.isEqual }.isEqual)
        try expect(haproxy, has: servers)
    }

    @Test func aReloadedHaproxyGetsItsServersBack() throws {
        let haproxy = try RunningHaproxy(servers: "  server old 127.0.0.1:9")
        let target = haproxy.target
        let test = try TestSession { HaproxyDriver(target) }
        let servers: [DesiredServer] = [.local("a", 8001), .local("b", 8002)]
        #expect(test.apply(servers).isEqual)
        for _ in 0..<3 {
            let count = test.waiter.count
            try haproxy.reload()
            // The old worker keeps our connection, and ends only when we let it go.
            #expect(test.waiter.waitUntilEqualAgain(after: count))
            try expect(haproxy, has: servers)
        }
        try haproxy.waitForOneWorker()
    }

    @Test func othersChangesAreUndoneWhenItIsCompared() throws {
        let haproxy = try RunningHaproxy()
        let target = haproxy.target
        let test = try TestSession { HaproxyDriver(target) }
        let servers: [DesiredServer] = [.local("a", 8001, weight: 2), .local("b", 8002)]
        #expect(test.apply(servers).isEqual)
        _ = try haproxy.say("set server web/a weight 9; disable server web/b; add server web/c 127.0.0.1:3")
        _ = try haproxy.say("enable server web/c")
        #expect(try haproxy.servers() != servers.asStates)
        let count = test.waiter.count
        test.session.compare()
        #expect(test.waiter.waitUntilEqualAgain(after: count))
        try expect(haproxy, has: servers)
    }

    @Test func theLastServerIsKept() throws {
        let haproxy = try RunningHaproxy()
        let target = haproxy.target
        let test = try TestSession { HaproxyDriver(target) }
        #expect(test.apply([.local("a", 8001), .local("b", 8002)]).isEqual)
        test.session.desire([])
        let status = test.waiter.wait { $0.state == .owed([.debt(.keptUp("b"))]) }
        #expect(status.state == .owed([.debt(.keptUp("b"))]))
        // The session reports its debts when it plans, before it has changed haproxy.
        let left: [DesiredServer] = [.local("b", 8002)]
        #expect(try eventuallyBlocking { try haproxy.servers() == left.asStates })
        #expect(test.apply([.local("c", 8003)]).isEqual)
        try expect(haproxy, has: [.local("c", 8003)])
    }

    /// haproxy takes an added server for healthy before its first check.
    @Test func theLastServerIsKeptUntilAnotherHasPassedItsCheck() throws {
        let closed = try Ports.Closed()
        let haproxy = try RunningHaproxy()
        let target = haproxy.target
        let test = try TestSession { HaproxyDriver(target) }
        #expect(test.apply([.local("old", 8001)]).isEqual)
        test.session.desire([.local("dead", closed.number, words: words)])
        let held = ApplierStatus.State.owed([.debt(.keptUp("old"))])
        #expect(test.waiter.wait { $0.state == held }.state == held)
        // Its check has failed, and the old one is still there.
        try Shell.run(
            """
            for try in $(seq 400); do
              echo 'show servers state web' | socat -t 5 - UNIX-CONNECT:\(haproxy.socket) |
                grep -q ' dead 127.0.0.1 0 ' && exit 0
              sleep 0.05
            done
            exit 1
            """)
        #expect(test.session.status.state == held)
        #expect(try haproxy.servers().contains("old 127.0.0.1:8001 1 ready"))
        let server = try HTTPServer { _ in HTTPServer.Answer() }
        let port = UInt16(server.url.split(separator: ":").last ?? "") ?? 0
        #expect(test.apply([.local("dead", port, words: words)]).isEqual)
        try expect(haproxy, has: [.local("dead", port)])
    }

    @Test func wordsOfRunningServersChangeByReplacement() throws {
        let haproxy = try RunningHaproxy()
        let target = haproxy.target
        var plan = PlanOptions()
        // Nobody listens, so no check passes.
        plan.minUp = 0
        let test = try TestSession(plan: plan) { HaproxyDriver(target) }
        let ports = UInt16(8001)...UInt16(8010)
        #expect(test.apply(ports.map { .local("s\($0)", $0) }).isEqual)
        let changed = ports.map { DesiredServer.local("s\($0)", $0, isBackup: $0 == 8010, words: words) }
        #expect(test.apply(changed).isEqual)
        try expect(haproxy, has: changed)
        let checked = try haproxy.say("show servers state web").split(separator: "\n").dropFirst(2)
        // Configured and enabled; a check may be under way.
        #expect(checked.allSatisfy { (Int($0.split(separator: " ")[13]) ?? 0) & 6 == 6 })
    }

    /// haproxy is killed before each of the steps in turn.
    @Test func haproxyIsKilledAtEachStep() throws {
        try ending { haproxy, _ in
            try? haproxy.kill()
            try? haproxy.start()
        }
    }

    /// Our session ends before each of the steps in turn, and another one goes on.
    @Test func weAreKilledAtEachStep() throws {
        try ending { _, test in
            test.session.cancel()
            test.waiter.wake()
        }
    }

    private final class Countdown: Sendable {
        private let left: Mutex<Int>
        let current = Mutex<TestSession?>(nil)

        init(_ count: Int) { left = Mutex(count) }

        /// The session at the call that brings the count to zero, nil at all others.
        func atLast() -> TestSession? {
            let isLast = left.withLock { left in
                left -= 1
                return left == 0
            }
            return isLast ? current.withLock { $0 } : nil
        }
    }

    /// Applies two sets of servers in turn, eight times. In the n-th round `end` is called before the n-th step of each set.
    private func ending(_ end: @escaping @Sendable (RunningHaproxy, TestSession) -> Void) throws {
        let haproxy = try RunningHaproxy(servers: "  server old 127.0.0.1:9")
        let sets: [[DesiredServer]] = [
            [.local("a", 8001, words: words), .local("b", 8002), .local("c", 8003, isDrained: true)],
            [.local("a", 8011, weight: 7, words: words), .local("b", 8002, words: words), .local("d", 8004)],
        ]
        let ends = Atomic(0)
        for nth in 1...8 {
            for servers in sets {
                let countdown = Countdown(nth)
                let target = haproxy.target
                let makeDriver: @Sendable () -> any BalancerDriver = {
                    SteppingDriver(HaproxyDriver(target)) { _ in
                        guard let test = countdown.atLast() else { return }
                        end(haproxy, test)
                        ends.add(1, ordering: .sequentiallyConsistent)
                    }
                }
                let first = try TestSession(makeDriver)
                countdown.current.withLock { $0 = first }
                let generation = first.session.desire(servers)
                first.waiter.wait { $0.generation == generation && $0.isEqual || first.session.isCancelled }
                let second = first.session.isCancelled ? try TestSession(makeDriver) : first
                #expect(second.apply(servers).isEqual, "step \(nth)")
                try expect(haproxy, has: servers, "step \(nth)")
                countdown.current.withLock { $0 = nil }
            }
        }
        // Each set takes three steps at least.
        #expect(ends.load(ordering: .sequentiallyConsistent) >= 6)
    }
}

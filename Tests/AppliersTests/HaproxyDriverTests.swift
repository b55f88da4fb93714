import Posix
import TestSupport
import Testing

@testable import Appliers

/// The driver, without a session, against a real haproxy.
@Suite struct HaproxyDriverTests {
    private let checked = [ServerWord("check", .flag(true)), ServerWord("inter", .text("1s"))]

    @Test func addsChangesAndRemoves() throws {
        let haproxy = try RunningHaproxy(servers: "  server old 127.0.0.1:9")
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        #expect(try driver.read(patience).map(\.key) == ["old"])
        let server = DesiredServer.local("a", 8001, weight: 3, words: checked)
        #expect(try driver.perform([.add(server)], patience) == StepReport())
        let added = try #require(try driver.read(patience).last)
        #expect(added.differences(from: server) == [])
        // No check has passed yet.
        #expect(!added.isUp && !added.lacksChecks)
        #expect(try haproxy.servers() == ["a 127.0.0.1:8001 3 ready", "old 127.0.0.1:9 1 ready"])
        let moved = DesiredServer(
            id: "a", address: .internet(host: "::1", port: 8002), weight: 0, isDrained: true, words: checked)
        #expect(
            try driver.perform([.change(added, to: moved, [.address, .weight, .state])], patience) == StepReport())
        #expect(try haproxy.servers() == ["a ::1:8002 0 drain", "old 127.0.0.1:9 1 ready"])
        let drained = try #require(try driver.read(patience).last)
        #expect(drained.differences(from: moved) == [])
        #expect(try driver.perform([.park(drained), .remove(drained)], patience) == StepReport())
        let rest = try driver.read(patience)
        #expect(rest.map(\.key) == ["old"])
        // Servers of the file can go as well.
        #expect(try driver.perform([.park(rest[0]), .remove(rest[0])], patience) == StepReport())
        #expect(try driver.read(patience).isEmpty)
    }

    @Test func wordsAreKnownAfterARestartOfOurs() throws {
        let haproxy = try RunningHaproxy()
        let patience = try patience()
        var first = HaproxyDriver(haproxy.target)
        let server = DesiredServer.local("a", 8001, isBackup: true, words: checked)
        _ = try first.perform([.add(server)], patience)
        var second = HaproxyDriver(haproxy.target)
        let running = try #require(try second.read(patience).first)
        #expect(running.differences(from: server) == [])
        #expect(running.differences(from: .local("a", 8001, isBackup: true)) == [.words])
        #expect(running.differences(from: .local("a", 8001, words: checked)) == [.words])
    }

    @Test func aTakenNumberIsNoHindrance() throws {
        let server = DesiredServer.local("a", 8001)
        let numbers = WordsFingerprint.candidates(for: server)
        let haproxy = try RunningHaproxy(servers: "  server x 127.0.0.1:1 id \(numbers[0].number)")
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        #expect(try driver.perform([.add(server)], patience) == StepReport())
        let running = try #require(try driver.read(patience).first { $0.key == "a" })
        #expect(running.words == .fingerprint(numbers[1].number))
        #expect(running.differences(from: server) == [])
    }

    @Test func checksThatWereLeftOffAreSeenAndSwitchedOn() throws {
        let haproxy = try RunningHaproxy()
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        let server = DesiredServer.local("a", 8001, words: checked)
        // As if we had been killed in the middle of the step.
        let number = WordsFingerprint.candidates(for: server)[0].number
        _ = try haproxy.say("add server web/a 127.0.0.1:8001 weight 1 id \(number) check inter 1s")
        let half = try #require(try driver.read(patience).first)
        #expect(half.differences(from: server) == [.checks, .state])
        #expect(try driver.perform([.change(half, to: server, [.checks, .state])], patience) == StepReport())
        let whole = try #require(try driver.read(patience).first)
        #expect(whole.differences(from: server) == [])
    }

    @Test func refusalsAreNamedAndDoNotKeepBackOthers() throws {
        let haproxy = try RunningHaproxy()
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        let report = try driver.perform(
            [
                .add(.local("a", 1, words: [ServerWord("nonsense", .flag(true))])), .add(.local("b", 2)),
                .add(.local("c", 3, words: [ServerWord("cookie", .text("c"))])),
            ], patience)
        #expect(report.failures.map(\.server) == ["a", "c"])
        #expect(
            report.failures[0].error.message
                == "haproxy \(haproxy.socket) web: add server web/a: unknown keyword 'nonsense'.")
        #expect(report.failures[1].error.wantsReload && !report.failures[0].error.wantsReload)
        #expect(try haproxy.servers() == ["b 127.0.0.1:2 1 ready"])
    }

    @Test func aStaticAlgorithmIsFixedAtStart() throws {
        let haproxy = try RunningHaproxy()
        var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: haproxy.socket, backend: "fixed")))
        let patience = try patience()
        let running = try driver.read(patience)
        let report = try driver.perform(
            [.add(.local("a", 1)), .change(running[0], to: .local("s1", 1, weight: 7), [.weight]), .park(running[0])],
            patience)
        #expect(report.failures.map(\.server) == ["a", "s1"])
        #expect(report.failures.allSatisfy { $0.error.wantsReload })
    }

    @Test func anUnknownBackendIsNamedWithTheNearest() throws {
        let haproxy = try RunningHaproxy()
        var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: haproxy.socket, backend: "webb")))
        let error = #expect(throws: ApplierError.self) { try driver.read(try patience()) }
        #expect(
            error?.report.text == "haproxy \(haproxy.socket) webb: no such backend\nhint: did you mean \"web\"?")
    }

    @Test(arguments: ["operator", "user"])
    func aLowLevelIsNamed(_ level: String) throws {
        let haproxy = try RunningHaproxy(level: level)
        var driver = HaproxyDriver(haproxy.target)
        let error = #expect(throws: ApplierError.self) { try driver.read(try patience()) }
        #expect(error?.kind == .level(level))
    }

    @Test func serversWithConnectionsStay() throws {
        let server = try StreamServer { connection in connection.hold() }
        let haproxy = try RunningHaproxy(servers: "  server a 127.0.0.1:\(server.port)")
        let client = try BackgroundProcess("curl -s http://127.0.0.1:\(haproxy.port)/")
        defer { withExtendedLifetime(client) {} }
        try Shell.run(
            """
            for try in $(seq 200); do
              echo 'show servers conn web' | socat -t 5 - UNIX-CONNECT:\(haproxy.socket) | awk '$1 == "web/a" && $7 > 0' |
                grep -q . && exit 0
              sleep 0.05
            done
            exit 1
            """)
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        let running = try driver.read(patience)[0]
        var report = try driver.perform([.park(running), .remove(running)], patience)
        #expect(report.pending == ["a"] && report.failures.isEmpty)
        report = try driver.perform([.disconnect(running)], patience)
        // Its connections end a moment after the command.
        _ = try eventuallyBlocking {
            if report.pending.isEmpty { return true }
            report = try driver.perform([.remove(running)], try AppliersTests.patience())
            return false
        }
        #expect(report == StepReport())
        #expect(try driver.read(patience).isEmpty)
    }

    // Not poll: whether it is called depends on how fast haproxy answers.
    @Test(arguments: ["open", "fstat", "socket", "connect", "send", "recv"])
    func aSystemCallThatFailsIsNamed(_ call: String) throws {
        let haproxy = try RunningHaproxy(servers: "  server old 127.0.0.1:9")
        var driver = HaproxyDriver(haproxy.target)
        let patience = try patience()
        let error = #expect(throws: ApplierError.self) {
            try Faults.with(Faults.Fault(call, code: Errno.inputOutput)) { _ = try driver.read(patience) }
        }
        guard case .system(let failure)? = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.call == call && failure.code == Errno.inputOutput)
        #expect(try driver.read(patience).map(\.key) == ["old"])
    }
}

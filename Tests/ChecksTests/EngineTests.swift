import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Checks

@Suite struct EngineTests {
    static func target(
        _ kind: HealthCheck.Kind, _ port: UInt16, _ change: (inout HealthCheck.Options) -> Void = { _ in }
    ) throws -> CheckedTarget {
        var options = HealthCheck.Options()
        options.interval = .milliseconds(100)
        options.timeout = .seconds(50)
        change(&options)
        return CheckedTarget(.local(port), try HealthCheck(kind, options))
    }

    /// A server whose health the test decides.
    final class Patient: Sendable {
        let isHealthy = Atomic(true)
        let asked = Atomic(0)
    }

    @Test func followsATarget() throws {
        let patient = Patient()
        let server = try TCPServer { connection in
            _ = connection.read()
            patient.asked.add(1, ordering: .relaxed)
            let status = patient.isHealthy.load(ordering: .relaxed) ? "200 OK" : "503 No"
            connection.write(Array("HTTP/1.1 \(status)\r\n\r\n".utf8))
        }
        let target = try Self.target(.http(try HTTPCheck()), server.port)
        let recorder = try Recorder()
        recorder.engine.set([target])
        let first = try recorder.first(target)
        #expect(first.health.isUp && !first.isTransition)
        patient.isHealthy.store(false, ordering: .relaxed)
        let down = try recorder.wait { recorder in recorder.changes.first { $0.health.verdict == .down } }
        #expect(down.message == "127.0.0.1:\(server.port) is down after 3 failures: http: status 503")
        #expect(down.isTransition && !down.isFirst)
        #expect(recorder.engine.health(of: target)?.verdict == .down)
        patient.isHealthy.store(true, ordering: .relaxed)
        let up = try recorder.wait { recorder in recorder.changes.dropFirst(2).first }
        #expect(up.message == "127.0.0.1:\(server.port) is up after 2 successes")
        recorder.engine.stop()
        let statistics = recorder.engine.statistics
        #expect(statistics.transitions == 2)
        #expect((statistics.durations["http"]?.count ?? 0) >= 6)
        #expect(recorder.changes.count == 3)
    }

    /// Report: a service that answers was said to be down, without a reason, a moment before it was up.
    @Test func whatHasAnsweredOnceIsNotYetUp() throws {
        let server = try TCPServer { connection in _ = connection.read() }
        let target = try Self.target(.tcp(TCPCheck()), server.port) {
            $0.initial = .down
            $0.firstProbeDecides = false
        }
        let recorder = try Recorder()
        recorder.engine.set([target])
        #expect(try recorder.first(target).message == "127.0.0.1:\(server.port) is not up yet after 1 success")
        recorder.engine.stop()
    }

    @Test func targetsComeAndGo() throws {
        let server = try TCPServer { connection in
            // Never answers: a connection that the server closes would be a failed probe.
            while connection.read() != nil {}
        }
        let silent = try Self.target(.ajp, server.port)
        let recorder = try Recorder()
        recorder.engine.set([silent])
        // Its probe hangs; another check of the same target is another one.
        let other = try Self.target(.tcp(TCPCheck()), server.port)
        recorder.engine.set([silent, other])
        _ = try recorder.first(other)
        #expect(recorder.engine.health(of: silent)?.wasProbed == false)
        recorder.engine.set([other])
        #expect(recorder.engine.health(of: silent) == nil)
        #expect(recorder.engine.health(of: other)?.isUp == true)
        recorder.engine.set([])
        #expect(recorder.engine.health(of: other) == nil)
    }

    /// A target that hangs delays no other, and its probes end with the engine.
    @Test func stopsAtOnce() throws {
        let silent = try Ports.Silent()
        let folder = try TemporaryDirectory()
        let hanging = try (1...10).map { number in
            try Self.target(.http(try HTTPCheck(path: "/\(number)")), silent.number) { $0.timeout = .seconds(3_600) }
        }
        let command = try ExecCheck(command: ["/bin/sh", "-c", "echo $$ >\(folder("id")); sleep 3600 & wait"])
        let slow = try Self.target(.exec(command), 1) { $0.timeout = .seconds(3_600) }
        let quick = try Self.target(.tcp(TCPCheck()), silent.number)
        let recorder = try Recorder()
        recorder.engine.set(Set(hanging + [slow, quick]))
        _ = try recorder.first(quick)
        let group = try Self.identifier(folder)
        recorder.engine.stop()
        try Self.expectGone(group)
        #expect(recorder.changes.allSatisfy { $0.target == quick })
        withExtendedLifetime(silent) {}
    }

    /// An engine that gets no descriptor for its thread tries again until it gets one.
    @Test func beginsLaterWithoutDescriptors() throws {
        let silent = try Ports.Silent()
        let target = try Self.target(.tcp(TCPCheck()), silent.number)
        let fault = { (nth: Int) in Faults.Fault("epoll_create1", nth: nth, code: EMFILE) }
        try Faults.with(fault(1), fault(2)) {
            let recorder = try Recorder()
            recorder.engine.set([target])
            #expect(try recorder.first(target).health.isUp)
            #expect(recorder.warnings == ["no health checks: epoll_create1: too many open files, trying again"])
        }
        withExtendedLifetime(silent) {}
    }

    @Test func endsWithoutDescriptors() throws {
        let faults = Faults.Fault("epoll_create1", nth: 1, code: EMFILE)
        try Faults.with(faults) {
            let recorder = try Recorder()
            _ = try recorder.wait { $0.warnings.first }
            recorder.engine.stop()
        }
    }

    @Test func runsNoMoreThanTheLimitAtATime() throws {
        let counts = Counts()
        let server = try TCPServer { connection in
            counts.enter()
            _ = connection.read()
            _ = connection.read()
            counts.leave()
        }
        let targets = try (1...20).map { number in
            try Self.target(.http(try HTTPCheck(path: "/\(number)")), server.port) {
                ($0.timeout, $0.interval) = (.seconds(1), .seconds(3_600))
            }
        }
        let recorder = try Recorder(limit: 3)
        recorder.engine.set(Set(targets))
        for target in targets { #expect(try recorder.first(target).health.verdict == .down) }
        // The server may go on serving connections that the engine has closed: twice the limit is allowed.
        #expect(counts.most <= 6)
    }

    /// How many connections are served now, and the most that were served at a time.
    final class Counts: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }
        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    // MARK: Commands

    @Test(arguments: [
        (["/bin/true"], String?.none), (["/bin/sh", "-c", "exit 3"], "exec: exit status 3"),
        (["/bin/sh", "-c", "kill -KILL $$"], "exec: signal: killed"),
        (["/bin/sh", "-c", "test $0:$1 = 127.0.0.1:80", "{{.Host}}", "{{.Port}}"], nil),
        (["/bin/sh", "-c", "head -c 10000000 /dev/zero"], nil),
    ])
    func commands(_ words: [String], _ error: String?) throws {
        #expect(try Recorder.probe(.exec(try ExecCheck(command: words)), .local(80)).error == error)
    }

    @Test func aCommandThatCannotBeStartedSaysNothingAboutTheTarget() throws {
        let health = try Recorder.probe(.exec(try ExecCheck(command: ["/no/such/program"])), .local(80))
        #expect(health.error == "cannot probe: posix_spawn /no/such/program: no such file or directory")
        #expect(!health.hasVerdict)
    }

    @Test func aCommandIsKilledWithItsGroupAtTheDeadline() throws {
        let folder = try TemporaryDirectory()
        let script = "trap '' TERM; echo $$ >\(folder("id")); while :; do echo x; done & sleep 3600"
        // Long enough for the shell to start on any machine.
        let health = try Recorder.probe(
            .exec(try ExecCheck(command: ["/bin/sh", "-c", script])), .local(80), timeout: .seconds(10))
        #expect(health.error == "timeout after 10s while the command ran")
        try Self.expectGone(try Self.identifier(folder))
    }

    /// The process group that a script wrote into its directory, which may take a moment.
    static func identifier(_ folder: TemporaryDirectory) throws -> Int32 {
        let end = Clock.monotonic() + .seconds(60)
        while Clock.monotonic() < end {
            if let text = folder.text("id"), text.hasSuffix("\n"), let number = Int32(text.dropLast()) { return number }
            Clock.sleep(.milliseconds(1))
        }
        throw SupportError("the command did not start")
    }

    /// Waits until no process of the group runs. Zombies do not count: they stay until process 1 has waited for them.
    static func expectGone(_ group: Int32) throws {
        let end = Clock.monotonic() + .seconds(60)
        while try Self.isRunning(group) {
            try #require(Clock.monotonic() < end, "the group is still there")
            Clock.sleep(.milliseconds(1))
        }
    }

    /// Whether a process of the group is more than a zombie.
    private static func isRunning(_ group: Int32) throws -> Bool {
        try Shell.run("ps -eo pgid=,stat= | awk '$1 == \(group) && $2 !~ /^Z/' | wc -l") != "0\n"
    }
}

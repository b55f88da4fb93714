import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// The command after `--`: how it is started, how its end is taken, and which signals get to it.
@Suite(.timeLimit(.minutes(5))) struct SupervisorTests {
    private let log = TestLog()
    private let child = SupervisedChild()

    /// Starts `command`, and returns its supervisor once it has ended.
    private func run(_ command: [String], isStopping: Bool = false) async throws -> Supervisor {
        var supervisor = Supervisor(command, child, logger: log.logger)
        let (ends, continuation) = AsyncStream<TerminationStatus>.makeStream()
        try supervisor.start { continuation.yield($0) }
        #expect(supervisor.isRunning && supervisor.hasStarted && supervisor.exitCode == nil)
        for await status in ends {
            supervisor.ended(status, isStopping: isStopping)
            break
        }
        #expect(!supervisor.isRunning && supervisor.name == command[0])
        return supervisor
    }

    @Test(arguments: [
        ("exit 0", false, Int32(0), "INFO /bin/sh ended with exit status 0"),
        ("exit 7", false, 7, "ERROR /bin/sh ended with exit status 7"),
        ("exit 7", true, 7, "INFO /bin/sh ended with exit status 7"),
        ("kill -TERM $$", false, 143, "ERROR /bin/sh was ended by SIGTERM"),
        ("kill -KILL $$", true, 137, "INFO /bin/sh was ended by SIGKILL"),
    ])
    func tellsHowItEnded(_ script: String, _ isStopping: Bool, _ code: Int32, _ line: String) async throws {
        #expect(try await run(["/bin/sh", "-c", script], isStopping: isStopping).exitCode == code)
        #expect(log.entries.last == line && log.count("INFO Started /bin/sh with process id ") == 1)
    }

    @Test(arguments: [
        ("none", UInt16(0), Int32(127), "no such file or directory"), ("data", 0o644, 126, "permission denied"),
        ("directory", 0, 126, "permission denied"),
    ])
    func whatCannotBeStarted(_ name: String, _ mode: UInt16, _ code: Int32, _ reason: String) throws {
        let directory = try TemporaryDirectory()
        if mode != 0 { try directory.write(name, "x", mode: mode) }
        if name == "directory" { try Files.makeFolder(directory(name)) }
        var supervisor = Supervisor([directory(name)], child, logger: log.logger)
        try supervisor.start { _ in Issue.record("there is nothing that could end") }
        #expect(supervisor.hasStarted && !supervisor.isRunning && supervisor.exitCode == code)
        #expect(log.entries == ["FATAL cannot start \(directory(name)): \(reason)"])
        #expect(child.send(.hangUp) == "there is no command that runs")
    }

    // MARK: - Signals

    /// No shell: one that gets an interrupt waits for its own child.
    private static let endless = ["sleep", "1000"]

    /// Report: timeout(1) signals its child and then the child's group, so that a command was killed that would have ended.
    @Test func twoSignalsAtOnceAreOneRequest() {
        var requests = EndRequests()
        #expect(requests.take(.terminate, at: .seconds(1)) == .first)
        #expect(requests.take(.terminate, at: .milliseconds(1_001)) == .echo)
        #expect(requests.take(.interrupt, at: .milliseconds(1_002)) == .first)
        #expect(requests.take(.terminate, at: .milliseconds(1_499)) == .echo)
        #expect(requests.take(.terminate, at: .milliseconds(1_500)) == .repetition)
    }

    /// A signal that asks to end, and comes before the command runs, gets to it then. Any other would end it before it is
    /// ready for it, and means nothing to a program that reads its files only now.
    @Test(arguments: [Signal.terminate, .interrupt, .quit]) func anEarlyRequestToEndIsKept(_ signal: Signal)
        async throws
    {
        child.forward(signal)
        child.forward(.hangUp)
        #expect(try await run(Self.endless).exitCode == 128 + signal.number)
    }

    @Test func anEarlyHangUpMeansNothing() async throws {
        child.forward(.hangUp)
        #expect(try await run(["/bin/sh", "-c", "exit 3"]).exitCode == 3)
    }

    /// During the start every signal is kept, as the command may run already.
    @Test func aSignalDuringTheStartIsKept() async throws {
        child.willStart()
        child.forward(.user1)
        #expect(try await run(Self.endless).exitCode == 128 + Signal.user1.number)
    }
}

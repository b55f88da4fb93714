import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@Suite struct ChildProcessTests {
    static func shell(_ text: String) -> SpawnRequest {
        SpawnRequest(
            executable: "sh", arguments: ["sh", "-c", text].map { Array($0.utf8) }, environment: [Array("A=b".utf8)])
    }

    @Test(arguments: [
        ("exit 0", TerminationStatus.exited(code: 0)), ("exit 77", .exited(code: 77)),
        ("kill -TERM $$", .signalled(.terminate)), ("kill -KILL $$", .signalled(.kill)),
        ("test \"$A\" = b", .exited(code: 0)), ("test -z \"$HOME\"", .exited(code: 0)),
        ("test \"$(readlink /proc/self/fd/0)\" = /dev/null", .exited(code: 0)),
    ])
    func tellsHowItEnded(text: String, status: TerminationStatus) throws {
        let child = try ChildProcess(Self.shell(text), output: nil)
        #expect(try child.wait() == status)
        #expect(child.collect() == status)
    }

    @Test func inheritsNoFileOfOurs() throws {
        let folder = try TemporaryDirectory()
        let file = try FileDescriptor(opening: folder("f"), [.write, .create])
        let child = try ChildProcess(Self.shell("! test -e /proc/self/fd/\(file.number)"), output: nil)
        #expect(try child.wait() == .exited(code: 0))
    }

    @Test func hasSignalsAtTheirDefaults() async {
        await #expect(processExitsWith: .success) {
            Signal.ignorePipe()
            let queue = try SignalQueue([.terminate])
            // glibc's posix_spawn leaves its own two, 32 and 33, ignored.
            let child = try ChildProcess(
                ChildProcessTests.shell(
                    "grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -vE '0{16}|0000000180000000'"),
                output: nil)
            #expect(try child.wait() == .exited(code: 1))
            _ = try queue.next()
        }
    }

    @Test func saysWhatCannotBeStarted() {
        let error = #expect(throws: SystemError.self) {
            try ChildProcess(SpawnRequest(executable: "/no/such", arguments: [], environment: []), output: nil)
        }
        #expect(error == SystemError(call: "posix_spawn", path: "/no/such", code: ENOENT))
    }

    @Test func signalsTheGroup() throws {
        let child = try ChildProcess(Self.shell("sleep 1000 & sleep 1000"), output: nil)
        #expect(try child.groupIsAlive())
        #expect(try child.sendToGroup(.kill))
        #expect(try child.wait() == .signalled(.kill))
        try child.send(.terminate)
    }

    #if DEBUG
        @Test func waitsWithoutAProcessDescriptorToo() throws {
            let child = try Faults.with(.init("pidfd_open", code: ENOSYS)) {
                try ChildProcess(Self.shell("exit 3"), output: nil)
            }
            #expect(child.descriptor == -1)
            #expect(try child.wait() == .exited(code: 3))
        }
    #endif

    /// users.md, test 10: a thread that collects orphans must not take the exit codes of commands.
    @Test func reapsOrphansAndStealsNoStatus() async {
        await #expect(processExitsWith: .success) {
            try Children.becomeReaper()
            let isDone = Mutex(false)
            let reaper = try Thread.start {
                while !isDone.withLock({ $0 }) { Children.collectOrphans() }
            }
            for round in 0..<50 {
                let code = Int32(round % 7)
                let child = try ChildProcess(
                    ChildProcessTests.shell("(true & true &) ; (true &) ; exit \(code)"), output: nil)
                #expect(try child.wait() == .exited(code: code))
            }
            let end = Clock.monotonic() + .seconds(60)
            while waitpidFindsChildren() && Clock.monotonic() < end {
                _ = try Poll.wait([], timeout: .milliseconds(1))
            }
            isDone.withLock { $0 = true }
            reaper.join()
            #expect(!waitpidFindsChildren())
        }
    }

    @Test func keepsStatusesWhenChildSignalsWereIgnored() async {
        await #expect(processExitsWith: .success) {
            signal(SIGCHLD, SIG_IGN)
            let child = try ChildProcess(ChildProcessTests.shell("exit 9"), output: nil)
            #expect(try child.wait() == .exited(code: 9))
        }
    }

    @Test func becomesAnotherProgram() async {
        await #expect(processExitsWith: .exitCode(42)) {
            try CurrentProcess.become(["sh", "-c", "exit 42"].map { Array($0.utf8) })
        }
    }
}

/// Whether this process has any child, ended or not.
private func waitpidFindsChildren() -> Bool {
    var info = siginfo_t()
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0
}

import Glibc
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration
@testable import Posix

/// `[template.reload]` with `signal`, sent to real processes.
@Suite struct ReloadSignalTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A child `sleep`, which SIGUSR1 ends; it is killed and collected in `deinit`.
    private final class Target {
        let process: ChildProcess
        var id: Int32 { process.id }

        init() throws {
            let words = ["sleep", "1000"].map { Array($0.utf8) }
            process = try ChildProcess(
                SpawnRequest(executable: "sleep", arguments: words, environment: []), output: nil)
            // The parent of a vfork goes on before the kernel has given the child its new name.
            let end = Clock.monotonic() + .seconds(60)
            while name != "sleep", Clock.monotonic() < end { Clock.sleep(.milliseconds(1)) }
        }

        private var name: String {
            let bytes = (try? Files.read("/proc/\(process.id)/comm")) ?? []
            return String(decoding: bytes.dropLast(), as: UTF8.self)
        }

        /// The kill fails if the process has been collected already.
        deinit {
            try? process.send(.kill)
            _ = try? process.wait()
        }
    }

    private func send(
        content: String, process: String? = nil
    ) throws -> ReloadError.SignalError? {
        try directory.write("p.pid", content)
        return send(directory("p.pid"), process: process)
    }

    private func send(_ path: String, process: String? = nil) -> ReloadError.SignalError? {
        do throws(ReloadError) {
            try ProcessSignal(signal: .user1, pidFile: path, process: process).send()
            return nil
        } catch {
            if case .signal(let error, _) = error { return error }
            Issue.record("\(error)")
            return nil
        }
    }

    @Test(arguments: ["%", "%\n", " %\t\n", "%\n/var/lib/pg\n5432\n"])
    func reachesTheProcess(_ form: String) throws {
        let target = try Target()
        let content = form.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "\(target.id)")
        let error = try send(content: content, process: "sleep")
        try #require(error == nil)
        #expect(try target.process.wait() == .signalled(.user1))
    }

    @Test(arguments: ["", "\n1", "x", "-5", "0", "12 34x", "99999999999"])
    func whatIsNoProcessID(_ content: String) throws {
        #expect(try send(content: content) == .notAnID)
    }

    /// Found by reading: "12 34" was process 1234.
    @Test func wordsAreNotJoined() throws {
        let target = try Target()
        #expect(try send(content: "\(target.id / 10) \(target.id % 10)\n") == .notAnID)
        #expect(target.process.collect() == nil)
    }

    @Test func neverProcessOneOrOurselves() throws {
        #expect(try send(content: "1") == .forbidden(1))
        #expect(try send(content: "\(CurrentProcess.id)\n") == .forbidden(CurrentProcess.id))
    }

    @Test func aStaleFile() throws {
        let target = try Target()
        let id = target.id
        try target.process.send(.kill)
        // Ended, but not waited for: the kernel would take a signal for it.
        let end = Clock.monotonic() + .seconds(60)
        var error: ReloadError.SignalError?
        while error != .ended(id), Clock.monotonic() < end { error = try send(content: "\(id)") }
        #expect(error == .ended(id))
        _ = try target.process.wait()
        #expect(try send(content: "\(id)") == .ended(id))
    }

    @Test func anotherProgram() throws {
        let target = try Target()
        #expect(try send(content: "\(target.id)", process: "nginx") == .name(target.id, "sleep", wanted: "nginx"))
        #expect(target.process.collect() == nil)
    }

    @Test func noFile() throws {
        #expect(send(directory("none")) == .absent)
        #expect(send(directory("no/such/directory/none")) == .absent)
    }

    @Test func whatIsNoFile() throws {
        try Files.makeFolder(directory("d"))
        guard case .unreadable? = send(directory("d")) else {
            Issue.record("a directory was read")
            return
        }
    }

    /// A hard link, by which another user could have any file with a number in it taken for a PID file.
    @Test func aFileWithTwoNames() throws {
        let target = try Target()
        try directory.write("other", "\(target.id)")
        try #require(link(directory("other"), directory("second")) == 0)
        #expect(send(directory("second")) == .linked)
        #expect(target.process.collect() == nil)
    }

    /// Ruling: the file of a service user leads only to a process of that user.
    @Test(.enabled(if: geteuid() == 0)) func theFileOfAnotherUser() throws {
        let target = try Target()
        try directory.write("p.pid", "\(target.id)")
        try #require(chown(directory("p.pid"), 1_234, 1_234) == 0)
        #expect(send(directory("p.pid")) == .foreign(target.id, owner: 1_234))
        #expect(target.process.collect() == nil)
        let script = "setpriv --reuid 1234 --regid 1234 --clear-groups sleep 1000"
        let words = script.split(separator: " ").map { Array($0.utf8) }
        let own = try ChildProcess(
            SpawnRequest(executable: "setpriv", arguments: words, environment: []), output: nil)
        defer { try? own.send(.kill) }
        try directory.write("p.pid", "\(own.id)")
        // Repeated until setpriv has changed its user.
        let end = Clock.monotonic() + .seconds(60)
        while send(directory("p.pid")) != nil, Clock.monotonic() < end { Clock.sleep(.milliseconds(5)) }
        #expect(try own.wait() == .signalled(.user1))
    }

    @Test func namesAreThoseOfTheKernel() {
        let text = "Name:\ta\\\\b\\nc\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t1\t2\t3\t4\nGid:\t0\t0\t0\t0\n"
        let facts = OtherProcess.Facts(parsing: text)
        #expect(facts?.name == "a\\b\nc" && facts?.users == [1, 2, 3])
        #expect(OtherProcess.Facts(parsing: "Name:\tx\n") == nil)
        #expect(OtherProcess.shownName("a-very-long-program-name") == "a-very-long-pro")
    }

    #if DEBUG
        @Test func aKernelWithoutProcessDescriptors() throws {
            let target = try Target()
            try directory.write("p.pid", "\(target.id)")
            let error = Faults.with(.init("pidfd_open", code: ENOSYS)) { send(directory("p.pid")) }
            #expect(error == .unsupported)
        }
    #endif
}

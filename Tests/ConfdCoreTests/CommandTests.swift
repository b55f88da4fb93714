import Configuration
import Glibc
import Posix
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct CommandTests {
    static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

    /// Runs a command and returns its result and the lines it wrote.
    func run(_ command: Command, _ cancellation: Cancellation? = nil) -> (CommandResult, [String]) {
        var lines: [String] = []
        let result = command.run(cancellation: cancellation) { lines.append(Self.text($0)) }
        return (result, lines)
    }

    @Test(
        arguments: [
            ("true", .exited(code: 0), "exit status 0"), ("exit 3", .exited(code: 3), "exit status 3"),
            ("no-such-command", .exited(code: 127), "exit status 127"),
            ("kill -TERM $$", .signalled(.terminate), "signal: terminated"),
            ("kill -9 $$", .signalled(.kill), "signal: killed"),
            // The end of standard input is seen at once.
            ("cat", .exited(code: 0), "exit status 0"),
        ] as [(String, CommandResult.End, String)])
    func tellsHowItEnded(text: String, end: CommandResult.End, message: String) {
        let (result, _) = run(Command(text, timeout: .seconds(30)))
        #expect(result.end == end)
        #expect(result.message == message)
        #expect(result.succeeded == (end == .exited(code: 0)))
    }

    @Test func runsAProgramWithoutAShell() {
        let words = ["printf", "%s|", "a b", "$HOME", "'", "*", "", "{{x}}"]
        let (result, lines) = run(Command(.program(words), environment: ["CONFD_SRC": "x"]))
        #expect(result.succeeded)
        #expect(lines == ["a b|$HOME|'|*||{{x}}|"])
        let (missing, _) = run(Command(.program(["/no/such/program", "x"])))
        #expect(missing.message == "cannot start /no/such/program: no such file or directory")
        #expect(missing.end.hint(missing.executable, field: "reload_cmd") == nil)
        #expect(!missing.end.isAnswer)
    }

    @Test(arguments: [
        ("echo a; echo b >&2; echo c", ["a", "b", "c"]), ("printf 'a\\n\\nb'", ["a", "", "b"]), ("true", []),
        ("printf '\\n'", [""]), ("(sleep 0.05; echo late) | cat", ["late"]),
    ])
    func handsLinesOn(text: String, expected: [String]) {
        let (result, lines) = run(Command(text))
        #expect(lines == expected)
        #expect(result.droppedBytes == 0)
    }

    @Test func addsToTheEnvironment() {
        let (_, lines) = run(
            Command(
                "echo \"$CONFD_SRC|$CONFD_DEST|$PATH\"; env | grep -c ^PATH=",
                environment: ["CONFD_SRC": "/a b", "CONFD_DEST": "é'\"\n=", "PATH": "/bin:/usr/bin"]))
        #expect(lines == ["/a b|é'\"", "=|/bin:/usr/bin", "1"])
    }

    @Test func keepsTheEnvironmentItHas() {
        let (_, lines) = run(Command("echo $PATH", environment: ["CONFD_SRC": "x"]))
        #expect(lines == [Environment.text("PATH") ?? ""])
    }

    @Test func leadsAGroupOfItsOwn() {
        let (_, lines) = run(Command("cut -d' ' -f5 /proc/$$/stat; echo $$"))
        #expect(lines.count == 2)
        #expect(lines.first == lines.last)
    }

    // MARK: Output

    @Test func keepsTheFirstBytesOnly() {
        let (result, lines) = run(Command("printf 'abc\\ndefgh\\nij\\n'", outputLimit: 6))
        #expect(Self.text(result.output) == "abc\nde")
        #expect(result.droppedBytes == 7)
        #expect(lines == ["abc", "de"])
    }

    /// users.md, test 9: output beyond the limit is read and dropped, so the child does not block on a full pipe.
    @Test func readsAGigabyteWithoutKeepingIt() {
        let (result, _) = run(Command("head -c 1000000000 /dev/zero", timeout: .seconds(120)))
        #expect(result.end == .exited(code: 0))
        #expect(result.output.count == 65_536)
        #expect(result.droppedBytes == 1_000_000_000 - 65_536)
    }

    // MARK: Ending

    @Test func endsAtTheTimeout() {
        let (result, lines) = run(
            Command("echo started; sleep 1000", timeout: .seconds(8), killGrace: .seconds(300)))
        #expect(result.end == .timedOut(after: .seconds(8)))
        #expect(result.message == "timed out after 8s")
        #expect(lines == ["started"])
        #expect(result.duration >= .seconds(8))
        #expect(result.duration < .seconds(200), "TERM ends it, not KILL after 300 s more")
    }

    @Test func waitsForTheGroupToEndOrderly() {
        // The shell dies of TERM at once; what it started takes a moment to clean up and says so.
        let child = "trap 'sleep 0.1; echo cleaned up; exit' TERM; echo ready; while :; do sleep 0.01; done"
        let (result, lines) = run(
            Command("sh -c \(ShellQuote.quote(child)) & wait", timeout: .seconds(8), killGrace: .seconds(60)))
        #expect(result.end == .timedOut(after: .seconds(8)))
        // Between the two the shell may say "Terminated".
        #expect(lines.first == "ready" && lines.last == "cleaned up")
    }

    @Test func killsAGroupThatIgnoresTERM() throws {
        let folder = try TemporaryDirectory()
        let text = """
            trap '' TERM
            sh -c 'echo $$ > \(folder("child")); trap "" TERM; sleep 1000' &
            echo $$ > \(folder("shell"))
            sleep 1000
            """
        let (result, _) = run(Command(text, timeout: .seconds(8), killGrace: .milliseconds(100)))
        #expect(result.end == .timedOut(after: .seconds(8)))
        #expect(result.duration >= .milliseconds(8_100))
        for name in ["child", "shell"] {
            let id = try #require(Int32(folder.text(name)?.dropLast() ?? ""))
            #expect(isSoonGone(id), "\(name)")
        }
    }

    @Test func ignoresADaemonThatHoldsThePipe() throws {
        let (result, lines) = run(Command("nohup sleep 1000 & echo $!", timeout: .seconds(30)))
        let id = try #require(lines.compactMap { Int32($0) }.first)
        defer { kill(id, SIGKILL) }
        #expect(result.end == .exited(code: 0))
        #expect(result.duration < .seconds(25), "not the 30 s of its timeout")
        #expect(!isGone(id))
    }

    @Test func ignoresADaemonThatWritesForEver() throws {
        let folder = try TemporaryDirectory()
        let (result, _) = run(
            Command("yes & echo $! > \(folder("id")); head -c 100000 /dev/zero", timeout: .seconds(30)))
        let id = try #require(Int32(folder.text("id")?.dropLast() ?? ""))
        defer { kill(id, SIGKILL) }
        #expect(result.end == .exited(code: 0))
        #expect(result.duration < .seconds(25), "not the 30 s of its timeout")
        #expect(result.droppedBytes > 0)
    }

    @Test func readsAllThatWasWrittenBeforeTheEnd() {
        for _ in 0..<20 {
            let (result, _) = run(Command("head -c 60000 /dev/zero"))
            #expect(result.output.count == 60_000)
        }
    }

    @Test func isCancelled() throws {
        let cancellation = try Cancellation()
        let result = Mutex<CommandResult?>(nil)
        let thread = try Thread.start {
            let ended = Command("echo started; sleep 1000", timeout: .seconds(60)).run(cancellation: cancellation) {
                _ in
                // Its first line shows that it runs.
                cancellation.cancel()
            }
            result.withLock { $0 = ended }
        }
        thread.join()
        #expect(result.withLock { $0?.end } == .cancelled)
        // A command that is started later with the same cancellation is ended too.
        #expect(run(Command("sleep 1000", timeout: .seconds(60)), cancellation).0.end == .cancelled)
    }

    #if DEBUG
        @Test func saysWhenItCannotBeStarted() {
            let (result, _) = Faults.with(.init("posix_spawn", code: ENOENT)) { run(Command("true")) }
            #expect(result.message == "cannot start /bin/sh: no such file or directory")
            #expect(result.end.hint("/bin/sh", field: "check_cmd")?.contains("check_cmd = [") == true)
            #expect(!result.succeeded)
        }

        @Test func worksWithoutProcessDescriptors() {
            let (result, lines) = Faults.with(.init("pidfd_open", code: ENOSYS)) {
                run(Command("sleep 0.03; echo a; exit 4"))
            }
            #expect(result.end == .exited(code: 4))
            #expect(lines == ["a"])
            let (slow, _) = Faults.with(.init("pidfd_open", code: ENOSYS)) {
                run(Command("sleep 1000", timeout: .milliseconds(50)))
            }
            #expect(slow.end == .timedOut(after: .milliseconds(50)))
        }

        @Test func leavesNoChildWhenItCannotBeFollowed() throws {
            let folder = try TemporaryDirectory()
            let (result, _) = Faults.with(.init("poll", nth: 1, code: EINVAL)) {
                run(Command("echo $$ > \(folder("id")); exec sleep 1000"))
            }
            // It may have been ended before it wrote that.
            if let id = folder.text("id").flatMap({ Int32($0.dropLast()) }) { #expect(isSoonGone(id)) }
            #expect(result.end == .notStarted(SystemError(call: "poll", code: EINVAL)))
            #expect(result.duration < .seconds(10))
        }
    #endif

    /// Whether the process ends within a minute: on a loaded machine it may wait that long for a processor after the signal.
    private func isSoonGone(_ id: Int32) -> Bool {
        let end = Clock.monotonic() + .seconds(60)
        while !isGone(id), Clock.monotonic() < end { Clock.sleep(.milliseconds(5)) }
        return isGone(id)
    }

    /// Whether the process has ended; a zombie that its new parent has not collected yet has.
    private func isGone(_ id: Int32) -> Bool {
        guard kill(id, 0) == 0 else { return true }
        let stat = (try? Files.read("/proc/\(id)/stat")).map(Self.text) ?? ") Z"
        return stat.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }
}

@Suite struct ShellQuoteTests {
    static let words: [String] = [
        "", "a", "/etc/nginx/nginx.conf", "a b", "it's", "'", "''", "$HOME", "`id`", "a\nb", "\\", "\"", "~", "-n", "*",
        "a=b", "#", "!", "é", "\t", "a;b", "|", "{}", "[", "%", "^",
    ]

    @Test(arguments: words)
    func makesOneWord(word: String) {
        let result = Command("printf %s \(ShellQuote.quote(word))").run()
        #expect(result.succeeded)
        #expect(String(decoding: result.output, as: UTF8.self) == word)
    }

    @Test func keepsBytes() {
        let bytes: [UInt8] = Array(1...255)
        let quoted = ShellQuote.quote(bytes)
        #expect(quoted.first == 39 && quoted.last == 39)
        #expect(quoted.count == 255 + 2 + 3)
        #expect(ShellQuote.quote([97, 0, 98]) == Array("'ab'".utf8))
    }

    @Test func leavesPlainWordsAlone() {
        #expect(ShellQuote.quote("/etc/a-b_c.conf:1,2@x+y") == "/etc/a-b_c.conf:1,2@x+y")
        #expect(ShellQuote.quote("a b") == "'a b'")
        #expect(ShellQuote.quote("it's") == "'it'\\''s'")
    }
}

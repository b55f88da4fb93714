import Posix
import Testing

@testable import ConfdCore
@testable import Configuration

/// What `confd status` and `confd wait` take for an answer.
@Suite struct StatusCommandTests {
    private static let ours = "Confd-Version: 1.0.0\r\nConfd-Protocol: \(StatusPages.protocolVersion)\r\n"

    private func body(_ answer: String) throws(DaemonClient.Problem) -> String {
        String(decoding: try DaemonClient.body(of: Array(answer.utf8)), as: UTF8.self)
    }

    @Test func readsAnswers() throws {
        #expect(try body("HTTP/1.1 200 OK\r\n\(Self.ours)Content-Length: 2\r\n\r\nok") == "ok")
        let refused = DaemonClient.Problem.refused(status: "403 Forbidden")
        #expect(throws: refused) { try body("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") }
    }

    @Test(arguments: [
        "x", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n\(ours)Content-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n\(ours)\r\nok", "HTTP/1.1 200 OK\r\n\(ours)Content-Length: x\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ])
    func refusesWhatIsCutOffOrForeign(_ answer: String) {
        #expect(throws: DaemonClient.Problem.unreadable) { try body(answer) }
    }

    @Test func namesBothVersions() {
        let problem = DaemonClient.Problem.otherProtocol(version: "9.1.0", number: "7")
        let answer = "HTTP/1.1 200 OK\r\nConfd-Version: 9.1.0\r\nConfd-Protocol: 7\r\nContent-Length: 0\r\n\r\n"
        #expect(throws: problem) { try body(answer) }
        let message = problem.message("/run/x")
        #expect(
            message.contains("is confd 9.1.0 (protocol 7), this is confd \(Version.current) (protocol "), "\(message)")
    }

    /// Attack: a process of another user listens at the socket that root was told to ask.
    @Test func letsNothingButColoursThrough() {
        func shown(_ text: String, isColoured: Bool = true, json: Bool = false) -> String {
            let command = StatusCommand(socket: "", wantsJSON: json, isColoured: isColoured)
            return String(decoding: command.printable(Array(text.utf8)), as: UTF8.self)
        }
        #expect(shown("\u{1B}[31mdown\u{1B}[0m\n") == "\u{1B}[31mdown\u{1B}[0m\n")
        #expect(shown("\u{1B}[31mdown\n", isColoured: false) == "\\x1b[31mdown\n")
        #expect(shown("a\u{1B}]0;title\u{07}b\u{202E}\n") == "a\\x1b]0;title\\x07b\\u202e\n")
        #expect(shown("\u{1B}") == "\\x1b")
        #expect(shown("{\"a\": \"\u{7F}\"}\n", json: true) == "{\"a\": \"\\u007f\"}\n")
    }

    @Test func namesWhatTheDaemonHasNot() {
        let problem = DaemonClient.Problem.noResource("ngnix", suggestion: "nginx.toml")
        #expect(
            problem.message("/run/x")
                == "the daemon at /run/x has no resource \"ngnix\"\nhint: did you mean \"nginx.toml\"?")
    }

    @Test func readsResultsOfWaiting() throws {
        func result(_ text: String) throws(DaemonClient.Problem) -> WaitCommand.Result {
            try WaitCommand.result(Array(text.utf8))
        }
        #expect(try result("applied\n") == .applied)
        #expect(try result("failed\na.toml: x\nb.toml: y\n") == .failed(["a.toml: x", "b.toml: y"]))
        #expect(try result("pending\na.toml is pending\n") == .timedOut(["a.toml is pending"]))
        #expect(try result("without-revisions\n") == .withoutRevisions)
        #expect(throws: DaemonClient.Problem.unreadable) { try result("perhaps\n") }
    }
}

/// How times and sizes are said.
@Suite struct StatusWordsTests {
    @Test(arguments: [
        (Duration.milliseconds(-5), "0ms"), (.milliseconds(12), "12ms"), (.milliseconds(1_000), "1s"),
        (.milliseconds(1_590), "1.5s"), (.seconds(42), "42s"), (.seconds(60), "1m"), (.seconds(245), "4m5s"),
        (.seconds(3 * 3_600 + 1_200), "3h20m"), (.seconds(52 * 3_600), "2d4h"), (.seconds(800 * 86_400), "800d"),
    ])
    func durations(_ time: Duration, _ text: String) { #expect(StatusWords.duration(time) == text) }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (20 << 20, "20 MiB"), (5 << 40, "5 TiB"),
    ])
    func sizes(_ count: Int, _ text: String) { #expect(StatusWords.bytes(count) == text) }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-12_345, "-12,345")])
    func numbers(_ number: Int, _ text: String) { #expect(StatusWords.grouped(number) == text) }
}

@Suite struct EventLogTests {
    private func time(_ number: Int) -> WallTime { WallTime(seconds: Int64(number)) }

    @Test func keepsTheNewest() {
        var log = EventLog()
        #expect(log.newestFirst.isEmpty)
        for number in 1...3 { log.note(.changed, "\(number)", at: time(number)) }
        #expect(log.newestFirst.map(\.subject) == ["3", "2", "1"])
        for number in 4...700 { log.note(.changed, "\(number)", at: time(number)) }
        #expect(log.newestFirst.map(\.subject) == (445...700).reversed().map { "\($0)" })
    }

    /// A key's name can have megabytes.
    @Test func cutsLongTexts() {
        var log = EventLog()
        let long = String(repeating: "ä", count: 1 << 20)
        log.note(.failed, long, long, at: time(1))
        let event = log.newestFirst[0]
        #expect(event.subject.utf8.count < 700 && event.detail.utf8.count < 700 && event.detail.hasSuffix("…"))
    }
}

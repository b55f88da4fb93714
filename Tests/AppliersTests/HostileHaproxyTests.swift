import Posix
import TestSupport
import Testing

@testable import Appliers

/// Sockets without haproxy behind them, and a haproxy whose answers are wrong, late or cut off.
@Suite struct HostileHaproxyTests {
    private static let info = "Name: HAProxy\nVersion: 2.6.12\nPid: 7\nStopping: 0\nStart_time_sec: 9\n"
    private static let columns = "1\n# srv_id srv_name\n"

    /// A server that answers each line with the result of `answer`; nil ends the connection.
    private func server(
        _ directory: TemporaryDirectory, _ answer: @escaping @Sendable (String, StreamConnection) -> String?
    ) throws -> StreamServer {
        try StreamServer(path: directory("s")) { connection in
            var buffer: [UInt8] = []
            while let bytes = connection.read() {
                buffer += bytes
                while let end = buffer.firstIndex(of: 10) {
                    let line = String(decoding: buffer[..<end], as: UTF8.self)
                    buffer.removeFirst(end + 1)
                    guard let said = answer(line, connection), connection.write(said) else { return }
                }
            }
        }
    }

    /// What haproxy says to the commands of a new connection.
    private static func greeting(_ line: String) -> String? {
        switch line {
        case "prompt", "set timeout cli 1h": "\n> "
        case "show info": info + "\n> "
        case "show cli level": "admin\n\n> "
        default: nil
        }
    }

    private func failure(
        limit: Duration = .seconds(10), _ answer: @escaping @Sendable (String, StreamConnection) -> String?
    ) throws -> ApplierError.Kind? {
        let directory = try TemporaryDirectory()
        let server = try server(directory, answer)
        defer { withExtendedLifetime(server) {} }
        var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: directory("s"), backend: "web")))
        let error = #expect(throws: ApplierError.self) { try driver.read(try patience(limit)) }
        #expect(driver.connection == nil)
        return error?.kind
    }

    @Test func silenceEndsAtTheLimit() throws {
        #expect(try failure(limit: .seconds(1)) { _, _ in "" } == .timeout("prompt"))
    }

    @Test func anAnswerWithoutEndIsBounded() throws {
        let kind = try failure { line, connection in
            if let said = Self.greeting(line) { return said }
            let block = [UInt8](repeating: 65, count: 1 << 16)
            while connection.write(block) {}
            return nil
        }
        #expect(kind == .tooLarge(limit: 8 << 20))
    }

    /// Bytes keep coming, but the whole answer takes longer than the limit.
    @Test func slowBytesEndAtTheLimit() throws {
        let kind = try failure(limit: .seconds(6)) { line, connection in
            if let said = Self.greeting(line) { return said }
            while connection.write("x") { Clock.sleep(.milliseconds(1)) }
            return nil
        }
        #expect(kind == .timeout("show servers state"))
    }

    @Test func anEndInTheMiddleIsNamed() throws {
        let kind = try failure { line, connection in
            if let said = Self.greeting(line) { return said }
            connection.write("1\n# srv_id srv_na")
            return nil
        }
        #expect(kind == .ended("show servers state"))
    }

    @Test func garbageIsNamed() throws {
        let kind = try failure { line, _ in Self.greeting(line) ?? "\u{1}\u{2}\n> " }
        #expect(kind == .malformed("show servers state web", "not a list of servers"))
        #expect(try failure { _, _ in "SSH-2.0-OpenSSH\r\n\n> " } == .malformed("prompt", "SSH-2.0-OpenSSH"))
    }

    @Test func answersThatNobodyAskedForAreNotTaken() throws {
        let kind = try failure { line, _ in
            guard let said = Self.greeting(line) else { return nil }
            // Bytes after a prompt would otherwise be read as the answer to the next command.
            return line == "prompt" ? said + "more\n> " : said
        }
        guard case .malformed = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
    }

    @Test func whatCameBeforeACommandIsNotItsAnswer() throws {
        let directory = try TemporaryDirectory()
        let isAsked = Semaphore()
        let server = try server(directory) { line, connection in
            guard line == "show info" else { return Self.greeting(line) }
            guard connection.write(Self.info + "\n> ") else { return nil }
            _ = isAsked.wait(atMost: .seconds(60))
            return "x"
        }
        let connection = try HaproxyConnection(to: directory("s"), subject: "haproxy", try patience())
        #expect(try connection.ask("show info", try patience()) == Array(Self.info.utf8))
        isAsked.post()
        #expect(try Poll.wait([connection.descriptor], timeout: .seconds(60)) == [true])
        let error = #expect(throws: ApplierError.self) { try connection.ask("show stat", try patience()) }
        #expect(error?.kind == .malformed("show stat", "there was an answer before"))
        withExtendedLifetime(server) {}
    }

    @Test func halfALineIsNamed() throws {
        let kind = try failure { line, _ in Self.greeting(line) ?? "\(Self.columns)1 a\n\n> " }
        #expect(kind == .malformed("show servers state web", "no column srv_admin_state"))
    }

    @Test func anOldVersionIsNamed() throws {
        let kind = try failure { line, _ in
            line == "show info" ? "Version: 2.4.1\nPid: 1\n\n> " : Self.greeting(line)
        }
        #expect(kind == .oldVersion("2.4.1"))
    }

    @Test func whatIsSaidIsBounded() throws {
        let directory = try TemporaryDirectory()
        let server = try server(directory) { line, _ in
            Self.greeting(line) ?? String(repeating: "no\u{1B}[31m", count: 10_000) + "\n> "
        }
        defer { withExtendedLifetime(server) {} }
        var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: directory("s"), backend: "web")))
        let report = try driver.perform([.add(.local("a", 1))], try patience(.seconds(30)))
        let error = try #require(report.failures.first?.error)
        guard case .refused(_, let said) = error.kind else {
            Issue.record("\(error)")
            return
        }
        #expect(said.utf8.count == Said.limit)
    }

    @Test func cancellationEndsAnExchange() throws {
        let directory = try TemporaryDirectory()
        let cancellation = try Cancellation()
        let server = try server(directory) { line, _ in
            if let said = Self.greeting(line) { return said }
            cancellation.cancel()
            return ""
        }
        defer { withExtendedLifetime(server) {} }
        var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: directory("s"), backend: "web")))
        let patience = Patience(limit: .seconds(600), cancellation: cancellation)
        let error = #expect(throws: ApplierError.self) { try driver.read(patience) }
        #expect(error?.kind == .cancelled)
    }

    @Test func noSocketIsNamed() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", "")
        let cases: [(String, String)] = [
            ("none", "haproxy PATH web: no such file or directory"), ("file", "haproxy PATH web: not a socket"),
            (".", "haproxy PATH web: not a socket"),
        ]
        for (name, message) in cases {
            let path = directory(name)
            var driver = HaproxyDriver(try #require(HaproxyDriver.Target(socket: path, backend: "web")))
            let error = #expect(throws: ApplierError.self) { try driver.read(try patience()) }
            #expect(error?.message == message.replacing("PATH", with: path))
        }
    }

    /// A haproxy that ends each connection at once is not asked all the time.
    @Test func connectionsThatEndAtOnceAreNoLoop() throws {
        let directory = try TemporaryDirectory()
        let counter = Counter()
        let header = """
            1
            # srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_check_state srv_agent_state \
            srv_f_forced_id srv_fqdn srv_port

            """
        let server = try server(directory) { line, connection in
            if let said = Self.greeting(line) { return said }
            counter.count()
            connection.write("\(header)\n> ")
            return nil
        }
        defer { withExtendedLifetime(server) {} }
        let target = try #require(HaproxyDriver.Target(socket: directory("s"), backend: "web"))
        let began = Clock.monotonic()
        let test = try TestSession { HaproxyDriver(target) }
        test.session.desire([])
        test.waiter.wait { _ in counter.value >= 5 }
        #expect(counter.value >= 5)
        // Four pauses of 100 ms.
        #expect(Clock.monotonic() - began >= .milliseconds(400))
    }
}

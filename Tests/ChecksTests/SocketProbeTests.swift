import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Checks

/// Probes over plain sockets against servers that behave badly.
@Suite struct SocketProbeTests {
    /// A server that reads a request and sends `answer`, whatever the request is.
    static func answering(_ answer: String) throws -> TCPServer {
        try TCPServer { connection in
            _ = connection.read()
            connection.write(Array(answer.utf8))
        }
    }

    @Test(arguments: [
        ("healthy", "HTTP/1.1 200 OK\r\n\r\nok", String?.none),
        ("wrong status", "HTTP/1.1 503 No\r\n\r\n", "http: status 503"),
        ("wrong body", "HTTP/1.1 200 OK\r\n\r\nno", "http: the answer is not the expected one"),
        ("no answer", "", "http: connection closed before the answer was complete"),
        ("another protocol", "220 mail ESMTP\r\n", "http: the answer is not HTTP/1"),
    ])
    func http(_ name: String, _ answer: String, _ error: String?) throws {
        let server = try Self.answering(answer)
        let health = try Recorder.probe(.http(try HTTPCheck(expectedBody: Array("ok".utf8))), .local(server.port))
        #expect(health.error == error)
        #expect(health.isUp == (error == nil) && health.hasVerdict && health.type == "http")
        #expect(health.rise == (error == nil ? 1 : 0) && health.fall == (error == nil ? 0 : 1))
    }

    @Test func followsNoRedirect() throws {
        let visits = Atomic(0)
        let other = try TCPServer { _ in visits.add(1, ordering: .relaxed) }
        let server = try Self.answering(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(other.port)/\r\nContent-Length: 0\r\n\r\n")
        #expect(try Recorder.probe(.http(try HTTPCheck()), .local(server.port)).isUp)
        let strict = try HTTPCheck(expectedStatus: try StatusRanges(parsing: "200"))
        #expect(try Recorder.probe(.http(strict), .local(server.port)).error == "http: status 302")
        #expect(visits.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", "A: b\r\n", "http: more than 16 KiB of headers"),
        ("HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxx", "http: the answer is not the expected one"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", "http: the answer does not end"),
    ])
    func endlessAnswers(_ start: String, _ filler: String, _ error: String) throws {
        let server = try TCPServer { connection in
            connection.write(Array(start.utf8))
            let piece = Array(String(repeating: filler, count: 1_000).utf8)
            // Until the probe has had enough: the write then fails.
            for _ in 0..<10_000 { connection.write(piece) }
        }
        let health = try Recorder.probe(.http(try HTTPCheck(expectedBody: Array("ok".utf8))), .local(server.port))
        #expect(health.error == error)
    }

    @Test func slowBytesEndAtTheDeadline() throws {
        let server = try TCPServer { connection in
            _ = connection.read()
            for byte in Array("HTTP/1.1 200 OK\r\nA: ".utf8) + [UInt8](repeating: 120, count: 100) {
                connection.write([byte])
                // 50 ms between two bytes: far too slow for the deadline. Something to read means that the probe
                // has closed the connection.
                var item = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&item, 1, 50) > 0 { return }
            }
        }
        let health = try Recorder.probe(
            .http(try HTTPCheck()), .local(server.port), timeout: .seconds(2))
        #expect(health.error == "timeout after 2s while waiting for the answer")
    }

    @Test func silenceAndRefusal() throws {
        let silent = try Ports.Silent()
        let closed = try Ports.Closed()
        for (kind, name) in [
            (HealthCheck.Kind.http(try HTTPCheck()), "http"), (.tcp(TCPCheck(expect: [1])), "tcp"), (.ajp, "ajp"),
            (.mysql(try MySQLCheck()), "mysql"), (.fastcgi(try FastCGICheck()), "fastcgi"),
        ] {
            let hung = try Recorder.probe(kind, .local(silent.number), timeout: .seconds(2))
            #expect(hung.error == "timeout after 2s while waiting for the answer")
            let refused = try Recorder.probe(kind, .local(closed.number))
            #expect(refused.error == "\(name): connection refused")
        }
        #expect(try Recorder.probe(.tcp(TCPCheck()), .local(silent.number)).isUp)
        withExtendedLifetime((silent, closed)) {}
    }

    @Test func aResetIsNamed() throws {
        let server = try TCPServer { connection in
            _ = connection.read()
            connection.resetOnClose()
        }
        let health = try Recorder.probe(.http(try HTTPCheck()), .local(server.port))
        #expect(health.error == "http: connection reset by peer")
    }

    @Test func sendsAndExpects() throws {
        let server = try TCPServer { connection in
            connection.write(connection.read() == Array("PING\r\n".utf8) ? Array("+PONG\r\n".utf8) : [])
            _ = connection.read()
        }
        let check = TCPCheck(send: Array("PING\r\n".utf8), expect: Array("+PONG".utf8))
        #expect(try Recorder.probe(.tcp(check), .local(server.port)).isUp)
    }

    @Test func speaksMySQL() throws {
        let answers = [ConversationTests.greeting, ConversationTests.packet([0, 0, 0, 2, 0, 0, 0], 2)]
        let heard = Mutex<[UInt8]>([])
        let server = try TCPServer { connection in
            connection.write(answers[0])
            guard connection.read() != nil else { return }
            connection.write(answers[1])
            while let bytes = connection.read() { heard.withLock { $0 += bytes } }
        }
        #expect(try Recorder.probe(.mysql(try MySQLCheck(user: "u")), .local(server.port)).isUp)
        let end = Clock.monotonic() + .seconds(60)
        while heard.withLock({ $0 }) != ConversationTests.quit, Clock.monotonic() < end {
            Clock.sleep(.milliseconds(1))
        }
        #expect(heard.withLock { $0 } == ConversationTests.quit)
    }

    @Test func socketsAtAPath() throws {
        let folder = try TemporaryDirectory()
        let listener = try SocketListener(path: folder("socket"))
        #expect(try Recorder.probe(.tcp(TCPCheck()), .path(folder("socket"))).isUp)
        let missing = try Recorder.probe(.tcp(TCPCheck()), .path(folder("none")))
        #expect(missing.error == "tcp: no such file or directory")
        let secure = try Recorder.probe(.tls(try TLSSettings()), .path(folder("socket")))
        #expect(secure.error == "a socket at a path cannot be probed with TLS or gRPC" && !secure.hasVerdict)
        _ = consume listener
    }

    @Test func reachesAllowedNetworksOnly() throws {
        let visits = Atomic(0)
        let server = try TCPServer { _ in visits.add(1, ordering: .relaxed) }
        let ranges = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) }
        for host in ["127.0.0.1", "localhost"] {
            let health = try Recorder.probe(.tcp(TCPCheck()), .host(host, port: server.port)) { $0.allow = ranges }
            #expect(health.error == "address 127.0.0.1 is not allowed" && health.verdict == .down)
        }
        let path = try Recorder.probe(.tcp(TCPCheck()), .path("/run/x")) { $0.allow = ranges }
        #expect(path.error == "address unix:/run/x is not allowed")
        let command = try Recorder.probe(.exec(try ExecCheck(command: ["/bin/true"])), .local(server.port)) {
            $0.allow = ranges
        }
        #expect(command.error == "address 127.0.0.1 is not allowed")
        #expect(visits.load(ordering: .relaxed) == 0)
        let allowed = try Recorder.probe(.tcp(TCPCheck()), .host("localhost", port: server.port)) {
            $0.allow = AddressRange.loopback
        }
        #expect(allowed.isUp)
    }

    @Test func probesAnotherPort() throws {
        let server = try Self.answering("HTTP/1.1 200 OK\r\n\r\n")
        let closed = try Ports.Closed()
        let health = try Recorder.probe(.http(try HTTPCheck()), .local(closed.number)) { $0.port = server.port }
        #expect(health.isUp)
        // Report: the target answered, and was said to refuse connections.
        let down = try Recorder.probe(.http(try HTTPCheck()), .local(server.port)) { $0.port = closed.number }
        #expect(down.error == "http on port \(closed.number): connection refused")
    }

    /// A host name that is not found says nothing about the target: the verdict stays the initial one, and a warning is
    /// logged.
    @Test func aNameThatIsNotFoundCountsAsInitial() throws {
        for initial in [Verdict.up, .down] {
            var options = HealthCheck.Options()
            (options.interval, options.timeout, options.initial) = (.milliseconds(100), .seconds(50), initial)
            let check = try HealthCheck(.tcp(TCPCheck()), options)
            let target = CheckedTarget(.host("no-such-host.invalid", port: 80), check)
            let recorder = try Recorder()
            recorder.engine.set([target])
            let health = try recorder.first(target).health
            #expect(health.verdict == initial && !health.hasVerdict && health.wasProbed)
            #expect(health.error?.hasPrefix("host name not found: ") == true)
            let warning = try #require(recorder.warnings.first)
            #expect(warning.hasPrefix("no-such-host.invalid:80: host name not found: "))
        }
    }
}

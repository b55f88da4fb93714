import Testing

@testable import Checks

/// Conversations with scripted answers; each answer comes in pieces of several sizes.
@Suite struct ConversationTests {
    /// What a conversation sent, and its result.
    struct Record: Equatable {
        var sent: [UInt8] = []
        var result: ProbeResult?
    }

    /// Gives `answers` to the conversation in turn, in pieces of `size` bytes, and then the end if `closes`.
    static func talk(_ conversation: any Conversation, _ answers: [[UInt8]], size: Int, closes: Bool) -> Record {
        var conversation = conversation
        var record = Record()
        func take(_ step: ConversationStep) {
            switch step {
            case .wait: break
            case .send(let bytes): record.sent += bytes
            case .done(let result, let farewell):
                record.sent += farewell
                record.result = result
            }
        }
        take(conversation.open())
        for answer in answers {
            var rest = answer[...]
            while !rest.isEmpty, record.result == nil {
                take(conversation.receive(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
        }
        if record.result == nil, closes { record.result = conversation.close() }
        return record
    }

    /// The record, which must be the same for all sizes of pieces.
    static func talk(
        _ conversation: any Conversation, _ answers: [[UInt8]], closes: Bool = false,
        _ location: SourceLocation = #_sourceLocation
    ) -> Record {
        let whole = talk(conversation, answers, size: .max >> 1, closes: closes)
        for size in [1, 2, 3, 7, 100] {
            #expect(talk(conversation, answers, size: size, closes: closes) == whole, sourceLocation: location)
        }
        return whole
    }

    // MARK: HTTP

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\n", "", false, ProbeResult.success),
        ("HTTP/1.0 204\n\n", "", false, .success),
        ("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 100000\r\n\r\nab", "", false, .success),
        ("HTTP/1.1 301 Moved\r\nLocation: http://10.0.0.1/\r\n\r\n", "", false, .success),
        ("HTTP/1.1 503 No\r\n\r\n", "", false, .failure(.status(503))),
        ("HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "", false, .success),
        ("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 500 No\r\n\r\n", "", false, .failure(.status(500))),
        ("HTTP/1.1 101 Switching\r\n\r\n", "", false, .failure(.status(101))),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false, .success),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "ok", false, .failure(.unexpected)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok", "ok", false, .failure(.unexpected)),
        ("HTTP/1.1 200 OK\r\n\r\nall is ok", "ok", false, .success),
        ("HTTP/1.1 200 OK\r\n\r\nall is", "ok", true, .failure(.unexpected)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall is", "ok", true, .failure(.closed)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", "ok", false,
            .success
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nA: ok\r\n\r\n", "ok", false,
            .failure(.unexpected)
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n", "ok", true, .failure(.closed)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ok", false,
            .failure(.malformed("no valid size of a chunk"))
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "ok", false,
            .failure(.malformed("no valid size of a chunk"))
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", "ok", false,
            .failure(.malformed("a chunk is longer than its size"))
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", "ok", false,
            .failure(.malformed("no valid Content-Length"))
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", "ok", false,
            .failure(.malformed("no valid Content-Length"))
        ),
        ("SSH-2.0-OpenSSH", "", false, .failure(.malformed("the answer is not HTTP/1"))),
        ("HTTP/1.1 20 OK\r\n\r\n", "", false, .failure(.malformed("the answer is not HTTP/1"))),
        ("HTTP/1.1 2000\r\n\r\n", "", false, .failure(.malformed("the answer is not HTTP/1"))),
        ("HTTP/2 200\r\n\r\n", "", false, .failure(.malformed("the answer is not HTTP/1"))),
        ("\r\n", "", false, .failure(.malformed("the answer is not HTTP/1"))),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "", true, .failure(.closed)), ("", "", true, .failure(.closed)),
    ])
    func http(_ answer: String, _ expected: String, _ closes: Bool, _ result: ProbeResult) throws {
        let check = try HTTPCheck(expectedBody: expected.isEmpty ? nil : Array(expected.utf8))
        let record = Self.talk(HTTPConversation(check, authority: "h:80"), [Array(answer.utf8)], closes: closes)
        #expect(record.result == result)
    }

    @Test func httpIsBounded() throws {
        let check = try HTTPCheck(expectedBody: Array("ok".utf8))
        func result(_ start: String, _ filler: String) -> ProbeResult? {
            let answer = Array(start.utf8) + Array(String(repeating: filler, count: 100_000).utf8)
            return Self.talk(HTTPConversation(check, authority: "h"), [answer], size: 1_000, closes: false).result
        }
        #expect(result("HTTP/1.1 200 OK\r\n", "A: b\r\n") == .failure(.malformed("more than 16 KiB of headers")))
        #expect(result("HTTP/1.1 200 OK\r\nA: ", "x") == .failure(.malformed("more than 16 KiB of headers")))
        #expect(result("", "HTTP/1.1 100 C\r\n\r\n") == .failure(.malformed("more than 16 KiB of headers")))
        #expect(result("HTTP/1.1 200 OK\r\n\r\n", "x") == .failure(.unexpected))
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(result(chunked, "1\r\nx\r\n") == .failure(.unexpected))
        #expect(result(chunked + "1;", "x") == .failure(.malformed("a line of a chunk is too long")))
    }

    /// What comes after 64 KiB is not looked at.
    @Test(arguments: [(65_534, ProbeResult.success), (65_535, .failure(.unexpected))])
    func httpLooksAtTheFirst64KiB(_ before: Int, _ result: ProbeResult) throws {
        let check = try HTTPCheck(expectedBody: Array("ok".utf8))
        let body = String(repeating: "x", count: before) + "ok"
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(before + 2)\r\n\r\n\(body)".utf8)
        #expect(Self.talk(HTTPConversation(check, authority: "h"), [answer], size: 999, closes: false).result == result)
    }

    @Test func httpAsks() throws {
        let plain = Self.talk(HTTPConversation(try HTTPCheck(), authority: "h:80"), []).sent
        #expect(
            String(decoding: plain, as: UTF8.self)
                == "GET / HTTP/1.1\r\nHost: h:80\r\nUser-Agent: confd\r\nAccept: */*\r\nConnection: close\r\n\r\n")
        let check = try HTTPCheck(
            method: "POST", path: "/a?b", host: "shop.example",
            headers: [.init("user-agent", "probe"), .init("X-Probe", "1")])
        let full = Self.talk(HTTPConversation(check, authority: "h:80"), []).sent
        #expect(
            String(decoding: full, as: UTF8.self) == """
                POST /a?b HTTP/1.1\r
                Host: shop.example\r
                Accept: */*\r
                Connection: close\r
                Content-Length: 0\r
                user-agent: probe\r
                X-Probe: 1\r
                \r

                """)
    }

    @Test func anAnswerToHEADHasNoBody() throws {
        let check = try HTTPCheck(method: "HEAD", expectedBody: [1])
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8)
        #expect(Self.talk(HTTPConversation(check, authority: "h"), [answer]).result == .failure(.unexpected))
    }

    // MARK: TCP, AJP

    @Test(arguments: [
        ("PING", "+PONG", ["+PO", "NG"], false, "PING", ProbeResult?.some(.success)),
        ("PING", "+PONG", ["-ERR"], true, "PING", .failure(.unexpected)),
        ("PING", "+PONG", [], true, "PING", .failure(.closed)), ("", "SSH-", ["x SSH-2.0"], false, "", .success),
        ("bye", "", [], false, "bye", .success), ("", "", [], false, "", .success), ("", "x", ["y"], false, "", nil),
        ("", "aab", ["aaab"], false, "", .success),
    ])
    func tcp(
        _ send: String, _ expect: String, _ answers: [String], _ closes: Bool, _ sent: String, _ result: ProbeResult?
    ) {
        let check = TCPCheck(send: Array(send.utf8), expect: Array(expect.utf8))
        let record = Self.talk(TCPConversation(check), answers.map { Array($0.utf8) }, closes: closes)
        #expect(record == Record(sent: Array(sent.utf8), result: result))
    }

    @Test func tcpIsBounded() {
        let answer = [UInt8](repeating: 120, count: 70_000)
        let record = Self.talk(TCPConversation(TCPCheck(expect: [1])), [answer], size: 1_000, closes: false)
        #expect(record.result == .failure(.unexpected))
    }

    @Test(arguments: [
        ([0x41, 0x42, 0x00, 0x01, 0x09], false, ProbeResult?.some(.success)), ([0x41, 0x42, 0x00], false, nil),
        ([0x41, 0x42, 0x00], true, .failure(.closed)),
        (Array("HTTP/1.1".utf8), false, .failure(.malformed("the answer is no CPong"))),
    ])
    func ajp(_ answer: [UInt8], _ closes: Bool, _ result: ProbeResult?) {
        let record = Self.talk(AJPConversation(), [answer], closes: closes)
        #expect(record == Record(sent: [0x12, 0x34, 0x00, 0x01, 0x0A], result: result))
    }

    // MARK: MySQL

    static func packet(_ payload: [UInt8], _ sequence: UInt8) -> [UInt8] {
        [UInt8(payload.count & 0xFF), UInt8(payload.count >> 8), 0, sequence] + payload
    }

    static let greeting = packet([10] + Array("8.0.36\0".utf8) + [UInt8](repeating: 7, count: 60), 0)
    static let quit: [UInt8] = [1, 0, 0, 0, 1]
    /// The handshake response of the user `u`.
    static let login =
        packet(
            [0, 0x82, 8, 0, 0, 0, 1, 0, 33] + [UInt8](repeating: 0, count: 23) + Array("u\0".utf8) + [0]
                + Array("mysql_native_password\0".utf8), 1)

    @Test(arguments: [
        (String?.none, [greeting], [UInt8](), ProbeResult?.some(.success)),
        (nil, [packet([9, 0], 0)], [], .failure(.malformed("greeting of protocol 9, not 10"))),
        (
            nil, [packet([255, 105, 4] + Array("Host is blocked\n".utf8), 0)], [],
            .failure(.refused(#"error 1129: Host is blocked\n"#))
        ),
        (
            nil, [Array("HTTP/1.1 400 Bad".utf8)], [],
            .failure(.malformed("what came is no packet of MySQL's protocol"))
        ),
        (nil, [[0, 0, 0, 0]], [], .failure(.malformed("what came is no packet of MySQL's protocol"))),
        ("u", [greeting, packet([0, 0, 0, 2, 0, 0, 0], 2)], login + quit, .success),
        (
            "u", [greeting, packet([254] + Array("caching_sha2_password\0x\0".utf8), 2), packet([0, 0, 0], 4)],
            login + [0, 0, 0, 3] + quit, .success
        ),
        ("u", [greeting, packet([1, 3], 2), packet([0, 0, 0], 3)], login + quit, .success),
        (
            "u", [greeting, packet([255, 21, 4] + Array("#28000Access denied".utf8), 2)], login,
            .failure(.refused("error 1045: Access denied"))
        ),
        ("u", [greeting], login, nil),
        ("u", [greeting, packet([77], 2)], login, .failure(.malformed("unknown answer to the login"))),
        (
            "u", [greeting] + Array(repeating: packet([1, 3], 2), count: 9), login,
            .failure(.malformed("the login does not end"))
        ),
    ])
    func mysql(_ user: String?, _ answers: [[UInt8]], _ sent: [UInt8], _ result: ProbeResult?) throws {
        let record = Self.talk(MySQLConversation(try MySQLCheck(user: user)), answers)
        #expect(record == Record(sent: sent, result: result))
    }

    // MARK: FastCGI

    static func record(_ type: UInt8, _ content: String, padding: Int = 0) -> [UInt8] {
        [1, type, 0, 1, UInt8(content.utf8.count >> 8), UInt8(content.utf8.count & 255), UInt8(padding), 0]
            + Array(content.utf8) + [UInt8](repeating: 9, count: padding)
    }

    static let end = record(3, "\0\0\0\0\0\0\0\0")

    @Test(arguments: [
        ([record(6, "Content-Type: text/plain\r\n\r\npong")], "", ProbeResult?.some(.success)),
        ([record(6, "Status: 503 No\r\n\r\n"), end], "", .failure(.status(503))),
        (
            [
                record(7, "a warning"), record(6, "Status: 2", padding: 3), record(6, "00 OK\n\npo"), record(6, "ng"),
                end,
            ], "pong",
            .success
        ),
        ([record(6, "A: b\n\npang"), end], "pong", .failure(.unexpected)),
        ([record(6, "A: b\n"), end], "", .failure(.closed)),
        ([record(3, "\0\0\0\0\u{2}\0\0\0")], "", .failure(.refused("overloaded"))),
        ([record(6, "Status: abc\n\n")], "", .failure(.malformed("no valid status"))),
        ([Array("HTTP/1.1 400".utf8)], "", .failure(.malformed("the answer is not FastCGI"))),
        ([record(6, "A: b\n")], "", nil),
    ])
    func fastcgi(_ answers: [[UInt8]], _ expected: String, _ result: ProbeResult?) throws {
        let check = try FastCGICheck(path: "/ping", expectedBody: expected.isEmpty ? nil : Array(expected.utf8))
        #expect(Self.talk(FastCGIConversation(check), answers).result == result)
    }

    @Test func fastcgiIsBounded() throws {
        let record = Self.record(6, "A: b\n")
        let answer = [[UInt8]](repeating: record, count: 20_000).flatMap { $0 }
        let result = Self.talk(FastCGIConversation(try FastCGICheck()), [answer], size: 1_000, closes: false).result
        #expect(result == .failure(.malformed("more than 16 KiB of headers")))
        let errors = [[UInt8]](repeating: Self.record(7, "x"), count: 20_000).flatMap { $0 }
        let other = Self.talk(FastCGIConversation(try FastCGICheck()), [errors], size: 1_000, closes: false).result
        #expect(other == .failure(.unexpected))
    }

    /// The request is parsed as a FastCGI responder parses it.
    @Test func fastcgiAsks() throws {
        let query = String(repeating: "q", count: 200)
        let sent = Self.talk(FastCGIConversation(try FastCGICheck(path: "/ping?\(query)")), []).sent
        var records: [(type: UInt8, content: [UInt8])] = []
        var rest = sent[...]
        while rest.count >= 8 {
            let header = Array(rest.prefix(8))
            #expect(header[0] == 1 && header[2] == 0 && header[3] == 1)
            let length = Int(header[4]) << 8 | Int(header[5])
            records.append((header[1], Array(rest.dropFirst(8).prefix(length))))
            rest = rest.dropFirst(8 + length)
        }
        #expect(rest.isEmpty)
        #expect(records.map(\.type) == [1, 4, 4, 5])
        #expect(records[0].content == [0, 1, 0, 0, 0, 0, 0, 0])
        let parameters = Self.pairs(records[1].content)
        #expect(parameters["SCRIPT_NAME"] == "/ping" && parameters["SCRIPT_FILENAME"] == "/ping")
        #expect(parameters["REQUEST_METHOD"] == "GET" && parameters["QUERY_STRING"] == query)
        #expect(records[2].content.isEmpty && records[3].content.isEmpty)
    }

    private static func pairs(_ content: [UInt8]) -> [String: String] {
        var pairs: [String: String] = [:]
        var rest = content[...]
        func length() -> Int {
            guard let first = rest.popFirst() else { return 0 }
            if first < 128 { return Int(first) }
            return rest.prefix(3).reduce(Int(first & 127)) { $0 << 8 | Int($1) }
        }
        while !rest.isEmpty {
            let name = length()
            if name > 127 { rest = rest.dropFirst(3) }
            let value = length()
            if value > 127 { rest = rest.dropFirst(3) }
            let key = String(decoding: rest.prefix(name), as: UTF8.self)
            pairs[key] = String(decoding: rest.dropFirst(name).prefix(value), as: UTF8.self)
            rest = rest.dropFirst(name + value)
        }
        return pairs
    }
}

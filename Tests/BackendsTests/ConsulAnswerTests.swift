import Glibc
import HTTP
import KeyValue
import Posix
import TestSupport
import Testing

@testable import Backends

/// Answers that consul's documentation does not have, and its documented answers for errors.
@Suite struct ConsulAnswerTests {
    private func options(_ port: UInt16) throws -> ConsulOptions {
        var options = ConsulOptions()
        options.nodes = [try HTTPNode("127.0.0.1:\(port)", of: .consul)]
        options.token = { Array("s3cret-token".utf8) }
        options.longestWait = .seconds(1)
        return options
    }

    private static let index = [("X-Consul-Index", "5")]

    private static let lists: [(body: String, expected: String)] = [
        ("", "not a list in JSON"), ("nonsense", "not a list in JSON"), ("{}", "not a list in JSON"),
        ("null", "not a list in JSON"), ("[1]", "an entry without a key"), ("[{}]", "an entry without a key"),
        (#"[{"Key":7}]"#, "an entry without a key"), (#"[{"Key":"a","Value":7}]"#, "a value that is no text"),
        (#"[{"Key":"a","Value":"%%%"}]"#, "a value that is not base64"),
        (#"[{"Key":"a","Value":"MQ"}]"#, "a value that is not base64"),
        (#"[{"Key":"a","Value":"MQ=="}"#, "not a list in JSON"),
        (String(repeating: "[", count: 100_000), "not a list in JSON"),
    ]

    @Test("answers to a read that are malformed", arguments: lists)
    func malformedList(_ body: String, _ expected: String) throws {
        let server = try HTTPServer { _ in .init(200, body, headers: Self.index) }
        let failure = try #require(ConsulBackend(try options(server.port)).failure("/a"))
        #expect(failure.message == "consul: \(server.url): read \"/a\": malformed answer: \(expected)")
        #expect(failure.hint == "is this the port of consul's HTTP API?")
    }

    private static let transactions: [(body: String, expected: String)] = [
        ("[]", "not an object in JSON"), ("{}", "no results"), (#"{"Results":7}"#, "results that are no list"),
        (#"{"Results":[{"Node":{}}]}"#, "a result that is no key"), (#"{"Results":[7]}"#, "a result that is no key"),
        (#"{"Results":[{"KV":[]}]}"#, "an entry without a key"),
    ]

    @Test("answers to a transaction that are malformed", arguments: transactions)
    func malformedTransaction(_ body: String, _ expected: String) throws {
        let server = try HTTPServer { _ in .init(200, body) }
        let failure = try #require(ConsulBackend(try options(server.port)).failure("/a", "/b", "/c"))
        #expect(failure.message == "consul: \(server.url): read \"/a\" and 2 more: malformed answer: \(expected)")
    }

    /// Only `Key` and `Value` count, and keys that were not asked for are ignored.
    @Test func otherMembersArePassedOver() throws {
        let body = #"""
            [{"Key":"a/x","Value":"MQ==","Flags":18446744073709551615,"New":{"Key":"b"}},{"Key":"b","Value":"Mg=="},
             {"Value":null,"Key":"a/n"},{"Key":"a/t"},{"Key":"a/u","Value":"w6Q="},{"Key":"","Value":"Mg=="}]
            """#
        let server = try HTTPServer { _ in .init(200, body, headers: Self.index) }
        let found = try ConsulBackend(try options(server.port)).read("/a")
        #expect(found == ["/a/x": "1", "/a/n": "", "/a/t": "", "/a/u": "ä"])
    }

    private static let refusals: [(status: Int, body: String, expected: String, hint: String?)] = [
        (
            403, "Permission denied: token with AccessorID '1' lacks permission 'key:list' on \"a\"\r\n",
            "Permission denied: token with AccessorID '1' lacks permission 'key:list' on \\\"a\\\"",
            "a policy of the token has to allow read, and list where enable_key_list_policy is on: key_prefix \"a\""
        ),
        (403, "bad s3cret-token", "refused", "a policy of the token"), (401, "", "refused", "check -auth-token-file"),
        (404, "404 page not found", "404 page not found", "is this the port of consul's HTTP API?"),
        (500, "No cluster leader", "No cluster leader", "the cluster has no leader"),
        (500, "rpc error making call: EOF", "rpc error making call: EOF", nil), (502, "<html>", "refused", nil),
        (429, "", "refused", "consul limits requests"), (307, "", "refused", "name the node"),
        (204, "", "refused", nil),
        (
            400, "Client sent an HTTP request to an HTTPS server.\n",
            "Client sent an HTTP request to an HTTPS server.", "does consul ask for TLS? Write https://"
        ),
        (500, "\u{1b}[31mred", "refused", nil),
        (500, String(repeating: "x", count: 5_000), String(repeating: "x", count: 200) + "…", nil),
    ]

    @Test("errors", arguments: refusals)
    func areNamed(_ status: Int, _ body: String, _ expected: String, _ hint: String?) throws {
        let server = try HTTPServer { _ in .init(status, body) }
        let failure = try #require(ConsulBackend(try options(server.port)).failure("/a"))
        #expect(failure.message == "consul: \(server.url): read \"/a\": \(expected) (HTTP status \(status))")
        #expect(hint.map { failure.hint?.hasPrefix($0) == true } ?? (failure.hint == nil), "\(failure.hint ?? "")")
        let refused = status == 403 ? KeyRange(cleaned: Array("/a".utf8)) : nil
        #expect(failure.refused == refused && failure.kind == .unreachable)
    }

    private static let indices = ["", "x", "-1", "18446744073709551616", "1.5", "99999999999999999999999999999999999"]

    @Test("a watch without a usable index is an error", arguments: indices)
    func notAnIndex(_ text: String) throws {
        let server = try HTTPServer { _ in .init(200, "[]", headers: [("X-Consul-Index", text)]) }
        let following = try Following(ConsulBackend(try options(server.port)), "/a")
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        #expect(
            following.failures.first?.message
                == "consul: \(server.url): watch \"/a\": malformed answer: no X-Consul-Index")
        #expect(following.stop() && following.deliveries == 0)
    }

    /// The largest index, and 0, which old versions answer with though they should not: the next request is still a blocking
    /// query.
    @Test("odd indices", arguments: [("18446744073709551615", "index=18446744073709551615&"), ("0", "index=1&")])
    func oddIndices(_ text: String, _ expected: String) throws {
        let server = try HTTPServer { call in
            // As if a blocking query had ended without a change after 1 s.
            if call.path.contains("index=") { _ = eventuallyBlocking(seconds: 1) { false } }
            return .init(200, #"[{"Key":"a","Value":"MQ=="}]"#, headers: [("X-Consul-Index", text)])
        }
        let following = try Following(ConsulBackend(try options(server.port)), "/a")
        #expect(following.sees(["/a": "1"]))
        #expect(eventuallyBlocking { server.calls.contains { $0.path.contains(expected) } })
        #expect(following.stop() && following.failures == [])
    }

    /// A server whose index is another with every answer cannot keep us reading all the time.
    @Test func anIndexThatNeverRests() throws {
        let server = try HTTPServer { call in
            .init(
                200, #"[{"Key":"a","Value":"MQ=="}]"#,
                headers: [("X-Consul-Index", call.path.contains("index=9&") ? "4" : "9")])
        }
        let following = try Following(ConsulBackend(try options(server.port)), "/a")
        #expect(following.sees(["/a": "1"]))
        let start = ContinuousClock.now
        let before = server.calls.count
        // Counts the requests of at least two seconds.
        _ = eventuallyBlocking(seconds: 2) { false }
        let seconds = Double(start.duration(to: .now).components.seconds + 1)
        #expect(Double(server.calls.count - before) <= seconds * 10 * 4)
        #expect(following.deliveries == 1)
        #expect(following.stop())
    }

    /// A policy that closes one directory to listings: the others can be followed without it.
    @Test func aWatchWithoutPermissionNamesTheDirectory() throws {
        let server = try HTTPServer { call in
            call.path.hasPrefix("/v1/kv/closed?keys")
                ? .init(403, "Permission denied") : .init(200, "[]", headers: Self.index)
        }
        let following = try Following(ConsulBackend(try options(server.port)), "/closed", "/open")
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        let failure = try #require(following.failures.first)
        #expect(failure.message == "consul: \(server.url): watch \"/closed\": Permission denied (HTTP status 403)")
        #expect(failure.refused == KeyRange(cleaned: Array("/closed".utf8)))
        #expect(following.stop())
    }

    @Test func aBodyWithoutEndIsCutOff() throws {
        let server = try TCPServer { connection in
            guard connection.read() != nil else { return }
            connection.write(Array("HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
            let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 32, count: 4_096) + Array("\r\n".utf8)
            // Far more than the limit; it ends when the client is gone.
            for _ in 0..<10_000 { connection.write(chunk) }
        }
        var options = try options(server.port)
        options.answerLimit = 1 << 20
        let failure = try #require(ConsulBackend(options).failure("/a"))
        #expect(failure.message.hasPrefix("consul: http://127.0.0.1:\(server.port): read \"/a\": answer too large: "))
        #expect(failure.hint == "read less: name narrower keys")
    }

    /// An answer that never begins, and one that never ends.
    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nContent-Length: 9\r\n\r\n["])
    func slowAnswersEndInTime(_ text: String) throws {
        let server = try TCPServer { connection in
            while connection.read() != nil { connection.write(Array(text.utf8)) }
        }
        let start = ContinuousClock.now
        let failure = try #require(ConsulBackend(try options(server.port)).failure("/a", timeout: .seconds(3)))
        #expect(start.duration(to: .now) < .seconds(20))
        #expect(
            failure.message
                == "consul: http://127.0.0.1:\(server.port): read \"/a\": no complete answer within the time limit")
        #expect(failure.hint == "give it more time with -backend-timeout")
    }

    @Test func anotherServerIsNamed() throws {
        let server = try TCPServer { connection in
            while connection.read() != nil { connection.write(Array("-ERR unknown command\r\n".utf8)) }
        }
        let failure = try #require(ConsulBackend(try options(server.port)).failure("/a"))
        #expect(failure.message.hasPrefix("consul: http://127.0.0.1:\(server.port): read \"/a\": "))
        #expect(failure.hint?.contains("is this the port of consul?") == true)
    }
}

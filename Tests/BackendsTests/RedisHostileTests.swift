import Glibc
import KeyValue
import TestSupport
import Testing

@testable import Backends

/// Servers that answer what redis would not.
@Suite struct RedisHostileTests {
    /// The error of a read from a server that answers each piece of a request with the next of `replies`, and then with the
    /// last one again.
    private func failure(_ replies: [String], closes: Bool = false, follows: Bool = false) throws -> BackendError? {
        // The first question is for the number of keys.
        let replies = [":1\r\n"] + replies
        let server = try TCPServer { connection in
            var rest = replies[...]
            while connection.read() != nil {
                connection.write(Array((rest.first ?? "").utf8))
                if rest.count > 1 { rest.removeFirst() } else if closes { return }
            }
        }
        var options = RedisOptions()
        options.nodes = [try RedisNode("127.0.0.1:\(server.port)")]
        options.valueLimit = 1_000
        options.memoryLimit = 1 << 20
        let backend = RedisBackend(options)
        if follows {
            let following = try Following(backend, "/a")
            _ = eventuallyBlocking(seconds: 30) { !following.failures.isEmpty }
            return following.failures.first
        }
        let failure = backend.failure("/a", timeout: .seconds(5))
        let name = "redis: 127.0.0.1:\(server.port): "
        return failure.map { BackendError($0.kind, String($0.message.dropFirst(name.count)), hint: $0.hint) }
    }

    private static let none = "+none\r\n"
    private static let scanned = "*2\r\n$1\r\n0\r\n*1\r\n$4\r\n/a/b\r\n"

    @Test(
        "answers",
        arguments: [
            (
                ["HTTP/1.1 400 Bad Request\r\n\r\n"],
                "look at the keys: malformed answer: a reply cannot begin with \"H\""
            ),
            (["$5\r\nab"], "look at the keys: no complete answer within the time limit"),
            ([":1\r\n"], "look at the keys: malformed answer: not what was asked for"),
            (["-LOADING Redis is loading\r\n"], "look at the keys: Redis is loading (LOADING)"),
            (["-MOVED 1 10.0.0.1:6379\r\n"], "look at the keys: 1 10.0.0.1:6379 (MOVED)"),
            (["-\u{1b}[31mred\r\n"], "look at the keys: \\x1b[31mred"),
            ([none, "*2\r\n:0\r\n*0\r\n"], "scan: malformed answer: not what was asked for"),
            ([none, "*2\r\n$1\r\n0\r\n*1\r\n:7\r\n"], "scan: malformed answer: not what was asked for"),
            ([none, "*16777216\r\n"], "scan: no complete answer within the time limit"),
            ([none, "$1001\r\n"], "scan: malformed answer: a string or list too large: 1001"),
            (
                [none, String(repeating: "*1\r\n", count: 5)], "scan: malformed answer: not what was asked for"
            ),
            (
                [none, "*40000\r\n" + String(repeating: ":1\r\n", count: 40_000)],
                "scan: answers too large: more than 1 MiB"
            ),
            // Simple strings are limited by their size too, not by their number alone.
            (
                [none, "*40\r\n" + String(repeating: "+" + String(repeating: "x", count: 60_000) + "\r\n", count: 40)],
                "scan: answers too large: more than 1 MiB"
            ),
            (
                [none, scanned, "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*1\r\n"],
                "look at the keys: malformed answer: not what was asked for"
            ),
            (
                [none, scanned, "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+none\r\n*2\r\n"],
                "read \"/a\": malformed answer: not what was asked for"
            ),
            (
                [none, scanned, "+OK\r\n+QUEUED\r\n-NOPERM no\r\n+QUEUED\r\n-EXECABORT x\r\n"],
                "read \"/a\": no (NOPERM)"
            ),
        ])
    func areErrors(_ replies: [String], _ expected: String) throws {
        #expect(try failure(replies)?.message == expected)
    }

    @Test func theEndOfAConnectionIsAnError() throws {
        let message = try #require(try failure(["+no"], closes: true)).message
        #expect(message == "look at the keys: connection broken (closed by the server)")
    }

    /// A cursor that never comes to its end.
    @Test func aScanWithoutEndEnds() throws {
        let message = try #require(try failure([Self.none, "*2\r\n$1\r\n7\r\n*0\r\n"])).message
        #expect(message == "scan: answers too large: more than 1 MiB" || message.hasPrefix("scan: no complete answer"))
    }

    /// A proxy that repeats the password in its refusal.
    @Test func refusedPasswordsAreNotRepeated() throws {
        let server = try TCPServer { connection in
            while connection.read() != nil {
                connection.write(Array("-ERR unknown command `AUTH`, with args beginning with: `s3cret`, \r\n".utf8))
            }
        }
        var options = RedisOptions()
        options.nodes = [try RedisNode("127.0.0.1:\(server.port)")]
        options.credentials = RedisCredentials(username: nil) { Array("s3cret".utf8) }
        let failure = try #require(RedisBackend(options).failure("/a"))
        #expect(failure.message == "redis: 127.0.0.1:\(server.port): authenticate: refused")
        #expect(failure.hint?.contains("s3cret") == false)
    }

    @Test func aWatchOfNonsenseIsAnError() throws {
        let message = try #require(try failure(["+PONG\r\n", "+PONG\r\n"], follows: true)).message
        #expect(message.hasSuffix(": watch: malformed answer: not what was asked for"))
    }
}

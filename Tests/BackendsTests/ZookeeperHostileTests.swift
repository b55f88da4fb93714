import KeyValue
import TestSupport
import Testing

@testable import Backends

/// Servers that answer what ZooKeeper would not.
@Suite struct ZookeeperHostileTests {
    private static func int(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func long(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func framed(_ message: [UInt8]) -> [UInt8] { int(Int32(message.count)) + message }
    /// A session, for so many milliseconds.
    private static func session(_ timeout: Int32 = 30_000) -> [UInt8] {
        framed(int(0) + int(timeout) + long(7) + int(16) + [UInt8](repeating: 1, count: 16) + [0])
    }
    private static func reply(_ number: Int32, _ code: Int32 = 0, _ body: [UInt8] = []) -> [UInt8] {
        framed(int(number) + long(5) + int(code) + body)
    }
    private static func event(_ kind: Int32, _ path: String) -> [UInt8] {
        framed(int(-1) + long(-1) + int(0) + int(kind) + int(3) + int(Int32(path.utf8.count)) + Array(path.utf8))
    }
    /// The answers that begin a session, before the first read.
    private static let start = [session(), reply(1, 0, int(1) + [47])]

    /// The error of a read from a server that answers each piece of a request with the next of `replies`. After the last it
    /// sends nothing, or closes the connection if `closes`.
    private func failure(
        _ replies: [[UInt8]], closes: Bool = false, follows: Bool = false, password: String? = nil
    ) throws -> BackendError? {
        let server = try TCPServer { connection in
            var rest = replies[...]
            while connection.read() != nil {
                if let reply = rest.popFirst() { connection.write(reply) } else if closes { return }
            }
        }
        var options = ZookeeperOptions()
        options.nodes = [try ZookeeperNode("127.0.0.1:\(server.port)")]
        options.messageLimit = 100_000
        options.memoryLimit = 1 << 20
        // Silence of a server is noticed after half of it, which is not tested here.
        options.sessionTimeout = .seconds(30)
        if let password { options.credentials = ZookeeperCredentials("confd", password) }
        let backend = ZookeeperBackend(options)
        let failure: BackendError?
        if follows {
            let following = try Following(backend, "/a")
            _ = eventuallyBlocking(seconds: 30) { !following.failures.isEmpty }
            failure = following.failures.first
        } else {
            failure = backend.failure("/a", timeout: .seconds(5))
        }
        let name = "zookeeper: 127.0.0.1:\(server.port): "
        return failure.map { BackendError($0.kind, String($0.message.dropFirst(name.count)), hint: $0.hint) }
    }

    /// The server's replies, and the error.
    private struct Row: CustomTestStringConvertible, Sendable {
        let replies: [[UInt8]]
        let expected: String

        init(_ expected: String, _ replies: [UInt8]...) {
            self.replies = replies
            self.expected = expected
        }

        /// After the start of a session.
        init(read expected: String, _ replies: [UInt8]...) {
            self.replies = start + replies
            self.expected = "read \"/a\": " + expected
        }

        var testDescription: String { expected }
    }

    private static func list(_ count: Int32, _ rest: [UInt8] = []) -> [UInt8] { reply(2, 0, int(count) + rest) }
    private static func text(_ text: String) -> [UInt8] { int(Int32(text.utf8.count)) + Array(text.utf8) }

    private static let rows: [Row] = [
        Row(
            "connect: malformed answer: a message too large: 1213486160 bytes",
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
        Row("connect: malformed answer: a negative length", int(-1)),
        Row("connect: malformed answer: a message is incomplete", framed([0, 0, 0])),
        Row("connect: session expired (code -112)", session(0)),
        Row("connect: malformed answer: a message is incomplete", framed(int(0) + int(4_000) + long(7) + int(-7))),
        Row("connect: malformed answer: not what was asked for", session(), reply(2)),
        Row("connect: the server has lost its leader (code -4)", session(), reply(1, -4)),
        Row("connect: malformed answer: not what was asked for", session(), reply(-2)),
        Row(read: "malformed answer: a message is incomplete", framed([0])),
        Row(read: "malformed answer: a message too large: 100001 bytes", int(100_001)),
        Row(read: "malformed answer: not what was asked for", reply(3)),
        Row(read: "malformed answer: not what was asked for", reply(-2)),
        Row(read: "not authorized (code -102)", reply(2, -102)),
        Row(read: "session expired (code -112)", reply(2, -112)),
        Row(read: "refused (code -9999)", reply(2, -9_999)),
        // Two billion children in 20 bytes.
        Row(read: "malformed answer: a message is incomplete", list(.max)),
        Row(read: "malformed answer: a message is incomplete", list(-2)),
        Row(read: "malformed answer: a message is incomplete", list(1, int(.max))),
        Row(read: "malformed answer: a message is incomplete", list(1, int(-5))),
        Row(read: "malformed answer: a node cannot have the name \"b/c\"", list(1, text("b/c"))),
        Row(read: "malformed answer: a message is incomplete", list(0), reply(3, 0, int(9))),
        // Of a kind that we do not know; then nothing more comes.
        Row(read: "no complete answer within the time limit", event(77, "/a")),
        // More names than the limit of memory allows, before they are decoded.
        Row(read: "too many or too large nodes: more than 1 MiB", list(5_000, [UInt8](repeating: 0, count: 20_000))),
        Row(
            read: "too many or too large nodes: more than 1 MiB",
            list(3_500, (1_000..<4_500).flatMap { text("\($0)") })),
    ]

    @Test(arguments: rows.indices)
    func areErrors(_ index: Int) throws {
        let row = Self.rows[index]
        #expect(try failure(row.replies)?.message == row.expected)
    }

    @Test func theEndOfAConnectionIsAnError() throws {
        let message = try #require(try failure(Self.start, closes: true)).message
        #expect(message == #"read "/a": connection broken (closed by the server)"#)
    }

    @Test func silenceIsAnError() throws {
        let failure = try #require(try failure(Self.start))
        #expect(failure.message == #"read "/a": no complete answer within the time limit"#)
        #expect(failure.hint != nil)
    }

    /// Every folder holds another one, without end.
    @Test func foldersWithoutEndEnd() throws {
        let name = Self.text(String(repeating: "a", count: 40))
        let server = try TCPServer { connection in
            var start = Self.start[...]
            var number: Int32 = 2
            while connection.read() != nil {
                if let reply = start.popFirst() {
                    connection.write(reply)
                } else {
                    connection.write(Self.reply(number, 0, Self.int(1) + name))
                    number += 1
                }
            }
        }
        var options = ZookeeperOptions()
        options.nodes = [try ZookeeperNode("127.0.0.1:\(server.port)")]
        options.memoryLimit = 1 << 20
        let message = try #require(ZookeeperBackend(options).failure("/a", timeout: .seconds(60))).message
        #expect(message.hasSuffix(": too many or too large nodes: more than 1 MiB"))
    }

    @Test func refusedPasswordsAreNotRepeated() throws {
        let failure = try #require(try failure([Self.session(), Self.reply(-4, -115)], password: "s3cret"))
        #expect(failure.message == "authenticate: the server takes no users of the scheme digest (code -115)")
        #expect(failure.hint?.contains("s3cret") != true)
    }

    @Test func aWatchOfNonsenseIsAnError() throws {
        let whole = Self.start + [Self.reply(2, 0, Self.int(0)), Self.reply(3, 0, Self.int(0)) + Self.reply(4)]
        let message = try #require(try failure(whole, follows: true)).message
        #expect(message == "watch: malformed answer: not what was asked for")
    }
}

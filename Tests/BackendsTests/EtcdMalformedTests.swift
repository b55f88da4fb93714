import HTTP
import KeyValue
import Synchronization
import Testing

@testable import Backends

/// A row: what a server answers to the call for `/app` or, after a good one, to that for `/app/`.
struct MalformedRow: Sendable, CustomTestStringConvertible {
    let name: String
    let reply: ScriptedServer.Reply
    let message: String
    var testDescription: String { name }

    init(_ name: String, _ reply: ScriptedServer.Reply, _ message: String) {
        self.name = name
        self.reply = reply
        self.message = message
    }
}

@Suite struct EtcdMalformedTests {
    /// A RangeResponse at revision 7.
    static func page(_ keys: [String], more: Bool = false, revision: Int64 = 7) -> [UInt8] {
        var header = ProtobufWriter()
        header.write(3, revision)
        var response = ProtobufWriter()
        response.writeMessage(1, header.bytes)
        for key in keys {
            var pair = ProtobufWriter()
            pair.write(1, Array(key.utf8))
            pair.write(5, Array("value".utf8))
            response.writeMessage(2, pair.bytes)
        }
        response.write(3, more)
        return response.bytes
    }

    static let rows: [MalformedRow] = [
        MalformedRow(
            "compressed", ScriptedServer.Reply().with { $0.body = [1, 0, 0, 0, 1, 0] },
            "malformed answer: compressed message"),
        MalformedRow("no message", ScriptedServer.Reply().with { $0.body = [] }, "malformed answer: no message"),
        MalformedRow(
            "message shorter than announced", ScriptedServer.Reply().with { $0.body = [0, 0, 0, 0, 9, 1, 2] },
            "malformed answer: message cut short"),
        MalformedRow(
            "two messages", ScriptedServer.Reply().with { $0.body = $0.body + $0.body },
            "malformed answer: more than one message"),
        MalformedRow(
            "not protobuf", ScriptedServer.Reply([0x12, 0xff]), "malformed answer: message cut short at byte 7"),
        MalformedRow(
            "two gigabytes announced", ScriptedServer.Reply().with { $0.body = [0, 0x7f, 0xff, 0xff, 0xff, 1] },
            "answer too large: 2147483652 bytes"),
        MalformedRow(
            "no status", ScriptedServer.Reply().with { $0.trailers = [("x", "y")] }, "malformed answer: no grpc-status"),
        MalformedRow(
            "status that is no number", ScriptedServer.Reply().with { $0.trailers = [("grpc-status", "ok")] },
            "gRPC status 2"),
        MalformedRow(
            "status and message with escapes",
            ScriptedServer.Reply().with { $0.trailers = [("grpc-status", "13"), ("grpc-message", "bad%0Athing")] },
            "bad thing (gRPC status 13)"),
        MalformedRow(
            "status in the headers", ScriptedServer.Reply(status: 14, message: "etcdserver: no leader"),
            "no leader (gRPC status 14)"),
        MalformedRow(
            "page of a proxy",
            ScriptedServer.Reply().with {
                $0.headers = [(":status", "502"), ("content-type", "text/html")]
                $0.body = Array("<html>Bad gateway</html>".utf8)
                $0.trailers = [("x", "y")]
            },
            "not a gRPC server (HTTP status 502)"),
        MalformedRow(
            "no more keys though more are announced", ScriptedServer.Reply(page([], more: true)),
            "malformed answer: a page without keys"),
        MalformedRow(
            "key outside of the range", ScriptedServer.Reply(page(["/apq"], more: true)),
            "malformed answer: a key outside of the range"),
        MalformedRow(
            "endless headers",
            ScriptedServer.Reply().with {
                $0.trailers = (0..<30).map { ("x-\($0)", String(repeating: "x", count: 400)) }
            }, "malformed answer: no grpc-status"),
    ]

    @Test(arguments: rows) func namesAnAnswerThatCannotBeUsed(_ row: MalformedRow) throws {
        let server = try ScriptedServer { _ in row.reply }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
        #expect(error.message == #"etcd: \#(server.url): range "/app": \#(row.message)"#)
        #expect(error.kind == .unreachable)
    }

    /// The same answers to the third page, after good ones: no snapshot comes of it.
    @Test(arguments: rows) func givesUpTheSnapshotWhenALaterPageFails(_ row: MalformedRow) throws {
        let server = try ScriptedServer { call in
            switch call {
            case 0: ScriptedServer.Reply(Self.page([]))
            case 1: ScriptedServer.Reply(Self.page(["/app/a"], more: true))
            default: row.reply
            }
        }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
        #expect(error.message == #"etcd: \#(server.url): range "/app/": \#(row.message)"#)
    }

    @Test func givesUpTheSnapshotWhenTheConnectionIsCut() throws {
        let server = try ScriptedServer { call in
            switch call {
            case 0: ScriptedServer.Reply(Self.page([]))
            case 1: ScriptedServer.Reply(Self.page(["/app/a"], more: true))
            default: ScriptedServer.Reply(Self.page(["/app/b"])).with { $0.trailers = nil }
            }
        }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
        #expect(error.message.hasPrefix(#"etcd: \#(server.url): range "/app/": connection broken"#), "\(error.message)")
    }

    @Test func refusesAnAnswerWithoutARevision() throws {
        let server = try ScriptedServer { _ in ScriptedServer.Reply(Self.page([], revision: 0)) }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
        #expect(error.message == #"etcd: \#(server.url): range "/app": malformed answer: no revision"#)
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func joinsFramesHoweverTheyAreDivided(_ size: Int) throws {
        let server = try ScriptedServer { call in
            ScriptedServer.Reply(Self.page(call == 0 ? ["/app"] : ["/app/a", "/app/b"])).with { $0.frameSize = size }
        }
        #expect(try server.backend().read("/app") == ["/app": "value", "/app/a": "value", "/app/b": "value"])
    }

    /// Later pages are read at the revision of the first, and are larger each time.
    @Test func asksForAllPagesAtTheRevisionOfTheFirst() throws {
        let server = try ScriptedServer { call in
            switch call {
            case 0: ScriptedServer.Reply(Self.page([], revision: 7))
            case 1: ScriptedServer.Reply(Self.page(["/app/a"], more: true, revision: 8))
            default: ScriptedServer.Reply(Self.page(["/app/b"], revision: 9))
            }
        }
        let snapshot = try server.backend { $0.pageSize = 1 }
            .snapshot(of: [KeyRange(cleaned: Array("/app".utf8))], timeout: .seconds(30))
        #expect(snapshot.revision == 7)
        #expect(snapshot.texts.count == 2)
        func request(_ key: String, _ end: String, _ limit: Int64, _ revision: Int64) -> [UInt8] {
            RangeRequest(key: Array(key.utf8), rangeEnd: Array(end.utf8), limit: limit, revision: revision).encoded
        }
        #expect(
            server.calls == [
                request("/app", "", 0, 0), request("/app/", "/app0", 1, 7), request("/app/a\0", "/app0", 16, 7),
            ])
    }

    private static let compacted = ScriptedServer.Reply(
        status: 11, message: "etcdserver: mvcc: required revision has been compacted")

    @Test func startsOverWhenItsRevisionIsCompacted() throws {
        let server = try ScriptedServer { call in
            switch call {
            case 0, 3: ScriptedServer.Reply(Self.page(["/app"], revision: call == 0 ? 7 : 20))
            case 1: ScriptedServer.Reply(Self.page(["/app/old"], more: true))
            case 2: Self.compacted
            default: ScriptedServer.Reply(Self.page(["/app/new"]))
            }
        }
        let snapshot = try server.backend()
            .snapshot(of: [KeyRange(cleaned: Array("/app".utf8))], timeout: .seconds(30))
        #expect(snapshot.revision == 20)
        #expect(snapshot.texts == ["/app": "value", "/app/new": "value"])
    }

    /// It starts over with larger pages until the time limit.
    @Test func startsOverUntilTheTimeIsOver() throws {
        let server = try ScriptedServer { call in
            call % 2 == 0 ? ScriptedServer.Reply(Self.page([])) : Self.compacted
        }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(5)))
        #expect(server.calls.count > 10)
        let everything = RangeRequest(
            key: Array("/app/".utf8), rangeEnd: Array("/app0".utf8), limit: 1 << 24, revision: 7)
        #expect(server.calls.suffix(4).contains(everything.encoded))
        #expect(error.message.hasSuffix("its revision was compacted while it was read, again and again"))
    }

    /// A token from a server must not add a header to our requests.
    @Test func refusesATokenWithALineBreak() throws {
        var token = ProtobufWriter()
        token.write(2, Array("token\r\nx: y".utf8))
        let answer = token.bytes
        let server = try ScriptedServer { _ in ScriptedServer.Reply(answer) }
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "root") { Array("secret".utf8) }
        }
        let error = try #require(backend.failure("/app", timeout: .seconds(30)))
        #expect(error.message == "etcd: \(server.url): authenticate: malformed answer: no token")
    }
}

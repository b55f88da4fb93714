import KeyValue
import Testing

@testable import Backends

/// A row: an answer that cannot be used, to the transaction for a folder's key and what is below it.
struct UnusableAnswer: Sendable, CustomTestStringConvertible {
    let name: String
    let reply: ScriptedServer.Reply
    var testDescription: String { name }

    init(_ name: String, _ reply: ScriptedServer.Reply) {
        self.name = name
        self.reply = reply
    }
}

/// The first call of a snapshot reads two spans at once.
@Suite struct EtcdFirstCallTests {
    /// A TxnResponse that holds `answers`.
    private static func transaction(_ answers: [[UInt8]], revision: Int64 = 7) -> [UInt8] {
        var header = ProtobufWriter()
        header.write(1, Int64(99))
        header.write(3, revision)
        var response = ProtobufWriter()
        response.writeMessage(1, header.bytes)
        response.write(2, true)
        for answer in answers {
            var operation = ProtobufWriter()
            operation.writeMessage(1, answer)
            response.writeMessage(3, operation.bytes)
        }
        return response.bytes
    }

    private static func page(_ keys: [String], more: Bool = false) -> [UInt8] {
        EtcdMalformedTests.page(keys, more: more, revision: 3)
    }

    @Test func readsAFolderInOneCall() throws {
        let answer = Self.transaction([Self.page(["/app"]), Self.page(["/app/a", "/app/b"])])
        let server = try ScriptedServer(transaction: .init(answer)) { _ in .init(status: 2, message: "not asked for") }
        let snapshot = try server.backend()
            .snapshot(of: [KeyRange(cleaned: Array("/app".utf8))], timeout: .seconds(30))
        #expect(snapshot.texts == ["/app": "value", "/app/a": "value", "/app/b": "value"])
        #expect(snapshot.revision == 7)
        #expect(server.calls == [])
    }

    @Test func asksForTheRestAtItsRevision() throws {
        let answer = Self.transaction([Self.page([]), Self.page(["/app/a"], more: true)])
        let server = try ScriptedServer(transaction: .init(answer)) { call in
            .init(Self.page(call == 0 ? ["/app/b"] : call == 1 ? ["/other"] : []))
        }
        let found = try server.backend { $0.pageSize = 1 }.read("/app", "/other")
        #expect(found == ["/app/a": "value", "/app/b": "value", "/other": "value"])
        let calls = server.calls.map { RangeRequest.reading($0) }
        #expect(calls.map(\.key) == ["/app/a\0", "/other", "/other/"].map { Array($0.utf8) })
        #expect(calls.allSatisfy { $0.revision == 7 })
    }

    /// While another endpoint is left, the first answer must come soon, so it is for one key.
    @Test func asksForOneKeyWhereAnotherEndpointIsLeft() throws {
        let answer = Self.transaction([Self.page(["/app"]), Self.page(["/app/transaction"])])
        let servers = try (0..<2).map { _ in
            try ScriptedServer(transaction: .init(answer)) { .init(Self.page($0 == 0 ? ["/app"] : ["/app/range"])) }
        }
        let found = try servers[0].backend { $0.endpoints = servers.map(\.url) }.read("/app")
        #expect(found == ["/app": "value", "/app/range": "value"])
        #expect(servers.flatMap(\.calls).count == 2)
    }

    static let unusable: [UnusableAnswer] = [
        UnusableAnswer("unknown to the server", .init(status: 12, message: "unknown method Txn")),
        UnusableAnswer("a span that is closed to us", .init(status: 7, message: "etcdserver: permission denied")),
        UnusableAnswer("not protobuf", .init([0x12, 0xff])),
        UnusableAnswer("one answer for two spans", .init(transaction([page(["/app"])]))),
        UnusableAnswer("no revision", .init(transaction([page([]), page([])], revision: 0))),
        UnusableAnswer("empty", .init([])),
        UnusableAnswer("too large", .init().with { $0.body = [0, 0x7f, 0xff, 0xff, 0xff, 1] }),
    ]

    @Test(arguments: unusable) func readsSpanBySpanInstead(_ row: UnusableAnswer) throws {
        let server = try ScriptedServer(transaction: row.reply) { call in
            .init(EtcdMalformedTests.page(call == 0 ? ["/app"] : ["/app/a"]))
        }
        #expect(try server.backend().read("/app") == ["/app": "value", "/app/a": "value"])
        #expect(server.calls.count == 2)
    }

    @Test func namesTheSpanOfAnAnswerThatCannotBeUsed() throws {
        let rows: [(first: [UInt8], second: [UInt8], message: String)] = [
            (Self.page(["/app"]), [0x12, 0xff], #"range "/app/": malformed answer: message cut short"#),
            (Self.page(["/apq"]), Self.page([]), #"range "/app": malformed answer: a key outside of the range"#),
            (Self.page([]), Self.page(["/apq"]), #"range "/app/": malformed answer: a key outside of the range"#),
        ]
        for row in rows {
            let answer = Self.transaction([row.first, row.second])
            let server = try ScriptedServer(transaction: .init(answer)) { _ in .init() }
            let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
            #expect(error.message.hasPrefix("etcd: \(server.url): \(row.message)"), "\(error.message)")
        }
    }

    @Test func failsWhenTheConnectionIsCut() throws {
        let answer = Self.transaction([Self.page(["/app"]), Self.page([])])
        let server = try ScriptedServer(transaction: .init(answer).with { $0.trailers = nil }) { _ in .init() }
        let error = try #require(try server.backend().failure("/app", timeout: .seconds(30)))
        #expect(error.message.hasPrefix(#"etcd: \#(server.url): range "/app": connection broken"#), "\(error.message)")
    }

    /// A folder that is written together with its own key, by a real server.
    @Test func seesOneRevisionOfARealServer() throws {
        let server = try EtcdServer.shared.get()
        try server.put(["/first": "0", "/first/below": "0"])
        let writer = try WriterThread { round in
            try server.put(["/first": "\(round)", "/first/below": "\(round)"])
        }
        let backend = try server.backend()
        let sawAWrite = try writer.wasSeen {
            let found = try backend.read("/first")
            #expect(found["/first"] == found["/first/below"])
            return found["/first"] ?? "missing"
        }
        #expect(sawAWrite)
    }
}

extension RangeRequest {
    /// The key and the revision of an encoded request.
    fileprivate static func reading(_ bytes: [UInt8]) -> RangeRequest {
        var request = RangeRequest(key: [], rangeEnd: [])
        bytes.withUnsafeBytes { buffer in
            var reader = ProtobufReader(buffer, 0..<buffer.count)
            // What does not decode leaves the request empty, which no row expects.
            while let field = try? reader.nextField() {
                switch field.number {
                case 1: request.key = (try? reader.bytes(field)).map { Array(buffer[$0]) } ?? []
                case 4: request.revision = (try? reader.int64(field)) ?? 0
                default: try? reader.skip(field)
                }
            }
        }
        return request
    }
}

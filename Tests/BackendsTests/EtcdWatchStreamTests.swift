import Synchronization
import TestSupport
import Testing

@testable import Backends

/// What a server sends on the stream of a watch, and what becomes of it.
@Suite struct EtcdWatchStreamTests {
    private static func response(_ change: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var header = ProtobufWriter()
        header.write(3, 7 as Int64)
        var response = ProtobufWriter()
        response.writeMessage(1, header.bytes)
        response.write(2, 1 as Int64)
        change(&response)
        return GRPCFrame.encode(response.bytes)
    }

    private static let created = response { $0.write(3, true) }

    private static func opened(_ bytes: [UInt8]) -> ScriptedServer.Reply {
        ScriptedServer.Reply().with {
            $0.body = created + bytes
            $0.staysOpen = true
        }
    }

    private static func ended(_ change: (inout ScriptedServer.Reply) -> Void) -> ScriptedServer.Reply {
        ScriptedServer.Reply().with {
            $0.resets = true
            change(&$0)
        }
    }

    static let rows: [MalformedRow] = [
        MalformedRow("compressed", opened([1, 0, 0, 0, 1, 0]), "malformed answer: compressed message"),
        MalformedRow("not a frame", opened(Array("<html>".utf8)), "malformed answer: not a gRPC frame"),
        MalformedRow(
            "not protobuf", opened(GRPCFrame.encode([0x0a, 0xff])), "malformed answer: message cut short at byte 2"),
        MalformedRow(
            "event that is no message", opened(GRPCFrame.encode([11 << 3, 1])),
            "malformed answer: wrong type of field 11 at byte 1"),
        MalformedRow(
            "two gigabytes announced", opened([0, 0x7f, 0xff, 0xff, 0xff, 1]), "answer too large: 2147483652 bytes"),
        MalformedRow(
            "ends in a message", ended { $0.body = created + [0, 0, 0, 0, 9, 1] },
            "malformed answer: message cut short"),
        MalformedRow("ends", ended { $0.body = created }, "malformed answer: the watch ended"),
        MalformedRow(
            "no leader",
            ended {
                $0.body = created
                $0.trailers = [("grpc-status", "14"), ("grpc-message", "etcdserver: no leader")]
            }, "no leader (gRPC status 14)"),
        MalformedRow(
            "no leader at once",
            ScriptedServer.Reply(status: 14, message: "etcdserver: no leader").with { $0.resets = true },
            "no leader (gRPC status 14)"),
        MalformedRow(
            "canceled", opened(response { $0.write(4, true) }), "canceled (gRPC status 2)"),
        MalformedRow(
            "page of a proxy",
            ScriptedServer.Reply().with {
                $0.headers = [(":status", "503"), ("content-type", "text/html")]
                $0.body = Array("<html>Service unavailable</html>".utf8)
                $0.trailers = [("x", "y")]
            }, "not a gRPC server (HTTP status 503)"),
    ]

    /// The daemon would go on with a new stream: nothing of the broken one is delivered.
    @Test(arguments: rows) func namesWhatIsWrong(_ row: MalformedRow) throws {
        let server = try ScriptedServer { call in
            call < 2 ? ScriptedServer.Reply(EtcdMalformedTests.page([])) : row.reply
        }
        let following = try Following(try server.backend(), "/app")
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        #expect(following.failures.first?.message == "etcd: \(server.url): watch: \(row.message)")
        #expect(following.deliveries >= 1)
        #expect(following.last?.texts == [:])
        #expect(following.stop())
    }
}

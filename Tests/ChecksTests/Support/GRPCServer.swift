import Synchronization
import TestSupport

/// An HTTP/2 server in the clear that gives every call the same answer.
final class GRPCServer: Sendable {
    struct Answer: Sendable {
        /// The bytes of the message; nil for an answer with trailers only.
        var message: [UInt8]?
        var status = "0"
    }

    private final class Calls: Sendable {
        let isHealthCheck = Mutex<[Bool]>([])
    }

    private let server: TCPServer
    private let calls: Calls

    var port: UInt16 { server.port }
    /// Of each call, in order, whether it was `grpc.health.v1.Health/Check`.
    var isHealthCheck: [Bool] { calls.isHealthCheck.withLock { $0 } }

    init(_ answer: Answer) throws {
        let calls = Calls()
        self.calls = calls
        server = try TCPServer { connection in
            var session = Session(connection: connection)
            session.run(answer) { isHealthCheck in calls.isHealthCheck.withLock { $0.append(isHealthCheck) } }
        }
    }
}

/// The frames of RFC 9113, as far as libcurl needs them.
private struct Session {
    let connection: TCPServer.Connection
    private var buffer: [UInt8] = []

    init(connection: TCPServer.Connection) { self.connection = connection }

    mutating func run(_ answer: GRPCServer.Answer, _ note: (Bool) -> Void) {
        // The client's preface.
        guard take(24) != nil else { return }
        connection.write(Self.frame(type: 4, flags: 0, []))
        while let header = take(9), let payload = take(header[..<3].reduce(0) { $0 << 8 | Int($1) }) {
            switch header[3] {
            case 1: note(Self.isHealthCheck(payload))
            // Data with the end of the request.
            case 0 where header[4] & 1 != 0: send(answer)
            case 4 where header[4] & 1 == 0: connection.write(Self.frame(type: 4, flags: 1, []))
            default: break
            }
        }
    }

    private func send(_ answer: GRPCServer.Answer) {
        let head = Self.headers([(":status", "200"), ("content-type", "application/grpc")])
        let trailers = Self.headers([("grpc-status", answer.status)])
        guard let message = answer.message else {
            return connection.write(Self.frame(type: 1, flags: 5, stream: 1, head + trailers))
        }
        let body = [0, 0, 0, 0, UInt8(message.count)] + message
        connection.write(
            Self.frame(type: 1, flags: 4, stream: 1, head) + Self.frame(type: 0, flags: 0, stream: 1, body)
                + Self.frame(type: 1, flags: 5, stream: 1, trailers))
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard let bytes = connection.read() else { return nil }
            buffer += bytes
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private static func frame(type: UInt8, flags: UInt8, stream: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
        let length = [0, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        return length + [type, flags, 0, 0, 0, stream] + payload
    }

    /// HPACK: every header literal, with a new name and not indexed.
    private static func headers(_ headers: [(String, String)]) -> [UInt8] {
        headers.flatMap { name, value in [0] + string(name) + string(value) }
    }

    private static func string(_ text: String) -> [UInt8] {
        var bytes = [UInt8(text.utf8.count)]
        bytes += text.utf8
        return bytes
    }

    /// Whether a request is for the health service: its path as nghttp2 writes it, in Huffman's code.
    private static func isHealthCheck(_ block: [UInt8]) -> Bool {
        let path: [UInt8] = [
            98, 107, 43, 34, 243, 148, 116, 38, 117, 251, 133, 124, 101, 29, 9, 157, 139, 211, 148, 157, 127,
        ]
        return block.indices.contains { block[$0...].starts(with: path) }
    }
}

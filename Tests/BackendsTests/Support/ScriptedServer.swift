import Glibc
import Synchronization
import TestSupport

@testable import Backends

/// An HTTP/2 server without TLS whose answers to gRPC calls the test decides, for answers that no real etcd gives.
final class ScriptedServer: Sendable {
    /// An answer to one call, and how it ends.
    struct Reply: Sendable {
        var headers = [(":status", "200"), ("content-type", "application/grpc")]
        /// Sent in DATA frames of at most this many bytes.
        var frameSize = 16_384
        var body: [UInt8] = []
        /// `nil`: the connection is closed after the body instead.
        var trailers: [(String, String)]? = [("grpc-status", "0")]
        /// Called when the answer is complete; when it returns the server closes the connection in good order. libcurl 7.88 forgets
        /// trailers that it reads together with a GOAWAY, so it waits until the client has the answer.
        var goesAway: (@Sendable () -> Void)?
        /// The answer ends before the request does; the stream is then reset without an error, as Go's servers do.
        var resets = false
        /// After the body nothing more comes, and the connection stays.
        var staysOpen = false

        /// One message in its frame.
        init(_ message: [UInt8] = []) { body = GRPCFrame.encode(message) }

        /// An answer of headers only, with a gRPC status.
        init(status: Int, message: String) {
            headers += [("grpc-status", "\(status)"), ("grpc-message", message)]
            trailers = []
        }

        func with(_ change: (inout Reply) -> Void) -> Reply {
            var reply = self
            change(&reply)
            return reply
        }
    }

    let url: String
    private let server: TCPServer
    private let counter: Counter

    /// The messages of all calls except transactions, in order.
    var calls: [[UInt8]] { counter.calls.withLock { $0 } }

    private final class Counter: Sendable {
        let calls = Mutex<[[UInt8]]>([])
    }

    /// `reply` gets the number of the call, from 0. Transactions are not counted; they get the answer `transaction`, by
    /// default that of a server that does not know the call.
    init(
        transaction: Reply = Reply(status: 12, message: "unknown method Txn"),
        _ reply: @escaping @Sendable (Int) -> Reply
    )
        throws
    {
        let counter = Counter()
        self.counter = counter
        server = try TCPServer { connection in
            var session = Session(connection: connection)
            session.run { message in
                // Of the messages that are sent here, only a transaction begins with its second field.
                if message.first == 2 << 3 | 2 { return transaction }
                let number = counter.calls.withLock { calls in
                    calls.append(message)
                    return calls.count - 1
                }
                return reply(number)
            }
        }
        url = "http://127.0.0.1:\(server.port)"
    }

    func backend(_ change: (inout EtcdOptions) -> Void = { _ in }) throws -> EtcdBackend {
        var options = EtcdOptions()
        options.endpoints = [url]
        change(&options)
        return try EtcdBackend(options)
    }
}

/// One connection: the frames of RFC 9113, as far as a client like libcurl needs them.
private struct Session {
    let connection: TCPServer.Connection
    var buffer: [UInt8] = []
    /// The body so far of the request on each stream; nil once it was answered.
    var bodies: [Int: [UInt8]?] = [:]

    mutating func run(_ reply: ([UInt8]) -> ScriptedServer.Reply) {
        guard take(24) != nil else { return }
        connection.write(frame(type: 4, flags: 0, stream: 0, []))
        while let header = take(9) {
            let length = header[..<3].reduce(0) { $0 << 8 | Int($1) }
            let stream = header[5...].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
            guard let payload = take(length) else { return }
            switch header[3] {
            case 0: if let body = bodies[stream, default: []] { bodies[stream] = body + payload }
            case 4 where header[4] & 1 == 0: connection.write(frame(type: 4, flags: 1, stream: 0, []))
            case 6 where header[4] & 1 == 0: connection.write(frame(type: 6, flags: 1, stream: 0, payload))
            default: break
            }
            // The request of a watch stays open: its first message is answered.
            guard let body = bodies[stream] ?? nil, body.withUnsafeBytes({ GRPCFrame.size($0) }) == body.count else {
                continue
            }
            bodies[stream] = .some(nil)
            if !send(reply(Array(body.dropFirst(5))), stream) { return }
        }
    }

    /// False if the connection is to be closed.
    private func send(_ reply: ScriptedServer.Reply, _ stream: Int) -> Bool {
        let endsWithHeaders = reply.trailers?.isEmpty == true
        connection.write(frame(type: 1, flags: endsWithHeaders ? 5 : 4, stream: stream, headerBlock(reply.headers)))
        if endsWithHeaders {
            if reply.resets {
                // libcurl 7.88 may forget headers that it reads together with the reset.
                usleep(50_000)
                connection.write(frame(type: 3, flags: 0, stream: stream, [0, 0, 0, 0]))
            }
            return true
        }
        var rest = reply.body[...]
        while !rest.isEmpty {
            connection.write(frame(type: 0, flags: 0, stream: stream, Array(rest.prefix(reply.frameSize))))
            rest = rest.dropFirst(reply.frameSize)
        }
        if reply.staysOpen { return true }
        guard let trailers = reply.trailers else { return false }
        if reply.resets { usleep(50_000) }
        connection.write(frame(type: 1, flags: 5, stream: stream, headerBlock(trailers)))
        if reply.resets { connection.write(frame(type: 3, flags: 0, stream: stream, [0, 0, 0, 0])) }
        guard let wait = reply.goesAway else { return true }
        wait()
        connection.write(frame(type: 7, flags: 0, stream: 0, [0, 0, 0, UInt8(stream & 255), 0, 0, 0, 0]))
        return false
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard let bytes = connection.read() else { return nil }
            buffer += bytes
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private func frame(type: UInt8, flags: UInt8, stream: Int, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        let header = [
            UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags, 0, UInt8(stream >> 16 & 255),
            UInt8(stream >> 8 & 255), UInt8(stream & 255),
        ]
        return header + payload
    }

    /// HPACK: every header literal, with a new name and not indexed.
    private func headerBlock(_ headers: [(String, String)]) -> [UInt8] {
        headers.flatMap { name, value in [0] + string(name) + string(value) }
    }

    private func string(_ text: String) -> [UInt8] {
        var length: [UInt8] = []
        var rest = text.utf8.count
        if rest < 127 {
            length = [UInt8(rest)]
        } else {
            length = [127]
            rest -= 127
            while rest >= 128 {
                length.append(UInt8(rest & 127) | 128)
                rest >>= 7
            }
            length.append(UInt8(rest))
        }
        return length + Array(text.utf8)
    }
}

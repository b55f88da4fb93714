import Posix
import Synchronization

/// An HTTP/1.1 server for one test, on 127.0.0.1 or at a socket's path. It ends when it is freed.
package final class HTTPServer: Sendable {
    package struct Call: Equatable, Sendable {
        package var method: String
        package var path: String
        /// Names in lower case.
        package var headers: [String: String]
        package var body: String
    }

    package struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""

        package init(_ status: Int = 200, _ body: String = "", headers: [(String, String)] = []) {
            self.status = status
            self.body = body
            self.headers = headers
        }
    }

    private final class Log: Sendable {
        let calls = Mutex<[Call]>([])
    }

    private let server: StreamServer
    private let log: Log

    /// All calls so far.
    package var calls: [Call] { log.calls.withLock { $0 } }

    package var port: UInt16 { server.port }

    package var url: String { "http://127.0.0.1:\(server.port)" }

    /// Listens at `path`, or else on `port` (nil: a free one). `answer` is called on a thread for each connection, so
    /// calls may overlap.
    package init(path: String? = nil, port: UInt16? = nil, _ answer: @escaping @Sendable (Call) -> Answer) throws {
        let log = Log()
        self.log = log
        let serve: @Sendable (StreamConnection) -> Void = { connection in
            var buffer: [UInt8] = []
            while let call = Self.next(connection, &buffer) {
                log.calls.withLock { $0.append(call) }
                let reply = answer(call)
                var head = "HTTP/1.1 \(reply.status) X\r\ncontent-length: \(reply.body.utf8.count)\r\n"
                for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
                if !connection.write("\(head)\r\n\(reply.body)") { return }
            }
        }
        server = if let path { try StreamServer(path: path, serve) } else { try StreamServer(port: port, serve) }
    }

    /// The next request on a connection, nil at its end.
    private static func next(_ connection: StreamConnection, _ buffer: inout [UInt8]) -> Call? {
        let blank = Array("\r\n\r\n".utf8)
        while true {
            if let end = (0..<max(0, buffer.count - 3)).first(where: { buffer[$0...].starts(with: blank) }) {
                let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
                let first = lines[0].split(separator: " ")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = String(parts.last?.drop { $0 == " " } ?? "")
                }
                let length = Int(headers["content-length"] ?? "") ?? 0
                while buffer.count < end + 4 + length {
                    guard let bytes = connection.read() else { return nil }
                    buffer += bytes
                }
                let body = String(decoding: buffer[(end + 4)..<(end + 4 + length)], as: UTF8.self)
                buffer.removeFirst(end + 4 + length)
                return Call(method: String(first[0]), path: String(first[1]), headers: headers, body: body)
            }
            guard let bytes = connection.read() else { return nil }
            buffer += bytes
        }
    }
}

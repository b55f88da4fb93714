import Posix

/// A client of the control socket.
struct ControlClient {
    /// A thousand resources take about 200 KB.
    private static let largestAnswer = 64 << 20
    private static let patience = Duration.seconds(10)

    let socket: String

    /// The answer of the daemon to a request for `path`: its status as `200 OK`, and its body.
    func answer(to method: String, _ path: String) throws(StatusCommand.Problem) -> (status: String, body: [UInt8]) {
        let connection: SocketConnection
        do throws(SystemError) {
            connection = try SocketConnection(path: socket)
        } catch {
            throw .noDaemon(error)
        }
        return try Self.parse(
            try exchange("\(method) \(path) HTTP/1.1\r\nHost: confd\r\nConnection: close\r\n\r\n", connection))
    }

    /// All bytes until the daemon closes the connection.
    private func exchange(
        _ request: String, _ connection: SocketConnection
    ) throws(StatusCommand.Problem) -> [UInt8] {
        let end = Clock.monotonic() + Self.patience
        var answer: [UInt8] = []
        var isLate = false
        do throws(SystemError) {
            // The request fits into any socket's buffer, so it is sent whole.
            _ = try connection.send(Array(request.utf8)[...])
            while answer.count < Self.largestAnswer, !isLate {
                let left = max(end - Clock.monotonic(), .zero)
                isLate = try !Poll.wait([connection.descriptor], timeout: left)[0]
                guard !isLate, let bytes = try connection.receive(limit: 1 << 16) else { continue }
                if bytes.isEmpty { break }
                answer += bytes
            }
        } catch {
            // The daemon ended before its answer did.
            throw .unreadable
        }
        if isLate { throw .timedOut }
        return answer
    }

    /// The parts of a whole answer.
    static func parse(_ answer: [UInt8]) throws(StatusCommand.Problem) -> (status: String, body: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        guard answer.starts(with: "HTTP/1.1 ".utf8),
            let end = answer.indices.first(where: { answer[$0...].starts(with: separator) })
        else { throw .unreadable }
        let head = String(decoding: answer[..<end], as: UTF8.self).split(separator: "\r\n")
        let body = Array(answer[(end + separator.count)...])
        let length = head.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) }
        guard length == body.count else { throw .unreadable }
        return (String(head[0].dropFirst("HTTP/1.1 ".count)), body)
    }
}

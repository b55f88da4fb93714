import Posix

/// `confd status`: asks the daemon at the control socket and prints its answer.
struct StatusCommand {
    /// Why there is no answer.
    enum Problem: Error, Equatable {
        case noDaemon(SystemError)
        /// The answer is not HTTP, or is cut off.
        case unreadable
        case refused(status: String)
        case timedOut
    }

    /// A thousand resources take about 200 KB.
    private static let largestAnswer = 64 << 20
    private static let patience = Duration.seconds(10)

    let socket: String
    let wantsJSON: Bool

    /// The daemon's report, as text or JSON.
    func run() throws(Problem) -> [UInt8] {
        let connection: SocketConnection
        do throws(SystemError) {
            connection = try SocketConnection(path: socket)
        } catch {
            throw .noDaemon(error)
        }
        return try Self.body(of: try answer(connection))
    }

    /// All bytes until the daemon closes the connection.
    private func answer(_ connection: SocketConnection) throws(Problem) -> [UInt8] {
        let end = Clock.monotonic() + Self.patience
        let request = "GET /status\(wantsJSON ? ".json" : "") HTTP/1.1\r\nHost: confd\r\nConnection: close\r\n\r\n"
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

    /// The body of a whole answer with status 200.
    static func body(of answer: [UInt8]) throws(Problem) -> [UInt8] {
        let separator = Array("\r\n\r\n".utf8)
        guard answer.starts(with: "HTTP/1.1 ".utf8),
            let end = answer.indices.first(where: { answer[$0...].starts(with: separator) })
        else { throw .unreadable }
        let head = String(decoding: answer[..<end], as: UTF8.self).split(separator: "\r\n")
        let body = Array(answer[(end + separator.count)...])
        let status = String(head[0].dropFirst("HTTP/1.1 ".count))
        guard status.hasPrefix("200") else { throw .refused(status: status) }
        let length = head.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) }
        guard length == body.count else { throw .unreadable }
        return body
    }
}

extension StatusCommand.Problem {
    /// The message for standard error, with what to do about it.
    func message(_ socket: String) -> String {
        switch self {
        case .noDaemon(let error):
            "no confd answers at \(socket): \(error.reason)\n"
                + (error.code == Errno.accessDenied
                    ? "hint: only the user of the daemon and root may ask"
                    : "hint: is a daemon running, with this -control-socket?")
        case .unreadable: "what answers at \(socket) is no confd of this version"
        case .refused(let status): "confd at \(socket) answers \(status)"
        case .timedOut: "confd at \(socket) does not answer"
        }
    }
}

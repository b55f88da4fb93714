import Configuration
import Posix

/// Asks the daemon at a control socket.
struct DaemonClient {
    /// Why there is no answer.
    enum Problem: Error, Equatable {
        case noDaemon(SystemError)
        /// The connection ended before a byte came, or broke: the daemon ended, or made room for others.
        case ended
        /// The answer is not HTTP, not confd's, or is cut off.
        case unreadable
        case refused(status: String)
        case timedOut
        /// The daemon has no such resource.
        case noResource(String, suggestion: String?)
        /// The daemon has another version of the protocol.
        case otherProtocol(version: String, number: String)
    }

    /// A thousand resources take about 600 KB.
    private static let largestAnswer = 64 << 20
    private static let start = Array("HTTP/1.1 ".utf8)

    /// The path of the socket.
    let socket: String

    /// The body of the answer to a GET of `target`, which has to be complete within `patience` and to have status 200.
    func get(_ target: String, within patience: Duration) throws(Problem) -> [UInt8] {
        try Self.accepted(try answer(to: "GET", target, within: patience))
    }

    /// The answer to a request: its status as `200 OK`, and its body.
    func answer(
        to method: String, _ target: String, within patience: Duration
    ) throws(Problem) -> (status: String, body: [UInt8]) {
        let connection: SocketConnection
        do throws(SystemError) {
            connection = try SocketConnection(path: socket)
        } catch {
            throw .noDaemon(error)
        }
        let request = "\(method) \(target) HTTP/1.1\r\nHost: confd\r\nConnection: close\r\n\r\n"
        return try Self.parse(try exchange(request, connection, patience))
    }

    /// All bytes until the daemon closes the connection.
    private func exchange(
        _ request: String, _ connection: SocketConnection, _ patience: Duration
    ) throws(Problem) -> [UInt8] {
        let end = Clock.monotonic() + patience
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
            // A daemon that ends may cut off its answer. What begins otherwise than HTTP does not come from a daemon.
            throw answer.isEmpty || answer.starts(with: Self.start) ? .ended : .unreadable
        }
        if isLate { throw .timedOut }
        if answer.isEmpty { throw .ended }
        return answer
    }

    /// The body of a whole answer with status 200.
    static func body(of answer: [UInt8]) throws(Problem) -> [UInt8] { try accepted(try parse(answer)) }

    static func accepted(_ answer: (status: String, body: [UInt8])) throws(Problem) -> [UInt8] {
        guard answer.status.hasPrefix("200") else { throw .refused(status: answer.status) }
        return answer.body
    }

    /// The parts of a whole answer; one that is no refusal has to be of a confd that speaks our protocol.
    private static func parse(_ answer: [UInt8]) throws(Problem) -> (status: String, body: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        guard answer.starts(with: start),
            let end = answer.indices.first(where: { answer[$0...].starts(with: separator) })
        else { throw .unreadable }
        let head = String(decoding: answer[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        func field(_ name: String) -> String? {
            head.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
        }
        let spoken = field("Confd-Protocol")
        if let spoken, spoken != "\(StatusPages.protocolVersion)" {
            throw .otherProtocol(version: field("Confd-Version") ?? "unknown", number: spoken)
        }
        let status = String(head[0].dropFirst("HTTP/1.1 ".count))
        let body = Array(answer[(end + separator.count)...])
        let isWhole = field("Content-Length").flatMap { Int($0) } == body.count
        guard isWhole, spoken != nil || !status.hasPrefix("200") else { throw .unreadable }
        return (status, body)
    }
}

extension DaemonClient.Problem {
    /// The message for standard error, with what to do about it.
    func message(_ socket: String) -> String {
        switch self {
        case .noDaemon(let error):
            "no confd answers at \(socket): \(error.reason)\nhint: \(Self.hint(error.code))"
        case .ended:
            "what listens at \(socket) ended before it answered: it is a daemon that stops, or is no confd of this version"
        case .unreadable: "what answers at \(socket) is no confd of this version"
        case .refused(let status): "confd at \(socket) answers \(status)"
        case .noResource(let name, let near):
            "the daemon at \(socket) has no resource \"\(name)\""
                + (near.map { "\nhint: did you mean \"\($0)\"?" } ?? "")
        case .timedOut: "confd at \(socket) does not answer"
        case .otherProtocol(let version, let number):
            "the daemon at \(socket) is confd \(version) (protocol \(number)), this is confd \(Version.current) "
                + "(protocol \(StatusPages.protocolVersion))\nhint: restart the daemon, or use its own program"
        }
    }

    /// What to do about a socket that cannot be connected to.
    private static func hint(_ code: Int32) -> String {
        switch code {
        case Errno.accessDenied: "only the user of the daemon and root may ask"
        case Errno.connectionRefused:
            "the daemon that made this socket has ended, and none is running there: start it again"
        default:
            "is a daemon running, with this -control-socket? "
                + "without root, and of confd register, it has one only if it is given"
        }
    }
}

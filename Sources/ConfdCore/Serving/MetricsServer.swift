import Posix

/// An answer of HTTP/1.1, after which the connection is closed.
struct HTTPResponse {
    let status: Int
    let type: String
    let body: String
    /// Further fields of the head.
    let fields: [(name: String, value: String)]

    init(_ status: Int, _ type: String, _ body: String, fields: [(name: String, value: String)] = []) {
        self.status = status
        self.type = type
        self.body = body
        self.fields = fields
    }

    /// An answer in plain text.
    static func text(
        _ status: Int, _ body: String, fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(status, "text/plain; charset=utf-8", body, fields: fields)
    }

    fileprivate func bytes(withBody: Bool) -> [UInt8] {
        let reason = [
            200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            409: "Conflict",
        ][status]
        let head = """
            HTTP/1.1 \(status) \(reason ?? "Service Unavailable")\r
            Content-Type: \(type)\r
            Content-Length: \(body.utf8.count)\r
            Cache-Control: no-store\r
            X-Content-Type-Options: nosniff\r
            Connection: close\r
            \(fields.map { "\($0.name): \($0.value)\r\n" }.joined())\r

            """
        return Array(head.utf8) + (withBody ? Array(body.utf8) : [])
    }
}

/// Serves requests without a body on a thread of its own, one answer a connection. A client that is silent, slow, or does not read
/// the answer does not delay the others.
struct MetricsServer: Sendable {
    /// An answer, now or later.
    enum Answer {
        case now(HTTPResponse)
        /// The closure makes the answer once the descriptor is readable, or when the time is over.
        case later(Int32, within: Duration, @Sendable () -> HTTPResponse)
    }

    /// Connections that are open at once; for a new one, the oldest is dropped.
    static let capacity = 64
    /// A request or an answer that takes longer than this is dropped.
    private static let patience = Duration.seconds(5)
    private static let largestRequest = 8 << 10

    /// A GET, HEAD or POST that came. Of a POST nothing but its path is taken.
    struct Request: Sendable {
        let isPost: Bool
        let path: String
        /// What follows the path after `?`, empty without one.
        let query: String
        /// The address it came from, nil at a socket with a path.
        let peer: [UInt8]?
    }

    private let answer: @Sendable (Request) -> Answer

    init(answer: @escaping @Sendable (Request) -> Answer) { self.answer = answer }

    /// Serves those who connect to one of `listeners` from now on.
    func start(_ listeners: [Listener]) throws(SystemError) {
        try Thread.detach { serve(listeners) }
    }

    /// A connection, from its first byte to the last one of its answer.
    private struct Connection {
        enum Stage {
            case reading([UInt8])
            case waiting(Int32, @Sendable () -> HTTPResponse, withBody: Bool)
            case sending(ArraySlice<UInt8>)
        }

        let socket: SocketConnection
        var stage = Stage.reading([])
        var deadline: Duration

        var interest: Poll.Interest {
            switch stage {
            case .reading: .reading(socket.descriptor)
            case .waiting(let descriptor, _, _): .reading(descriptor)
            case .sending: .writing(socket.descriptor)
            }
        }
    }

    private func serve(_ listeners: [Listener]) {
        var connections: [Connection] = []
        // No connection is accepted before this time, because the process was out of descriptors.
        var pausedUntil = Duration.zero
        while true {
            let now = Clock.monotonic()
            let isPaused = now < pausedUntil
            let interests = connections.map(\.interest)
            let deadlines = connections.map(\.deadline) + (isPaused ? [pausedUntil] : [])
            let timeout = deadlines.min().map { max($0 - now, .zero) }
            let ready: [Bool]
            do {
                ready = try Poll.wait(
                    for: interests + listeners.map { .reading(isPaused ? -1 : $0.socket.descriptor) }, timeout: timeout)
            } catch {
                // The kernel is out of memory; try again later.
                Clock.sleep(.seconds(1))
                continue
            }
            for index in connections.indices.reversed() where isOver(&connections[index], isReady: ready[index]) {
                connections.remove(at: index)
            }
            for (listener, isReady) in zip(listeners, ready[interests.count...])
            where isReady && !accept(listener, &connections) {
                pausedUntil = Clock.monotonic() + .milliseconds(100)
            }
        }
    }

    /// Accepts waiting connections; false if there is no descriptor for one. A request that has arrived already is answered
    /// before an older connection is dropped to make room.
    private func accept(_ listener: Listener, _ connections: inout [Connection]) -> Bool {
        for _ in 0..<Self.capacity {
            do {
                guard let socket = try listener.socket.accept() else { return true }
                var connection = Connection(socket: socket, deadline: Clock.monotonic() + Self.patience)
                if isOver(&connection, isReady: true) { continue }
                if connections.count == Self.capacity { connections.removeFirst() }
                connections.append(connection)
            } catch {
                // Drops the oldest, to free its descriptor.
                if !connections.isEmpty { connections.removeFirst() }
                return false
            }
        }
        return true
    }

    /// Does the next step of a connection; true if it has ended.
    private func isOver(_ connection: inout Connection, isReady: Bool) -> Bool {
        let isLate = connection.deadline <= Clock.monotonic()
        do {
            switch connection.stage {
            case .reading(let request):
                if !isReady { return isLate }
                return try read(&connection, after: request)
            case .waiting(_, let response, let withBody):
                if !isReady, !isLate { return false }
                return try send(response().bytes(withBody: withBody)[...], &connection)
            case .sending(let bytes):
                if !isReady { return isLate }
                return try send(bytes, &connection)
            }
        } catch {
            // The client has closed the connection.
            return true
        }
    }

    /// Reads what has arrived, and starts the answer of a complete request; true if the connection has ended.
    private func read(_ connection: inout Connection, after start: [UInt8]) throws(SystemError) -> Bool {
        guard let bytes = try connection.socket.receive(limit: Self.largestRequest) else { return false }
        if bytes.isEmpty { return true }
        let request = start + bytes
        if !Self.isWhole(request), request.count < Self.largestRequest {
            connection.stage = .reading(request)
            return false
        }
        let (answer, withBody) =
            Self.isWhole(request)
            ? self.answer(to: request, from: connection.socket) : (.now(Self.badRequest), true)
        switch answer {
        case .now(let response): return try send(response.bytes(withBody: withBody)[...], &connection)
        case .later(let descriptor, let limit, let response):
            connection.stage = .waiting(descriptor, response, withBody: withBody)
            connection.deadline = Clock.monotonic() + limit
            return false
        }
    }

    /// Sends as much as fits into the socket's buffer; true if that was all.
    private func send(_ bytes: ArraySlice<UInt8>, _ connection: inout Connection) throws(SystemError) -> Bool {
        let rest = bytes.dropFirst(try connection.socket.send(bytes))
        if rest.isEmpty { return true }
        if case .sending = connection.stage {} else { connection.deadline = Clock.monotonic() + Self.patience }
        connection.stage = .sending(rest)
        return false
    }

    private static let badRequest = HTTPResponse(400, "text/plain", "")

    private static func isWhole(_ request: [UInt8]) -> Bool {
        request.suffix(4).elementsEqual("\r\n\r\n".utf8) || request.suffix(2).elementsEqual("\n\n".utf8)
    }

    /// The answer, and whether its body is wanted.
    private func answer(to request: [UInt8], from socket: SocketConnection) -> (Answer, withBody: Bool) {
        let line = String(
            decoding: request.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1") else { return (.now(Self.badRequest), true) }
        guard ["GET", "HEAD", "POST"].contains(words[0]) else {
            return (.now(HTTPResponse(405, "text/plain", "")), true)
        }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = Request(
            isPost: words[0] == "POST", path: String(target[0]), query: target.count == 2 ? String(target[1]) : "",
            peer: socket.peer)
        return (answer(request), words[0] != "HEAD")
    }

    /// A socket that others connect to.
    final class Listener: Sendable {
        let socket: SocketListener
        /// A lock that is held for as long as the socket is open.
        private let lock: FileDescriptor?

        init(_ socket: consuming SocketListener, lock: consuming FileDescriptor? = nil) {
            self.socket = socket
            self.lock = lock
        }
    }
}

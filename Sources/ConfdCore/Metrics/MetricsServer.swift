import Posix

/// An answer of HTTP/1.1, after which the connection is closed.
struct HTTPResponse {
    let status: Int
    let type: String
    let body: String

    init(_ status: Int, _ type: String, _ body: String) {
        self.status = status
        self.type = type
        self.body = body
    }

    fileprivate func bytes(withBody: Bool) -> [UInt8] {
        let reason = [200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"][status]
        let head = """
            HTTP/1.1 \(status) \(reason ?? "Service Unavailable")\r
            Content-Type: \(type)\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            \r

            """
        return Array(head.utf8) + (withBody ? Array(body.utf8) : [])
    }
}

/// Serves GET requests on a thread of its own: one answer a connection, and few connections at a time.
struct MetricsServer: Sendable {
    /// Connections that are open at once; others wait until they are taken.
    private static let capacity = 32
    /// A request that takes longer than this is dropped.
    private static let patience = Duration.seconds(5)
    private static let largestRequest = 8 << 10

    private let answer: @Sendable (String) -> HTTPResponse

    /// `answer` gets the path of each request.
    init(answer: @escaping @Sendable (String) -> HTTPResponse) { self.answer = answer }

    /// `HOST:PORT`, with an empty host for all addresses and brackets around one of IPv6; nil if it is none.
    static func parse(_ address: String) -> (host: String, port: UInt16)? {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        let host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        return host.contains(":") ? nil : (String(host), port)
    }

    /// Listens and serves from now on.
    func start(host: String, port: UInt16) throws(SystemError) {
        let listener = Listener(try TCPListener(host: host, port: port))
        try Thread.detach { serve(listener) }
    }

    private struct Connection {
        let socket: TCPConnection
        var request: [UInt8] = []
        let deadline: Duration
    }

    private func serve(_ listener: Listener) {
        var connections: [Connection] = []
        while true {
            let descriptors = connections.map(\.socket.descriptor)
            // A full house lets others wait in the kernel's queue.
            let listening = connections.count < Self.capacity ? listener.socket.descriptor : -1
            let now = Clock.monotonic()
            let timeout = connections.map { $0.deadline - now }.min().map { max($0, .zero) }
            let ready: [Bool]
            do {
                ready = try Poll.wait([listening] + descriptors, timeout: timeout)
            } catch {
                // Out of memory, for the kernel: later it may have some.
                Clock.sleep(.seconds(1))
                continue
            }
            for index in connections.indices.reversed() {
                let isOver =
                    ready[index + 1] ? advance(&connections[index]) : connections[index].deadline <= Clock.monotonic()
                if isOver { connections.remove(at: index) }
            }
            if ready[0] { accept(listener, &connections) }
        }
    }

    private func accept(_ listener: Listener, _ connections: inout [Connection]) {
        do {
            guard let socket = try listener.socket.accept() else { return }
            connections.append(Connection(socket: socket, deadline: Clock.monotonic() + Self.patience))
        } catch {
            // No descriptor is left: whoever waits is taken when there is one.
            Clock.sleep(.milliseconds(100))
        }
    }

    /// Reads what has come and answers a request that is whole; true if the connection is over.
    private func advance(_ connection: inout Connection) -> Bool {
        do {
            guard let bytes = try connection.socket.receive(limit: Self.largestRequest) else { return false }
            if bytes.isEmpty { return true }
            connection.request += bytes
            let isWhole = Self.isWhole(connection.request)
            if !isWhole, connection.request.count < Self.largestRequest { return false }
            let bytesOut =
                isWhole ? response(to: connection.request) : HTTPResponse(400, "text/plain", "").bytes(withBody: true)
            try connection.socket.send(bytesOut, timeout: .seconds(2))
            return true
        } catch {
            // The other end is gone.
            return true
        }
    }

    private static func isWhole(_ request: [UInt8]) -> Bool {
        request.suffix(4).elementsEqual("\r\n\r\n".utf8) || request.suffix(2).elementsEqual("\n\n".utf8)
    }

    private func response(to request: [UInt8]) -> [UInt8] {
        let line = String(
            decoding: request.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1") else {
            return HTTPResponse(400, "text/plain", "").bytes(withBody: true)
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return HTTPResponse(405, "text/plain", "").bytes(withBody: true)
        }
        return answer(String(words[1].prefix { $0 != "?" })).bytes(withBody: words[0] == "GET")
    }

    /// A class around the socket, which cannot be copied into a closure.
    private final class Listener: Sendable {
        let socket: TCPListener

        init(_ socket: consuming TCPListener) { self.socket = socket }
    }
}

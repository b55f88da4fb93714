import Glibc
import Posix
import Synchronization

/// A TCP proxy on 127.0.0.1 in front of one server, which can hold, delay, cut and truncate what goes through.
package final class Proxy: Sendable {
    package let port: UInt16
    private let target: UInt16
    private let state = Mutex(State())

    private struct State {
        var isHeld = false
        var heldSources: Set<String> = []
        var delay = 0.0
        /// How many bytes may still go to clients; the connection that would exceed them is reset.
        var bytesLeft: Int?
        var listener: Int32 = -1
        var connections: [ObjectIdentifier: Connection] = [:]
        var accepted = 0
        var sent = 0
        var isClosed = false
    }

    /// Listens, and forwards to `target` once somebody connects.
    package init(to target: UInt16) throws {
        port = try Ports.free()
        self.target = target
        try listen()
    }

    deinit { close() }

    // MARK: Faults

    /// Forwards nothing more and closes nothing, on new connections too. Held data is forwarded after `release`, unless
    /// its connection is cut before.
    package func hold() { state.withLock { $0.isHeld = true } }

    /// Ends both kinds of `hold`.
    package func release() {
        state.withLock { state in
            state.isHeld = false
            state.heldSources = []
        }
    }

    /// Holds the connections that one member of an etcd cluster has opened: it sends its id as `X-Server-From` on each
    /// of them.
    package func hold(source: String) { state.withLock { _ = $0.heldSources.insert(source) } }

    /// Each piece of data is late by so many seconds.
    package func delay(_ seconds: Double) { state.withLock { $0.delay = seconds } }

    /// Resets all connections.
    package func cut() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.reset() }
    }

    /// After so many more bytes to clients, counted over all connections, the connection that would exceed them is
    /// reset; the others go on without a limit.
    package func truncate(after bytes: Int) { state.withLock { $0.bytesLeft = bytes } }

    /// Refuses connections, and resets those that there are.
    package func refuse() {
        let listener = state.withLock { state in
            defer { state.listener = -1 }
            return state.listener
        }
        if listener >= 0 { shutdown(listener, Int32(SHUT_RDWR)) }
        cut()
    }

    /// Accepts connections again.
    package func accept() throws {
        if state.withLock({ $0.listener }) < 0 { try listen() }
    }

    /// How many connections came.
    package var accepted: Int { state.withLock { $0.accepted } }
    /// How many bytes went to clients.
    package var sent: Int { state.withLock { $0.sent } }

    package func close() {
        state.withLock { $0.isClosed = true }
        refuse()
    }

    // MARK: Forwarding

    private func listen() throws {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let listener = socket(AF_INET, kind, 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let isBound = withSocketAddress(&address) { bind(listener, $0, $1) }
        guard isBound == 0, Glibc.listen(listener, 128) == 0 else {
            Glibc.close(listener)
            throw SupportError("the proxy cannot listen on \(port): errno \(errno)")
        }
        state.withLock { $0.listener = listener }
        try? Thread.detach { [weak self] in
            while true {
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0, let self else { break }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                self.take(client)
            }
            Glibc.close(listener)
        }
    }

    private func take(_ client: Int32) {
        guard let connection = Connection(client: client, port: target) else { return }
        let id = ObjectIdentifier(connection)
        state.withLock { state in
            state.accepted += 1
            state.connections[id] = connection
        }
        let ended: @Sendable () -> Void = { [weak self] in
            connection.end()
            self?.state.withLock { _ = $0.connections.removeValue(forKey: id) }
        }
        try? Thread.detach { [weak self] in
            connection.pump(from: connection.client, to: connection.server) { _ in
                self?.mayPass(connection, nil) ?? 0
            }
            ended()
        }
        try? Thread.detach { [weak self] in
            connection.pump(from: connection.server, to: connection.client) { self?.mayPass(connection, $0) ?? 0 }
            ended()
        }
    }

    /// Waits until data may be forwarded. Returns how many of `count` bytes may go to the client (`count` nil: to the
    /// server, where all may); 0 at the end of the connection or the proxy.
    private func mayPass(_ connection: Connection, _ count: Int?) -> Int {
        while true {
            let (isHeld, delay, isClosed) = state.withLock { state in
                let isSourceHeld = connection.source.map { state.heldSources.contains($0) } ?? false
                return (state.isHeld || isSourceHeld, state.delay, state.isClosed)
            }
            if isClosed { return 0 }
            if !isHeld {
                if delay > 0 { usleep(UInt32(delay * 1_000_000)) }
                break
            }
            if connection.isEnded { return 0 }
            // Held: waits for `release`, or for the end of the connection or the proxy.
            usleep(2_000)
        }
        guard let count else { return .max }
        return state.withLock { state in
            let allowed = min(count, state.bytesLeft ?? count)
            state.bytesLeft = state.bytesLeft.map { $0 - allowed }
            state.sent += allowed
            if allowed < count { state.bytesLeft = nil }
            return allowed
        }
    }
}

/// A client and the server behind the proxy.
private final class Connection: Sendable {
    let client: Int32
    let server: Int32
    private let state = Mutex(State())

    private struct State {
        var source: String?
        var isEnded = false
        /// The descriptors are closed when both directions are done.
        var directions = 2
    }

    /// nil if the server cannot be reached; the client is then reset.
    init?(client: Int32, port: UInt16) {
        self.client = client
        server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        for socket in [client, server] {
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = loopback(port)
        let server = server
        guard withSocketAddress(&address, { connect(server, $0, $1) }) == 0 else {
            Self.disconnect(client)
            Glibc.close(client)
            Glibc.close(server)
            return nil
        }
    }

    /// The id of the etcd member that opened this connection; nil before its first request, and for other clients.
    var source: String? { state.withLock { $0.source } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Forwards data until one side ends. If `allowed` permits fewer bytes than were received, the connection is reset
    /// after them.
    func pump(from: Int32, to: Int32, allowed: (Int) -> Int) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var isFirst = from == client
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            if count <= 0 { return }
            if isFirst { noteSource(buffer[..<count]) }
            isFirst = false
            let passing = min(count, allowed(count))
            var sent = 0
            while sent < passing {
                let done = buffer[sent..<passing].withUnsafeBytes {
                    send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if done <= 0 { return }
                sent += done
            }
            if passing < count { return reset() }
        }
    }

    private func noteSource(_ bytes: ArraySlice<UInt8>) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let name = "x-server-from: "
        guard let line = lines.first(where: { $0.lowercased().hasPrefix(name) }) else { return }
        state.withLock { $0.source = String(line.dropFirst(name.count)) }
    }

    /// Ends it with a RST to both sides.
    func reset() {
        state.withLock { state in
            if state.directions == 0 { return }
            state.isEnded = true
            Self.disconnect(client)
            Self.disconnect(server)
        }
    }

    /// One direction is over; its end ends the other.
    func end() {
        state.withLock { state in
            state.isEnded = true
            state.directions -= 1
            if state.directions > 0 {
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(server, Int32(SHUT_RDWR))
            } else {
                Glibc.close(client)
                Glibc.close(server)
            }
        }
    }

    /// A connect to AF_UNSPEC drops a TCP connection with a RST and wakes the threads that wait for it.
    private static func disconnect(_ descriptor: Int32) {
        var nothing = sockaddr()
        nothing.sa_family = sa_family_t(AF_UNSPEC)
        connect(descriptor, &nothing, socklen_t(MemoryLayout<sockaddr>.size))
    }
}

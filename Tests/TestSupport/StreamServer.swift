import Posix
import Synchronization

/// A server for one test, on 127.0.0.1 or at a socket's path; each connection is served on a thread of its own. It ends,
/// with all connections, when it is freed.
package final class StreamServer: Sendable {
    /// 0 for a server at a path.
    package let port: UInt16
    private let cancellation: Cancellation

    package convenience init(
        port: UInt16? = nil, _ serve: @escaping @Sendable (StreamConnection) -> Void
    ) throws {
        let port = try port ?? Ports.free()
        try self.init(try SocketListener(host: "127.0.0.1", port: port), port: port, serve)
    }

    package convenience init(path: String, _ serve: @escaping @Sendable (StreamConnection) -> Void) throws {
        try self.init(try SocketListener(path: path), port: 0, serve)
    }

    private init(
        _ listener: consuming SocketListener, port: UInt16, _ serve: @escaping @Sendable (StreamConnection) -> Void
    ) throws {
        self.port = port
        let cancellation = try Cancellation()
        self.cancellation = cancellation
        let box = ListenerBox(listener)
        try Thread.detach {
            while !cancellation.isCancelled {
                _ = try? Poll.wait([box.listener.descriptor, cancellation.descriptor], timeout: nil)
                while !cancellation.isCancelled, let accepted = try? box.listener.accept() {
                    // Without a thread the connection is closed, and the test sees that.
                    try? Thread.detach { serve(StreamConnection(accepted, cancellation)) }
                }
            }
        }
    }

    deinit { cancellation.cancel() }

    private final class ListenerBox: Sendable {
        let listener: SocketListener

        init(_ listener: consuming SocketListener) { self.listener = listener }
    }
}

/// One accepted connection; closed when it is freed.
package final class StreamConnection: Sendable {
    private let socket: SocketConnection
    private let cancellation: Cancellation

    init(_ socket: SocketConnection, _ cancellation: Cancellation) {
        self.socket = socket
        self.cancellation = cancellation
    }

    package var isCancelled: Bool { cancellation.isCancelled }

    /// The next bytes; nil when the peer has closed the connection or the server ends.
    package func read() -> [UInt8]? {
        while !isCancelled {
            do {
                if let bytes = try socket.receive(limit: 65_536) { return bytes.isEmpty ? nil : bytes }
            } catch {
                return nil
            }
            guard isOpen(.reading(socket.descriptor)) else { return nil }
        }
        return nil
    }

    /// False when the peer is gone.
    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard !isCancelled, let count = try? socket.send(rest) else { return false }
            rest = rest.dropFirst(count)
            if count == 0, !isOpen(.writing(socket.descriptor)) { return false }
        }
        return true
    }

    /// Waits until the peer is gone or the server ends.
    package func hold() { while read() != nil {} }

    /// Waits for `interest`; false if the server ends.
    private func isOpen(_ interest: Poll.Interest) -> Bool {
        guard let ready = try? Poll.wait(for: [interest, .reading(cancellation.descriptor)], timeout: nil) else {
            return false
        }
        return !ready[1]
    }
}

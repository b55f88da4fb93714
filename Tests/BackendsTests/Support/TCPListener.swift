import Glibc

/// A listening socket on 127.0.0.1.
final class TCPListener: Sendable {
    let descriptor: Int32
    let port: UInt16

    /// 0 lets the system choose the port.
    init(port: UInt16 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        // A server that was just stopped leaves connections behind that would keep the port.
        var option: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &option, socklen_t(MemoryLayout<Int32>.size))
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
                    && listen(descriptor, 64) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            throw Shell.Failure(output: "no port: errno \(errno)")
        }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}

/// A server whose connections are each served by `serve` on a thread of their own.
final class TCPServer: Sendable {
    let port: UInt16
    private let listener: TCPListener

    /// One accepted connection.
    struct Connection {
        let descriptor: Int32

        /// `nil` at the end.
        func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        func write(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }

        /// Closes with a RST instead of a FIN when the connection is dropped.
        func resetOnClose() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    private final class Context: Sendable {
        let descriptor: Int32
        let serve: @Sendable (Connection) -> Void

        init(_ descriptor: Int32, _ serve: @escaping @Sendable (Connection) -> Void) {
            self.descriptor = descriptor
            self.serve = serve
        }
    }

    init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        listener = try TCPListener()
        port = listener.port
        TCPServer.thread(Context(listener.descriptor, serve)) { context in
            while true {
                let connection = accept(context.descriptor, nil, nil)
                if connection < 0 { return }
                var option: Int32 = 1
                setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &option, socklen_t(MemoryLayout<Int32>.size))
                TCPServer.thread(Context(connection, context.serve)) { context in
                    context.serve(Connection(descriptor: context.descriptor))
                    close(context.descriptor)
                }
            }
        }
    }

    /// Wakes the accepting thread, which then ends.
    deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

    private final class Start: Sendable {
        let context: Context
        let body: @Sendable (Context) -> Void

        init(_ context: Context, _ body: @escaping @Sendable (Context) -> Void) {
            self.context = context
            self.body = body
        }
    }

    private static func thread(_ context: Context, _ body: @escaping @Sendable (Context) -> Void) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(context, body))
        pthread_create(
            &thread, nil,
            { pointer in
                // Balances passRetained; pthread hands the pointer through, so it is never null.
                let start = Unmanaged<Start>.fromOpaque(pointer!).takeRetainedValue()
                start.body(start.context)
                return nil
            }, start.toOpaque())
        pthread_detach(thread)
    }
}

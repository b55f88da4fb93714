import Glibc
import Posix

/// A listening socket on 127.0.0.1.
package final class TCPListener: Sendable {
    package let descriptor: Int32
    package let port: UInt16

    /// 0 lets the system choose the port.
    package init(port: UInt16 = 0) throws {
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

/// A server whose connections are each served by `serve` on a thread of their own. When it is freed it accepts no more;
/// each connection is closed when `serve` returns.
package final class TCPServer: Sendable {
    package let port: UInt16
    private let listener: TCPListener

    /// One accepted connection.
    package struct Connection {
        package let descriptor: Int32

        /// `nil` at the end, and where a time limit of the socket is over.
        package func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var count = 0
            // With a time limit it is interrupted also where the process was stopped and goes on (signal(7)).
            repeat { count = recv(descriptor, &buffer, buffer.count, 0) } while count < 0 && errno == EINTR
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        package func write(_ bytes: [UInt8]) {
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
        package func resetOnClose() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    package init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        let listener = try TCPListener()
        self.listener = listener
        port = listener.port
        try Thread.detach {
            while true {
                // This closure keeps the listener, so that its descriptor's number is not given to another test's
                // socket meanwhile.
                let connection = accept(listener.descriptor, nil, nil)
                if connection < 0 { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                TCPServer.sendAtOnce(connection)
                // Without a thread there is no service: the client sees its connection closed.
                try? Thread.detach {
                    serve(Connection(descriptor: connection))
                    close(connection)
                }
            }
        }
    }

    fileprivate static func sendAtOnce(_ connection: Int32) {
        var option: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &option, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Wakes the accepting thread, which then ends.
    deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
}

extension TCPServer.Connection {
    /// A connection to a server on 127.0.0.1; nil if nothing listens there. The caller closes it.
    package init?(to port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let descriptor = self.descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        TCPServer.sendAtOnce(descriptor)
    }
}

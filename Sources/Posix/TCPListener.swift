import CPosix
import Glibc

/// A socket that takes TCP connections; dropping it closes it.
package struct TCPListener: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Listens on `host` (empty: on all addresses) and `port`. A host that is no address and no name is `EINVAL`.
    package init(host: String, port: UInt16) throws(SystemError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &first)
        let place = "\(host):\(port)"
        guard code == 0, let address = first else {
            throw SystemError(call: "getaddrinfo", path: place, code: code == EAI_SYSTEM ? errno : EINVAL)
        }
        defer { freeaddrinfo(first) }
        let number = try SystemCall.run("socket", place) {
            socket(
                address.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
                0)
        }
        let opened = FileDescriptor(number: number, path: place)
        var one: Int32 = 1
        // Without it, a restart would have to wait for old connections to be forgotten.
        try SystemCall.run("setsockopt", place) {
            setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        try SystemCall.run("bind", place) { bind(number, address.pointee.ai_addr, address.pointee.ai_addrlen) }
        try SystemCall.run("listen", place) { listen(number, 64) }
        file = opened
    }

    /// Readable for `Poll` when somebody connects.
    package var descriptor: Int32 { file.number }

    /// The next connection, nil if nobody waits.
    package func accept() throws(SystemError) -> TCPConnection? {
        do throws(SystemError) {
            let number = try SystemCall.run("accept", file.path) { confd_accept(file.number) }
            return TCPConnection(FileDescriptor(number: number, path: nil))
        } catch let error where error.code == EAGAIN || error.code == ECONNABORTED {
            return nil
        }
    }
}

/// One end of a TCP connection, which never waits to read; dropping it closes it.
package final class TCPConnection: Sendable {
    private let file: FileDescriptor

    init(_ file: consuming FileDescriptor) { self.file = file }

    /// Readable for `Poll` when something has come.
    package var descriptor: Int32 { file.number }

    /// What has come, up to `limit` bytes; empty at the end, nil if there is nothing yet.
    package func receive(limit: Int) throws(SystemError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        do throws(SystemError) {
            let count = try SystemCall.run("recv") { recv(file.number, &buffer, limit, 0) }
            return Array(buffer[..<count])
        } catch let error where error.code == EAGAIN {
            return nil
        }
    }

    /// Sends as much of `bytes` as there is room for, and returns how many; 0 if there is none now.
    package func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        do throws(SystemError) {
            return try SystemCall.run("send") {
                bytes.withUnsafeBytes { Glibc.send(file.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
        } catch let error where error.code == EAGAIN {
            return 0
        }
    }
}

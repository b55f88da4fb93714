import CPosix
import Glibc

/// A socket that takes connections, by TCP or at a path; dropping it closes it.
package struct SocketListener: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Listens on `host` and `port`; with an empty host on all addresses, of IPv6 and IPv4. A host that is no address and no name
    /// is `EINVAL`.
    package init(host: String, port: UInt16) throws(SystemError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &first)
        let place = "\(host):\(port)"
        guard code == 0, let first else {
            throw SystemError(call: "getaddrinfo", path: place, code: code == EAI_SYSTEM ? errno : EINVAL)
        }
        defer { freeaddrinfo(first) }
        let all = Array(sequence(first: first) { $0.pointee.ai_next })
        // That of IPv6 takes connections of both.
        if host.isEmpty, let both = all.first(where: { $0.pointee.ai_family == AF_INET6 }),
            let file = try? Self.bound(both.pointee, place)
        {
            self.file = file
        } else {
            // Without IPv6 in the kernel.
            file = try Self.bound(
                (all.first { $0.pointee.ai_family == AF_INET || !host.isEmpty } ?? first).pointee, place)
        }
    }

    private static func bound(_ address: addrinfo, _ place: String) throws(SystemError) -> FileDescriptor {
        let opened = try socket(address.ai_family, place)
        // Without it, a restart would have to wait until the kernel forgets old connections.
        try set(SOL_SOCKET, SO_REUSEADDR, to: 1, opened, place)
        if address.ai_family == AF_INET6 { try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, to: 0, opened, place) }
        try SystemCall.run("bind", place) { bind(opened.number, address.ai_addr, address.ai_addrlen) }
        return try listening(opened)
    }

    private static func set(
        _ level: Int32, _ option: Int32, to value: Int32, _ file: borrowing FileDescriptor, _ place: String
    ) throws(SystemError) {
        var value = value
        let number = file.number
        try SystemCall.run("setsockopt", place) {
            setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Listens at `path`, where nothing may be: only the owner of the process and root can connect (mode 0600).
    /// A path that is too long for a socket is `ENAMETOOLONG`.
    package init(path: String) throws(SystemError) {
        var address = try UnixAddress(path)
        let opened = try Self.socket(AF_UNIX, path)
        // Linux gives the path the mode that the socket has before it is bound, so there is no moment with a wider one.
        try SystemCall.run("fchmod", path) { fchmod(opened.number, 0o600) }
        try SystemCall.run("bind", path) { address.withPointer { bind(opened.number, $0, $1) } }
        file = try Self.listening(opened)
    }

    private static func socket(_ family: Int32, _ place: String) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return FileDescriptor(
            number: try SystemCall.run("socket", place) { Glibc.socket(family, type, 0) }, path: place)
    }

    private static func listening(_ file: consuming FileDescriptor) throws(SystemError) -> FileDescriptor {
        let number = file.number
        try SystemCall.run("listen", file.path) { listen(number, 64) }
        return file
    }

    /// Readable for `Poll` when somebody connects.
    package var descriptor: Int32 { file.number }

    /// The next connection, nil if nobody waits.
    package func accept() throws(SystemError) -> SocketConnection? {
        do throws(SystemError) {
            let number = try SystemCall.run("accept", file.path) { confd_accept(file.number) }
            return SocketConnection(FileDescriptor(number: number, path: nil))
        } catch let error where error.code == EAGAIN || error.code == ECONNABORTED {
            return nil
        }
    }
}

/// One end of a connection, which never waits to read or send; dropping it closes it.
package final class SocketConnection: Sendable {
    private let file: FileDescriptor

    init(_ file: consuming FileDescriptor) { self.file = file }

    /// Connects to the socket at `path`; fails with `ECONNREFUSED` where nobody listens, with `EAGAIN` where too many wait.
    package init(path: String) throws(SystemError) {
        var address = try UnixAddress(path)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = FileDescriptor(
            number: try SystemCall.run("socket", path) { socket(AF_UNIX, type, 0) }, path: path)
        try SystemCall.run("connect", path) { address.withPointer { connect(opened.number, $0, $1) } }
        file = opened
    }

    /// The address of the other end, 4 or 16 bytes; nil at a socket with a path. A client that reached an IPv6
    /// socket by IPv4 has its IPv4 address.
    package var peer: [UInt8]? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(file.number, $0, &size) }
        }
        guard result == 0 else { return nil }
        let family = Int32(storage.ss_family)
        return withUnsafeBytes(of: &storage) { raw in
            switch family {
            case AF_INET: Array(raw[4..<8])
            case AF_INET6: InternetAddress.unmapped(Array(raw[8..<24]))
            default: nil
            }
        }
    }

    /// Readable for `Poll` when bytes have arrived.
    package var descriptor: Int32 { file.number }

    /// Up to `limit` bytes that have arrived; empty at the end of the stream, nil if nothing has arrived yet.
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

/// The address of a socket at a path.
private struct UnixAddress {
    private var address = sockaddr_un()

    init(_ path: String) throws(SystemError) {
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            // The last byte ends it.
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        if !fits { throw SystemError(call: "bind", path: path, code: ENAMETOOLONG) }
    }

    mutating func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

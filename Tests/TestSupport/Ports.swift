import Glibc
import Synchronization

/// Ports on 127.0.0.1 for the servers of the tests, each given out once.
package enum Ports {
    private static let given = Mutex<Set<UInt16>>([])
    private static let range = Result { try ownRange() }

    /// 1,500 ports below the kernel's range for outgoing connections, which no other run of the tests on this machine uses: a
    /// run claims its part by binding an abstract socket name, which the kernel frees when the process ends.
    private static func ownRange() throws -> Range<UInt16> {
        let size: UInt16 = 1_500
        for part in 0..<UInt16(8) where holds("confd-test-ports-\(part)") {
            let start = 20_000 + part * size
            return start..<start + size
        }
        throw SupportError("eight runs of tests have all ports")
    }

    /// Takes a name in the abstract namespace of sockets for the life of this process; false if another one has it.
    private static func holds(_ name: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The first byte stays zero.
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let size = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
        let isHeld = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(size)) == 0
            }
        }
        if !isHeld { close(descriptor) }
        return isHeld
    }

    /// A port nobody listens on.
    package static func free() throws -> UInt16 {
        let range = try range.get()
        for _ in 0..<200 {
            let port = UInt16.random(in: range)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if canBind(port) { return port }
        }
        throw SupportError("no free port")
    }

    /// Waits until a server that was killed has left its port; throws if it does not.
    package static func waitUntilFree(_ port: UInt16) throws {
        guard eventuallyBlocking({ canBind(port) }) else {
            throw SupportError("port \(port) is still taken")
        }
    }

    private static func canBind(_ port: UInt16) -> Bool {
        let descriptor = reusingSocket()
        defer { close(descriptor) }
        return bind(descriptor, to: port)
    }

    /// A socket with SO_REUSEADDR: it can be bound to a port that is still used by connections of an earlier listener, or by a
    /// copy of such a socket in a child that has forked and not yet called exec. Servers bind their ports in the same way.
    private static func reusingSocket() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    /// A port that refuses connections, and that nobody else can take while this lives.
    package final class Closed: Sendable {
        package let number: UInt16
        private let descriptor: Int32

        package init() throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            for _ in 0..<20 {
                let port = try Ports.free()
                guard Ports.bind(descriptor, to: port) else { continue }
                number = port
                return
            }
            throw SupportError("20 ports were taken")
        }

        deinit { close(descriptor) }
    }

    /// A port that takes connections and never sends anything.
    package final class Silent: Sendable {
        package let number: UInt16
        private let descriptor: Int32

        package init() throws {
            number = try Ports.free()
            descriptor = Ports.reusingSocket()
            guard Ports.bind(descriptor, to: number), listen(descriptor, 16) == 0 else {
                throw SupportError("port \(number) was taken")
            }
        }

        deinit { close(descriptor) }
    }

    private static func bind(_ descriptor: Int32, to port: UInt16) -> Bool {
        var address = loopback(port)
        return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) == 0 }
    }
}

/// The address 127.0.0.1:`port`.
package func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
}

/// Calls `body` with `address` as the C functions of sockets take it.
package func withSocketAddress<Result>(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

import Glibc

/// This machine on the network.
package enum Host {
    /// How many processors are online, at least 1.
    package static let processorCount = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// The host's name (Go's `os.Hostname`).
    package static func name() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        try SystemCall.run("gethostname") { gethostname(&buffer, buffer.count - 1) }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// An address of one of our network interfaces.
    package struct InterfaceAddress: Equatable, Sendable {
        /// For example `eth0`.
        package let interface: String
        /// As text, without a zone.
        package let address: String
        package let isUp: Bool
    }

    /// All IPv4 and IPv6 addresses of our interfaces, in the kernel's order.
    package static func interfaceAddresses() throws(SystemError) -> [InterfaceAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        try SystemCall.run("getifaddrs") { getifaddrs(&first) }
        defer { freeifaddrs(first) }
        var addresses: [InterfaceAddress] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, let text = SocketAddress.text(address) else { continue }
            addresses.append(
                InterfaceAddress(
                    interface: interface(entry.ifa_name), address: text, isUp: entry.ifa_flags & UInt32(IFF_UP) != 0))
        }
        return addresses
    }

    /// getifaddrs(3) returns an address's label, `eth0:1`, in place of the name of its interface, `eth0`.
    private static func interface(_ label: UnsafePointer<CChar>) -> String {
        String(String(cString: label).prefix { $0 != ":" })
    }
}

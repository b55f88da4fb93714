import Glibc

/// Internet addresses in the kernel's form.
enum SocketAddress {
    /// The address as text, without port and zone; nil for other families.
    static func text(_ address: UnsafePointer<sockaddr>) -> String? {
        let family = Int32(address.pointee.sa_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        return InternetAddress.text(bytes(address, family: address.pointee.sa_family))
    }

    /// The 4 or 16 bytes of the address in the network's order.
    static func bytes(_ address: UnsafePointer<sockaddr>, family: sa_family_t) -> [UInt8] {
        let raw = UnsafeRawPointer(address)
        if Int32(family) == AF_INET {
            let value = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: value) { Array($0) }
        }
        let value = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        return withUnsafeBytes(of: value) { Array($0) }
    }
}

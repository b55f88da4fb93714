import Glibc

/// Internet addresses in the kernel's form.
enum SocketAddress {
    /// The address as text, without port and zone; nil for other families.
    static func text(_ address: UnsafePointer<sockaddr>) -> String? {
        let family = Int32(address.pointee.sa_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        return InternetAddress.text(bytes(address, family: address.pointee.sa_family))
    }

    /// `address`, of 4 or 16 bytes in the network's order, and `port` in the kernel's form, and how much of it is used.
    static func storage(_ address: [UInt8], port: UInt16) -> (sockaddr_storage, socklen_t) {
        precondition(address.count == 4 || address.count == 16, "an internet address")
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(address.count == 4 ? AF_INET : AF_INET6)
        // Port and address of `sockaddr_in` and `sockaddr_in6`.
        withUnsafeMutableBytes(of: &storage) { raw in
            raw[2] = UInt8(port >> 8)
            raw[3] = UInt8(port & 0xFF)
            let start = address.count == 4 ? 4 : 8
            UnsafeMutableRawBufferPointer(rebasing: raw[start..<start + address.count]).copyBytes(from: address)
        }
        let size = address.count == 4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        return (storage, socklen_t(size))
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

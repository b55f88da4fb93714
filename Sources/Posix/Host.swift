import CPosix
import Glibc

/// This machine on the network.
package enum Host {
    /// How many processors we may use at once, at least 1.
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
        package let isIPv6: Bool
        /// The length of the network's prefix, in bits.
        package let prefixLength: Int
        package let isUp: Bool
        package let isLoopback: Bool
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
            let mask = entry.ifa_netmask.map { SocketAddress.bytes($0, family: address.pointee.sa_family) } ?? []
            addresses.append(
                InterfaceAddress(
                    interface: interface(entry.ifa_name), address: text,
                    isIPv6: Int32(address.pointee.sa_family) == AF_INET6,
                    prefixLength: mask.reduce(0) { $0 + $1.nonzeroBitCount },
                    isUp: entry.ifa_flags & UInt32(IFF_UP) != 0,
                    isLoopback: entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0))
        }
        return addresses
    }

    /// The C library gives an address's label, `eth0:1`, for the name of its interface, `eth0`.
    private static func interface(_ label: UnsafePointer<CChar>) -> String {
        String(String(cString: label).prefix { $0 != ":" })
    }
}

/// A name that could not be looked up.
package struct LookupError: Error, Equatable, Sendable {
    package let name: String
    /// In the resolver's words, for example `name or service not known`.
    package let reason: String

    /// For example `lookup db.example: name or service not known`.
    package var message: String { "lookup \(name): \(reason)" }
}

/// A service record of DNS (RFC 2782).
package struct ServiceRecord: Equatable, Sendable {
    /// The host, with a final dot.
    package let target: String
    package let port: UInt16
    package let priority: UInt16
    package let weight: UInt16

    package init(target: String, port: UInt16, priority: UInt16, weight: UInt16) {
        self.target = target
        self.port = port
        self.priority = priority
        self.weight = weight
    }
}

/// Where names of users and hosts are looked up.
package enum NameServices {
    /// Keeps a static program to what is built into it: /etc/passwd, /etc/group, /etc/hosts and DNS. The further services
    /// that a machine's nsswitch.conf may name are shared libraries, made for the machine's own C library and not for ours.
    /// Call it before the first look-up.
    package static func confine() { confd_confine_name_services() }
}

/// Look-ups through the system's resolver.
package enum Names {
    /// The addresses of `host` as text, each once, in byte order. An address as a host is itself, as Go reads it; what
    /// only the C library takes for one (`127.1`) is a host name, and is not found.
    package static func addresses(of host: String) throws(LookupError) -> [String] {
        if let literal = InternetAddress.parse(host).flatMap(InternetAddress.text) { return [literal] }
        var legacy = in_addr()
        if host.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%") })
            || inet_aton(host, &legacy) != 0
        {
            throw LookupError(name: host, reason: "no such host")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &first)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(code))
            throw LookupError(name: host, reason: reason.prefix(1).lowercased() + reason.dropFirst())
        }
        defer { freeaddrinfo(first) }
        var found: Set<String> = []
        var next = first
        while let entry = next?.pointee {
            if let address = entry.ai_addr, let text = SocketAddress.text(address) { found.insert(text) }
            next = entry.ai_next
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The records of `_service._transport.name`, or of `name` itself if both are empty (Go's `net.LookupSRV`), by
    /// priority and then in the server's order.
    package static func services(
        _ service: String, transport: String, name: String
    ) throws(LookupError) -> [ServiceRecord] {
        let full = service.isEmpty && transport.isEmpty ? name : "_\(service)._\(transport).\(name)"
        var answer = [UInt8](repeating: 0, count: 65_536)
        var failure: Int32 = 0
        let length = confd_search_services(full, &answer, Int32(answer.count), &failure)
        guard length >= 0 else { throw LookupError(name: full, reason: reason(failure)) }
        guard let records = ServiceAnswer.parse(Array(answer.prefix(Int(length)))) else {
            throw LookupError(name: full, reason: "malformed answer")
        }
        return records
    }

    private static func reason(_ failure: Int32) -> String {
        switch failure {
        case HOST_NOT_FOUND: "no such host"
        case NO_DATA: "no such record"
        case TRY_AGAIN: "no name server answered"
        case NO_RECOVERY: "the name server refused"
        default: "the resolver failed"
        }
    }
}

/// The answer section of a DNS message (RFC 1035, section 4.1).
enum ServiceAnswer {
    private static let serviceType = 33

    /// The service records in `message`, sorted by priority; nil if it is malformed.
    static func parse(_ message: [UInt8]) -> [ServiceRecord]? {
        guard let questions = word(message, 4), let answers = word(message, 6) else { return nil }
        var position = 12
        for _ in 0..<questions {
            guard let name = name(message, position) else { return nil }
            position += name.length + 4
        }
        var records: [ServiceRecord] = []
        for _ in 0..<answers {
            guard let owner = name(message, position) else { return nil }
            position += owner.length
            guard let type = word(message, position), let length = word(message, position + 8) else { return nil }
            position += 10
            if type == serviceType {
                guard let priority = word(message, position), let weight = word(message, position + 2),
                    let port = word(message, position + 4), let target = name(message, position + 6)
                else { return nil }
                records.append(
                    ServiceRecord(
                        target: target.text.hasSuffix(".") ? target.text : target.text + ".", port: UInt16(port),
                        priority: UInt16(priority), weight: UInt16(weight)))
            }
            position += length
        }
        // Sorting keeps the order of equals, which the server rotates on purpose.
        return records.sorted { $0.priority < $1.priority }
    }

    private static func word(_ message: [UInt8], _ position: Int) -> Int? {
        guard position + 1 < message.count else { return nil }
        return Int(message[position]) << 8 | Int(message[position + 1])
    }

    private static func name(_ message: [UInt8], _ position: Int) -> (text: String, length: Int)? {
        guard position < message.count else { return nil }
        var text = [CChar](repeating: 0, count: 1_025)
        let length = message.withUnsafeBufferPointer { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            return confd_expand_name(base, base + bytes.count, base + position, &text, Int32(text.count))
        }
        guard length > 0 else { return nil }
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return (String(decoding: bytes, as: UTF8.self), Int(length))
    }
}

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

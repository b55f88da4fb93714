import CPosix
import Glibc

/// A name that could not be looked up.
package struct LookupError: Error, Equatable, Sendable {
    package let name: String
    /// In the resolver's words, for example `name or service not known`.
    package let reason: String
    /// Whether the answer was that there is no such name, and not that no answer came.
    package let isAnswer: Bool

    init(name: String, reason: String, isAnswer: Bool = false) {
        self.name = name
        self.reason = reason
        self.isAnswer = isAnswer
    }

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

/// Look-ups through the system's resolver.
package enum Resolver {
    /// Keeps a static program to the name services that are linked into it: /etc/passwd and /etc/group for accounts, /etc/hosts
    /// and DNS for hosts. Others that nsswitch.conf may name are shared libraries made for the machine's C library, not
    /// for ours. Must be called before the first look-up.
    package static func useBuiltInServices() { confd_use_built_in_name_services() }

    /// The addresses of `host` as text, each once, in byte order. A `host` that Go reads as an address is returned as
    /// it is; forms that only the C library accepts (`127.1`) count as names, and are not found.
    package static func addresses(of host: String) throws(LookupError) -> [String] {
        if let literal = InternetAddress.parse(host).flatMap(InternetAddress.text) { return [literal] }
        var legacy = in_addr()
        if host.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%") })
            || inet_aton(host, &legacy) != 0
        {
            throw LookupError(name: host, reason: "no such host", isAnswer: true)
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &first)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(code))
            throw LookupError(
                name: host, reason: reason.prefix(1).lowercased() + reason.dropFirst(), isAnswer: code == EAI_NONAME)
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
        guard length >= 0 else {
            let isAnswer = failure == HOST_NOT_FOUND || failure == NO_DATA
            throw LookupError(name: full, reason: reason(failure), isAnswer: isAnswer)
        }
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

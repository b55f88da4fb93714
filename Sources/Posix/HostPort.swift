/// The address of a listener, `HOST:PORT`.
package struct HostPort: Equatable, Sendable {
    /// Empty for all addresses.
    package let host: String
    package let port: UInt16

    /// The host may be empty; brackets are around one of IPv6. Nil if `text` is no such address.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        self.port = port
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            self.host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        } else {
            self.host = String(host)
        }
    }

    /// As it is parsed.
    package var text: String { "\(Self.bracketed(host)):\(port)" }

    /// `host` as it stands before a port: brackets are around an address of IPv6.
    package static func bracketed(_ host: String) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    }
}

extension String {
    /// The parts of `SCHEME://REST`; nil if the text has no scheme.
    package var schemeAndRest: (scheme: Substring, rest: Substring)? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
        return (self[..<colon], self[colon...].dropFirst(3))
    }
}

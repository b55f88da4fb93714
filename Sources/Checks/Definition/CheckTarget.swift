import Diagnostics
import Posix

/// What is probed: a host and its port, or a socket at a path.
package enum CheckTarget: Hashable, Sendable, CustomStringConvertible {
    /// The host is a name or an address, one of IPv6 without brackets.
    case host(String, port: UInt16)
    case path(String)

    /// target = host ":" port | "[" IPv6 address "]" ":" port | "unix:" absolute path.
    /// With `defaultPort`, a host may stand alone, an IPv6 address also without brackets.
    package init(parsing text: String, defaultPort: UInt16? = nil) throws(CheckTargetError) {
        if text.hasPrefix("unix:") {
            self = .path(try Self.socketPath(text))
            return
        }
        let (host, port) = try Self.split(text)
        guard Self.isHost(host) else { throw CheckTargetError(.notAHost, text) }
        if let port {
            guard let number = Self.number(port) else { throw CheckTargetError(.notAPort, text) }
            self = .host(host, port: number)
        } else {
            guard let defaultPort else { throw CheckTargetError(.noPort, text) }
            self = .host(host, port: defaultPort)
        }
    }

    /// Whether `text` is an address, or a name of letters, digits, `-`, `_` and dots that no command takes for an option
    /// and no resolver for a number.
    package static func isHost(_ text: String) -> Bool {
        if AddressRange(text) != nil { return !text.utf8.contains(UInt8(ascii: "/")) }
        let bytes = text.utf8.last == UInt8(ascii: ".") ? Array(text.utf8.dropLast()) : Array(text.utf8)
        guard (1...253).contains(bytes.count) else { return false }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, labels.allSatisfy(isLabel) else { return false }
        return !last.allSatisfy { (48...57).contains($0) }
    }

    /// As it is parsed: `10.0.0.1:80`, `[fd00::1]:80`, `unix:/run/app.sock`.
    package var description: String {
        switch self {
        case .host(let host, let port): "\(HostPort.bracketed(host)):\(port)"
        case .path(let path): "unix:\(path)"
        }
    }

    /// The longest path that a socket can have.
    private static let pathLimit = 107

    private static func socketPath(_ text: String) throws(CheckTargetError) -> String {
        let path = String(text.dropFirst("unix:".count))
        guard path.utf8.first == UInt8(ascii: "/") else { throw CheckTargetError(.notAbsolute, text) }
        guard path.utf8.count <= pathLimit, !path.utf8.contains(0) else { throw CheckTargetError(.notAPath, text) }
        return path
    }

    private static func split(_ text: String) throws(CheckTargetError) -> (host: String, port: Substring?) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw CheckTargetError(.notAHost, text) }
            let host = String(text[text.index(after: text.startIndex)..<end])
            // Brackets are for addresses of IPv6.
            guard host.utf8.contains(UInt8(ascii: ":")) else { throw CheckTargetError(.notAHost, text) }
            let rest = text[text.index(after: end)...]
            guard !rest.isEmpty else { return (host, nil) }
            guard rest.hasPrefix(":") else { throw CheckTargetError(.notAPort, text) }
            return (host, rest.dropFirst())
        }
        guard let colon = text.firstIndex(of: ":") else { return (text, nil) }
        // An address of IPv6 has at least two colons.
        guard text.lastIndex(of: ":") == colon else { return (text, nil) }
        return (String(text[..<colon]), text[text.index(after: colon)...])
    }

    fileprivate static func number(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(text), port > 0
        else { return nil }
        return port
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
            return false
        }
        return label.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// A text that is no target.
package struct CheckTargetError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case notAHost, noPort
        /// It is no number from 1 to 65535.
        case notAPort
        /// A path that does not begin with a slash.
        case notAbsolute
        /// A path that is too long for a socket, or has a byte 0.
        case notAPath
    }

    package let kind: Kind
    /// The whole text.
    package let text: String

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// Whether it is the number of a port, without a host and a colon.
    package var isPortAlone: Bool { kind == .notAHost && CheckTarget.number(text[...]) != nil }

    /// One line: what it is, and the text or its beginning.
    package var message: String {
        let start = String(decoding: text.utf8.prefix(200), as: UTF8.self)
        return "\(reason): \"\(PrintableText.line(start))\(text.utf8.count > 200 ? "…" : "")\""
    }

    private var reason: String {
        switch kind {
        case .notAHost: "target has no valid host name or address"
        case .noPort: "target has no port"
        case .notAPort: "target's port is not a number from 1 to 65535"
        case .notAbsolute: "target's path does not begin with a slash"
        case .notAPath: "target's path cannot be that of a socket"
        }
    }
}

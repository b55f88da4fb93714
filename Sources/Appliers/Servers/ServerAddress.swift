import Posix

/// Where a server listens: `10.0.0.1:80`, `[fd00::1]:80`, `web-1.example:80` or `unix:/run/app.sock`.
package enum ServerAddress: Hashable, Sendable {
    /// The host is a name in lower case, or an address in the one form that `InternetAddress` writes, without brackets.
    case internet(host: String, port: UInt16)
    case unix(path: String)

    /// As long as the path of a socket may be (`sun_path` with its end).
    private static let longestPath = 107
    /// As long as DNS takes names.
    private static let longestName = 253

    /// Nil for what is no such address: names and addresses as DNS and Go's `net/netip` take them, ports from 1 on.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            guard path.hasPrefix("/"), path.utf8.count <= Self.longestPath, path.utf8.allSatisfy(Self.isPathByte) else {
                return nil
            }
            self = .unix(path: String(path))
            return
        }
        guard let place = HostPort(text), place.port > 0, let host = Self.host(place.host) else { return nil }
        self = .internet(host: host, port: place.port)
    }

    /// The host in its one form, nil if it is neither an address nor a name.
    static func host(_ text: String) -> String? {
        if text.contains(":") || text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || Self.isDigit($0) }) {
            // A zone would be lost.
            guard !text.contains("%") else { return nil }
            return InternetAddress.parse(text).flatMap(InternetAddress.text)
        }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty && label.count <= 63 && label.first != UInt8(ascii: "-") && label.allSatisfy(isNameByte)
        }
        return isName && text.utf8.count <= longestName ? text.lowercased() : nil
    }

    /// As it is written in a rendering.
    package var text: String {
        switch self {
        case .internet(let host, let port): "\(HostPort.bracketed(host)):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether the host is a name that has to be looked up.
    package var isName: Bool {
        guard case .internet(let host, _) = self else { return false }
        return InternetAddress.parse(host) == nil
    }

    /// Whether it is a socket at a path.
    package var isUnix: Bool {
        guard case .unix = self else { return false }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: isDigit(byte)
        }
    }

    /// What can stand in a command to haproxy and in a log without quotes.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || "/.@+=,:%".utf8.contains(byte)
    }
}

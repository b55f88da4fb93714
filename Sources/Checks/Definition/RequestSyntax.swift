/// What may be written into a request.
package enum RequestSyntax {
    private static let limit = 4_096

    /// A path from `/` on, of printable ASCII without spaces, at most 4 KiB.
    static func isPath(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "/") && text.utf8.count <= limit
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// The value of a header `Host`: a name or address, and a port or not.
    static func isHostHeader(_ text: String) -> Bool {
        do throws(CheckTargetError) {
            // Any port, since the text may be without.
            if case .path = try CheckTarget(parsing: text, defaultPort: 80) { return false }
            return true
        } catch {
            return false
        }
    }

    /// A name of RFC 9110's token characters, and a value without line breaks and other controls.
    package static func isHeader(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.count + value.utf8.count <= limit && name.utf8.allSatisfy(isTokenByte)
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

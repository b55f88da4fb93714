/// The classes of bytes and code points that the syntax of templates knows.
enum CharacterClass {
    /// The white space between arguments, and what trim markers remove.
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\n")
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Whether an ASCII byte may be part of an identifier.
    @inline(__always)
    static func isIdentifier(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || isDigit(byte) || byte == UInt8(ascii: "_")
    }

    /// Whether a code point beyond ASCII may be part of an identifier: Go's `unicode.IsLetter` and
    /// `unicode.IsDigit`.
    static func isIdentifier(_ codePoint: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(codePoint) else { return false }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: false
        }
    }

    /// Whether `bytes` are white space only, as Go's `bytes.TrimSpace` has it: Unicode's included.
    static func isBlank(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let rune = Rune(bytes, at: offset)
            switch rune.value {
            case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
                offset += rune.width
            default:
                return false
            }
        }
        return true
    }
}

/// The parts of a Go string or character literal, as `strconv.Quote` and its kin write them.
package enum GoQuoting {
    /// Writes a code point as it stands between two `quote`s: itself if it can be read, else an escape. With `asciiOnly`,
    /// everything beyond ASCII is escaped.
    @inlinable
    package static func writeEscaped(
        _ value: UInt32, quote: UInt8, asciiOnly: Bool = false, _ write: (UInt8) -> Void
    ) {
        if value == UInt32(quote) || value == UInt32(UInt8(ascii: "\\")) {
            write(UInt8(ascii: "\\"))
            write(UInt8(value))
            return
        }
        if (value < 0x80 || !asciiOnly) && isPrintable(value) { return UTF8Scanner.encode(value, write) }
        switch value {
        case 0x07: writeEscape("a", write)
        case 0x08: writeEscape("b", write)
        case 0x0C: writeEscape("f", write)
        case 0x0A: writeEscape("n", write)
        case 0x0D: writeEscape("r", write)
        case 0x09: writeEscape("t", write)
        case 0x0B: writeEscape("v", write)
        case ..<0x20, 0x7F: writeEscape("x", value, digits: 2, write)
        case ..<0x10000: writeEscape("u", value, digits: 4, write)
        default: writeEscape("U", value, digits: 8, write)
        }
    }

    /// Writes a byte that is not UTF-8: `\xff`.
    @inlinable
    package static func writeInvalid(_ byte: UInt8, _ write: (UInt8) -> Void) {
        writeEscape("x", UInt32(byte), digits: 2, write)
    }

    @inlinable
    static func writeEscape(_ letter: Unicode.Scalar, _ write: (UInt8) -> Void) {
        write(UInt8(ascii: "\\"))
        write(UInt8(ascii: letter))
    }

    @inlinable
    static func writeEscape(_ letter: Unicode.Scalar, _ value: UInt32, digits: Int, _ write: (UInt8) -> Void) {
        writeEscape(letter, write)
        for place in (0..<digits).reversed() {
            write(Hexadecimal.digit(UInt8(value >> UInt32(4 * place) & 0xF)))
        }
    }

    /// Whether Go calls a code point printable (`strconv.IsPrint`): letters, marks, numbers, punctuation, symbols and the
    /// ASCII space.
    package static func isPrintable(_ value: UInt32) -> Bool {
        if value < 0x7F { return value >= 0x20 }
        guard let scalar = Unicode.Scalar(value) else { return false }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark,
            .decimalNumber, .letterNumber, .otherNumber,
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation,
            .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
            return true
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate,
            .privateUse, .unassigned:
            return false
        @unknown default:
            return false
        }
    }
}

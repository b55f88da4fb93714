import Primitives

/// Go string and character literals read back, as `strconv.Unquote` and `strconv.UnquoteChar`.
enum StringLiteral {
    /// The text of a quoted or raw string, of which `range` of the source covers the quotes too; nil
    /// if it is malformed. The result is a window into the source where nothing is escaped.
    static func unquote(_ source: ByteString, _ range: Range<Int>) -> ByteString? {
        let inner = range.lowerBound + 1..<range.upperBound - 1
        return source.withBytes { bytes -> ByteString? in
            let text = UnsafeBufferPointer(rebasing: bytes[inner])
            if bytes[range.lowerBound] == UInt8(ascii: "`") {
                // Go drops carriage returns from raw strings.
                guard text.firstOffset(of: UInt8(ascii: "\r"), from: 0) != nil else { return source[inner] }
                return ByteString(text.filter { $0 != UInt8(ascii: "\r") })
            }
            let isPlain = text.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\\") }
            return isPlain ? source[inner] : unescape(text).map { ByteString($0) }
        }
    }

    private static func unescape(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var offset = 0
        while offset < text.count {
            if text[offset] != UInt8(ascii: "\\") {
                let rune = Rune(text, at: offset)
                Rune.append(rune.value, into: &result)
                offset += rune.width
                continue
            }
            guard let escape = Escape(text, at: offset, quote: UInt8(ascii: "\"")) else { return nil }
            if escape.isByte {
                result.append(UInt8(truncatingIfNeeded: escape.value))
            } else {
                Rune.append(escape.value, into: &result)
            }
            offset = escape.end
        }
        return result
    }

    /// The character at `offset`, escaped or not, and where it ends; nil if it is malformed.
    static func unquoteCharacter(
        _ text: UnsafeBufferPointer<UInt8>, at offset: Int, quote: UInt8
    ) -> (value: UInt32, end: Int)? {
        guard offset < text.count, text[offset] != quote else { return nil }
        if text[offset] == UInt8(ascii: "\\") {
            return Escape(text, at: offset, quote: quote).map { ($0.value, $0.end) }
        }
        let rune = Rune(text, at: offset)
        return (rune.value, offset + rune.width)
    }

    /// A backslash and what follows it.
    private struct Escape {
        let value: UInt32
        /// Whether the value is a single byte (`\xff`, `\377`) and no code point.
        let isByte: Bool
        let end: Int

        init?(_ text: UnsafeBufferPointer<UInt8>, at offset: Int, quote: UInt8) {
            guard offset + 1 < text.count else { return nil }
            let letter = text[offset + 1]
            switch letter {
            case UInt8(ascii: "x"): self.init(text, digits: offset + 2, count: 2, base: 16, isByte: true)
            case UInt8(ascii: "u"): self.init(text, digits: offset + 2, count: 4, base: 16, isByte: false)
            case UInt8(ascii: "U"): self.init(text, digits: offset + 2, count: 8, base: 16, isByte: false)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                self.init(text, digits: offset + 1, count: 3, base: 8, isByte: true)
            default:
                guard let plain = Escape.plain(letter, quote: quote) else { return nil }
                self.init(value: UInt32(plain), isByte: false, end: offset + 2)
            }
        }

        private init(value: UInt32, isByte: Bool, end: Int) {
            self.value = value
            self.isByte = isByte
            self.end = end
        }

        private init?(_ text: UnsafeBufferPointer<UInt8>, digits start: Int, count: Int, base: UInt32, isByte: Bool) {
            guard start + count <= text.count else { return nil }
            var value: UInt32 = 0
            for byte in text[start..<start + count] {
                guard let digit = Hexadecimal.value(of: byte), digit < base, value < 1 << 28 else {
                    return nil
                }
                value = value * base + UInt32(digit)
            }
            guard isByte ? value <= 0xFF : Rune.isValid(value) else { return nil }
            self.init(value: value, isByte: isByte, end: start + count)
        }

        private static func plain(_ letter: UInt8, quote: UInt8) -> UInt8? {
            switch letter {
            case UInt8(ascii: "a"): 0x07
            case UInt8(ascii: "b"): 0x08
            case UInt8(ascii: "f"): 0x0C
            case UInt8(ascii: "n"): 0x0A
            case UInt8(ascii: "r"): 0x0D
            case UInt8(ascii: "t"): 0x09
            case UInt8(ascii: "v"): 0x0B
            case UInt8(ascii: "\\"): letter
            case quote: letter
            default: nil
            }
        }
    }
}

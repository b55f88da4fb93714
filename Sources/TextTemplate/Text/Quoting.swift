/// Go string and character literals, as `strconv.Quote` and its kin write them.
struct Quoting {
    var quote = UInt8(ascii: "\"")
    /// Escapes everything beyond ASCII.
    var asciiOnly = false

    /// Appends `bytes` in quotes.
    func append(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        output.append(quote)
        var offset = 0
        while true {
            let rest = UnsafeBufferPointer(rebasing: bytes[offset...])
            output.append(upTo: 2 * rest.count) { target in
                let (read, written) = copyPrintable(rest, to: target)
                offset += read
                return written
            }
            if offset == bytes.count { break }
            let rune = Rune(bytes, at: offset)
            if rune.isInvalid {
                appendEscape("x", UInt32(bytes[offset]), digits: 2, into: &output)
            } else {
                appendEscaped(rune.value, into: &output)
            }
            offset += rune.width
        }
        output.append(quote)
    }

    /// Copies the bytes up to the first that is no printable ASCII, each quote and backslash behind a backslash.
    /// Returns how many it read and wrote.
    @inline(__always)
    private func copyPrintable(
        _ bytes: UnsafeBufferPointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
    ) -> (read: Int, written: Int) {
        guard let start = bytes.baseAddress else { return (0, 0) }
        let end = start + bytes.count
        var source = start
        var copy = target
        while source < end {
            if end - source >= 8 {
                let word = UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)
                // There is room for two bytes in place of each: what stands behind the plain ones is written over.
                UnsafeMutableRawPointer(copy).storeBytes(of: word, as: UInt64.self)
                let plain = plainCount(word)
                source += plain
                copy += plain
                if plain == 8 { continue }
            }
            let byte = source.pointee
            guard byte &- 0x20 < 0x5F else { break }
            if byte == quote || byte == UInt8(ascii: "\\") {
                copy.pointee = UInt8(ascii: "\\")
                copy += 1
            }
            copy.pointee = byte
            copy += 1
            source += 1
        }
        return (source - start, copy - target)
    }

    /// How many of the eight bytes, in the order of memory, stand for themselves before one that may not.
    @inline(__always)
    private func plainCount(_ word: UInt64) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let word = UInt64(littleEndian: word)
        // The top bit of each byte that is no printable ASCII, a quote or a backslash; above the lowest there may be carries.
        let quotes = (word ^ (UInt64(quote) &* ones)) &- ones
        let backslashes = (word ^ (0x5C &* ones)) &- ones
        let marks = (quotes | backslashes | word | (word &- (0x20 &* ones)) | (word &+ ones)) & (0x80 &* ones)
        return marks == 0 ? 8 : marks.trailingZeroBitCount / 8
    }

    /// Appends one code point in quotes; what is none reads as U+FFFD.
    func append(rune value: UInt32, into output: inout ByteBuffer) {
        output.append(quote)
        appendEscaped(Rune.isValid(value) ? value : Rune.replacement, into: &output)
        output.append(quote)
    }

    private func appendEscaped(_ value: UInt32, into output: inout ByteBuffer) {
        if value == UInt32(quote) || value == UInt32(UInt8(ascii: "\\")) {
            output.append(UInt8(ascii: "\\"))
            output.append(UInt8(value))
            return
        }
        if (value < 0x80 || !asciiOnly) && Quoting.isPrintable(value) {
            Rune.append(value, into: &output)
            return
        }
        switch value {
        case 0x07: appendEscape("a", into: &output)
        case 0x08: appendEscape("b", into: &output)
        case 0x0C: appendEscape("f", into: &output)
        case 0x0A: appendEscape("n", into: &output)
        case 0x0D: appendEscape("r", into: &output)
        case 0x09: appendEscape("t", into: &output)
        case 0x0B: appendEscape("v", into: &output)
        case ..<0x20, 0x7F: appendEscape("x", value, digits: 2, into: &output)
        case ..<0x10000: appendEscape("u", value, digits: 4, into: &output)
        default: appendEscape("U", value, digits: 8, into: &output)
        }
    }

    private func appendEscape(_ letter: Unicode.Scalar, into output: inout ByteBuffer) {
        output.append(UInt8(ascii: "\\"))
        output.append(UInt8(ascii: letter))
    }

    private func appendEscape(
        _ letter: Unicode.Scalar, _ value: UInt32, digits: Int, into output: inout ByteBuffer
    ) {
        appendEscape(letter, into: &output)
        for digit in (0..<digits).reversed() {
            output.append(Digits.lower[UInt8(value >> UInt32(4 * digit) & 0xF)])
        }
    }

    /// Whether `bytes` can stand between backquotes, as `strconv.CanBackquote`: valid UTF-8 without
    /// control characters (but tabs), backquotes and byte order marks.
    static func canBackquote(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let rune = Rune(bytes, at: offset)
            offset += rune.width
            switch rune.value {
            case 0x09: break
            case ..<0x20, 0x7F, UInt32(UInt8(ascii: "`")), 0xFEFF: return false
            default: if rune.isInvalid { return false }
            }
        }
        return true
    }

    /// Whether Go calls a code point printable (`strconv.IsPrint`): letters, marks, numbers,
    /// punctuation, symbols and the ASCII space.
    static func isPrintable(_ value: UInt32) -> Bool {
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

import Primitives

extension JSONParser {
    /// Reads a string, the quote of which is at `offset`.
    ///
    ///     string = '"' { character | '\' ( one of "\/bfnrt | 'u' hex hex hex hex ) } '"'
    @inline(__always)
    mutating func string() throws(JSONError) {
        let start = offset + 1
        let end = plainEnd(from: start)
        guard end < input.count, input[end] == UInt8(ascii: "\"") else {
            return try string(from: start, plainUpTo: end)
        }
        append(JSONToken(.string, start: start, length: end - start, next: count + 1))
        offset = end + 1
    }

    /// Reads a string with escapes or bytes beyond ASCII, or a malformed one.
    @inline(never)
    private mutating func string(from start: Int, plainUpTo end: Int) throws(JSONError) {
        offset = end
        while true {
            guard offset < input.count else { throw JSONError(kind: .unexpectedEnd, offset: offset) }
            let byte = input[offset]
            if byte == UInt8(ascii: "\"") {
                append(JSONToken(.string, start: start, length: offset - start, next: count + 1))
                offset += 1
                return
            }
            if byte < 0x20 { throw invalidCharacter(.inString) }
            let length = byte < 0x80 ? 1 : UTF8Scanner.decode(input, at: offset).width
            if length == 1 { return try rewrittenString(from: start) }
            offset = plainEnd(from: offset + length)
        }
    }

    /// Reads the rest of a string that must be decoded (escapes, invalid UTF-8); up to `offset` it is copied as it is.
    private mutating func rewrittenString(from start: Int) throws(JSONError) {
        let target = unescaped.count
        unescaped += input[start..<offset]
        while true {
            let plain = offset
            offset = plainEnd(from: offset)
            unescaped += input[plain..<offset]
            guard offset < input.count else { throw JSONError(kind: .unexpectedEnd, offset: offset) }
            let byte = input[offset]
            switch byte {
            case UInt8(ascii: "\""):
                append(
                    JSONToken(
                        .string, start: target, length: unescaped.count - target, next: count + 1,
                        isUnescaped: true))
                offset += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case ..<0x20: throw invalidCharacter(.inString)
            default:
                let (character, length) = UTF8Scanner.decode(input, at: offset)
                appendUTF8(character)
                offset += length
            }
        }
    }

    /// Where the next quote, backslash, control character or byte that is not ASCII is, or the end.
    @inline(__always)
    private func plainEnd(from start: Int) -> Int {
        guard let bytes = UnsafeRawPointer(input.baseAddress) else { return start }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let end = input.count
        var offset = start
        while offset + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            // The lowest byte that is marked is one to stop at; higher marks may be carries.
            let stops = ((word ^ (0x22 &* ones)) &- ones) | ((word ^ (0x5C &* ones)) &- ones)
            let marks = (stops | word | (word &- (0x20 &* ones))) & (0x80 &* ones)
            if marks != 0 { return offset + marks.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < end {
            let byte = input[offset]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { break }
            offset += 1
        }
        return offset
    }

    private mutating func escape() throws(JSONError) {
        guard offset + 1 < input.count else { throw JSONError(kind: .unexpectedEnd, offset: offset) }
        let byte: UInt8
        switch input[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = input[offset + 1]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw JSONError(kind: .invalidEscape(Array(input[offset..<offset + 2])), offset: offset)
        }
        unescaped.append(byte)
        offset += 2
    }

    /// Reads `\uXXXX`, and a second one if they are a surrogate pair; a lone surrogate becomes U+FFFD.
    private mutating func unicodeEscape() throws(JSONError) {
        guard let first = hexDigits(at: offset + 2) else {
            let end = min(offset + 6, input.count)
            let digits = input[offset + 2..<end]
            // An escape that the end of the input cuts off may have been valid.
            let isCutOff = end < offset + 6 && digits.allSatisfy { Hexadecimal.value(of: $0) != nil }
            let kind: JSONError.Kind = isCutOff ? .unexpectedEnd : .invalidEscape(Array(input[offset..<end]))
            throw JSONError(kind: kind, offset: offset)
        }
        offset += 6
        switch first {
        case 0xD800..<0xDC00:
            if offset + 6 <= input.count, input[offset] == UInt8(ascii: "\\"), input[offset + 1] == UInt8(ascii: "u"),
                let second = hexDigits(at: offset + 2), (0xDC00..<0xE000).contains(second)
            {
                offset += 6
                appendUTF8(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            } else {
                appendUTF8(UTF8Scanner.replacement)
            }
        case 0xDC00..<0xE000: appendUTF8(UTF8Scanner.replacement)
        default: appendUTF8(first)
        }
    }

    private func hexDigits(at start: Int) -> UInt32? {
        guard start + 4 <= input.count else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = Hexadecimal.value(of: input[index]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func appendUTF8(_ character: UInt32) {
        // Surrogates have been replaced, and nothing else here is not a scalar.
        guard let scalar = Unicode.Scalar(character) else { preconditionFailure("not a scalar") }
        unescaped += scalar.utf8
    }
}

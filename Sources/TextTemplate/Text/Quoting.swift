import Primitives

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
                GoQuoting.writeInvalid(bytes[offset]) { output.append($0) }
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
        GoQuoting.writeEscaped(value, quote: quote, asciiOnly: asciiOnly) { output.append($0) }
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
}

/// Base64 with padding, as Go's `base64.StdEncoding` (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// The value of each digit, 255 for all other bytes.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    /// The length of the encoding of `count` bytes.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes the encoding of `bytes` to `output`, which has `encodedCount` bytes.
    package static func encode(_ bytes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) {
        var count = 0
        var position = 0
        while position < bytes.count {
            let width = min(3, bytes.count - position)
            var bits = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < width ? Int(bytes[position + offset]) : 0) }
            for digit in 0..<4 {
                output[count] = digit > width ? padding : alphabet[bits >> (18 - 6 * digit) & 63]
                count += 1
            }
            position += width
        }
    }

    /// The encoding of `bytes`.
    package static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        let count = encodedCount(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: count) { output, written in
            bytes.withUnsafeBufferPointer { encode($0, into: output) }
            written = count
        }
    }

    /// Text that is not base64.
    package struct Failure: Error, Equatable, Sendable {
        /// The byte at fault, as Go counts.
        package let offset: Int

        init(_ offset: Int) { self.offset = offset }
    }

    /// The bytes that `text` encodes. Line breaks are passed over wherever they stand.
    package static func decoded(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) -> [UInt8] {
        var decoder = Decoder(text)
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 4 * 3 + 3)
        while true {
            let (bits, digits) = try decoder.group()
            switch digits {
            case 4: output += [UInt8(bits >> 16), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
            case 0: return output
            default:
                try decoder.finish(after: digits)
                output.append(UInt8(bits >> (6 * digits - 8) & 255))
                if digits == 3 { output.append(UInt8(bits >> 2 & 255)) }
                return output
            }
        }
    }

    private struct Decoder {
        let text: UnsafeBufferPointer<UInt8>
        var position = 0

        init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

        /// The next four digits; fewer before padding, none at the end.
        @inline(__always)
        mutating func group() throws(Failure) -> (bits: Int, digits: Int) {
            var bits = 0
            var digits = 0
            while digits < 4 {
                if position == text.count {
                    if digits == 0 { break }
                    throw Failure(position - digits)
                }
                let byte = text[position]
                position += 1
                let value = values[Int(byte)]
                if value != 255 {
                    bits = bits << 6 | Int(value)
                    digits += 1
                } else if byte == padding {
                    if digits < 2 { throw Failure(position - 1) }
                    break
                } else if byte != 0x0A && byte != 0x0D {
                    throw Failure(position - 1)
                }
            }
            return (bits, digits)
        }

        /// Reads what has to follow the first byte of padding: another one after two digits, then nothing.
        mutating func finish(after digits: Int) throws(Failure) {
            if digits == 2 {
                skipLineBreaks()
                if position == text.count { throw Failure(position) }
                if text[position] != padding { throw Failure(position - 1) }
                position += 1
            }
            skipLineBreaks()
            if position < text.count { throw Failure(position) }
        }

        private mutating func skipLineBreaks() {
            while position < text.count, text[position] == 0x0A || text[position] == 0x0D { position += 1 }
        }
    }
}

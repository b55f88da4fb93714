import TextTemplate

/// `base64Encode`, `base64Decode` and `sha256sum`.
enum CodingFunctions {
    static let table: [String: Function] = [
        "base64Encode": Function([.string]) { (arguments) throws(FunctionError) in
            let limit = arguments.longestText
            if arguments.string(0).count > limit / 4 * 3 { throw FunctionError(.tooLong(limit: limit)) }
            return .string(encodeBase64(arguments.string(0)))
        },
        "base64Decode": Function([.string], body: decode),
        "sha256sum": Function([.string]) { arguments in
            let digits = Array("0123456789abcdef".utf8)
            let digest = arguments.string(0).withBytes { SHA256.digest(of: $0) }
            return .string(ByteString(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
        },
    ]

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// The value of each byte, 255 for those outside of the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    static func encodeBase64(_ text: ByteString) -> ByteString {
        ByteString(capacity: (text.count + 2) / 3 * 4) { output in
            text.withBytes { bytes in
                var count = 0
                var position = 0
                while position < bytes.count {
                    let width = min(3, bytes.count - position)
                    var bits = 0
                    for offset in 0..<3 {
                        bits = bits << 8 | (offset < width ? Int(bytes[position + offset]) : 0)
                    }
                    for digit in 0..<4 {
                        output[count] = digit > width ? padding : alphabet[bits >> (18 - 6 * digit) & 63]
                        count += 1
                    }
                    position += width
                }
                return count
            }
        }
    }

    @Sendable private static func decode(_ arguments: Arguments) throws(FunctionError) -> Value {
        do {
            return .string(try decodeBase64(arguments.string(0)))
        } catch {
            throw arguments.failure(.notBase64(error.offset), of: arguments.string(0))
        }
    }

    struct Base64Error: Error, Equatable {
        /// The byte at fault, as Go counts.
        let offset: Int

        init(_ offset: Int) { self.offset = offset }
    }

    static func decodeBase64(_ text: ByteString) throws(Base64Error) -> ByteString {
        try text.withBytes { bytes throws(Base64Error) in try decodeBase64(bytes) }
    }

    /// Line breaks are passed over wherever they stand.
    private static func decodeBase64(_ bytes: UnsafeBufferPointer<UInt8>) throws(Base64Error) -> ByteString {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count / 4 * 3 + 3)
        var position = 0
        func skipLineBreaks() {
            while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
        }
        while true {
            var bits = 0
            var digits = 0
            while digits < 4 {
                if position == bytes.count {
                    if digits == 0 { return ByteString(output) }
                    throw Base64Error(position - digits)
                }
                let byte = bytes[position]
                position += 1
                let value = values[Int(byte)]
                if value != 255 {
                    bits = bits << 6 | Int(value)
                    digits += 1
                } else if byte == padding {
                    break
                } else if byte != 0x0A && byte != 0x0D {
                    throw Base64Error(position - 1)
                }
            }
            if digits == 4 {
                output += [UInt8(bits >> 16), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
                continue
            }
            if digits < 2 { throw Base64Error(position - 1) }
            if digits == 2 {
                skipLineBreaks()
                if position == bytes.count { throw Base64Error(position) }
                if bytes[position] != padding { throw Base64Error(position - 1) }
                position += 1
            }
            skipLineBreaks()
            if position < bytes.count { throw Base64Error(position) }
            output.append(UInt8(bits >> (6 * digits - 8) & 255))
            if digits == 3 { output.append(UInt8(bits >> 2 & 255)) }
            return ByteString(output)
        }
    }
}

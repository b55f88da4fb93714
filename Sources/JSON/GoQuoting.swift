import Primitives

/// A single character as Go's `strconv.QuoteRune` writes it; a byte that is not UTF-8 as `'\xff'`.
func goQuotedCharacter(_ bytes: [UInt8]) -> String {
    "'" + goEscaped(bytes, quote: UInt8(ascii: "'")) + "'"
}

/// An escape sequence as Go shows it in errors: between back quotes if that can be read, else quoted.
func goQuotedEscape(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
        scalar != "`" && scalar != " " && scalar != "\u{FFFD}" && GoQuoting.isPrintable(scalar.value)
    }
    return isPlain ? "`\(text)`" : "\"" + goEscaped(bytes, quote: UInt8(ascii: "\"")) + "\""
}

private func goEscaped(_ bytes: [UInt8], quote: UInt8) -> String {
    var output: [UInt8] = []
    bytes.withUnsafeBufferPointer { bytes in
        var offset = 0
        while offset < bytes.count {
            let (character, width) = UTF8Scanner.decode(bytes, at: offset)
            if width == 1, bytes[offset] >= 0x80 {
                GoQuoting.writeInvalid(bytes[offset]) { output.append($0) }
            } else {
                GoQuoting.writeEscaped(character, quote: quote) { output.append($0) }
            }
            offset += width
        }
    }
    return String(decoding: output, as: UTF8.self)
}

/// A single character as Go's `strconv.QuoteRune` writes it; a byte that is not UTF-8 as `'\xff'`.
func goQuotedCharacter(_ bytes: [UInt8]) -> String {
    "'" + goEscaped(bytes, quote: "'") + "'"
}

/// An escape sequence as Go shows it in errors: between back quotes if that can be read, else quoted.
func goQuotedEscape(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
        scalar != "`" && scalar != " " && scalar != "\u{FFFD}" && isPrintable(scalar)
    }
    return isPlain ? "`\(text)`" : "\"" + goEscaped(bytes, quote: "\"") + "\""
}

private func goEscaped(_ bytes: [UInt8], quote: Unicode.Scalar) -> String {
    var output = ""
    bytes.withUnsafeBufferPointer { bytes in
        var offset = 0
        while offset < bytes.count {
            let (character, length) = decodeRune(bytes, at: offset)
            if length == 1, bytes[offset] >= 0x80 {
                output += "\\x" + String(bytes[offset], radix: 16)
            } else if let scalar = Unicode.Scalar(character) {
                output += goEscaped(scalar, quote: quote)
            }
            offset += length
        }
    }
    return output
}

private func goEscaped(_ scalar: Unicode.Scalar, quote: Unicode.Scalar) -> String {
    switch scalar {
    case quote, "\\": return "\\" + String(scalar)
    case "\u{07}": return "\\a"
    case "\u{08}": return "\\b"
    case "\u{0C}": return "\\f"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    case "\u{0B}": return "\\v"
    default: break
    }
    if isPrintable(scalar) { return String(scalar) }
    let (prefix, width) =
        switch scalar.value {
        case ..<0x20, 0x7F: ("\\x", 2)
        case ..<0x10000: ("\\u", 4)
        default: ("\\U", 8)
        }
    let digits = String(scalar.value, radix: 16)
    return prefix + String(repeating: "0", count: width - digits.utf8.count) + digits
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
        .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
        .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
        .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
        true
    case .spaceSeparator: scalar == " "
    case .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse, .unassigned: false
    @unknown default: false
    }
}

let replacementCharacter: UInt32 = 0xFFFD

/// The character at `offset`, which must be in `bytes`, and the number of bytes it takes: U+FFFD and 1 for what
/// is not UTF-8, as Go's `utf8.DecodeRune`.
func decodeRune(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (character: UInt32, length: Int) {
    let first = bytes[offset]
    if first < 0x80 { return (UInt32(first), 1) }
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
        length = 3
        if first == 0xE0 { second = 0xA0...0xBF }
        if first == 0xED { second = 0x80...0x9F }
    case 0xF0...0xF4:
        length = 4
        if first == 0xF0 { second = 0x90...0xBF }
        if first == 0xF4 { second = 0x80...0x8F }
    default: return (replacementCharacter, 1)
    }
    guard bytes.count - offset >= length, second.contains(bytes[offset + 1]) else {
        return (replacementCharacter, 1)
    }
    var character = UInt32(first) & (0xFF >> UInt32(length + 1))
    for index in 1..<length {
        let byte = bytes[offset + index]
        guard byte & 0xC0 == 0x80 else { return (replacementCharacter, 1) }
        character = character << 6 | UInt32(byte & 0x3F)
    }
    return (character, length)
}

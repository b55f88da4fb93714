/// Text that a log or a terminal may show: names of keys and files, output of commands and answers of servers can hold
/// characters that begin a line, move the cursor or reverse the direction of writing.
package enum PrintableText {
    /// The longest text that a log entry shows: the output that is kept of a command fits. A key's name can have megabytes.
    package static let limit = 72 << 10

    /// `text`, or its beginning and how much is missing.
    package static func bounded(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        return String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "… (\(text.utf8.count - limit) more bytes)"
    }

    /// Several lines, each printable.
    package static func text(_ lines: String) -> String {
        String(decoding: Self.lines(Array(lines.utf8)), as: UTF8.self)
    }

    /// `text` on one line: each character that is not printable is escaped, as `\n`, `\x1b` or `\u202e`.
    package static func line(_ text: String) -> String { replacingUnprintable(of: text, by: escape) }

    /// A line of an excerpt, as wide as before, so that a caret below it stands right: a tab becomes a space, and every
    /// other character that is not printable U+FFFD.
    package static func excerptLine(_ text: Substring) -> String {
        replacingUnprintable(of: String(text)) { $0 == "\t" ? " " : "\u{FFFD}" }
    }

    /// `bytes` with line feeds and tabs as they are; every other character that is not printable is escaped, and what
    /// is not UTF-8 as `\x80`.
    package static func lines(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.allSatisfy({ isPrintableASCII($0) || isLayout($0) }) else { return bytes }
        var shown: [UInt8] = []
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        // The offset of the next scalar: the parser's errors have a length and no place.
        var offset = 0
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .emptyInput: return shown
            case .error(let length):
                for byte in bytes[offset..<offset + length] { shown += hexadecimal("\\x", UInt32(byte), width: 2).utf8 }
                offset += length
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if scalar == "\n" || scalar == "\t" || isPrintable(scalar) {
                    shown += encoded
                } else {
                    shown += escape(scalar).utf8
                }
                offset += encoded.count
            }
        }
    }

    /// `json`, the bytes of a JSON document, with each character that is not printable as a JSON escape: they occur in
    /// strings only.
    package static func json(_ json: [UInt8]) -> [UInt8] {
        if json.allSatisfy(isPrintableASCII) { return json }
        var shown: [UInt8] = []
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if isPrintable(scalar) {
                shown += String(scalar).utf8
            } else {
                for unit in UTF16.encode(scalar)! { shown += hexadecimal("\\u", UInt32(unit), width: 4).utf8 }
            }
        }
        return shown
    }

    private static func replacingUnprintable(of text: String, by replacement: (Unicode.Scalar) -> String) -> String {
        if text.utf8.allSatisfy(isPrintableASCII) { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isPrintable(scalar) {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: replacement(scalar).unicodeScalars)
            }
        }
        return String(shown)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x09: "\\t"
        case ..<0x80: hexadecimal("\\x", scalar.value, width: 2)
        case ..<0x1_0000: hexadecimal("\\u", scalar.value, width: 4)
        default: hexadecimal("\\U", scalar.value, width: 8)
        }
    }

    private static func hexadecimal(_ prefix: String, _ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return prefix + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func isPrintableASCII(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

    private static func isLayout(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") }

    /// Whether a terminal shows `scalar` where it stands: not controls (C0, C1), not format characters (bidirectional
    /// marks, zero width), not line and paragraph separators, nothing unassigned or private.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isPrintableASCII(UInt8(scalar.value)) }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}

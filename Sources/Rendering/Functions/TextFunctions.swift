import Primitives
import RegularExpressions
import TextTemplate

/// Sprig's functions on text: what is worked on comes last, so that it can come through a pipe.
enum TextFunctions {
    static let table: [String: Function] = [
        "trim": Function([.string]) { .string(trimmed($0.string(0)) { UnicodeCase.isSpace($0) }) },
        "trimAll": Function([.string, .string]) { arguments in
            var cut: Set<UInt32> = []
            arguments.string(0).withBytes { bytes in UTF8Scanner.forEach(in: bytes) { cut.insert($0) } }
            return .string(trimmed(arguments.string(1)) { cut.contains($0) })
        },
        "upper": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try StringFunctions.mapped(arguments.string(0), to: .upper, limit: arguments.longestText))
        },
        "lower": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try StringFunctions.mapped(arguments.string(0), to: .lower, limit: arguments.longestText))
        },
        "title": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try titled(arguments.string(0), limit: arguments.longestText))
        },
        "trunc": Function([.int, .string]) { .string(truncated($0.string(1), to: $0.int(0))) },
        "hasPrefix": Function([.string, .string]) { .bool($0.string(1).hasPrefix($0.string(0))) },
        "hasSuffix": Function([.string, .string]) { .bool($0.string(1).hasSuffix($0.string(0))) },
        "splitList": Function([.string, .string]) { (arguments) throws(FunctionError) in
            try StringFunctions.split(arguments.string(1), at: arguments.string(0), limit: arguments.longestList)
        },
        "toString": Function([.any]) { (arguments) throws(FunctionError) in
            .string(try arguments[0].text(limit: arguments.longestText))
        },
    ]

    /// `text` without the characters at both ends that are `cut`; a byte that is not UTF-8 is looked at as U+FFFD.
    private static func trimmed(_ text: ByteString, _ cut: (UInt32) -> Bool) -> ByteString {
        let range = text.withBytes { bytes in
            var start = 0
            while start < bytes.count {
                let (scalar, width) = UTF8Scanner.decode(bytes, at: start)
                guard cut(scalar) else { break }
                start += width
            }
            var end = bytes.count
            while end > start {
                let (scalar, width) = UTF8Scanner.decodeLast(bytes, before: end)
                guard cut(scalar) else { break }
                end -= width
            }
            return start..<max(start, end)
        }
        return text[range]
    }

    /// The first letter of each word in title case: `strings.Title`.
    private static func titled(_ text: ByteString, limit: Int) throws(FunctionError) -> ByteString {
        try ByteString.measured(limit: limit) { writer in
            var beginsWord = true
            text.withBytes { bytes in
                UTF8Scanner.forEach(in: bytes) { scalar in
                    writer.append(beginsWord ? UnicodeCase.title(scalar) : scalar)
                    beginsWord = separatesWords(scalar)
                }
            }
        }
    }

    /// In ASCII everything but letters, digits and `_`, elsewhere white space alone.
    private static func separatesWords(_ scalar: UInt32) -> Bool {
        if scalar >= 0x80 { return UnicodeCase.isSpace(scalar) }
        return !UnicodeCase.isLetterOrDigit(scalar) && scalar != UInt32(UInt8(ascii: "_"))
    }

    /// The first `count` bytes; the last ones if `count` is negative.
    private static func truncated(_ text: ByteString, to count: Int) -> ByteString {
        guard count.magnitude < UInt(text.count) else { return text }
        return count < 0 ? text[text.count + count..<text.count] : text[0..<count]
    }
}

import Primitives
import RegularExpressions
import TextTemplate

/// `snakecase` and the like, and `nospace`.
enum WordFunctions {
    static let table: [String: Function] = [
        "nospace": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try withoutSpace(arguments.string(0), limit: arguments.longestText))
        },
        "snakecase": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try joined(arguments.string(0), with: 0x5F, limit: arguments.longestText))
        },
        "kebabcase": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try joined(arguments.string(0), with: 0x2D, limit: arguments.longestText))
        },
        "camelcase": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try camelCase(arguments.string(0), limit: arguments.longestText))
        },
    ]

    private static func withoutSpace(_ text: ByteString, limit: Int) throws(FunctionError) -> ByteString {
        try ByteString.measured(limit: limit) { writer in
            text.withBytes { bytes in
                UTF8Scanner.forEach(in: bytes) { if !UnicodeCase.isSpace($0) { writer.append($0) } }
            }
        }
    }

    private static func joined(
        _ text: ByteString, with separator: UInt32, limit: Int
    ) throws(FunctionError) -> ByteString {
        var lower = CaseMapping(.lower, length: text.count)
        return try ByteString.measured(limit: limit) { writer in
            forEachCharacter(ofWordsIn: text) { scalar, beginsWord in
                if beginsWord && writer.count > 0 { writer.append(separator) }
                writer.append(lower.map(scalar))
            }
        }
    }

    private static func camelCase(_ text: ByteString, limit: Int) throws(FunctionError) -> ByteString {
        var lower = CaseMapping(.lower, length: text.count)
        var upper = CaseMapping(.upper, length: text.count)
        return try ByteString.measured(limit: limit) { writer in
            forEachCharacter(ofWordsIn: text) { scalar, beginsWord in
                let small = lower.map(scalar)
                writer.append(beginsWord && writer.count > 0 ? upper.map(small) : small)
            }
        }
    }

    /// Calls `body` with each character of a word, and whether it is the word's first. Words are cut at `_`, `-` and
    /// spaces, before a capital that follows anything else, and before the last of several capitals when a small letter
    /// follows.
    @inline(__always)
    private static func forEachCharacter(
        ofWordsIn text: ByteString, _ body: (_ scalar: UInt32, _ beginsWord: Bool) -> Void
    ) {
        text.withBytes { bytes in
            var position = 0
            /// The character before in the same word.
            var previous: UInt32?
            while position < bytes.count {
                let (scalar, width) = UTF8Scanner.decode(bytes, at: position)
                position += width
                if scalar == 0x5F || scalar == 0x2D || scalar == 0x20 {
                    previous = nil
                    continue
                }
                var beginsWord = true
                if let previous {
                    beginsWord = UnicodeCase.isUpper(scalar)
                    if beginsWord && UnicodeCase.isUpper(previous) {
                        let next = position < bytes.count ? UTF8Scanner.decode(bytes, at: position).scalar : 0
                        beginsWord = UnicodeCase.isLower(next)
                    }
                }
                body(scalar, beginsWord)
                previous = scalar
            }
        }
    }
}

import TextTemplate

/// `snakecase` and the like, and `nospace`.
enum WordFunctions {
    static let table: [String: Function] = [
        "nospace": Function([.string]) { .string(withoutSpace($0.string(0))) },
        "snakecase": Function([.string]) { .string(joined($0.string(0), with: UInt8(ascii: "_"))) },
        "kebabcase": Function([.string]) { .string(joined($0.string(0), with: UInt8(ascii: "-"))) },
        "camelcase": Function([.string]) { .string(camelCase($0.string(0))) },
    ]

    private static func withoutSpace(_ text: ByteString) -> ByteString {
        encoded(scalars(of: text).filter { !UnicodeCase.isSpace($0) })
    }

    private static func joined(_ text: ByteString, with separator: UInt8) -> ByteString {
        encoded(Array(words(of: text).joined(separator: [UInt32(separator)])).map(UnicodeCase.lower))
    }

    private static func camelCase(_ text: ByteString) -> ByteString {
        var output: [UInt32] = []
        for (index, word) in words(of: text).enumerated() {
            var word = word.map(UnicodeCase.lower)
            if index > 0 { word[0] = UnicodeCase.upper(word[0]) }
            output += word
        }
        return encoded(output)
    }

    /// Cuts at `_`, `-` and spaces, before a capital that follows anything else, and before the last of several
    /// capitals when a small letter follows.
    private static func words(of text: ByteString) -> [[UInt32]] {
        let scalars = scalars(of: text)
        var words: [[UInt32]] = []
        var start = 0
        func finishWord(at end: Int) {
            if end > start { words.append(Array(scalars[start..<end])) }
            start = end
        }
        for (index, scalar) in scalars.enumerated() {
            if scalar == 0x5F || scalar == 0x2D || scalar == 0x20 {
                finishWord(at: index)
                start = index + 1
            } else if index > start, UnicodeCase.isUpper(scalar) {
                let lowerFollows = index + 1 < scalars.count && UnicodeCase.isLower(scalars[index + 1])
                if lowerFollows || !UnicodeCase.isUpper(scalars[index - 1]) { finishWord(at: index) }
            }
        }
        finishWord(at: scalars.count)
        return words
    }

    private static func scalars(of text: ByteString) -> [UInt32] {
        text.withBytes { bytes in
            var scalars: [UInt32] = []
            scalars.reserveCapacity(bytes.count)
            var position = 0
            while position < bytes.count {
                let (scalar, width) = UTF8Scanner.decode(bytes, at: position)
                scalars.append(scalar)
                position += width
            }
            return scalars
        }
    }

    private static func encoded(_ scalars: [UInt32]) -> ByteString {
        var output: [UInt8] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars { UTF8Scanner.append(scalar, to: &output) }
        return ByteString(output)
    }
}

import Primitives

extension YAMLWriter {
    mutating func writePlain(_ text: UnsafeBufferPointer<UInt8>, breaksLines: Bool) {
        if !isAfterSpace { put(UInt8(ascii: " ")) }
        writeWords(text, breaksLines: breaksLines, isQuoted: false)
        isAfterSpace = false
        isInIndentation = false
    }

    mutating func writeSingleQuoted(_ text: UnsafeBufferPointer<UInt8>, breaksLines: Bool) {
        writeIndicator("'", spaced: true)
        writeWords(text, breaksLines: breaksLines, isQuoted: true)
        writeIndicator("'")
    }

    /// Writes characters that need no escapes but for the doubled single quote. A long line is broken in place of a single
    /// space; a line break of the text becomes two, because parsers fold a single one into a space.
    private mutating func writeWords(
        _ text: UnsafeBufferPointer<UInt8>, breaksLines: Bool, isQuoted: Bool
    ) {
        var previous = YAMLCharacter.Kind.other
        var offset = 0
        while offset < text.count, !isFull {
            let character = YAMLCharacter(text, at: offset)
            let bytes = UnsafeBufferPointer(rebasing: text[offset..<offset + character.width])
            switch character.kind {
            case .space:
                let isSingle = previous != .space && offset + 1 < text.count && text[offset + 1] != UInt8(ascii: " ")
                if breaksLines, isSingle, column > Self.bestWidth, offset > 0 || !isQuoted {
                    breakLine()
                } else {
                    put(bytes)
                }
            case .lineBreak: putBreak(bytes, doubled: previous != .lineBreak)
            case .other:
                if previous == .lineBreak { breakLine() }
                if isQuoted, text[offset] == UInt8(ascii: "'") { put(UInt8(ascii: "'")) }
                put(bytes)
                isInIndentation = false
            }
            previous = character.kind
            offset += character.width
        }
    }

    /// Writes a line break of the text; the first of several is `doubled` if it is a line feed.
    private mutating func putBreak(_ bytes: UnsafeBufferPointer<UInt8>, doubled: Bool) {
        if bytes.first == UInt8(ascii: "\n") {
            if doubled { putLineFeed() }
            putLineFeed()
        } else {
            put(bytes)
            column = 0
        }
        isInIndentation = true
    }

    mutating func writeDoubleQuoted(_ text: UnsafeBufferPointer<UInt8>, breaksLines: Bool) {
        writeIndicator("\"", spaced: true)
        var isAfterSpaces = false
        var offset = 0
        while offset < text.count, !isFull {
            let character = YAMLCharacter(text, at: offset)
            let byte = text[offset]
            if !character.isPrintable || character.kind == .lineBreak || byte == UInt8(ascii: "\"")
                || byte == UInt8(ascii: "\\")
            {
                putEscape(character.scalar)
                isAfterSpaces = false
            } else if character.kind == .space {
                let isInside = offset > 0 && offset < text.count - 1
                if breaksLines, !isAfterSpaces, isInside, column > Self.bestWidth {
                    breakLine()
                    // A space at the start of a line would be skipped.
                    if text[offset + 1] == UInt8(ascii: " ") { put(UInt8(ascii: "\\")) }
                } else {
                    put(byte)
                }
                isAfterSpaces = true
            } else {
                put(UnsafeBufferPointer(rebasing: text[offset..<offset + character.width]))
                isAfterSpaces = false
            }
            offset += character.width
        }
        writeIndicator("\"")
    }

    private mutating func putEscape(_ scalar: UInt32) {
        put(UInt8(ascii: "\\"))
        switch scalar {
        case 0x00: put(UInt8(ascii: "0"))
        case 0x07: put(UInt8(ascii: "a"))
        case 0x08: put(UInt8(ascii: "b"))
        case 0x09: put(UInt8(ascii: "t"))
        case 0x0A: put(UInt8(ascii: "n"))
        case 0x0B: put(UInt8(ascii: "v"))
        case 0x0C: put(UInt8(ascii: "f"))
        case 0x0D: put(UInt8(ascii: "r"))
        case 0x1B: put(UInt8(ascii: "e"))
        case 0x22, 0x5C: put(UInt8(scalar))
        case 0x85: put(UInt8(ascii: "N"))
        case 0x2028: put(UInt8(ascii: "L"))
        case 0x2029: put(UInt8(ascii: "P"))
        case ..<0x100: putHexadecimal("x", scalar, digits: 2)
        case ..<0x1_0000: putHexadecimal("u", scalar, digits: 4)
        default: putHexadecimal("U", scalar, digits: 8)
        }
    }

    private mutating func putHexadecimal(_ letter: Unicode.Scalar, _ scalar: UInt32, digits: Int) {
        put(UInt8(ascii: letter))
        for place in (0..<digits).reversed() {
            put(Hexadecimal.upperDigit(UInt8(truncatingIfNeeded: scalar >> UInt32(4 * place) & 15)))
        }
    }

    /// Writes a literal block (`|`): with the digit of the indentation if the text begins with white space, with `-` if it does
    /// not end in a line feed, with `+` if it ends in several.
    mutating func writeLiteral(_ text: UnsafeBufferPointer<UInt8>) {
        writeIndicator("|", spaced: true)
        if YAMLCharacter(text, at: 0).kind != .other { writeIndicator("2") }
        let ending = text.breaksAtEnd
        if ending == 0 {
            writeIndicator("-")
        } else if ending > 1 || text.count == 1 {
            writeIndicator("+")
        }
        putLineFeed()
        isInIndentation = true
        isAfterSpace = true
        var isAtStart = true
        var offset = 0
        while offset < text.count, !isFull {
            let character = YAMLCharacter(text, at: offset)
            let bytes = UnsafeBufferPointer(rebasing: text[offset..<offset + character.width])
            if character.kind == .lineBreak {
                putBreak(bytes, doubled: false)
                isAtStart = true
            } else {
                if isAtStart { breakLine() }
                put(bytes)
                isInIndentation = false
                isAtStart = false
            }
            offset += character.width
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// How many line breaks are at the end: 0, 1, or 2 for more.
    fileprivate var breaksAtEnd: Int {
        var end = count
        var breaks = 0
        while breaks < 2, end > 0 {
            var start = end - 1
            while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
            guard YAMLCharacter(self, at: start).kind == .lineBreak else { break }
            breaks += 1
            end = start
        }
        return breaks
    }
}

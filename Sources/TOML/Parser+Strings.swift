import Primitives

extension Parser {
    /// basic-string = quote *( character / escape ) quote
    mutating func basicString() throws(TOMLError) -> String {
        let opening = index
        index += 1
        var text: [UInt8] = []
        var run = index
        while let byte = current {
            switch byte {
            case Byte.quote:
                defer { index += 1 }
                return string(text, run..<index)
            case Byte.backslash:
                text += bytes[run..<index]
                try escape(into: &text)
                run = index
            case _ where isNewline(byte):
                throw error(.unclosedString, at: opening)
            case _ where Byte.isControl(byte):
                throw error(.controlCharacter(byte, .string))
            default:
                index += 1
            }
        }
        throw error(.unclosedString, at: opening)
    }

    /// literal-string = apostrophe *character apostrophe
    mutating func literalString() throws(TOMLError) -> String {
        let opening = index
        index += 1
        while let byte = current {
            if byte == Byte.apostrophe {
                defer { index += 1 }
                return string([], opening + 1..<index)
            }
            if isNewline(byte) { break }
            if Byte.isControl(byte) { throw error(.controlCharacter(byte, .string)) }
            index += 1
        }
        throw error(.unclosedString, at: opening)
    }

    /// ml-basic-string = 3quote [ newline ] *( character / newline / escape / 1*2quote ) 3quote
    mutating func multilineBasicString() throws(TOMLError) -> String {
        let opening = position()
        index += 3
        _ = try skipNewline()
        var text: [UInt8] = []
        var run = index
        while let byte = current {
            switch byte {
            case Byte.quote:
                if let end = closing(Byte.quote) { return string(text, run..<end) }
            case Byte.backslash:
                text += bytes[run..<index]
                if try !lineEndingBackslash() { try escape(into: &text) }
                run = index
            default:
                try multilineCharacter(byte)
            }
        }
        throw TOMLError(.unclosedMultilineString, at: opening)
    }

    /// ml-literal-string = 3apostrophe [ newline ] *( character / newline / 1*2apostrophe ) 3apostrophe
    mutating func multilineLiteralString() throws(TOMLError) -> String {
        let opening = position()
        index += 3
        _ = try skipNewline()
        let start = index
        while let byte = current {
            if byte == Byte.apostrophe {
                if let end = closing(Byte.apostrophe) { return string([], start..<end) }
            } else {
                try multilineCharacter(byte)
            }
        }
        throw TOMLError(.unclosedMultilineString, at: opening)
    }

    /// Steps over the run of delimiters at `index`. Where it closes the string, returns the end of the
    /// text: of up to five delimiters the last three close, those before belong to the text.
    private mutating func closing(_ delimiter: UInt8) -> Int? {
        var count = 0
        while count < 5 && peek(count) == delimiter { count += 1 }
        index += count
        return count < 3 ? nil : index - 3
    }

    private mutating func multilineCharacter(_ byte: UInt8) throws(TOMLError) {
        if isNewline(byte) {
            _ = try skipNewline()
        } else if Byte.isControl(byte) {
            throw error(.controlCharacter(byte, .string))
        } else {
            index += 1
        }
    }

    private func string(_ text: [UInt8], _ rest: Range<Int>) -> String {
        text.isEmpty
            ? String(decoding: bytes[rest], as: UTF8.self) : String(decoding: text + bytes[rest], as: UTF8.self)
    }
}

// MARK: - Escapes

extension Parser {
    /// escape = "\" ( b / t / n / f / r / quote / "\" / u 4hex / U 8hex )
    private mutating func escape(into text: inout [UInt8]) throws(TOMLError) {
        switch peek(1) {
        case UInt8(ascii: "b")?: text.append(0x08)
        case UInt8(ascii: "t")?: text.append(0x09)
        case UInt8(ascii: "n")?: text.append(0x0A)
        case UInt8(ascii: "f")?: text.append(0x0C)
        case UInt8(ascii: "r")?: text.append(0x0D)
        case Byte.quote?: text.append(Byte.quote)
        case Byte.backslash?: text.append(Byte.backslash)
        case UInt8(ascii: "u")?: return try unicodeEscape(digits: 4, into: &text)
        case UInt8(ascii: "U")?: return try unicodeEscape(digits: 8, into: &text)
        default: throw unknownEscape()
        }
        index += 2
    }

    private mutating func unknownEscape() -> TOMLError {
        var end = index + 1
        // The escaped character with all its bytes, unless the line ends here.
        if let byte = peek(1), !Byte.isControl(byte) { end += 1 }
        while end > index + 1 && end < bytes.count && bytes[end] & 0xC0 == 0x80 { end += 1 }
        return error(.unknownEscape(text(index..<end)))
    }

    private mutating func unicodeEscape(digits: Int, into text: inout [UInt8]) throws(TOMLError) {
        var code: UInt32 = 0
        for place in 0..<digits {
            guard let byte = peek(2 + place), let digit = Hexadecimal.value(of: byte) else {
                throw error(.escapeDigits(self.text(index..<index + 2), count: digits))
            }
            code = code << 4 | UInt32(digit)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw error(.escapeOutOfRange(self.text(index..<index + 2 + digits)))
        }
        text += Array(String(scalar).utf8)
        index += 2 + digits
    }

    /// mlb-escaped-nl = "\" ws newline *( space / tab / newline ): joins two lines. Returns whether it was one.
    private mutating func lineEndingBackslash() throws(TOMLError) -> Bool {
        let backslash = index
        index += 1
        skipSpace()
        guard let byte = current, isNewline(byte) else {
            index = backslash
            return false
        }
        while try skipNewline() { skipSpace() }
        return true
    }
}

/// Names, numbers and quoted text.
extension Lexer {
    /// A run of letters and digits: a keyword, `true`, `false`, or the name of a function.
    mutating func identifierToken() -> Token {
        skipIdentifier()
        guard isAtTerminator() else { return fail(.badCharacter(currentRune())) }
        return token(keyword() ?? .identifier)
    }

    /// `.name` or `$name`, the first byte of which is past; a bare `.` is the cursor.
    mutating func nameToken(_ kind: TokenKind) -> Token {
        if isAtTerminator() { return token(kind == .variable ? .variable : .dot) }
        skipIdentifier()
        guard isAtTerminator() else { return fail(.badCharacter(currentRune())) }
        return token(kind)
    }

    private mutating func skipIdentifier() {
        while position < input.count {
            let byte = input[position]
            if byte < 0x80 {
                guard CharacterClass.isIdentifier(byte) else { return }
                position += 1
            } else {
                let rune = Rune(input, at: position)
                guard CharacterClass.isIdentifier(rune.value) else { return }
                position += rune.width
            }
        }
    }

    private func currentRune() -> UInt32 { Rune(input, at: position).value }

    /// Whether the next byte may follow a name.
    @inline(__always)
    private func isAtTerminator() -> Bool {
        guard position < input.count else { return true }
        switch input[position] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"),
            UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "|"), UInt8(ascii: ":"),
            UInt8(ascii: ")"), UInt8(ascii: "("):
            return true
        default:
            return hasPrefix(right, at: position)
        }
    }

    @inline(__always)
    private func keyword() -> TokenKind? {
        switch (position - start, input[start]) {
        case (2, UInt8(ascii: "i")): word("if", .if)
        case (3, UInt8(ascii: "e")): word("end", .end)
        case (3, UInt8(ascii: "n")): word("nil", .nil)
        case (4, UInt8(ascii: "e")): word("else", .else)
        case (4, UInt8(ascii: "t")): word("true", .bool)
        case (4, UInt8(ascii: "w")): word("with", .with)
        case (5, UInt8(ascii: "b")):
            word("block", .block) ?? (breakIsKeyword ? word("break", .break) : nil)
        case (5, UInt8(ascii: "f")): word("false", .bool)
        case (5, UInt8(ascii: "r")): word("range", .range)
        case (6, UInt8(ascii: "d")): word("define", .define)
        case (8, UInt8(ascii: "c")): continueIsKeyword ? word("continue", .continue) : nil
        case (8, UInt8(ascii: "t")): word("template", .template)
        default: nil
        }
    }

    /// `kind` if the token in the making is `text`, which has its length.
    @inline(__always)
    private func word(_ text: StaticString, _ kind: TokenKind) -> TokenKind? {
        for index in 0..<text.utf8CodeUnitCount where text.utf8Start[index] != input[start + index] { return nil }
        return kind
    }

    // MARK: Numbers

    /// A number, or two that make a complex one (`1+2i`). Accepts more than numbers: what is no number
    /// after all is found out when it is converted.
    mutating func numberToken() -> Token {
        guard scanNumber() else { return failNumber() }
        guard position < input.count, isSign(input[position]) else { return token(.number) }
        guard scanNumber(), input[position - 1] == UInt8(ascii: "i") else { return failNumber() }
        return token(.complex)
    }

    private mutating func failNumber() -> Token {
        fail(.badNumber(ByteString(UnsafeBufferPointer(rebasing: input[start..<position]))))
    }

    private func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    private enum Digits {
        case decimal, hexadecimal, octal, binary

        func contains(_ byte: UInt8) -> Bool {
            switch self {
            case .decimal: CharacterClass.isDigit(byte)
            case .hexadecimal: CharacterClass.isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6
            case .octal: byte &- UInt8(ascii: "0") < 8
            case .binary: byte &- UInt8(ascii: "0") < 2
            }
        }
    }

    private mutating func scanNumber() -> Bool {
        _ = accept(isSign)
        var digits = Digits.decimal
        if accept({ $0 == UInt8(ascii: "0") }) {
            if acceptLetter("x") {
                digits = .hexadecimal
            } else if acceptLetter("o") {
                digits = .octal
            } else if acceptLetter("b") {
                digits = .binary
            }
        }
        skip(digits)
        if accept({ $0 == UInt8(ascii: ".") }) { skip(digits) }
        if digits == .decimal && acceptLetter("e") || digits == .hexadecimal && acceptLetter("p") {
            _ = accept(isSign)
            skip(.decimal)
        }
        _ = accept { $0 == UInt8(ascii: "i") }
        guard position < input.count else { return true }
        let rune = Rune(input, at: position)
        let isName =
            rune.value < 0x80 ? CharacterClass.isIdentifier(UInt8(rune.value)) : CharacterClass.isIdentifier(rune.value)
        if isName { position += rune.width }
        return !isName
    }

    private mutating func accept(_ isValid: (UInt8) -> Bool) -> Bool {
        guard position < input.count, isValid(input[position]) else { return false }
        position += 1
        return true
    }

    private mutating func acceptLetter(_ lower: Unicode.Scalar) -> Bool {
        accept { $0 | 0x20 == UInt8(ascii: lower) }
    }

    private mutating func skip(_ digits: Digits) {
        while position < input.count, digits.contains(input[position]) || input[position] == UInt8(ascii: "_") {
            position += 1
        }
    }

    // MARK: Quoted text

    /// A string or a character constant, quotes included. It ends on its line.
    mutating func quotedToken(_ quote: UInt8, _ kind: TokenKind, _ unterminated: Problem) -> Token {
        position += 1
        while position < input.count {
            let byte = input[position]
            position += 1
            if byte == quote { return token(kind) }
            if byte == UInt8(ascii: "\n") { return fail(unterminated) }
            if byte == UInt8(ascii: "\\") {
                guard position < input.count, input[position] != UInt8(ascii: "\n") else { return fail(unterminated) }
                position += 1
            }
        }
        return fail(unterminated)
    }

    mutating func rawStringToken() -> Token {
        guard let end = input.firstOffset(of: UInt8(ascii: "`"), from: position + 1) else {
            return fail(.unterminatedRawString)
        }
        position = end + 1
        return token(.rawString)
    }
}

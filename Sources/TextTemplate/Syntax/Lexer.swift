/// Cuts the source of a template into tokens, one on each call of `next`.
///
/// Mirrors the lexer of Go's `text/template/parse`, its odd corners included: which tokens there are,
/// and where an error starts, shows in error texts.
struct Lexer {
    let input: UnsafeBufferPointer<UInt8>
    let left: UnsafeBufferPointer<UInt8>
    let right: UnsafeBufferPointer<UInt8>
    /// `break` and `continue` are keywords unless there are functions of these names.
    var breakIsKeyword = true
    var continueIsKeyword = true
    /// Off for a part of an action that is read again.
    var tracksParentheses = true
    /// Why the last token is an error.
    var failure: Problem?

    /// The offset of the next byte to look at.
    var position = 0
    /// Where the token in the making begins.
    var start = 0
    var insideAction = false
    private var parenthesisDepth = 0

    init(
        _ input: UnsafeBufferPointer<UInt8>, left: UnsafeBufferPointer<UInt8>, right: UnsafeBufferPointer<UInt8>
    ) {
        self.input = input
        self.left = left
        self.right = right
    }

    /// The next token; `endOfFile` again and again at the end.
    mutating func next() -> Token {
        insideAction ? insideActionToken() : textToken()
    }

    /// Ends the token in the making at the current position.
    mutating func token(_ kind: TokenKind) -> Token {
        let token = Token(kind: kind, start: start, end: position)
        start = position
        return token
    }

    /// An error token; nothing sensible can follow it.
    mutating func fail(_ problem: Problem) -> Token {
        failure = problem
        return Token(kind: .error, start: start, end: position)
    }

    // MARK: Outside of actions

    /// Plain text up to the next action, or the delimiter that opens it. Comments are skipped.
    private mutating func textToken() -> Token {
        while true {
            start = position
            guard let delimiter = find(left, from: position) else {
                position = input.count
                return token(position > start ? .text : .endOfFile)
            }
            if delimiter > position {
                var end = delimiter
                if hasLeftTrimMarker(at: delimiter + left.count) {
                    while end > start && CharacterClass.isSpace(input[end - 1]) { end -= 1 }
                }
                position = delimiter
                if end > start {
                    defer { start = position }
                    return Token(kind: .text, start: start, end: end)
                }
            }
            if let token = leftDelimiterToken() { return token }
        }
    }

    /// The left delimiter with its trim marker; nil if a comment followed, which is past then.
    private mutating func leftDelimiterToken() -> Token? {
        start = position
        position += left.count
        let marker = hasLeftTrimMarker(at: position) ? 2 : 0
        if hasPrefix("/*", at: position + marker) {
            position += marker
            start = position
            return skipComment()
        }
        let delimiter = token(.leftDelimiter)
        insideAction = true
        position += marker
        parenthesisDepth = 0
        return delimiter
    }

    /// Skips a comment and the right delimiter that must follow it; nil, or an error.
    private mutating func skipComment() -> Token? {
        guard let end = findCommentEnd(from: position + 2) else { return fail(.unclosedComment) }
        position = end
        guard let trims = rightDelimiter() else { return fail(.commentEndsBeforeDelimiter) }
        position += (trims ? 2 : 0) + right.count
        if trims { skipSpaces() }
        return nil
    }

    // MARK: Inside actions

    private mutating func insideActionToken() -> Token {
        start = position
        if rightDelimiter() != nil {
            return parenthesisDepth == 0 || !tracksParentheses ? rightDelimiterToken() : fail(.unclosedLeftParenthesis)
        }
        guard position < input.count else { return fail(.unclosedAction) }
        let byte = input[position]
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            return spaceToken()
        case UInt8(ascii: "="): return single(.assign)
        case UInt8(ascii: "|"): return single(.pipe)
        case UInt8(ascii: ":"):
            position += 1
            guard position < input.count, input[position] == UInt8(ascii: "=") else { return fail(.expectedDeclare) }
            return single(.declare)
        case UInt8(ascii: "\""): return quotedToken(byte, .string, .unterminatedString)
        case UInt8(ascii: "'"): return quotedToken(byte, .characterConstant, .unterminatedCharacter)
        case UInt8(ascii: "`"): return rawStringToken()
        case UInt8(ascii: "$"):
            position += 1
            return nameToken(.variable)
        case UInt8(ascii: "."):
            // A period as the last byte of all is a number to Go, too.
            if position + 1 == input.count || CharacterClass.isDigit(input[position + 1]) { return numberToken() }
            position += 1
            return nameToken(.field)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return numberToken()
        case UInt8(ascii: "("):
            parenthesisDepth += 1
            return single(.leftParenthesis)
        case UInt8(ascii: ")"):
            parenthesisDepth -= 1
            return parenthesisDepth < 0 && tracksParentheses
                ? fail(.unexpectedRightParenthesis) : single(.rightParenthesis)
        default:
            return otherToken(byte)
        }
    }

    private mutating func single(_ kind: TokenKind) -> Token {
        position += 1
        return token(kind)
    }

    private mutating func otherToken(_ byte: UInt8) -> Token {
        if byte < 0x80 {
            if CharacterClass.isIdentifier(byte) { return identifierToken() }
            if byte > 0x20 && byte < 0x7F { return single(.character) }
            return fail(.unrecognizedCharacter(UInt32(byte)))
        }
        let rune = Rune(input, at: position)
        return CharacterClass.isIdentifier(rune.value) ? identifierToken() : fail(.unrecognizedCharacter(rune.value))
    }

    /// Spaces between arguments. The last one may belong to a trim marker (` -}}`).
    private mutating func spaceToken() -> Token {
        skipSpaces()
        if hasRightTrimMarker(at: position - 1) && hasPrefix(right, at: position + 1) {
            position -= 1
            if position == start { return rightDelimiterToken() }
        }
        return token(.space)
    }

    /// The right delimiter, which is known to be here, with the trim marker before it.
    private mutating func rightDelimiterToken() -> Token {
        let trims = rightDelimiter() ?? false
        if trims { position += 2 }
        start = position
        position += right.count
        let delimiter = token(.rightDelimiter)
        if trims { skipSpaces() }
        insideAction = false
        return delimiter
    }

    // MARK: Looking at the input

    // These functions only look at the input. They are inlined, because the compiler would copy the lexer for a call.

    mutating func skipSpaces() {
        while position < input.count && CharacterClass.isSpace(input[position]) { position += 1 }
    }

    /// Whether a right delimiter is next, nil if not, and whether a trim marker precedes it.
    @inline(__always)
    private func rightDelimiter() -> Bool? {
        if hasRightTrimMarker(at: position) && hasPrefix(right, at: position + 2) { return true }
        return hasPrefix(right, at: position) ? false : nil
    }

    @inline(__always)
    private func hasLeftTrimMarker(at offset: Int) -> Bool {
        offset + 1 < input.count && input[offset] == UInt8(ascii: "-") && CharacterClass.isSpace(input[offset + 1])
    }

    @inline(__always)
    private func hasRightTrimMarker(at offset: Int) -> Bool {
        offset + 1 < input.count && CharacterClass.isSpace(input[offset]) && input[offset + 1] == UInt8(ascii: "-")
    }

    @inline(__always)
    func hasPrefix(_ prefix: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        guard offset < input.count, input[offset] == prefix[0], input.count - offset >= prefix.count else {
            return false
        }
        for index in 1..<prefix.count where input[offset + index] != prefix[index] { return false }
        return true
    }

    @inline(__always)
    private func hasPrefix(_ prefix: StaticString, at offset: Int) -> Bool {
        hasPrefix(UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount), at: offset)
    }

    /// The offset of `pattern` at or after `offset`.
    @inline(__always)
    private func find(_ pattern: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int? {
        var offset = offset
        while let candidate = input.firstOffset(of: pattern[0], from: offset) {
            if hasPrefix(pattern, at: candidate) { return candidate }
            offset = candidate + 1
        }
        return nil
    }

    /// The offset after the next `*/`.
    private func findCommentEnd(from offset: Int) -> Int? {
        var offset = offset
        while let star = input.firstOffset(of: UInt8(ascii: "*"), from: offset) {
            if star + 1 < input.count && input[star + 1] == UInt8(ascii: "/") { return star + 2 }
            offset = star + 1
        }
        return nil
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The offset of the first `byte` at or after `offset`; eight bytes are looked at in a step.
    func firstOffset(of byte: UInt8, from offset: Int) -> Int? {
        guard let base = baseAddress else { return nil }
        let low: UInt64 = 0x0101_0101_0101_0101
        let pattern = low &* UInt64(byte)
        var offset = offset
        while offset + 8 <= count {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)) ^ pattern
            // The lowest high bit set is that of the first byte that is zero.
            let zeros = (word &- low) & ~word & (low << 7)
            if zeros != 0 { return offset + zeros.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < count {
            if base[offset] == byte { return offset }
            offset += 1
        }
        return nil
    }
}

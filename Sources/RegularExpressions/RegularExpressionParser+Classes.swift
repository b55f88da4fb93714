extension RegularExpressionParser {
    /// An escape outside of a class.
    mutating func parseBackslash() throws(RegularExpressionError) {
        let start = position
        switch peek(1) {
        case UInt8(ascii: "A"): pushAssertion(.textStart)
        case UInt8(ascii: "z"): pushAssertion(.textEnd)
        case UInt8(ascii: "b"): pushAssertion(.wordBoundary)
        case UInt8(ascii: "B"): pushAssertion(.noWordBoundary)
        case UInt8(ascii: "C"):
            // In RE2 this is any byte; Go does not support it.
            throw failure(.invalidEscape, from: start, to: start + 2)
        case UInt8(ascii: "Q"):
            try parseQuotation()
        default:
            if let set = try parseClassEscape() {
                push(set: set)
            } else {
                push(scalar: try parseEscape())
            }
        }
    }

    private mutating func pushAssertion(_ assertion: Node.Assertion) {
        position += 2
        push(.assertion(assertion))
    }

    /// `\Q text \E`, or to the end of the pattern.
    private mutating func parseQuotation() throws(RegularExpressionError) {
        position += 2
        while !isAtEnd {
            if peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "E") {
                position += 2
                return
            }
            let start = position
            do {
                push(scalar: try next())
            } catch {
                // The error is about the text up to \E only.
                var end = start
                while end < bytes.count, !(bytes[end] == 0x5C && end + 1 < bytes.count && bytes[end + 1] == 0x45) {
                    end += 1
                }
                throw failure(.invalidUTF8, from: start, to: end)
            }
        }
    }

    /// `\d`, `\pL`, `\p{Greek}` and the like; nil, and nothing read, if there is none.
    private mutating func parseClassEscape() throws(RegularExpressionError) -> CharacterSet? {
        guard peek() == UInt8(ascii: "\\"), let letter = peek(1) else { return nil }
        if letter == UInt8(ascii: "p") || letter == UInt8(ascii: "P") { return try parseUnicodeClass() }
        // A capital stands for the complement.
        guard let set = UnicodeClasses.perl(letter | 0x20) else { return nil }
        position += 2
        return group(set, isNegated: letter & 0x20 == 0)
    }

    /// `set` with the other cases of its members if the flags say so, or all that is not in it.
    private func group(_ set: CharacterSet, isNegated: Bool) -> CharacterSet {
        var set = set
        if flags.foldsCase {
            set.foldCase()
            set.normalize()
        }
        if isNegated { set.negate() }
        return set
    }

    /// `( "\p" | "\P" ) ( letter | "{" [ "^" ] name "}" )`.
    private mutating func parseUnicodeClass() throws(RegularExpressionError) -> CharacterSet? {
        let start = position
        var isNegated = peek(1) == UInt8(ascii: "P")
        position += 2
        var name: Range<Int>
        if peek() == UInt8(ascii: "{") {
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else {
                try checkUTF8(from: start, to: bytes.count)
                throw failure(.invalidClassRange, from: start)
            }
            name = start + 3..<end
            position = end + 1
            try checkUTF8(from: name.lowerBound, to: name.upperBound)
        } else {
            if !isAtEnd { _ = try next() }
            name = start + 2..<position
        }
        if !name.isEmpty, bytes[name.lowerBound] == UInt8(ascii: "^") {
            isNegated.toggle()
            name = name.lowerBound + 1..<name.upperBound
        }
        guard var set = UnicodeClasses.set(named: Array(bytes[name]), foldsCase: flags.foldsCase) else {
            throw failure(.invalidClassRange, from: start, to: position)
        }
        if isNegated { set.negate() }
        return set
    }

    /// `"[" [ "^" ] { item } "]"`; the first item may be `]`.
    mutating func parseClass() throws(RegularExpressionError) -> CharacterSet {
        let start = position
        var set = CharacterSet()
        position += 1
        let isNegated = peek() == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var isFirst = true
        while isFirst || peek() != UInt8(ascii: "]") {
            isFirst = false
            if let named = try parseNamedClass() {
                set.formUnion(named)
            } else if let escaped = try parseClassEscape() {
                set.formUnion(escaped)
            } else {
                set.formUnion(try parseRange(ofClassAt: start))
            }
        }
        position += 1
        set.normalize()
        if isNegated { set.negate() }
        return set
    }

    /// `"[:" [ "^" ] name ":]"`; nil, and nothing read, if there is none.
    private mutating func parseNamedClass() throws(RegularExpressionError) -> CharacterSet? {
        guard peek() == UInt8(ascii: "["), peek(1) == UInt8(ascii: ":"), peek(2) != nil else { return nil }
        let start = position
        var end = start + 2
        while end + 1 < bytes.count, !(bytes[end] == UInt8(ascii: ":") && bytes[end + 1] == UInt8(ascii: "]")) {
            end += 1
        }
        guard end + 1 < bytes.count else { return nil }
        var name = bytes[start + 2..<end]
        let isNegated = name.first == UInt8(ascii: "^")
        if isNegated { name = name.dropFirst() }
        guard let set = UnicodeClasses.posix[String(decoding: name, as: UTF8.self)] else {
            throw failure(.invalidClassRange, from: start, to: end + 2)
        }
        position = end + 2
        return group(set, isNegated: isNegated)
    }

    /// `character [ "-" character ]`; a hyphen before `]` is itself.
    private mutating func parseRange(ofClassAt class: Int) throws(RegularExpressionError) -> CharacterSet {
        let start = position
        let low = try parseClassCharacter(ofClassAt: `class`)
        var high = low
        if peek() == UInt8(ascii: "-"), peek(1) != nil, peek(1) != UInt8(ascii: "]") {
            position += 1
            high = try parseClassCharacter(ofClassAt: `class`)
            if high < low { throw failure(.invalidClassRange, from: start, to: position) }
        }
        return group(CharacterSet(low...high), isNegated: false)
    }

    private mutating func parseClassCharacter(ofClassAt start: Int) throws(RegularExpressionError) -> UInt32 {
        guard let byte = peek() else { throw failure(.missingBracket, from: start) }
        return byte == UInt8(ascii: "\\") ? try parseEscape() : try next()
    }

    /// A backslash and what stands for one character behind it.
    private mutating func parseEscape() throws(RegularExpressionError) -> UInt32 {
        let start = position
        position += 1
        guard !isAtEnd else { throw failure(.trailingBackslash, from: bytes.count) }
        let letter = try next()
        switch letter {
        case 0x31...0x37:
            // A single digit would be a back reference, which RE2 does not support.
            guard let digit = peek(), digit >= 0x30, digit <= 0x37 else { break }
            return parseOctal(letter - 0x30)
        case 0x30:
            return parseOctal(0)
        case 0x78:
            if let scalar = try parseHexadecimal() { return scalar }
        case 0x61: return 0x07
        case 0x66: return 0x0C
        case 0x6E: return 0x0A
        case 0x72: return 0x0D
        case 0x74: return 0x09
        case 0x76: return 0x0B
        case 0x38, 0x39, 0x41...0x5A, 0x61...0x7A:
            break
        default:
            if letter < 0x80 { return letter }
        }
        throw failure(.invalidEscape, from: start, to: position)
    }

    /// Up to two more octal digits.
    private mutating func parseOctal(_ first: UInt32) -> UInt32 {
        var value = first
        for _ in 0..<2 {
            guard let digit = peek(), digit >= 0x30, digit <= 0x37 else { break }
            value = value * 8 + UInt32(digit - 0x30)
            position += 1
        }
        return value
    }

    /// Two hexadecimal digits, or any number of them in braces; nil where they are not.
    private mutating func parseHexadecimal() throws(RegularExpressionError) -> UInt32? {
        guard !isAtEnd else { return nil }
        let first = try next()
        guard first == 0x7B else {
            guard !isAtEnd else { return nil }
            let second = try next()
            guard let high = Self.hexadecimal(first), let low = Self.hexadecimal(second) else { return nil }
            return high * 16 + low
        }
        var value: UInt32 = 0
        var count = 0
        while !isAtEnd {
            let letter = try next()
            if letter == 0x7D { return count > 0 ? value : nil }
            guard let digit = Self.hexadecimal(letter) else { return nil }
            value = value * 16 + digit
            if value > CharacterSet.highest { return nil }
            count += 1
        }
        return nil
    }

    private static func hexadecimal(_ scalar: UInt32) -> UInt32? {
        switch scalar {
        case 0x30...0x39: scalar - 0x30
        case 0x41...0x46: scalar - 0x37
        case 0x61...0x66: scalar - 0x57
        default: nil
        }
    }
}

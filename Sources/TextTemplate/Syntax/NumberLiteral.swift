/// A numerical constant, kept under all the types that can represent its value: Go's ideal constants
/// in small, as `NumberNode` of Go's `text/template/parse`.
struct NumberLiteral {
    private(set) var int: Int?
    private(set) var unsigned: UInt64?
    private(set) var float: Double?
    private(set) var complex: Value.Complex?
    /// Whether the text looks like a floating-point number, which decides about its type.
    private var readsAsFloat = false

    /// The value of a number or complex token.
    init(_ text: UnsafeBufferPointer<UInt8>, isComplex: Bool) throws(Problem) {
        if isComplex {
            try readComplex(text)
        } else if text.last == UInt8(ascii: "i"),
            let imaginary = NumberText.float(UnsafeBufferPointer(rebasing: text.dropLast()))
        {
            simplify(Value.Complex(0, imaginary))
        } else {
            try readReal(text)
        }
    }

    /// The value of a character constant, quotes included.
    init(character text: UnsafeBufferPointer<UInt8>) throws(Problem) {
        guard let (value, end) = StringLiteral.unquoteCharacter(text, at: 1, quote: UInt8(ascii: "'")) else {
            throw .invalidSyntax
        }
        guard end == text.count - 1 else { throw .malformedCharacter(ByteString(text)) }
        int = Int(value)
        unsigned = UInt64(value)
        float = Double(value)
    }

    /// The value where the context has no type: an int, a float or a complex number by its looks.
    /// Nil if it is an integer that is too large for an int.
    var ideal: Value? {
        if let complex { return .complex(complex) }
        if let float, readsAsFloat { return .float(float) }
        return int.map { .int($0) }
    }

    private mutating func readReal(_ text: UnsafeBufferPointer<UInt8>) throws(Problem) {
        unsigned = NumberText.unsigned(text)
        int = NumberText.int(text)
        if int == 0 { unsigned = 0 }
        if let int {
            float = Double(int)
        } else if let unsigned {
            float = Double(unsigned)
        } else if let value = NumberText.float(text) {
            guard text.contains(where: NumberText.isFloatMark) else { throw .integerOverflow(ByteString(text)) }
            setFloat(value)
        } else {
            throw .illegalNumber(ByteString(text))
        }
        let isHexInt =
            text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
            && !text.contains { $0 | 0x20 == UInt8(ascii: "p") }
        readsAsFloat = !isHexInt && text.contains(where: NumberText.isFloatMark)
    }

    /// `1+2i`: two numbers, the second with a sign and an `i`.
    private mutating func readComplex(_ text: UnsafeBufferPointer<UInt8>) throws(Problem) {
        let end = NumberText.floatTokenEnd(text, from: 0)
        guard end < text.count, text[end] == UInt8(ascii: "+") || text[end] == UInt8(ascii: "-") else {
            throw .complexSyntax
        }
        let last = NumberText.floatTokenEnd(text, from: end)
        guard last < text.count, text[last] == UInt8(ascii: "i") else { throw .complexSyntax }
        let real = UnsafeBufferPointer(rebasing: text[..<end])
        let imaginary = UnsafeBufferPointer(rebasing: text[end..<last])
        simplify(Value.Complex(try NumberText.checkedFloat(real), try NumberText.checkedFloat(imaginary)))
    }

    /// A complex number without imaginary part is any other type that can hold the real part.
    private mutating func simplify(_ value: Value.Complex) {
        complex = value
        if value.imaginary == 0 { setFloat(value.real) }
    }

    private mutating func setFloat(_ value: Double) {
        float = value
        if let exact = Int(exactly: value) { int = exact }
        if let exact = UInt64(exactly: value) { unsigned = exact }
    }
}

/// Numbers from text, as Go's `strconv` reads them with base 0: prefixes and underscores included.
package enum NumberText {
    static func isFloatMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") || byte | 0x20 == UInt8(ascii: "p")
    }

    /// `strconv.ParseUint(text, 0, 64)`; nil is any error.
    static func unsigned(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var digits = text[...]
        guard let first = digits.first else { return nil }
        var base: UInt64 = 10
        if first == UInt8(ascii: "0") {
            switch text.count >= 3 ? text[1] | 0x20 : 0 {
            case UInt8(ascii: "b"): base = 2
            case UInt8(ascii: "o"): base = 8
            case UInt8(ascii: "x"): base = 16
            default: base = 8
            }
            digits = digits.dropFirst(base == 8 && !(text.count >= 3 && text[1] | 0x20 == UInt8(ascii: "o")) ? 1 : 2)
        }
        var value: UInt64 = 0
        var hasUnderscores = false
        for byte in digits {
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "_"):
                hasUnderscores = true
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            default:
                guard (byte | 0x20) &- UInt8(ascii: "a") < 26 else { return nil }
                digit = UInt64((byte | 0x20) - UInt8(ascii: "a")) + 10
            }
            guard digit < base else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        return hasUnderscores && !underscoresSeparate(text) ? nil : value
    }

    /// `strconv.ParseInt(text, 0, 64)`; nil is any error.
    package static func int(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let first = text.first else { return nil }
        let isNegative = first == UInt8(ascii: "-")
        let hasSign = isNegative || first == UInt8(ascii: "+")
        guard let magnitude = unsigned(UnsafeBufferPointer(rebasing: text.dropFirst(hasSign ? 1 : 0))) else {
            return nil
        }
        if isNegative {
            return magnitude <= UInt64(Int.max) + 1 ? Int(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int(exactly: magnitude)
    }

    /// `strconv.ParseFloat(text, 64)` but for infinities and NaN; nil is any error, too large a number included.
    package static func float(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard case .value(let value) = parseFloat(text) else { return nil }
        return value
    }

    /// A part of a complex constant, with the errors that Go's `fmt.Sscan` has.
    static func checkedFloat(_ text: UnsafeBufferPointer<UInt8>) throws(Problem) -> Double {
        switch parseFloat(text) {
        case .value(let value): return value
        case .invalid: throw .parseFloatSyntax(ByteString(text))
        case .outOfRange: throw .parseFloatRange(ByteString(text))
        }
    }

    private enum Parsed {
        case value(Double)
        case invalid, outOfRange
    }

    private static func parseFloat(_ text: UnsafeBufferPointer<UInt8>) -> Parsed {
        guard isFloat(text) else { return .invalid }
        let plain = String(decoding: text.lazy.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard let value = Double(plain) else { return .invalid }
        return value.isFinite ? .value(value) : .outOfRange
    }

    /// Whether the whole text is a floating-point number by Go's grammar.
    private static func isFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        let at = { (index: Int) -> UInt8 in index < text.count ? text[index] : 0 }
        let isSign = { (byte: UInt8) -> Bool in byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }
        if isSign(at(0)) { index += 1 }
        let isHex =
            index + 2 < text.count && at(index) == UInt8(ascii: "0") && at(index + 1) | 0x20 == UInt8(ascii: "x")
        if isHex { index += 2 }
        var sawPoint = false
        var sawDigits = false
        var sawUnderscores = false
        loop: while index < text.count {
            switch at(index) {
            case UInt8(ascii: "_"): sawUnderscores = true
            case UInt8(ascii: "."):
                if sawPoint { break loop }
                sawPoint = true
            case let byte where CharacterClass.isDigit(byte) || isHex && (byte | 0x20) &- UInt8(ascii: "a") < 6:
                sawDigits = true
            default: break loop
            }
            index += 1
        }
        guard sawDigits else { return false }
        if at(index) | 0x20 == UInt8(ascii: isHex ? "p" : "e") {
            index += 1
            if isSign(at(index)) { index += 1 }
            guard CharacterClass.isDigit(at(index)) else { return false }
            while CharacterClass.isDigit(at(index)) || at(index) == UInt8(ascii: "_") {
                if at(index) == UInt8(ascii: "_") { sawUnderscores = true }
                index += 1
            }
        } else if isHex {
            return false
        }
        return index == text.count && (!sawUnderscores || underscoresSeparate(text))
    }

    /// Whether each underscore stands between digits, a base prefix counting as one.
    private static func underscoresSeparate(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        enum Seen { case start, digit, underscore, other }
        var seen = Seen.start
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        var isHex = false
        if rest.count >= 2, rest.first == UInt8(ascii: "0") {
            let letter = rest[rest.startIndex + 1] | 0x20
            if letter == UInt8(ascii: "b") || letter == UInt8(ascii: "o") || letter == UInt8(ascii: "x") {
                rest = rest.dropFirst(2)
                seen = .digit
                isHex = letter == UInt8(ascii: "x")
            }
        }
        for byte in rest {
            if CharacterClass.isDigit(byte) || isHex && (byte | 0x20) &- UInt8(ascii: "a") < 6 {
                seen = .digit
            } else if byte == UInt8(ascii: "_") {
                guard seen == .digit else { return false }
                seen = .underscore
            } else {
                if seen == .underscore { return false }
                seen = .other
            }
        }
        return seen != .underscore
    }

    /// Where the number that begins at `start` ends, for the halves of a complex constant.
    static func floatTokenEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        func accept(_ isValid: (UInt8) -> Bool) -> Bool {
            guard index < text.count, isValid(text[index]) else { return false }
            index += 1
            return true
        }
        let isSign = { (byte: UInt8) -> Bool in byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }
        var isHex = false
        let isDigit = { (byte: UInt8) -> Bool in
            CharacterClass.isDigit(byte) || byte == UInt8(ascii: "_") || isHex && (byte | 0x20) &- UInt8(ascii: "a") < 6
        }
        _ = accept(isSign)
        // Go takes an i for the beginning of "inf".
        if accept({ $0 | 0x20 == UInt8(ascii: "i") }) { return index }
        if accept({ $0 == UInt8(ascii: "0") }) { isHex = accept { $0 | 0x20 == UInt8(ascii: "x") } }
        while accept(isDigit) {}
        if accept({ $0 == UInt8(ascii: ".") }) {
            while accept(isDigit) {}
        }
        if accept({ $0 | 0x20 == UInt8(ascii: "p") || !isHex && $0 | 0x20 == UInt8(ascii: "e") }) {
            _ = accept(isSign)
            while accept({ CharacterClass.isDigit($0) || $0 == UInt8(ascii: "_") }) {}
        }
        return index
    }
}

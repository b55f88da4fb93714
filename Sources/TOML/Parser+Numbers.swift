import Primitives

extension Parser {
    /// Whether a word is meant as a number: it begins with a digit, a sign or a dot, or is `inf` or `nan`.
    func looksLikeNumber(_ word: Range<Int>) -> Bool {
        let first = bytes[word.lowerBound]
        return Byte.isDigit(first) || Self.isSign(first) || first == Byte.dot
            || bytes[word].elementsEqual("inf".utf8) || bytes[word].elementsEqual("nan".utf8)
    }

    /// float / integer; leaves `index` behind `word`
    mutating func number(_ word: Range<Int>) throws(TOMLError) -> TOMLValue.Kind {
        defer { index = word.upperBound }
        let isNegative = bytes[word.lowerBound] == Byte.minus
        let start = Self.isSign(bytes[word.lowerBound]) ? word.lowerBound + 1 : word.lowerBound
        let unsigned = start..<word.upperBound
        if bytes[unsigned].elementsEqual("inf".utf8) { return .float(isNegative ? -.infinity : .infinity) }
        if bytes[unsigned].elementsEqual("nan".utf8) { return .float(.nan) }
        if let radix = radix(unsigned) {
            if start != word.lowerBound { throw error(.signBeforeRadix(text(word))) }
            let digits = start + 2..<word.upperBound
            guard try digitsEnd(digits, radix: radix, word) == word.upperBound, !digits.isEmpty else {
                throw error(.notANumber(text(word)))
            }
            return .integer(try integer(digits, radix: radix, isNegative: false, word))
        }
        let integerEnd = try digitsEnd(unsigned, radix: 10, word)
        if integerEnd == start { throw error(.notANumber(text(word))) }
        if integerEnd - start > 1 && bytes[start] == UInt8(ascii: "0") { throw error(.leadingZero(text(word))) }
        if integerEnd == word.upperBound {
            return .integer(try integer(unsigned, radix: 10, isNegative: isNegative, word))
        }
        return .float(try float(word, integerEnd: integerEnd))
    }

    private static func isSign(_ byte: UInt8) -> Bool { byte == Byte.plus || byte == Byte.minus }

    /// dec-prefix = "0x" / "0o" / "0b"
    private func radix(_ unsigned: Range<Int>) -> Int? {
        guard unsigned.count >= 2, bytes[unsigned.lowerBound] == UInt8(ascii: "0") else { return nil }
        return switch bytes[unsigned.lowerBound + 1] {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    /// The end of the digits that begin `range`: digit *( digit / "_" digit )
    private mutating func digitsEnd(
        _ range: Range<Int>, radix: Int, _ word: Range<Int>
    ) throws(TOMLError) -> Int {
        func isDigit(_ place: Int) -> Bool {
            guard range.contains(place), let digit = Hexadecimal.value(of: bytes[place]) else { return false }
            return digit < radix
        }
        var place = range.lowerBound
        while place < range.upperBound {
            if bytes[place] == Byte.underscore {
                guard isDigit(place - 1), isDigit(place + 1) else { throw error(.misplacedUnderscore, at: place) }
            } else if !isDigit(place) {
                break
            }
            place += 1
        }
        return place
    }

    private mutating func integer(
        _ digits: Range<Int>, radix: Int, isNegative: Bool, _ word: Range<Int>
    ) throws(TOMLError) -> Int64 {
        var value: Int64 = 0
        for byte in bytes[digits] {
            guard let digit = Hexadecimal.value(of: byte) else { continue }
            let (shifted, shiftOverflow) = value.multipliedReportingOverflow(by: Int64(radix))
            // Counted downwards when negative, as the smallest integer has no positive counterpart.
            let (sum, overflow) =
                isNegative
                ? shifted.subtractingReportingOverflow(Int64(digit)) : shifted.addingReportingOverflow(Int64(digit))
            if shiftOverflow || overflow { throw error(.integerOverflow) }
            value = sum
        }
        return value
    }

    /// float = [ sign ] int ( exp / "." digits [ exp ] ), exp = ( "e" / "E" ) [ sign ] digits
    private mutating func float(_ word: Range<Int>, integerEnd: Int) throws(TOMLError) -> Double {
        var place = integerEnd
        if bytes[place] == Byte.dot { place = try floatDigits(after: place, word) }
        if place < word.upperBound && bytes[place] | 0x20 == UInt8(ascii: "e") {
            let signed = place + 1 < word.upperBound && Self.isSign(bytes[place + 1])
            place = try floatDigits(after: signed ? place + 1 : place, word)
        }
        let plain = String(decoding: bytes[word].filter { $0 != Byte.underscore }, as: UTF8.self)
        guard place == word.upperBound, let value = Double(plain) else { throw error(.notANumber(text(word))) }
        if value.isInfinite { throw error(.floatOverflow) }
        return value
    }

    private mutating func floatDigits(after place: Int, _ word: Range<Int>) throws(TOMLError) -> Int {
        let end = try digitsEnd(place + 1..<word.upperBound, radix: 10, word)
        if end == place + 1 { throw error(.notANumber(text(word))) }
        return end
    }
}

extension JSONParser {
    /// Reads a number, the first character of which is at `offset`.
    ///
    ///     number = [ '-' ] ( '0' | nonzero { digit } ) [ '.' digit { digit } ] [ ( 'e' | 'E' ) [ '+' | '-' ] digit { digit } ]
    mutating func number() throws(JSONError) {
        let start = offset
        let isNegative = input[start] == UInt8(ascii: "-")
        let first = isNegative ? start + 1 : start
        var end = first
        var digits: UInt64 = 0
        while end < input.count {
            let digit = input[end] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            digits = digits &* 10 &+ UInt64(digit)
            end += 1
        }
        // Most numbers are integers of so few digits that they are exact.
        let isShort = end > first && end - first <= 15 && (end - first == 1 || input[first] != UInt8(ascii: "0"))
        guard isShort, end == input.count || input[end] != UInt8(ascii: ".") && input[end] | 0x20 != UInt8(ascii: "e")
        else { return try decimalNumber() }
        offset = end
        let magnitude = Double(digits)
        append(
            JSONToken(
                .number, start: start, length: end - start, next: count + 1,
                number: isNegative ? -magnitude : magnitude))
    }

    /// Reads any number, the first character of which is at `offset`.
    private mutating func decimalNumber() throws(JSONError) {
        let start = offset
        var decimal = Decimal()
        if input[offset] == UInt8(ascii: "-") {
            decimal.isNegative = true
            offset += 1
        }
        if offset < input.count, input[offset] == UInt8(ascii: "0") { offset += 1 } else { try digits(&decimal) }
        if offset < input.count, input[offset] == UInt8(ascii: ".") {
            offset += 1
            let before = offset
            try digits(&decimal)
            decimal.exponent = before - offset
        }
        if offset < input.count, input[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            try exponent(&decimal)
        }
        let value = decimal.exactValue ?? slowValue(start..<offset)
        if value.isInfinite, outOfRange == nil { outOfRange = count }
        append(
            JSONToken(.number, start: start, length: offset - start, next: count + 1, number: value))
    }

    /// Reads one digit or more.
    @inline(__always)
    private mutating func digits(_ decimal: inout Decimal) throws(JSONError) {
        let start = offset
        var end = start
        while end < input.count {
            let digit = input[end] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            decimal.append(digit)
            end += 1
        }
        offset = end
        if end == start { throw missingDigit() }
    }

    private mutating func exponent(_ decimal: inout Decimal) throws(JSONError) {
        var isNegative = false
        if offset < input.count, input[offset] == UInt8(ascii: "-") || input[offset] == UInt8(ascii: "+") {
            isNegative = input[offset] == UInt8(ascii: "-")
            offset += 1
        }
        var written = Decimal()
        try digits(&written)
        let exponent = Int(min(written.digits, 1_000_000))
        decimal.exponent += isNegative ? -exponent : exponent
    }

    private func missingDigit() -> JSONError {
        offset < input.count
            ? invalidCharacter(.inNumber) : JSONError(kind: .unexpectedEnd, offset: offset)
    }

    /// The number at `range` by the standard library's exact conversion; an infinity if it is too large.
    private func slowValue(_ range: Range<Int>) -> Double {
        guard let value = Double(String(decoding: input[range], as: UTF8.self)) else {
            preconditionFailure("what JSON takes for a number is one")
        }
        return value
    }
}

/// A decimal number in the making.
private struct Decimal {
    var isNegative = false
    /// The digits without the point; meaningless if `isTooLong`.
    var digits: UInt64 = 0
    var exponent = 0
    private var isTooLong = false

    @inline(__always)
    mutating func append(_ digit: UInt8) {
        // As long as this holds, the digits are exact as a `Double`, and ten times more fits.
        if digits < 900_000_000_000_000 { digits = digits * 10 + UInt64(digit) } else { isTooLong = true }
    }

    /// The value, if one exact operation on exact numbers gives it.
    var exactValue: Double? {
        guard !isTooLong, exponent >= -22, exponent <= 22 else { return nil }
        var value = Double(digits)
        if exponent < 0 { value /= Self.powersOfTen[-exponent] }
        if exponent > 0 { value *= Self.powersOfTen[exponent] }
        return isNegative ? -value : value
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

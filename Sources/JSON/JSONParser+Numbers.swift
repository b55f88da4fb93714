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
        let mantissa = start..<offset
        var written: Int?
        if offset < input.count, input[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            written = try exponent(&decimal)
        }
        let value = decimal.exactValue ?? slowValue(mantissa, exponent: written)
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

    /// Reads the exponent, and returns the value that Go takes it for.
    private mutating func exponent(_ decimal: inout Decimal) throws(JSONError) -> Int {
        var isNegative = false
        if offset < input.count, input[offset] == UInt8(ascii: "-") || input[offset] == UInt8(ascii: "+") {
            isNegative = input[offset] == UInt8(ascii: "-")
            offset += 1
        }
        let start = offset
        var exponent = 0
        while offset < input.count, input[offset] &- UInt8(ascii: "0") <= 9 {
            // Go's strconv keeps no more digits, so that `1e100000` has the exponent 10000.
            if exponent < Self.longExponent { exponent = exponent * 10 + Int(input[offset] - UInt8(ascii: "0")) }
            offset += 1
        }
        if offset == start { throw missingDigit() }
        decimal.exponent += isNegative ? -exponent : exponent
        return isNegative ? -exponent : exponent
    }

    private static var longExponent: Int { 10_000 }

    private func missingDigit() -> JSONError {
        offset < input.count
            ? invalidCharacter(.inNumber) : JSONError(kind: .unexpectedEnd, offset: offset)
    }

    /// The number by the standard library's exact conversion; an infinity if it is too large.
    private func slowValue(_ mantissa: Range<Int>, exponent: Int?) -> Double {
        let text = String(decoding: input[mantissa], as: UTF8.self)
        guard let value = Double(exponent.map { "\(text)e\($0)" } ?? text) else {
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
        // Below this limit, one more digit still gives an integer below 2^53, which a `Double` holds exactly.
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

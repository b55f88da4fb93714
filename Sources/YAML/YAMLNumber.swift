import Primitives

/// The numbers of go-yaml, which are those of Go's `strconv`.
enum YAMLNumber {
    /// `strconv.ParseInt` and `ParseUint` with base 0, then go-yaml's own binary numbers. Returns decimal digits.
    static func integer(_ text: [UInt8]) -> [UInt8]? {
        if let integer = signed(text[...], prefixed: true) { return integer }
        // go-yaml cuts the prefix and parses the rest as another number, which may have a sign.
        if text.starts(with: "0b".utf8) { return signed(text[2...], prefixed: false) }
        if text.starts(with: "-0b".utf8), let first = text.dropFirst(3).first, first != UInt8(ascii: "-") {
            return signed([UInt8(ascii: "-")] + text[3...], prefixed: false)
        }
        return nil
    }

    /// A number with an optional sign: in the base of its prefix if it may be `prefixed`, else in binary digits.
    private static func signed(_ text: ArraySlice<UInt8>, prefixed: Bool) -> [UInt8]? {
        let isNegative = text.first == UInt8(ascii: "-")
        let isSigned = isNegative || text.first == UInt8(ascii: "+")
        let unsigned = isSigned ? text.dropFirst() : text
        guard let magnitude = prefixed ? prefixedMagnitude(unsigned) : magnitude(unsigned, radix: 2) else {
            return nil
        }
        if isNegative {
            if magnitude > UInt64(Int64.max) + 1 { return nil }
            return Array((magnitude == 0 ? "0" : "-\(magnitude)").utf8)
        }
        // Only a number without a sign may use all 64 bits.
        if isSigned && magnitude > UInt64(Int64.max) { return nil }
        return Array("\(magnitude)".utf8)
    }

    private static func prefixedMagnitude(_ text: ArraySlice<UInt8>) -> UInt64? {
        guard text.first == UInt8(ascii: "0"), text.count > 1 else { return magnitude(text, radix: 10) }
        if text.count > 2 {
            switch text[text.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): return magnitude(text.dropFirst(2), radix: 16)
            case UInt8(ascii: "o"): return magnitude(text.dropFirst(2), radix: 8)
            case UInt8(ascii: "b"): return magnitude(text.dropFirst(2), radix: 2)
            default: break
            }
        }
        return magnitude(text.dropFirst(), radix: 8)
    }

    private static func magnitude(_ digits: ArraySlice<UInt8>, radix: UInt64) -> UInt64? {
        if digits.isEmpty { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = Hexadecimal.value(of: byte), digit < radix else { return nil }
            let (shifted, shiftOverflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, overflow) = shifted.addingReportingOverflow(UInt64(digit))
            if shiftOverflow || overflow { return nil }
            value = sum
        }
        return value
    }

    /// `[-+]? ( "." digits | digits [ "." digits? ] ) [ exponent ]`; nil also if it is out of range.
    static func float(_ text: ArraySlice<UInt8>) -> Double? {
        var rest = text
        func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
        func takeSign() -> String {
            guard let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else { return "" }
            rest = rest.dropFirst()
            return first == UInt8(ascii: "-") ? "-" : ""
        }
        func takeDigits() -> String {
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            return String(decoding: digits, as: UTF8.self)
        }
        let sign = takeSign()
        let whole = takeDigits()
        var fraction = ""
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = takeDigits()
        }
        if whole.isEmpty && fraction.isEmpty { return nil }
        var exponent = "0"
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            exponent = takeSign() + takeDigits()
            if exponent.isEmpty || exponent == "-" { return nil }
        }
        guard rest.isEmpty, let value = Double("\(sign)0\(whole).\(fraction)0e\(exponent)") else { return nil }
        return value.isInfinite ? nil : value
    }

    /// After a leading dot go-yaml leaves underscores to Go, which takes them between two digits.
    static func floatWithUnderscores(_ text: [UInt8]) -> Double? {
        func isDigit(_ place: Int) -> Bool {
            text.indices.contains(place) && UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[place]
        }
        for place in text.indices where text[place] == UInt8(ascii: "_") {
            if !isDigit(place - 1) || !isDigit(place + 1) { return nil }
        }
        return float(text.filter { $0 != UInt8(ascii: "_") }[...])
    }
}

/// Floating-point numbers as Go writes them.
package enum GoFloat {
    /// `strconv.FormatFloat(value, 'f', -1, 64)`: the shortest digits that name the number, never an exponent.
    package static func text(_ value: Double) -> [UInt8] {
        if value.isNaN { return Array("NaN".utf8) }
        if value.isInfinite { return Array((value < 0 ? "-Inf" : "+Inf").utf8) }
        // Swift's description has the same digits, perhaps with an exponent: [-]d.d[e±dd]
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 && mantissa[1] != "0" ? mantissa[1] : ""
        var digits = Array(mantissa[0].utf8) + Array(fraction.utf8)
        var point = mantissa[0].utf8.count
        if parts.count > 1, let exponent = Int(parts[1]) { point += exponent }
        if point > digits.count { digits += Array(repeating: UInt8(ascii: "0"), count: point - digits.count) }
        if point < 1 { digits = Array(repeating: UInt8(ascii: "0"), count: 1 - point) + digits }
        point = max(point, 1)
        let whole = digits[..<point]
        let rest = digits[point...]
        return (value.sign == .minus ? Array("-".utf8) : []) + whole + (rest.isEmpty ? [] : Array(".".utf8) + rest)
    }
}

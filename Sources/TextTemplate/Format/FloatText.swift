/// Floating-point numbers as text, as `strconv.FormatFloat` writes them.
enum FloatText {
    /// The formats of `strconv.FormatFloat`.
    enum Notation {
        /// `-ddd.ddd`
        case fixed
        /// `-d.ddde±dd`, `-d.dddE±dd`
        case exponent, exponentUpper
        /// The exponent form for large and small numbers, else the fixed form.
        case general, generalUpper
        /// `-ddddp±ddd`: the significand as an integer and a power of two.
        case binary
        /// `-0xd.dddp±dd`, `-0Xd.dddP±dd`
        case hexadecimal, hexadecimalUpper
    }

    /// Appends `number` with `precision` digits: all significant ones for the general form, else
    /// those behind the point. Without a precision, as many as it takes to read the same number back.
    static func append(_ number: Double, notation: Notation, precision: Int?, into output: inout [UInt8]) {
        if number.isNaN {
            output.append(contentsOf: "NaN".utf8)
            return
        }
        if number.isInfinite {
            output.append(contentsOf: number < 0 ? "-Inf".utf8 : "+Inf".utf8)
            return
        }
        if number.sign == .minus { output.append(UInt8(ascii: "-")) }
        switch notation {
        case .binary: appendBinary(number, into: &output)
        case .hexadecimal: appendHexadecimal(number, .lower, precision, into: &output)
        case .hexadecimalUpper: appendHexadecimal(number, .upper, precision, into: &output)
        case .fixed, .exponent, .exponentUpper, .general, .generalUpper:
            appendDecimal(number.magnitude, notation, precision, into: &output)
        }
    }

    private static func appendDecimal(
        _ number: Double, _ notation: Notation, _ precision: Int?, into output: inout [UInt8]
    ) {
        if precision == nil && notation == .general, number < 1e6, let integer = UInt64(exactly: number) {
            DecimalText.append(integer, into: &output)
            return
        }
        var decimal: DecimalDigits
        if let precision, notation == .fixed, let digits = DecimalDigits(number, fraction: precision) {
            decimal = digits
        } else if let precision {
            decimal = number == 0 ? DecimalDigits() : DecimalDigits(exactly: number)
            switch notation {
            case .fixed: decimal.round(toCount: decimal.point + precision)
            case .exponent, .exponentUpper: decimal.round(toCount: precision + 1)
            default: decimal.round(toCount: max(precision, 1))
            }
        } else {
            decimal = number == 0 ? DecimalDigits() : DecimalDigits(shortest: number)
        }
        let count = decimal.digits.count
        switch notation {
        case .fixed:
            appendFixed(decimal, fraction: precision ?? max(count - decimal.point, 0), into: &output)
        case .exponent:
            appendExponent(decimal, fraction: precision ?? max(count - 1, 0), UInt8(ascii: "e"), into: &output)
        case .exponentUpper:
            appendExponent(decimal, fraction: precision ?? max(count - 1, 0), UInt8(ascii: "E"), into: &output)
        default:
            appendGeneral(decimal, notation, precision, into: &output)
        }
    }

    private static func appendGeneral(
        _ decimal: DecimalDigits, _ notation: Notation, _ precision: Int?, into output: inout [UInt8]
    ) {
        let count = decimal.digits.count
        var digits = precision.map { max($0, 1) } ?? count
        // The exponent form begins where digits in front of the point would have to be made up; the
        // shortest text takes 6 as its precision for this.
        var limit = digits
        if limit > count && count >= decimal.point { limit = count }
        if precision == nil { limit = 6 }
        let exponent = decimal.point - 1
        if exponent < -4 || exponent >= limit {
            let letter = notation == .general ? UInt8(ascii: "e") : UInt8(ascii: "E")
            appendExponent(decimal, fraction: min(digits, count) - 1, letter, into: &output)
        } else {
            if digits > decimal.point { digits = count }
            appendFixed(decimal, fraction: max(digits - decimal.point, 0), into: &output)
        }
    }

    private static func appendFixed(_ decimal: DecimalDigits, fraction: Int, into output: inout [UInt8]) {
        let digits = decimal.digits
        let zero = UInt8(ascii: "0")
        if decimal.point > 0 {
            let known = min(digits.count, decimal.point)
            output.append(contentsOf: digits[..<known])
            output.append(contentsOf: repeatElement(zero, count: decimal.point - known))
        } else {
            output.append(zero)
        }
        guard fraction > 0 else { return }
        output.append(UInt8(ascii: "."))
        let leading = min(fraction, max(0, -decimal.point))
        let start = min(max(decimal.point, 0), digits.count)
        let known = min(fraction - leading, digits.count - start)
        output.append(contentsOf: repeatElement(zero, count: leading))
        output.append(contentsOf: digits[start..<start + known])
        output.append(contentsOf: repeatElement(zero, count: fraction - leading - known))
    }

    private static func appendExponent(
        _ decimal: DecimalDigits, fraction: Int, _ letter: UInt8, into output: inout [UInt8]
    ) {
        let digits = decimal.digits
        output.append(digits.first ?? UInt8(ascii: "0"))
        if fraction > 0 {
            output.append(UInt8(ascii: "."))
            let known = min(digits.count, fraction + 1)
            if known > 1 { output.append(contentsOf: digits[1..<known]) }
            output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: fraction + 1 - max(known, 1)))
        }
        output.append(letter)
        appendPower(digits.isEmpty ? 0 : decimal.point - 1, into: &output)
    }

    /// Appends an exponent with its sign and at least two digits.
    private static func appendPower(_ power: Int, into output: inout [UInt8]) {
        output.append(power < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if power.magnitude < 10 { output.append(UInt8(ascii: "0")) }
        DecimalText.append(UInt64(power.magnitude), into: &output)
    }

    /// The significand as an integer, and the power of two that it is multiplied with.
    static func parts(of number: Double) -> (significand: UInt64, power: Int) {
        let bits = number.magnitude.bitPattern
        let stored = Int(bits >> 52)
        let fraction = bits & (1 << 52 - 1)
        return stored == 0 ? (fraction, -1074) : (fraction | 1 << 52, stored - 1075)
    }

    private static func appendBinary(_ number: Double, into output: inout [UInt8]) {
        let (significand, power) = parts(of: number)
        DecimalText.append(significand, into: &output)
        output.append(UInt8(ascii: "p"))
        if power >= 0 { output.append(UInt8(ascii: "+")) }
        DecimalText.append(power, into: &output)
    }

    private static func appendHexadecimal(
        _ number: Double, _ digits: Digits, _ precision: Int?, into output: inout [UInt8]
    ) {
        // The significand is held with its leading 1 at bit 60, so that 15 digits follow it.
        let one: UInt64 = 1 << 60
        var (significand, power) = parts(of: number)
        if significand == 0 {
            power = 0
        } else {
            let shift = significand.leadingZeroBitCount - 3
            significand <<= UInt64(shift)
            power += 60 - shift
        }
        if let precision, precision < 15 {
            let shift = UInt64(precision * 4)
            let rest = (significand << shift) & (one - 1)
            significand >>= 60 - shift
            // Half goes to the even neighbour.
            if rest | (significand & 1) > one >> 1 { significand += 1 }
            significand <<= 60 - shift
            if significand & (one << 1) != 0 {
                significand >>= 1
                power += 1
            }
        }
        output.append(UInt8(ascii: "0"))
        output.append(digits.x)
        output.append(UInt8(ascii: "0") + UInt8(significand >> 60 & 1))
        significand <<= 4
        if precision ?? (significand == 0 ? 0 : 1) > 0 { output.append(UInt8(ascii: ".")) }
        var written = 0
        while precision.map({ written < min($0, 15) }) ?? (significand != 0) {
            output.append(digits[UInt8(significand >> 60)])
            significand <<= 4
            written += 1
        }
        output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, (precision ?? 0) - written)))
        // An exponent letter in the case of the digits: x and p, X and P are eight apart.
        output.append(digits.x - 8)
        appendPower(power, into: &output)
    }
}

/// A positive number as decimal digits: 0.d₁d₂d₃… × 10^point.
struct DecimalDigits {
    /// ASCII digits without zeros at the end; none for zero.
    private(set) var digits: [UInt8] = []
    private(set) var point = 0

    init() {}

    /// The fewest digits that read back as `number`, which must be positive and finite.
    init(shortest number: Double) {
        // Swift's description has these digits, with a point and an exponent among them.
        var exponent = 0
        var isNegativeExponent = false
        var isInExponent = false
        var isInFraction = false
        var whole = 0
        digits.reserveCapacity(20)
        for byte in number.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): isInFraction = true
            case UInt8(ascii: "e"): isInExponent = true
            case UInt8(ascii: "-"): isNegativeExponent = true
            case UInt8(ascii: "+"): break
            case let digit where isInExponent:
                exponent = exponent * 10 + Int(digit - UInt8(ascii: "0"))
            case let digit:
                if digits.isEmpty && digit == UInt8(ascii: "0") {
                    if isInFraction { whole -= 1 }
                } else {
                    digits.append(digit)
                    if !isInFraction { whole += 1 }
                }
            }
        }
        point = whole + (isNegativeExponent ? -exponent : exponent)
        dropTrailingZeros()
    }

    /// The digits of `number` rounded to `fraction` digits behind the point, for the sizes where
    /// 128 bits hold everything; nil for the others.
    init?(_ number: Double, fraction: Int) {
        let (significand, power) = FloatText.parts(of: number)
        // 53 bits of significand, 63 of the power of ten, and room to round.
        guard fraction < 20, power <= 0 else { return nil }
        var scaled = UInt128(significand)
        for _ in 0..<fraction { scaled *= 10 }
        if power <= -128 {
            scaled = 0
        } else if power < 0 {
            let half = UInt128(1) << UInt128(-power - 1)
            let rest = scaled & (half << 1 - 1)
            scaled >>= UInt128(-power)
            if rest > half || rest == half && scaled & 1 == 1 { scaled += 1 }
        }
        guard let integer = UInt64(exactly: scaled) else { return nil }
        if integer > 0 { DecimalText.append(integer, into: &digits) }
        point = digits.count - fraction
        dropTrailingZeros()
    }

    /// All the digits of `number`, which must be positive and finite: up to 767.
    init(exactly number: Double) {
        var (significand, power) = FloatText.parts(of: number)
        let zeros = significand.trailingZeroBitCount
        significand >>= UInt64(zeros)
        power += zeros
        var product = LargeInteger(significand)
        if power >= 0 {
            product.multiply(by: 2, toThe: power)
        } else {
            // m / 2^n = m·5^n / 10^n
            product.multiply(by: 5, toThe: -power)
        }
        product.appendDigits(into: &digits)
        point = digits.count + min(power, 0)
        dropTrailingZeros()
    }

    /// Keeps the first `count` digits, rounded to the nearest; a half goes to the even neighbour.
    mutating func round(toCount count: Int) {
        guard count < digits.count else { return }
        guard count >= 0 else {
            self = DecimalDigits()
            return
        }
        let isUp: Bool
        if digits[count] == UInt8(ascii: "5") && count + 1 == digits.count {
            isUp = count > 0 && digits[count - 1] & 1 == 1
        } else {
            isUp = digits[count] >= UInt8(ascii: "5")
        }
        digits.removeSubrange(count...)
        if isUp {
            while let last = digits.last, last == UInt8(ascii: "9") { digits.removeLast() }
            if digits.isEmpty {
                digits.append(UInt8(ascii: "1"))
                point += 1
            } else {
                digits[digits.count - 1] += 1
            }
        } else {
            dropTrailingZeros()
        }
    }

    private mutating func dropTrailingZeros() {
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits.isEmpty { point = 0 }
    }
}

/// A large natural number in limbs of nine decimal digits, lowest first.
private struct LargeInteger {
    private static let base: UInt64 = 1_000_000_000
    private var limbs: [UInt64] = []

    init(_ value: UInt64) {
        var rest = value
        while rest > 0 {
            limbs.append(rest % LargeInteger.base)
            rest /= LargeInteger.base
        }
    }

    /// Multiplies by a power, in steps that keep each product of limbs within 64 bits.
    mutating func multiply(by factor: UInt64, toThe power: Int) {
        let stepPower = factor == 2 ? 32 : 13
        var step: UInt64 = 1
        for _ in 0..<stepPower { step *= factor }
        for _ in 0..<power / stepPower { multiply(by: step) }
        var rest: UInt64 = 1
        for _ in 0..<power % stepPower { rest *= factor }
        if rest > 1 { multiply(by: rest) }
    }

    private mutating func multiply(by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = limbs[index] * factor + carry
            carry = product / LargeInteger.base
            limbs[index] = product - carry * LargeInteger.base
        }
        while carry > 0 {
            limbs.append(carry % LargeInteger.base)
            carry /= LargeInteger.base
        }
    }

    func appendDigits(into output: inout [UInt8]) {
        guard let highest = limbs.last else { return }
        DecimalText.append(highest, into: &output)
        for limb in limbs.dropLast().reversed() {
            var divisor = LargeInteger.base / 10
            while divisor > 0 {
                output.append(UInt8(ascii: "0") + UInt8(limb / divisor % 10))
                divisor /= 10
            }
        }
    }
}

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

    /// Appends `number`, with its sign if it is negative or an infinity, as `appendMagnitude` does.
    static func append(_ number: Double, notation: Notation, precision: Int?, into output: inout ByteBuffer) {
        if number.sign == .minus && !number.isNaN {
            output.append(UInt8(ascii: "-"))
        } else if number.isInfinite {
            output.append(UInt8(ascii: "+"))
        }
        appendMagnitude(number, notation: notation, precision: precision, into: &output)
    }

    /// Appends the magnitude of `number` with `precision` digits: all significant ones for the general form, else
    /// those behind the point. Without a precision, as many as it takes to read the same number back.
    static func appendMagnitude(
        _ number: Double, notation: Notation, precision: Int?, into output: inout ByteBuffer
    ) {
        guard number.isFinite else {
            if number.isNaN { output.append("NaN") } else { output.append("Inf") }
            return
        }
        switch notation {
        case .binary: appendBinary(number, into: &output)
        case .hexadecimal: appendHexadecimal(number, .lower, precision, into: &output)
        case .hexadecimalUpper: appendHexadecimal(number, .upper, precision, into: &output)
        case .fixed, .exponent, .exponentUpper, .general, .generalUpper:
            appendDecimal(number.magnitude, notation, precision, into: &output)
        }
    }

    private static func appendDecimal(
        _ number: Double, _ notation: Notation, _ precision: Int?, into output: inout ByteBuffer
    ) {
        if precision == nil && notation == .general, number < 1e6, Double(Int(number)) == number {
            output.append(decimal: UInt64(Int(number)))
            return
        }
        if let precision, notation == .fixed, let scaled = scaled(number, fraction: precision) {
            appendFixed(scaled, fraction: precision, into: &output)
            return
        }
        var decimal: DecimalDigits
        if let precision {
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

    /// `number` times ten to the power `fraction`, rounded to an integer, for the sizes where 128 bits hold
    /// everything; nil for the others.
    private static func scaled(_ number: Double, fraction: Int) -> UInt64? {
        let (significand, power) = parts(of: number)
        // 53 bits of significand, 63 of the power of ten, and room to round.
        guard fraction < powersOfTen.count, power <= 0 else { return nil }
        var scaled = UInt128(significand) * UInt128(powersOfTen[fraction])
        if power <= -128 {
            scaled = 0
        } else if power < 0 {
            let half = UInt128(1) << UInt128(-power - 1)
            let rest = scaled & (half << 1 - 1)
            scaled >>= UInt128(-power)
            if rest > half || rest == half && scaled & 1 == 1 { scaled += 1 }
        }
        return UInt64(exactly: scaled)
    }

    private static let powersOfTen: InlineArray<20, UInt64> = InlineArray { index in
        (0..<index).reduce(1) { power, _ in power * 10 }
    }

    /// Appends an integer with a point in front of its last `fraction` digits.
    private static func appendFixed(_ scaled: UInt64, fraction: Int, into output: inout ByteBuffer) {
        let whole = scaled / powersOfTen[fraction]
        output.append(decimal: whole)
        guard fraction > 0 else { return }
        output.append(UInt8(ascii: "."))
        output.append(scaled - whole * powersOfTen[fraction], length: fraction)
    }

    private static func appendGeneral(
        _ decimal: DecimalDigits, _ notation: Notation, _ precision: Int?, into output: inout ByteBuffer
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

    private static func appendFixed(_ decimal: DecimalDigits, fraction: Int, into output: inout ByteBuffer) {
        let digits = decimal.digits
        let zero = UInt8(ascii: "0")
        if decimal.point > 0 {
            let known = min(digits.count, decimal.point)
            append(digits[..<known], into: &output)
            output.append(repeating: zero, count: decimal.point - known)
        } else {
            output.append(zero)
        }
        guard fraction > 0 else { return }
        output.append(UInt8(ascii: "."))
        let leading = min(fraction, max(0, -decimal.point))
        let start = min(max(decimal.point, 0), digits.count)
        let known = min(fraction - leading, digits.count - start)
        output.append(repeating: zero, count: leading)
        append(digits[start..<start + known], into: &output)
        output.append(repeating: zero, count: fraction - leading - known)
    }

    private static func append(_ digits: ArraySlice<UInt8>, into output: inout ByteBuffer) {
        digits.withUnsafeBufferPointer { output.append(contentsOf: $0) }
    }

    private static func appendExponent(
        _ decimal: DecimalDigits, fraction: Int, _ letter: UInt8, into output: inout ByteBuffer
    ) {
        let digits = decimal.digits
        output.append(digits.first ?? UInt8(ascii: "0"))
        if fraction > 0 {
            output.append(UInt8(ascii: "."))
            let known = min(digits.count, fraction + 1)
            if known > 1 { append(digits[1..<known], into: &output) }
            output.append(repeating: UInt8(ascii: "0"), count: fraction + 1 - max(known, 1))
        }
        output.append(letter)
        appendPower(digits.isEmpty ? 0 : decimal.point - 1, into: &output)
    }

    /// Appends an exponent with its sign and at least two digits.
    private static func appendPower(_ power: Int, into output: inout ByteBuffer) {
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

    private static func appendBinary(_ number: Double, into output: inout ByteBuffer) {
        let (significand, power) = parts(of: number)
        DecimalText.append(significand, into: &output)
        output.append(UInt8(ascii: "p"))
        if power >= 0 { output.append(UInt8(ascii: "+")) }
        DecimalText.append(power, into: &output)
    }

    private static func appendHexadecimal(
        _ number: Double, _ digits: Digits, _ precision: Int?, into output: inout ByteBuffer
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
        output.append(repeating: UInt8(ascii: "0"), count: (precision ?? 0) - written)
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

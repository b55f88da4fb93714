import Primitives

// Integers, code points, floating-point and complex numbers.

extension Printer {
    /// Prints Go's `int`.
    mutating func printInt(_ number: Int, _ verb: UInt32) {
        if !printInteger(UInt64(bitPattern: Int64(number)), isSigned: true, verb) { complain(.int(number), verb) }
    }

    /// Prints an integer given by its 64 bits; false if `verb` is none for integers.
    @discardableResult
    mutating func printInteger(_ bits: UInt64, isSigned: Bool, _ verb: UInt32) -> Bool {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v") where flags.sharpV && !isSigned:
            printHexadecimal(bits, prefixed: true)
        case UInt8(ascii: "v"), UInt8(ascii: "d"):
            printInteger(bits, base: 10, isSigned: isSigned)
        case UInt8(ascii: "b"):
            printInteger(bits, base: 2, isSigned: isSigned)
        case UInt8(ascii: "o"):
            printInteger(bits, base: 8, isSigned: isSigned)
        case UInt8(ascii: "O"):
            printInteger(bits, base: 8, isSigned: isSigned, prefix: "0o")
        case UInt8(ascii: "x"):
            printInteger(bits, base: 16, isSigned: isSigned)
        case UInt8(ascii: "X"):
            printInteger(bits, base: 16, isSigned: isSigned, digits: .upper)
        case UInt8(ascii: "c"):
            let start = output.count
            Rune.append(UInt32(exactly: bits) ?? Rune.replacement, into: &output)
            pad(from: start)
        case UInt8(ascii: "q"):
            let start = output.count
            let quoting = Quoting(quote: UInt8(ascii: "'"), asciiOnly: flags.plus)
            quoting.append(rune: UInt32(exactly: bits) ?? Rune.replacement, into: &output)
            pad(from: start)
        case UInt8(ascii: "U"):
            printCodePoint(bits)
        default:
            return false
        }
        return true
    }

    /// Prints `bits` with or without `0x`, whatever the flag `#` says.
    mutating func printHexadecimal(_ bits: UInt64, prefixed: Bool) {
        let sharp = flags.sharp
        flags.sharp = prefixed
        printInteger(bits, base: 16, isSigned: false)
        flags.sharp = sharp
    }

    private mutating func printInteger(
        _ bits: UInt64, base: UInt64, isSigned: Bool, digits: Digits = .lower, prefix: StaticString = ""
    ) {
        let isNegative = isSigned && Int64(bitPattern: bits) < 0
        let magnitude = isNegative ? 0 &- bits : bits
        if flags.precision == nil && !flags.sharp && !flags.plus && !flags.space && prefix.utf8CodeUnitCount == 0 {
            return printPlainInteger(magnitude, isNegative, base, digits)
        }
        if flags.precision == 0 && magnitude == 0 {
            output.append(repeating: UInt8(ascii: " "), count: flags.width ?? 0)
            return
        }
        // %.3d and %03d both ask for leading zeros; with both, the flag 0 has no effect.
        var minimumDigits = 0
        if let precision = flags.precision {
            minimumDigits = precision
        } else if flags.zero && !flags.minus, let width = flags.width {
            minimumDigits = width
            if isNegative || flags.plus || flags.space { minimumDigits -= 1 }
        }
        let sign: StaticString = isNegative ? "-" : flags.plus ? "+" : flags.space ? " " : ""
        DecimalText.withDigits(of: magnitude, base: base, digits: digits) { number in
            let zeros = max(0, minimumDigits - number.count)
            let sharpPrefix = flags.sharp ? Printer.prefix(base, digits, hasZero: zeros > 0 || magnitude == 0) : ""
            let length =
                sign.utf8CodeUnitCount + sharpPrefix.utf8CodeUnitCount + prefix.utf8CodeUnitCount + zeros + number.count
            let missing = max(0, (flags.width ?? 0) - length)
            if !flags.minus { output.append(repeating: UInt8(ascii: " "), count: missing) }
            write(sign)
            write(prefix)
            write(sharpPrefix)
            output.append(repeating: UInt8(ascii: "0"), count: zeros)
            output.append(contentsOf: number)
            if flags.minus { output.append(repeating: UInt8(ascii: " "), count: missing) }
        }
    }

    /// Prints a number with at most a minus sign, filled up to the width; zeros go behind the sign.
    private mutating func printPlainInteger(
        _ magnitude: UInt64, _ isNegative: Bool, _ base: UInt64, _ digits: Digits
    ) {
        let length = DecimalText.length(of: magnitude, base: base)
        let missing = (flags.width ?? 0) - length - (isNegative ? 1 : 0)
        let fillsWithZeros = flags.zero && !flags.minus
        if !flags.minus && !fillsWithZeros { output.append(repeating: UInt8(ascii: " "), count: missing) }
        if isNegative { output.append(UInt8(ascii: "-")) }
        if fillsWithZeros { output.append(repeating: UInt8(ascii: "0"), count: missing) }
        output.append(magnitude, base: base, digits: digits, length: length)
        if flags.minus { output.append(repeating: UInt8(ascii: " "), count: missing) }
    }

    /// The prefix that the flag `#` asks for; an octal number gets a zero unless it begins with one.
    private static func prefix(_ base: UInt64, _ digits: Digits, hasZero: Bool) -> StaticString {
        switch base {
        case 2: "0b"
        case 8: hasZero ? "" : "0"
        case 16: digits.x == Digits.lower.x ? "0x" : "0X"
        default: ""
        }
    }

    /// Prints `U+0078`, with the flag `#` also the character: `U+0078 'x'`.
    private mutating func printCodePoint(_ bits: UInt64) {
        let start = output.count
        write("U+")
        DecimalText.withDigits(of: bits, base: 16, digits: .upper) { number in
            output.append(repeating: UInt8(ascii: "0"), count: max(4, flags.precision ?? 0) - number.count)
            output.append(contentsOf: number)
        }
        if flags.sharp, let value = UInt32(exactly: bits), GoQuoting.isPrintable(value) {
            write(" '")
            Rune.append(value, into: &output)
            write("'")
        }
        let zero = flags.zero
        flags.zero = false
        pad(from: start)
        flags.zero = zero
    }

    /// Prints a floating-point number; `value` is what a complaint shows.
    mutating func printFloat(_ value: Value, _ number: Double, _ verb: UInt32) {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v"), UInt8(ascii: "g"): printFloat(number, .general, precision: nil)
        case UInt8(ascii: "G"): printFloat(number, .generalUpper, precision: nil)
        case UInt8(ascii: "b"): printFloat(number, .binary, precision: nil)
        case UInt8(ascii: "x"): printFloat(number, .hexadecimal, precision: nil)
        case UInt8(ascii: "X"): printFloat(number, .hexadecimalUpper, precision: nil)
        case UInt8(ascii: "e"): printFloat(number, .exponent, precision: 6)
        case UInt8(ascii: "E"): printFloat(number, .exponentUpper, precision: 6)
        case UInt8(ascii: "f"), UInt8(ascii: "F"): printFloat(number, .fixed, precision: 6)
        default: complain(value, verb)
        }
    }

    /// Prints `(real+imaginaryi)`, both parts by the same verb.
    mutating func printComplex(_ value: Value, _ number: Value.Complex, _ verb: UInt32) {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v"), UInt8(ascii: "b"), UInt8(ascii: "g"), UInt8(ascii: "G"), UInt8(ascii: "x"),
            UInt8(ascii: "X"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "E"):
            let plus = flags.plus
            write("(")
            printFloat(value, number.real, verb)
            flags.plus = true
            printFloat(value, number.imaginary, verb)
            write("i)")
            flags.plus = plus
        default:
            complain(value, verb)
        }
    }

    private mutating func printFloat(_ number: Double, _ notation: FloatText.Notation, precision: Int?) {
        let precision = flags.precision ?? precision
        let start = output.count
        // An infinity shows its sign always.
        let sign: UInt8? =
            number.sign == .minus && !number.isNaN
            ? UInt8(ascii: "-")
            : flags.plus
                ? UInt8(ascii: "+")
                : flags.space ? UInt8(ascii: " ") : number.isInfinite ? UInt8(ascii: "+") : nil
        if let sign { output.append(sign) }
        let digits = output.count
        FloatText.appendMagnitude(number, notation: notation, precision: precision, into: &output)
        guard number.isFinite else { return padNotFinite(from: start) }
        if flags.sharp && notation != .binary { forcePoint(from: digits, notation, precision) }
        if flags.zero && !flags.minus, let width = flags.width {
            // The sign goes in front of the filling zeros.
            output.insert(repeating: flags.padding, count: width - (output.count - start), at: digits)
        } else {
            pad(from: start)
        }
    }

    /// Infinity and NaN do not look like numbers, so zeros do not fill them up.
    private mutating func padNotFinite(from start: Int) {
        let zero = flags.zero
        flags.zero = false
        pad(from: start)
        flags.zero = zero
    }

    /// The flag `#`: a decimal point always, and the trailing zeros that `%g` leaves out.
    private mutating func forcePoint(from start: Int, _ notation: FloatText.Notation, _ precision: Int?) {
        let text = Array(output.bytes(from: start))
        var missing = 0
        switch notation {
        case .general, .generalUpper, .hexadecimal: missing = precision ?? 6
        default: break
        }
        let isHexadecimal = notation == .hexadecimal || notation == .hexadecimalUpper
        var hasPoint = false
        var sawSignificant = false
        var end = text.count
        scan: for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "."):
                hasPoint = true
            case UInt8(ascii: "p"), UInt8(ascii: "P"):
                end = index
                break scan
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                if !isHexadecimal {
                    end = index
                    break scan
                }
                sawSignificant = true
                missing -= 1
            case let digit:
                if digit != UInt8(ascii: "0") { sawSignificant = true }
                if sawSignificant { missing -= 1 }
            }
        }
        output.truncate(to: start + end)
        if !hasPoint {
            if text[..<end] == [UInt8(ascii: "0")] { missing -= 1 }
            output.append(UInt8(ascii: "."))
        }
        output.append(repeating: UInt8(ascii: "0"), count: missing)
        for byte in text[end...] { output.append(byte) }
    }
}

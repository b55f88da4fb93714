import TextTemplate

/// Sprig's functions that make numbers of anything, and those on such numbers. What is no number counts as 0.
enum NumberFunctions {
    static let table: [String: Function] = [
        "int": Function([.any]) { .int(integer($0[0])) },
        "int64": Function([.any]) { .integer(.init(.int64, integer($0[0]))) },
        "float64": Function([.any]) { .float(float($0[0])) },
        "max": Function([.any], variadic: .any) { integer(of: $0, max) },
        "min": Function([.any], variadic: .any) { integer(of: $0, min) },
        "floor": Function([.any]) { .float(float($0[0]).rounded(.down)) },
        "ceil": Function([.any]) { .float(float($0[0]).rounded(.up)) },
        "round": Function([.any, .int], variadic: .float) { arguments in
            var threshold = 0.5
            if arguments.count > 2, case .float(let given) = arguments[2] { threshold = given }
            return .float(rounded(float(arguments[0]), places: arguments.int(1), upFrom: threshold))
        },
    ]

    private static func integer(of arguments: Arguments, _ choose: (Int, Int) -> Int) -> Value {
        let numbers = (0..<arguments.count).map { integer(arguments[$0]) }
        return .integer(.init(.int64, numbers.dropFirst().reduce(numbers[0], choose)))
    }

    /// `cast.ToInt`: text with a prefix such as `0x`, or `0` for octal; zeros behind a point are cut off.
    private static func integer(_ value: Value) -> Int {
        switch value {
        case .int(let number): return number
        case .integer(let integer) where integer.kind != .duration: return integer.value
        case .float(let number):
            // A number out of range becomes the smallest one, as Go does on x86-64.
            return Int(exactly: number.rounded(.towardZero)) ?? .min
        case .bool(let flag): return flag ? 1 : 0
        case .string(let text):
            return text.withBytes { NumberText.int(UnsafeBufferPointer(rebasing: $0.prefix(wholeLength(of: $0)))) } ?? 0
        default: return 0
        }
    }

    /// The length of `text` without a point and nothing but zeros behind it.
    private static func wholeLength(of text: UnsafeBufferPointer<UInt8>) -> Int {
        guard let last = text.lastIndex(where: { $0 != UInt8(ascii: "0") }), last < text.count - 1,
            text[last] == UInt8(ascii: ".")
        else { return text.count }
        return last
    }

    /// `cast.ToFloat64`.
    private static func float(_ value: Value) -> Double {
        switch value {
        case .int(let number): return Double(number)
        case .integer(let integer) where integer.kind != .duration: return Double(integer.value)
        case .float(let number): return number
        case .bool(let flag): return flag ? 1 : 0
        case .string(let text): return text.withBytes { NumberText.float($0) } ?? special(text) ?? 0
        default: return 0
        }
    }

    /// Infinities and NaN as `strconv.ParseFloat` takes them.
    private static func special(_ text: ByteString) -> Double? {
        guard text.count <= 9 else { return nil }
        switch text.text.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return .nan
        default: return nil
        }
    }

    /// A fraction of `threshold` or more is rounded up, with `places` digits behind the point.
    private static func rounded(_ number: Double, places: Int, upFrom threshold: Double) -> Double {
        let scale = powerOfTen(places)
        let digits = scale * number
        let whole = digits.rounded(.towardZero)
        let fraction = digits.isInfinite ? .nan : digits - whole
        return digits.rounded(fraction >= threshold ? .up : .down) / scale
    }

    /// `math.Pow(10, exponent)`, with Go's rounding: the significand of ten is squared, and the exponents are kept apart.
    private static func powerOfTen(_ exponent: Int) -> Double {
        guard exponent.magnitude < 400 else { return exponent > 0 ? .infinity : 0 }
        var power = 1.0
        var powerExponent = 0
        var square = 0.625
        var squareExponent = 4
        var rest = exponent.magnitude
        while rest > 0 {
            if rest & 1 == 1 {
                power *= square
                powerExponent += squareExponent
            }
            square *= square
            squareExponent *= 2
            if square < 0.5 {
                square += square
                squareExponent -= 1
            }
            rest >>= 1
        }
        if exponent < 0 {
            power = 1 / power
            powerExponent = -powerExponent
        }
        return Double(sign: .plus, exponent: powerExponent, significand: power)
    }
}

/// The digits of numbers in bases up to 16, and the `x` of their prefix.
struct Digits {
    private let afterNine: UInt8
    let x: UInt8

    static let lower = Digits(afterNine: UInt8(ascii: "a") - 10, x: UInt8(ascii: "x"))
    static let upper = Digits(afterNine: UInt8(ascii: "A") - 10, x: UInt8(ascii: "X"))

    @inline(__always)
    subscript(digit: UInt8) -> UInt8 { digit < 10 ? UInt8(ascii: "0") + digit : afterNine + digit }
}

/// Decimal integers.
enum DecimalText {
    /// Appends `number` as `strconv.Itoa`.
    static func append(_ number: Int, into output: inout ByteBuffer) {
        if number < 0 { output.append(UInt8(ascii: "-")) }
        output.append(decimal: UInt64(number.magnitude))
    }

    /// Appends `number` in base 10, or another `base` up to 16.
    static func append(
        _ number: UInt64, base: UInt64 = 10, digits: Digits = .lower, into output: inout some ByteOutput & ~Copyable
    ) {
        if number < base {
            output.append(digits[UInt8(number)])
        } else {
            withDigits(of: number, base: base, digits: digits) { output.append(contentsOf: $0) }
        }
    }

    /// The number of digits of `number` in base 10, or in a power of two.
    static func length(of number: UInt64, base: UInt64 = 10) -> Int {
        var length = 1
        if base == 10 {
            let longest = 20
            var limit: UInt64 = 10
            while length < longest && number >= limit {
                length += 1
                limit = limit &* 10
            }
        } else {
            let bits = UInt64(base.trailingZeroBitCount)
            var rest = number &>> bits
            while rest > 0 {
                length += 1
                rest &>>= bits
            }
        }
        return length
    }

    /// Calls `body` with the digits of `number`.
    static func withDigits(
        of number: UInt64, base: UInt64 = 10, digits: Digits = .lower, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer in
            var start = buffer.count
            var rest = number
            repeat {
                start -= 1
                let high = rest / base
                buffer[start] = digits[UInt8(rest - high * base)]
                rest = high
            } while rest > 0
            body(UnsafeBufferPointer(rebasing: buffer[start...]))
        }
    }
}

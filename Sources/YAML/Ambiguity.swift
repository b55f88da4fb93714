/// Whether a string needs quotes because YAML would read it as null, a boolean, a number or a timestamp. Numbers to base 60
/// are among these: YAML 1.1 has them, though few parsers know them.
enum Ambiguity {
    static func isAmbiguous(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            return isNoString(text) || isBase60(text) || Timestamp.matches(text)
        case UInt8(ascii: "."), UInt8(ascii: "~"): return isNoString(text)
        default: return isWordStart(first) && text.count <= 5 && isNoString(text)
        }
    }

    private static func isWordStart(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "y"), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "o"): true
        default: false
        }
    }

    private static func isNoString(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if case .string = PlainScalar(Array(text)) { false } else { true }
    }

    /// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
    private static func isBase60(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
        func isDigitOrUnderscore(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "_") }
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.first, isDigit(first) else { return false }
        rest = rest.drop(while: isDigitOrUnderscore)
        guard rest.first == UInt8(ascii: ":") else { return false }
        while rest.first == UInt8(ascii: ":") {
            let digits = rest.dropFirst().prefix(while: isDigit)
            guard let first = digits.first, digits.count <= 2 else { return false }
            if digits.count == 2, first > UInt8(ascii: "5") { return false }
            rest = rest.dropFirst(1 + digits.count)
        }
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: isDigitOrUnderscore) }
        return rest.isEmpty
    }
}

/// The dates and times that go-yaml v2 reads: `2006-1-2`, `2006-1-2 15:4:5.9` and `2006-1-2T15:4:5.9Z` with any offset.
enum Timestamp {
    static func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var scanner = Scanner(rest: text[...])
        guard let year = scanner.digits(4...4), scanner.take(UInt8(ascii: "-")),
            let month = scanner.digits(1...2), (1...12).contains(month), scanner.take(UInt8(ascii: "-")),
            let day = scanner.digits(1...2), day >= 1, day <= daysIn(month: month, year: year)
        else { return false }
        guard let separator = scanner.rest.first else { return true }
        if separator == UInt8(ascii: " ") {
            scanner.rest = scanner.rest.drop { $0 == UInt8(ascii: " ") }
            return scanner.time() && scanner.rest.isEmpty
        }
        guard separator | 0x20 == UInt8(ascii: "t") else { return false }
        scanner.rest = scanner.rest.dropFirst()
        return scanner.time() && scanner.offset() && scanner.rest.isEmpty
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Reads the parts as Go's `time.Parse` does.
    private struct Scanner {
        var rest: Slice<UnsafeBufferPointer<UInt8>>

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// A number of `count` digits; further digits are left.
        mutating func digits(_ count: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix(count.upperBound).prefix { $0 &- UInt8(ascii: "0") < 10 }
            guard digits.count >= count.lowerBound else { return nil }
            rest = rest.dropFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }

        /// `15:4:5`, and a fraction of any length behind a point or a comma.
        mutating func time() -> Bool {
            guard let hour = digits(1...2), hour < 24, take(UInt8(ascii: ":")),
                let minute = digits(1...2), minute < 60, take(UInt8(ascii: ":")),
                let second = digits(1...2), second < 60
            else { return false }
            if let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") {
                let fraction = rest.dropFirst().prefix { $0 &- UInt8(ascii: "0") < 10 }
                if fraction.isEmpty { return false }
                rest = rest.dropFirst(1 + fraction.count)
            }
            return true
        }

        /// `Z`, `+01:30`; Go takes 24 hours and 60 minutes too.
        mutating func offset() -> Bool {
            if take(UInt8(ascii: "Z")) { return true }
            guard take(UInt8(ascii: "+")) || take(UInt8(ascii: "-")), let hours = digits(2...2), hours <= 24,
                take(UInt8(ascii: ":")), let minutes = digits(2...2)
            else { return false }
            return minutes <= 60
        }
    }
}

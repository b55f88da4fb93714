/// Times as RFC 3339 writes them.
enum InternetTime {
    /// Seconds since 1970 UTC of `2026-01-31T12:00:00Z` or `…+01:00`; nil for anything else. A fraction is dropped.
    static func parse(_ text: String) -> Int? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard rest.count >= digits, rest.prefix(digits).allSatisfy({ (48...57).contains($0) }) else { return nil }
            let value = rest.prefix(digits).reduce(0) { $0 * 10 + Int($1) - 48 }
            rest = rest.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func take(_ characters: String) -> UInt8? {
            guard let first = rest.first, characters.utf8.contains(first) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        guard let year = number(4, 1...9999), take("-") != nil, let month = number(2, 1...12), take("-") != nil,
            let day = number(2, 1...days(year, month)), take("Tt ") != nil, let hour = number(2, 0...23),
            take(":") != nil, let minute = number(2, 0...59), take(":") != nil, let second = number(2, 0...59)
        else { return nil }
        if take(".") != nil { rest = rest.drop { (48...57).contains($0) } }
        var offset = 0
        if take("Zz") == nil {
            guard let sign = take("+-"), let hours = number(2, 0...23), take(":") != nil,
                let minutes = number(2, 0...59)
            else { return nil }
            offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        return ((dayNumber(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset
    }

    private static func days(_ year: Int, _ month: Int) -> Int {
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1970-01-01 in the Gregorian calendar, with years that begin in March.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}

/// The rule at the end of a zone's file for the time after its last transition, for example
/// `CET-1CEST,M3.5.0,M10.5.0/3`: Go's `tzset`.
struct ZoneRule: Sendable {
    private let standard: ZoneOffset
    private let daylight: Daylight?

    private struct Daylight {
        let zone: ZoneOffset
        let start: Day
        let end: Day
    }

    /// The day and time of day when the clocks change.
    private struct Day {
        enum Kind {
            /// `J60`: February 29 is never counted.
            case julian(Int)
            /// `59`: counted from 0, February 29 included.
            case ofYear(Int)
            /// `M3.5.0`: the fifth, or last, Sunday of March.
            case ofMonth(month: Int, week: Int, weekday: Int)
        }
        let kind: Kind
        /// Seconds since midnight.
        let time: Int
    }

    /// Nil if `text` is not such a rule.
    init?(_ text: ArraySlice<UInt8>) {
        var scanner = Scanner(rest: text)
        guard let name = scanner.name(), let offset = scanner.offset() else { return nil }
        standard = ZoneOffset(abbreviation: name, seconds: -offset, isDaylightSaving: false)
        if scanner.isAtEnd || scanner.isAt(",") {
            daylight = nil
            return
        }
        guard let name = scanner.name() else { return nil }
        var seconds = standard.seconds + 3_600
        if !scanner.isAtEnd, !scanner.isAt(",") {
            guard let offset = scanner.offset() else { return nil }
            seconds = -offset
        }
        if scanner.isAtEnd { scanner.rest = Array(",M3.2.0,M11.1.0".utf8)[...] }
        guard scanner.skip(",") || scanner.skip(";"), let start = scanner.day(), scanner.skip(","),
            let end = scanner.day(), scanner.isAtEnd
        else { return nil }
        daylight = Daylight(
            zone: ZoneOffset(abbreviation: name, seconds: seconds, isDaylightSaving: true), start: start, end: end)
    }

    /// The offset at `seconds` since 1970.
    func zone(at seconds: Int64) -> ZoneOffset {
        guard let daylight else { return standard }
        let (year, day) = Self.yearAndDay(seconds)
        // Before 1970 this is a day less than it should be, in Go as well.
        let second = day * 86_400 + Int(seconds % 86_400)
        let start = Self.second(of: daylight.start, year: year) - standard.seconds
        let end = Self.second(of: daylight.end, year: year) - daylight.zone.seconds
        // South of the equator daylight time holds at both ends of the year.
        let isWithin = start <= end ? (start..<end).contains(second) : !(end..<start).contains(second)
        return isWithin ? daylight.zone : standard
    }

    /// The second of the year, by the clocks that are changed then.
    private static func second(of day: Day, year: Int) -> Int {
        let isLeap = isLeap(year)
        switch day.kind {
        case .julian(let number): return (number - 1 + (isLeap && number >= 60 ? 1 : 0)) * 86_400 + day.time
        case .ofYear(let number): return number * 86_400 + day.time
        case .ofMonth(let month, let week, let weekday):
            let daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
            let leapDay = isLeap && month > 2 ? 1 : 0
            let start = daysBefore[month - 1] + leapDay
            let length = daysBefore[month] - daysBefore[month - 1] + (isLeap && month == 2 ? 1 : 0)
            var date = (weekday - self.weekday(year: year, day: start) + 7) % 7
            for _ in 1..<week where date + 7 < length { date += 7 }
            return (start + date) * 86_400 + day.time
        }
    }

    /// The year of a second since 1970, and the day of it from 0.
    private static func yearAndDay(_ seconds: Int64) -> (year: Int, day: Int) {
        let days = Int(seconds / 86_400) - (seconds % 86_400 < 0 ? 1 : 0)
        // Years of the mean length, and then one more or less.
        var year = 1970 + Int((Double(days) / 365.2425).rounded(.down))
        while daysBefore(year) > days { year -= 1 }
        while daysBefore(year + 1) <= days { year += 1 }
        return (year, days - daysBefore(year))
    }

    /// The days from 1970 to the beginning of a year.
    private static func daysBefore(_ year: Int) -> Int {
        let past = year - 1
        let leapYears = floor(past, 4) - floor(past, 100) + floor(past, 400)
        return (year - 1970) * 365 + leapYears - 477
    }

    /// 0 for Sunday.
    private static func weekday(year: Int, day: Int) -> Int {
        let rest = (daysBefore(year) + day + 4) % 7
        return rest < 0 ? rest + 7 : rest
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func floor(_ number: Int, _ divisor: Int) -> Int {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }

    /// Reads the parts of a rule; each method returns nil if the text is not of its form.
    private struct Scanner {
        var rest: ArraySlice<UInt8>

        var isAtEnd: Bool { rest.isEmpty }

        func isAt(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard isAt(character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// Three letters or more, or anything between `<` and `>`.
        mutating func name() -> String? {
            let isQuoted = skip("<")
            let ends = isQuoted ? Array(">".utf8) : Array("0123456789,-+".utf8)
            let name = rest.prefix { !ends.contains($0) }
            rest = rest.dropFirst(name.count)
            guard isQuoted ? skip(">") : name.count >= 3 else { return nil }
            return String(decoding: name, as: UTF8.self)
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func offset() -> Int? {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            guard var seconds = number(0...168).map({ $0 * 3_600 }) else { return nil }
            for unit in [60, 1] where isAt(":") {
                _ = skip(":")
                guard let number = number(0...59) else { return nil }
                seconds += number * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func day() -> Day? {
            let kind: Day.Kind
            if skip("J") {
                guard let day = number(1...365) else { return nil }
                kind = .julian(day)
            } else if skip("M") {
                guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
                    let weekday = number(0...6)
                else { return nil }
                kind = .ofMonth(month: month, week: week, weekday: weekday)
            } else {
                guard let day = number(0...365) else { return nil }
                kind = .ofYear(day)
            }
            guard skip("/") else { return Day(kind: kind, time: 7_200) }
            return offset().map { Day(kind: kind, time: $0) }
        }

        private mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            var number = 0
            for digit in digits {
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
                if number > range.upperBound { return nil }
            }
            rest = rest.dropFirst(digits.count)
            return digits.isEmpty || number < range.lowerBound ? nil : number
        }
    }
}

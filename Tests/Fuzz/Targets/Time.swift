@testable import TextTemplate

/// Any time can be split into its parts, formatted by any layout, and moved.
///
/// An input: seconds, a span, nanoseconds, an offset of the zone, and a layout.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        var reader = ByteReader(input)
        let choice = reader.byte()
        var seconds = reader.integer()
        // Half of the inputs are near our own time.
        if choice & 1 == 0 { seconds %= 1 << 36 }
        let span = reader.integer()
        let nanoseconds = abs(span % 1_000_000_000)
        let offset = reader.integer() % 200_000
        let layout = reader.remainder()
        let zone = Time.Location.Zone(abbreviation: choice & 2 == 0 ? "" : "XYZ", offset: offset, isDST: false)
        let location = Time.Location("Some/Where") { _ in zone }
        let time = Time(
            unixSeconds: seconds, nanoseconds: nanoseconds, monotonic: choice & 4 == 0 ? nil : span, local: location)
        check(time.format(layout) == time.format(layout), "formatting again gives the same")
        check(time.format(layout).count <= 32 * layout.count + 16, "the output is bounded")
        checkParts(of: time)
        checkArithmetic(time, span)
        checkSpan(span)
        callMethods(of: time, span: span, layout: ByteString(layout))
        // Dates far away must not trap either.
        _ = Calendar.day(year: span, month: seconds, day: offset)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        _ = Time(unixSeconds: 1_234_567_890, nanoseconds: 123_456_789, local: .utc).format(input)
    }

    private static func checkParts(of time: Time) {
        let date = time.date
        check((1...12).contains(date.month) && (1...31).contains(date.day), "the date is one of the calendar")
        check((1...366).contains(date.yearDay) && (0...6).contains(time.weekday), "the day is one of the year and week")
        check((0..<86_400).contains(time.secondOfDay), "the second is one of the day")
        let day = Calendar.day(year: date.year, month: date.month, day: date.day)
        let again = Calendar.date(ofDay: day)
        check(
            again.year == date.year && again.month == date.month && again.day == date.day
                && again.yearDay == date.yearDay, "the date leads to its day and back")
        check(
            Calendar.day(year: date.year, month: 1, day: date.yearDay) == day, "the day of the year leads to the day")
    }

    private static func checkArithmetic(_ time: Time, _ span: Int) {
        let plain = time.at(.utc)
        let later = plain.adding(span)
        // Beyond the range of the type, times stay at its end.
        if abs(plain.seconds / 2) < Int.max / 4 {
            check(later.subtracting(plain) == span, "what is added is the difference")
            check(
                later.adding(-max(span, -.max)).compared(to: plain) == (span == .min ? 1 : 0) * -1,
                "and can be taken away")
            check(later.compared(to: plain) == span.signum(), "later is later")
        }
        for unit in [1, 1_000, 86_400_000_000_000, span] where unit > 0 {
            let truncated = plain.truncated(to: unit)
            let rest = plain.subtracting(truncated)
            check(rest >= 0 && rest < unit || plain.seconds < .min / 2, "truncating takes away less than the unit")
            let moved = plain.rounded(to: unit).subtracting(plain)
            check(
                moved.magnitude <= unit.magnitude / 2 + 1 || abs(plain.seconds / 2) > Int.max / 4,
                "rounding moves by half a unit at most")
        }
    }

    private static func checkSpan(_ span: Int) {
        let text = TimeSpan.text(span)
        check(text.utf8.count <= 25 && text.hasSuffix("s"), "the text of a span is short")
        check((span < 0) == text.hasPrefix("-"), "a negative span has a sign")
    }

    private static func callMethods(of time: Time, span: Int, layout: ByteString) {
        let names: [ByteString] = [
            "Add", "AddDate", "After", "Before", "Compare", "Day", "Equal", "Format", "GoString", "GobEncode", "Hour",
            "In", "IsDST", "IsZero", "Local", "Location", "MarshalBinary", "MarshalJSON", "MarshalText", "Minute",
            "Month", "Nanosecond", "Round", "Second", "String", "Sub", "Truncate", "UTC", "Unix", "UnixMicro",
            "UnixMilli", "UnixNano", "Weekday", "Year", "YearDay",
        ]
        for name in names {
            guard let function = time.method(name) else { fatalError("no method \(name.text)") }
            call(function, span, layout, time)
        }
        let spanNames: [ByteString] = [
            "Abs", "Hours", "Microseconds", "Milliseconds", "Minutes", "Nanoseconds", "Round", "Seconds", "String",
            "Truncate",
        ]
        for name in spanNames {
            guard let function = TimeSpan.methods.function(name, of: span) else { fatalError("no method \(name.text)") }
            call(function, time.seconds, layout, time)
        }
    }

    private static func call(_ function: Function, _ span: Int, _ layout: ByteString, _ time: Time) {
        let arguments = function.parameters.map { parameter -> Value in
            switch parameter {
            case .string: .string(layout)
            case .int: .int(span)
            case .duration: .integer(Value.Integer(.duration, span))
            case .time: .object(time.adding(span))
            case .location: .object(Time.Location.utc)
            case .bytes: .slice(Slice(.byte, layout.array.map { .integer(Value.Integer(.uint8, Int($0))) }))
            case .bool, .float, .any, .strings, .anys, .pairs, .map: fatalError("a parameter that no method has")
            }
        }
        arguments.withUnsafeBufferPointer { arguments in
            var output: [UInt8] = []
            do throws(FunctionError) {
                let result = try function.body(Arguments(values: arguments, userData: nil))
                output = ByteBuffer.bytes { Format.appendValue(result, into: &$0) }
            } catch { output = error.message.array }
            check(!output.isEmpty || layout.isEmpty || function.parameters.count == 1, "a method has a result")
        }
    }

    static let pumps = [
        Pump("text") { _ in "x" },
        Pump("words that begin like months") { _ in "Janet" },
        Pump("fractions") { _ in ".000" },
        Pump("one long fraction", ".") { _ in "0" },
        Pump("points") { _ in ".," },
        Pump("underscores") { _ in "_2006" },
        Pump("zones") { _ in "Z07:00:00-070000MST" },
        Pump("dates") { _ in "2006-01-02T15:04:05" },
    ]
}

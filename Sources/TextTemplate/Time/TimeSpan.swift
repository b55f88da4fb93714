/// Go's `time.Duration`: nanoseconds in 64 bits.
enum TimeSpan {
    static let microsecond = 1_000
    static let millisecond = 1_000_000
    static let second = 1_000_000_000
    static let minute = 60 * second
    static let hour = 60 * minute

    static let methods = MethodTable<Int>([
        .method("Abs") { span, _ in value(absolute(span)) },
        .method("Hours") { span, _ in .float(count(span, of: hour)) },
        .method("Microseconds") { span, _ in .integer(.init(.int64, span / microsecond)) },
        .method("Milliseconds") { span, _ in .integer(.init(.int64, span / millisecond)) },
        .method("Minutes") { span, _ in .float(count(span, of: minute)) },
        .method("Nanoseconds") { span, _ in .integer(.init(.int64, span)) },
        .method("Round", .duration) { span, arguments in value(round(span, to: arguments.int(0))) },
        .method("Seconds") { span, _ in .float(count(span, of: second)) },
        .method("String") { span, _ in .string(ByteString(text(span))) },
        .method("Truncate", .duration) { span, arguments in value(truncate(span, to: arguments.int(0))) },
    ])

    static func value(_ nanoseconds: Int) -> Value { .integer(.init(.duration, nanoseconds)) }

    /// The text of `Duration.String`, for example `1h15m30.918s`, `1.5µs`, `0s`.
    static func text(_ nanoseconds: Int) -> String {
        let magnitude = nanoseconds.magnitude
        if magnitude == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        if magnitude < UInt(microsecond) { return "\(sign)\(magnitude)ns" }
        if magnitude < UInt(millisecond) { return sign + decimal(magnitude, places: 3) + "µs" }
        if magnitude < UInt(second) { return sign + decimal(magnitude, places: 6) + "ms" }
        let hours = magnitude / UInt(hour)
        let minutes = magnitude / UInt(minute) % 60
        var text = sign
        if hours > 0 { text += "\(hours)h" }
        if hours > 0 || minutes > 0 { text += "\(minutes)m" }
        return text + decimal(magnitude % UInt(minute), places: 9) + "s"
    }

    /// `number` / 10^places in decimal, without zeros at the end.
    private static func decimal(_ number: UInt, places: Int) -> String {
        var scale: UInt = 1
        for _ in 0..<places { scale *= 10 }
        let fraction = number % scale
        guard fraction > 0 else { return "\(number / scale)" }
        var digits = String(fraction)
        digits = String(repeating: "0", count: places - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(number / scale).\(digits)"
    }

    /// A span in units; whole units and the rest are converted apart, which rounds best.
    private static func count(_ nanoseconds: Int, of unit: Int) -> Double {
        Double(nanoseconds / unit) + Double(nanoseconds % unit) / Double(unit)
    }

    /// The magnitude; of the least span, the greatest one.
    private static func absolute(_ nanoseconds: Int) -> Int {
        nanoseconds == .min ? .max : abs(nanoseconds)
    }

    /// The multiple of `unit` next to it towards zero.
    private static func truncate(_ nanoseconds: Int, to unit: Int) -> Int {
        unit <= 0 ? nanoseconds : nanoseconds - nanoseconds % unit
    }

    /// The nearest multiple of `unit`, halves away from zero, within the limits of the type.
    private static func round(_ nanoseconds: Int, to unit: Int) -> Int {
        guard unit > 0 else { return nanoseconds }
        let rest = (nanoseconds % unit).magnitude
        if rest + rest < unit.magnitude { return nanoseconds - nanoseconds % unit }
        let missing = unit - Int(rest)
        let (sum, overflow) =
            nanoseconds < 0
            ? nanoseconds.subtractingReportingOverflow(missing) : nanoseconds.addingReportingOverflow(missing)
        return overflow ? (nanoseconds < 0 ? .min : .max) : sum
    }
}

extension Value.Integer {
    private static let namedMethods = MethodTable<Value.Integer>([
        .method("String") { integer, _ in .string(integer.methodText ?? ByteString()) }
    ])

    /// The method of that name, bound to this number; nil if its type has none.
    func method(_ name: ByteString) -> Function? {
        switch kind {
        case .duration: TimeSpan.methods.function(name, of: value)
        case .month, .weekday: Value.Integer.namedMethods.function(name, of: self)
        case .int64, .int32, .uint8, .uint16: nil
        }
    }

    /// The result of the type's `String` method, nil if it has none.
    var methodText: ByteString? {
        switch kind {
        case .duration: ByteString(TimeSpan.text(value))
        case .month: ByteString(Calendar.monthText(value))
        case .weekday: ByteString(Calendar.weekdayText(value))
        case .int64, .int32, .uint8, .uint16: nil
        }
    }
}

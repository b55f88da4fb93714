/// Go's `time.Duration`: nanoseconds in 64 bits.
enum TimeSpan {
    static let microsecond = 1_000
    static let millisecond = 1_000_000
    static let second = 1_000_000_000
    static let minute = 60 * second
    static let hour = 60 * minute

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
}

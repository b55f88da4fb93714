/// Durations as operators write them: Go's form (`1m30s`, `250ms`) or plain seconds (`10`).
package enum GoDuration {
    /// The duration that `text` names, nil if it is neither form or negative. Mirrors Go's `time.ParseDuration`,
    /// and accepts integers as seconds.
    package static func parse(_ text: String) -> Duration? {
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard !bytes.isEmpty else { return nil }
        if bytes.allSatisfy(isDigit) { return Int64(text).flatMap(seconds) }
        var index = 0
        var total = Duration.zero
        while index < bytes.count {
            guard let number = parseNumber(bytes, &index), let unit = parseUnit(bytes, &index) else { return nil }
            let part = number * Double(unit)
            guard part < 9.2e18 else { return nil }
            total += .nanoseconds(Int64(part.rounded()))
        }
        return total
    }

    /// `count` seconds; nil if that is negative or beyond 292 years, Go's longest duration.
    static func seconds(_ count: Int64) -> Duration? { (0...9_223_372_036).contains(count) ? .seconds(count) : nil }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func parseNumber(_ bytes: [UInt8], _ index: inout Int) -> Double? {
        let start = index
        while index < bytes.count, isDigit(bytes[index]) || bytes[index] == UInt8(ascii: ".") { index += 1 }
        return Double(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    /// Nanoseconds in the unit at `index`.
    private static func parseUnit(_ bytes: [UInt8], _ index: inout Int) -> Int64? {
        let start = index
        while index < bytes.count, !isDigit(bytes[index]), bytes[index] != UInt8(ascii: ".") { index += 1 }
        switch String(decoding: bytes[start..<index], as: UTF8.self) {
        case "ns": return 1
        case "us", "µs", "μs": return 1_000
        case "ms": return 1_000_000
        case "s": return 1_000_000_000
        case "m": return 60_000_000_000
        case "h": return 3_600_000_000_000
        default: return nil
        }
    }

    /// `duration` as Go prints it, without trailing zero units: `1m30s`, `250ms`, `0s`.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        guard seconds > 0 else { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        let hours = seconds / 3600
        let minutes = seconds / 60 % 60
        var text = hours > 0 ? "\(hours)h" : ""
        if hours > 0 || minutes > 0 { text += "\(minutes)m" }
        text += "\(seconds % 60)"
        if milliseconds > 0 {
            let padded = "00\(milliseconds)".suffix(3)
            text += ".\(padded)"
        }
        return text + "s"
    }
}

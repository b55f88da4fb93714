/// `time.Time`: an instant, and the location whose clocks show it.
public final class Time: Object {
    /// Seconds since January 1 of year 1, UTC.
    let seconds: Int
    /// 0…999,999,999
    let nanoseconds: Int
    /// The monotonic clock's reading, in nanoseconds since the program began. Arithmetic goes by it
    /// where both times have one.
    let monotonic: Int?
    let location: Location
    /// The location for the method `Local`.
    let local: Location

    /// Seconds from year 1 to 1970.
    static let unixEpoch = 62_135_596_800
    /// Times from 1885 on can hold a monotonic reading, for as long as 33 bits of seconds last.
    private static let monotonicRange = 59_453_308_800..<(59_453_308_800 + 1 << 33)

    init(seconds: Int, nanoseconds: Int, monotonic: Int?, location: Location, local: Location) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.monotonic = Time.monotonicRange.contains(seconds) ? monotonic : nil
        self.location = location
        self.local = local
    }

    /// A local time as of `time.Now`: seconds and nanoseconds since 1970 UTC, and optionally what the
    /// monotonic clock read, in nanoseconds since the program began.
    public convenience init(unixSeconds: Int, nanoseconds: Int, monotonic: Int? = nil, local: Location) {
        precondition((0..<TimeSpan.second).contains(nanoseconds), "nanoseconds beyond a second")
        self.init(
            seconds: unixSeconds &+ Time.unixEpoch, nanoseconds: nanoseconds, monotonic: monotonic,
            location: local, local: local)
    }

    public var typeName: String { "time.Time" }

    /// The unexported fields `wall`, `ext` and `loc`, in Go's encoding.
    public var fields: [(name: String, value: Value)] {
        [
            ("wall", .integer(.init(.int64, Int(bitPattern: UInt(wall))))),
            ("ext", .integer(.init(.int64, extended))),
            ("loc", location === Location.utc ? .nilInterface : .object(location)),
        ]
    }

    public func field(_ name: ByteString) -> Value? { nil }

    public func method(_ name: ByteString) -> Function? { Time.methods.function(name, of: self) }

    /// The result of `String`: the time to the nanosecond, and the monotonic reading as `m=±seconds`.
    public var description: ByteString? {
        var text = format("2006-01-02 15:04:05.999999999 -0700 MST")
        if let monotonic {
            let magnitude = monotonic.magnitude
            text += Array((monotonic < 0 ? " m=-" : " m=+").utf8)
            DecimalText.append(UInt64(magnitude / UInt(TimeSpan.second)), into: &text)
            text.append(UInt8(ascii: "."))
            LayoutWriter.append(Int(magnitude % UInt(TimeSpan.second)), width: 9, into: &text)
        }
        return ByteString(text)
    }

    /// Go's field `wall`: the nanoseconds, and with a monotonic reading a mark and the seconds since 1885.
    var wall: UInt64 {
        guard monotonic != nil else { return UInt64(nanoseconds) }
        return 1 << 63 | UInt64(seconds - Time.monotonicRange.lowerBound) << 30 | UInt64(nanoseconds)
    }

    /// Go's field `ext`: the monotonic reading, or without one the seconds.
    var extended: Int { monotonic ?? seconds }

    /// Whether Go's `==` would call the two equal: the same instant, location and monotonic reading.
    func isIdentical(to other: Time) -> Bool {
        wall == other.wall && extended == other.extended && location === other.location
    }
}

// MARK: Parts

extension Time {
    var unixSeconds: Int { seconds &- Time.unixEpoch }

    var zone: Location.Zone { location.zone(at: unixSeconds) }

    /// Seconds of the calendar, as clocks of the location show.
    private var clockSeconds: UInt64 {
        UInt64(bitPattern: Int64(unixSeconds &+ zone.offset &+ Calendar.unixEpoch))
    }

    /// The number of the day in the calendar.
    private var dayNumber: UInt64 { clockSeconds / UInt64(Calendar.secondsPerDay) }

    var date: Calendar.Date { Calendar.date(ofDay: dayNumber) }

    /// Seconds since midnight.
    var secondOfDay: Int { Int(clockSeconds % UInt64(Calendar.secondsPerDay)) }

    /// 0 for Sunday
    var weekday: Int { Calendar.weekday(ofDay: dayNumber) }

    var isZero: Bool { seconds == 0 && nanoseconds == 0 }
}

// MARK: Arithmetic

extension Time {
    /// The same instant in another location, without the monotonic reading.
    func at(_ location: Location) -> Time {
        Time(seconds: seconds, nanoseconds: nanoseconds, monotonic: nil, location: location, local: local)
    }

    /// `Time.Add`; beyond the range of 64 bits the result stays at its end.
    func adding(_ span: Int) -> Time {
        var whole = span / TimeSpan.second
        var fraction = nanoseconds + span % TimeSpan.second
        if fraction >= TimeSpan.second {
            whole += 1
            fraction -= TimeSpan.second
        } else if fraction < 0 {
            whole -= 1
            fraction += TimeSpan.second
        }
        let (sum, overflow) = seconds.addingReportingOverflow(whole)
        let reading = monotonic.map { $0.addingReportingOverflow(span) }
        return Time(
            seconds: overflow ? (whole > 0 ? .max : -.max) : sum, nanoseconds: fraction,
            monotonic: reading.flatMap { $0.overflow ? nil : $0.partialValue }, location: location, local: local)
    }

    /// `Time.Sub`: the span from `other` to here, within the limits of the type.
    func subtracting(_ other: Time) -> Int {
        if let monotonic, let reading = other.monotonic {
            let (difference, overflow) = monotonic.subtractingReportingOverflow(reading)
            return overflow ? (monotonic > reading ? .max : .min) : difference
        }
        let difference = (Int128(seconds) - Int128(other.seconds)) * Int128(TimeSpan.second)
        return Int(clamping: difference + Int128(nanoseconds - other.nanoseconds))
    }

    /// `Time.AddDate`: the same time of day on another date; a date that does not exist runs over.
    func addingDate(years: Int, months: Int, days: Int) -> Time {
        let date = date
        let day = Calendar.day(
            year: date.year &+ years, month: date.month &+ months, day: date.day &+ days)
        let clock = Int(truncatingIfNeeded: day) &* Calendar.secondsPerDay &+ secondOfDay
        let unixSeconds = clock &- Calendar.unixEpoch
        // The offset depends on the instant, which depends on the offset: a first guess, then a better one.
        var offset = location.zone(at: unixSeconds).offset
        if offset != 0 { offset = location.zone(at: unixSeconds &- offset).offset }
        return Time(
            seconds: unixSeconds &- offset &+ Time.unixEpoch, nanoseconds: nanoseconds, monotonic: nil,
            location: location, local: local)
    }

    /// `Time.Compare`: -1, 0 or 1.
    func compared(to other: Time) -> Int {
        if let monotonic, let reading = other.monotonic {
            return (monotonic > reading ? 1 : 0) - (monotonic < reading ? 1 : 0)
        }
        let isAfter = (seconds, nanoseconds) > (other.seconds, other.nanoseconds)
        let isBefore = (seconds, nanoseconds) < (other.seconds, other.nanoseconds)
        return (isAfter ? 1 : 0) - (isBefore ? 1 : 0)
    }

    /// `Time.Truncate`: down to a multiple of `unit` since year 1.
    func truncated(to unit: Int) -> Time {
        let plain = at(location)
        return unit <= 0 ? plain : plain.adding(-remainder(of: unit))
    }

    /// `Time.Round`: to the nearest multiple of `unit` since year 1, halves up.
    func rounded(to unit: Int) -> Time {
        let plain = at(location)
        guard unit > 0 else { return plain }
        let rest = remainder(of: unit)
        return plain.adding(rest.magnitude + rest.magnitude < unit.magnitude ? -rest : unit - rest)
    }

    /// How far the time is after a multiple of `unit`, which must be positive.
    private func remainder(of unit: Int) -> Int {
        let total = Int128(seconds) * Int128(TimeSpan.second) + Int128(nanoseconds)
        let rest = Int(total % Int128(unit))
        return rest < 0 ? rest + unit : rest
    }
}

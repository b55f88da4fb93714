import Glibc

/// A point in time by the calendar.
package struct WallTime: Equatable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let seconds: Int64
    /// Within the second, `0..<1_000_000_000`.
    package let nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (left: WallTime, right: WallTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// A time zone's offset and abbreviation at one moment.
package struct ZoneOffset: Equatable, Sendable {
    /// For example `CET`.
    package let abbreviation: String
    /// Seconds east of UTC.
    package let seconds: Int
    package let isDaylightSaving: Bool
}

/// The system's clocks.
package enum Clock {
    /// Time since an arbitrary start, which only moves forward (`CLOCK_MONOTONIC`).
    package static func monotonic() -> Duration {
        let now = time(CLOCK_MONOTONIC)
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }

    /// The processor time that this process has used, in all its threads (`CLOCK_PROCESS_CPUTIME_ID`).
    package static func processor() -> Duration {
        let now = time(CLOCK_PROCESS_CPUTIME_ID)
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }

    /// Sleeps until the process has used `time` (below one second) of processor time; false if the system cannot.
    package static func sleep(processorTime time: Duration) -> Bool {
        var length = timespec(tv_sec: 0, tv_nsec: Int(time.components.attoseconds / 1_000_000_000))
        let code = clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &length, nil)
        return code == 0 || code == EINTR
    }

    /// The calendar's time.
    package static func wall() -> WallTime {
        let now = time(CLOCK_REALTIME)
        return WallTime(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
    }

    /// Blocks the thread; for threads that have no descriptor to wait for.
    package static func sleep(_ duration: Duration) {
        let end = monotonic() + duration
        while monotonic() < end { poll(nil, 0, Int32(clamping: (end - monotonic()).milliseconds(roundedUp: true))) }
    }

    /// As `rfc3339`, with milliseconds: `2006-01-02T15:04:05.000+01:00`.
    package static func rfc3339WithMilliseconds(_ time: WallTime) -> String {
        let text = rfc3339(time)
        let second = text.index(text.startIndex, offsetBy: 19)
        return "\(text[..<second]).\(padded(Int32(time.nanoseconds / 1_000_000), 3))\(text[second...])"
    }

    /// Local time in whole seconds as Go's `time.RFC3339`: `2006-01-02T15:04:05+01:00`, `Z` for UTC.
    package static func rfc3339(_ time: WallTime) -> String {
        let offset = LocalZone.current.zone(at: time.seconds).seconds
        let local = fields(time.seconds &+ Int64(offset))
        let date = "\(padded(local.tm_year + 1900, 4))-\(padded(local.tm_mon + 1, 2))-\(padded(local.tm_mday, 2))"
        let clock = "\(padded(local.tm_hour, 2)):\(padded(local.tm_min, 2)):\(padded(local.tm_sec, 2))"
        if offset == 0 { return "\(date)T\(clock)Z" }
        let minutes = Int32(truncatingIfNeeded: offset / 60)
        let sign = minutes < 0 ? "-" : "+"
        return "\(date)T\(clock)\(sign)\(padded(abs(minutes) / 60, 2)):\(padded(abs(minutes) % 60, 2))"
    }

    private static func time(_ clock: clockid_t) -> timespec {
        var now = timespec()
        let status = clock_gettime(clock, &now)
        precondition(status == 0, "a clock that every Linux has")
        return now
    }

    private static func fields(_ seconds: Int64) -> tm {
        var seconds = time_t(seconds)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        return fields
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The points in time at which one target is probed: one interval apart, each late by as much as the caller wants. Different targets
/// begin at different parts of the interval, so that they are never in step.
struct ProbeTimes: Sendable {
    private let interval: Int64
    private let phase: Int64
    /// How many intervals lie before the last probe, counted from the clock's zero.
    private var count: Int64

    /// `part`, in `0..<1`, is the part of the interval at which probes begin; the first probe begins at `first` in any case.
    init(interval: Duration, part: Double, first: Duration) {
        self.interval = interval.nanoseconds
        phase = Int64(Double(self.interval) * part)
        count = Self.floor(first.nanoseconds - phase, self.interval)
    }

    /// When the next probe begins, after one that ended at `now`: `late` after its time, never before `now`, and without those
    /// that were missed.
    mutating func next(after now: Duration, late: Duration) -> Duration {
        count = max(count + 1, Self.floor(now.nanoseconds - phase, interval))
        let time = Duration.nanoseconds(count * interval + phase) + late
        return max(time, now)
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

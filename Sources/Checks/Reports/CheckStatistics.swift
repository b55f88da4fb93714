/// Counters of the probes, for metrics.
package struct CheckStatistics: Equatable, Sendable {
    /// How long probes took that told something, by the name of their check.
    package internal(set) var durations: [String: Histogram] = [:]
    /// How much later probes began than they were due.
    package internal(set) var lateness = Histogram()
    /// How many times a verdict has changed.
    package internal(set) var transitions = 0
}

/// How many times lie below which limits, as Prometheus has them.
package struct Histogram: Equatable, Sendable {
    /// Upper limits in milliseconds, each included; above the last there is no limit.
    package static let limits = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

    /// How many times lie at or below each of `limits` and above the one before, and at the end those above all.
    package private(set) var counts = [Int](repeating: 0, count: limits.count + 1)
    /// All times together.
    package private(set) var sum = Duration.zero

    private static let durations = limits.map { Duration.milliseconds($0) }

    /// How many times there are.
    package var count: Int { counts.reduce(0, +) }

    mutating func add(_ time: Duration) {
        counts[Self.durations.firstIndex { time <= $0 } ?? Self.durations.count] += 1
        sum += time
    }
}

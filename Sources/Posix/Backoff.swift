/// Exponential back-off: pauses between attempts that double up to a limit, with jitter, so that many clients do not come back
/// at the same moment.
package struct Backoff: Sendable {
    /// Which part of a pause is random.
    package enum Jitter: Sendable {
        /// All of it ("full jitter").
        case full
        /// The second half.
        case half
        case none
    }

    private let start: Duration
    private let limit: Duration
    private let jitter: Jitter
    private var failures = 0

    package init(start: Duration = .milliseconds(100), limit: Duration = .seconds(15), jitter: Jitter = .full) {
        self.start = start
        self.limit = limit
        self.jitter = jitter
    }

    /// The pause after the given number of failures in a row, from 1 on; `random` is in `0..<1`.
    package func pause(after failures: Int, random: Double) -> Duration {
        let full = min(start * Double(1 << min(max(failures - 1, 0), 16)), limit)
        return switch jitter {
        case .full: full * random
        case .half: full * (0.5 + random / 2)
        case .none: full
        }
    }

    /// Counts another failure and returns the pause after it.
    package mutating func next() -> Duration {
        failures += 1
        return pause(after: failures, random: .random(in: 0..<1))
    }

    /// Starts over after a success.
    package mutating func reset() { failures = 0 }
}

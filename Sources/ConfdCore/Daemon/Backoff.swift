/// Pauses between attempts: random ones, of which the longest possible doubles up to 15 seconds.
struct Backoff {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(15)

    private var limit = Backoff.first

    /// The next pause: all of it is random, so that a fleet does not come back at once.
    mutating func next() -> Duration {
        defer { limit = min(limit * 2, Self.longest) }
        return limit * Double.random(in: 0..<1)
    }

    mutating func reset() { self = Backoff() }
}

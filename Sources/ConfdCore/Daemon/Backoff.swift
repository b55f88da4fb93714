/// Pauses between attempts: random ones, of which the longest possible doubles up to a longest one.
struct Backoff {
    private static let first = Duration.milliseconds(100)

    private let longest: Duration
    private var limit = Backoff.first

    init(longest: Duration = .seconds(15)) { self.longest = longest }

    /// The next pause: all of it is random, so that a fleet does not come back at once.
    mutating func next() -> Duration {
        defer { limit = min(limit * 2, longest) }
        return limit * Double.random(in: 0..<1)
    }

    mutating func reset() { limit = Self.first }
}

import Configuration

/// Limits lines that a retry loop repeats: the first few pass, then one after each of ever longer pauses, with the number
/// of those held back.
struct RepeatLimiter {
    /// How often a line passes before it is held back.
    static let burst = 3
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(600)
    /// How many lines are remembered; beyond that, the one that passed longest ago is dropped.
    static let capacity = 128

    struct Line: Hashable {
        let level: LogLevel
        let message: String
        /// The number of the change that the line is about, 0 for none: equal messages about two changes are two lines.
        var change = 0
    }

    private struct Entry {
        var passes = 0
        var heldBack = 0
        var lastHeldBack = Duration.zero
        var lastPass: Duration
        /// The subject of the last such line.
        var subject: LogFields?
        var pause = RepeatLimiter.firstPause
    }

    private var entries: [Line: Entry] = [:]

    /// How many lines like `line` were held back since the last one passed; nil if it is to be held back too.
    mutating func admit(_ line: Line, about subject: LogFields? = nil, at now: Duration) -> Int? {
        guard var entry = entries[line], now - entry.lastPass < Self.longestPause * 2 else {
            dropOldest()
            entries[line] = Entry(passes: 1, lastPass: now)
            return 0
        }
        entry.subject = subject
        if entry.passes < Self.burst {
            entry.passes += 1
            entry.lastPass = now
            entries[line] = entry
            return 0
        }
        if now - entry.lastPass < entry.pause {
            entry.heldBack += 1
            entry.lastHeldBack = now
            entries[line] = entry
            return nil
        }
        let count = entry.heldBack
        entry.heldBack = 0
        entry.lastPass = now
        entry.pause = min(entry.pause * 2, Self.longestPause)
        entries[line] = entry
        return count
    }

    /// A line that was held back, how often, and how long ago for the last time.
    struct HeldBack {
        let line: Line
        let subject: LogFields?
        let count: Int
        let age: Duration
    }

    /// Takes out the lines that are held back.
    mutating func takeHeldBack(at now: Duration) -> [HeldBack] {
        let heldBack = entries.filter { $0.value.heldBack > 0 }.sorted { $0.value.lastPass < $1.value.lastPass }
        for (line, _) in heldBack { entries[line]?.heldBack = 0 }
        return heldBack.map { line, entry in
            HeldBack(line: line, subject: entry.subject, count: entry.heldBack, age: now - entry.lastHeldBack)
        }
    }

    private mutating func dropOldest() {
        guard entries.count >= Self.capacity else { return }
        guard let oldest = entries.min(by: { $0.value.lastPass < $1.value.lastPass }) else { return }
        entries[oldest.key] = nil
    }
}

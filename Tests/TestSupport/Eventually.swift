import Glibc

/// Checks `condition` every 5 ms until it holds; false after `seconds`, a limit that is long enough for a busy machine.
package func eventually(seconds: Double = 60, _ condition: () throws -> Bool) async throws -> Bool {
    var patience = Patience(seconds)
    while try !condition() {
        if patience.isOver { return false }
        try await Task.sleep(for: Patience.pause)
    }
    return true
}

/// The same for an async condition, such as the answer of another program.
package func eventually(seconds: Double = 60, answer: () async throws -> Bool) async throws -> Bool {
    var patience = Patience(seconds)
    while try await !answer() {
        if patience.isOver { return false }
        try await Task.sleep(for: Patience.pause)
    }
    return true
}

/// The same for tests that are not async: it blocks the thread.
package func eventuallyBlocking(seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
    var patience = Patience(seconds)
    while try !condition() {
        if patience.isOver { return false }
        // The same pause as `Patience.pause`.
        usleep(5_000)
    }
    return true
}

/// What is left of the time limit.
private struct Patience {
    static let pause = Duration.milliseconds(5)
    /// At most this much of the time between two checks counts. When other tests occupy the processors or the shared threads,
    /// half a minute may pass between two checks; that must not use up the limit.
    private static let mostBetweenLooks = Duration.milliseconds(250)
    private var left: Duration
    private var last = ContinuousClock.now

    init(_ seconds: Double) { left = .seconds(seconds) }

    /// Whether the limit is reached; to be read once after each check.
    var isOver: Bool {
        mutating get {
            let now = ContinuousClock.now
            left -= min(now - last, Self.mostBetweenLooks)
            last = now
            return left <= .zero
        }
    }
}

import Glibc

/// Looks again every few milliseconds until `condition` holds; false once `seconds` have passed, which a busy machine must
/// not reach.
package func eventually(seconds: Double = 60, _ condition: () throws -> Bool) async throws -> Bool {
    var patience = Patience(seconds)
    while try !condition() {
        if patience.isOver { return false }
        try await Task.sleep(for: Patience.pause)
    }
    return true
}

/// The same for a condition that has to be waited for, such as what another program answers.
package func eventually(seconds: Double = 60, answer: () async throws -> Bool) async throws -> Bool {
    var patience = Patience(seconds)
    while try await !answer() {
        if patience.isOver { return false }
        try await Task.sleep(for: Patience.pause)
    }
    return true
}

/// The same, and holds up the thread.
package func eventuallyBlocking(seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
    var patience = Patience(seconds)
    while try !condition() {
        if patience.isOver { return false }
        usleep(5_000)
    }
    return true
}

/// How long to look again.
private struct Patience {
    static let pause = Duration.milliseconds(5)
    /// So much of the time between two looks counts. Where other tests hold the processors, or the threads that tests share, half a
    /// minute may pass without a look: what came and went meanwhile was not seen.
    private static let mostBetweenLooks = Duration.milliseconds(250)
    private var left: Duration
    private var last = ContinuousClock.now

    init(_ seconds: Double) { left = .seconds(seconds) }

    /// To be asked once for each look.
    var isOver: Bool {
        mutating get {
            let now = ContinuousClock.now
            left -= min(now - last, Self.mostBetweenLooks)
            last = now
            return left <= .zero
        }
    }
}

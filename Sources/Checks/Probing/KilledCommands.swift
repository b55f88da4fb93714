import Posix

/// Commands that were killed and have not ended yet: a process is dead only when it was waited for.
final class KilledCommands {
    /// How often they are looked for.
    static let period = Duration.milliseconds(10)

    private var children: [ChildProcess] = []

    var isEmpty: Bool { children.isEmpty }

    /// Kills a command and all that it started.
    func add(_ child: ChildProcess) {
        // It may have ended meanwhile, or be another user's.
        _ = try? child.sendToGroup(.kill)
        children.append(child)
    }

    /// Forgets those that have ended.
    func collect() { children.removeAll { $0.collect() != nil } }

    /// Waits until all have ended, for at most `limit`; those that hang in the kernel are waited for when the next process
    /// is started.
    func finish(atMost limit: Duration) {
        let end = Clock.monotonic() + limit
        collect()
        while !children.isEmpty, Clock.monotonic() < end {
            // A killed command ends within microseconds, so there is no descriptor to wait for its end.
            Clock.sleep(.milliseconds(1))
            collect()
        }
        for child in children { child.abandon() }
        children = []
    }
}

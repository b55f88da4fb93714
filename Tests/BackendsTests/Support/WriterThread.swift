import Glibc
import Posix
import Synchronization

/// Calls a closure with 1, 2, 3… on a thread of its own, until `stop()` or the end of this object.
final class WriterThread: Sendable {
    private let loop: Loop

    /// What the thread refers to.
    private final class Loop: Sendable {
        let isStopped = Atomic(false)
        let hasEnded = Atomic(false)

        func run(_ body: (Int) throws -> Void) {
            var round = 1
            while !isStopped.load(ordering: .relaxed) {
                do { try body(round) } catch { break }
                round += 1
            }
            hasEnded.store(true, ordering: .releasing)
        }
    }

    init(_ body: @escaping @Sendable (Int) throws -> Void) throws {
        loop = Loop()
        try Thread.detach { [loop] in loop.run(body) }
    }

    deinit { loop.isStopped.store(true, ordering: .relaxed) }

    /// Ends the thread after the call in progress, for which it waits without a limit.
    func stop() {
        loop.isStopped.store(true, ordering: .relaxed)
        while !loop.hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }
}

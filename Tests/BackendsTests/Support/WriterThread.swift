import Glibc
import Posix
import Synchronization

/// Calls a closure with 1, 2, 3… on a thread of its own, until it is stopped.
final class WriterThread: Sendable {
    private let isStopped = Atomic(false)
    private let hasEnded = Atomic(false)
    private let body: @Sendable (Int) throws -> Void

    init(_ body: @escaping @Sendable (Int) throws -> Void) throws {
        self.body = body
        try Thread.detach { [self] in run() }
    }

    private func run() {
        var round = 1
        while !isStopped.load(ordering: .relaxed) {
            do { try body(round) } catch { break }
            round += 1
        }
        hasEnded.store(true, ordering: .releasing)
    }

    /// Ends the thread after the call in progress, for which it waits without a limit.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        while !hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }
}

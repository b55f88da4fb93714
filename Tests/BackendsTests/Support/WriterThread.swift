import Glibc
import Synchronization

/// Calls a closure with 1, 2, 3… on a thread of its own, until it is stopped.
final class WriterThread: Sendable {
    private let isStopped = Atomic(false)
    private let hasEnded = Atomic(false)
    private let body: @Sendable (Int) throws -> Void

    init(_ body: @escaping @Sendable (Int) throws -> Void) throws {
        self.body = body
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                // Balances passRetained; pthread hands the pointer through, so it is never null.
                Unmanaged<WriterThread>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    private func run() {
        var round = 1
        while !isStopped.load(ordering: .relaxed) {
            do { try body(round) } catch { break }
            round += 1
        }
        hasEnded.store(true, ordering: .releasing)
    }

    /// Waits for the call in progress.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        while !hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }
}

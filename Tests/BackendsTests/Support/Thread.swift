import Glibc

/// Threads for tests.
enum Thread {
    private final class Start: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own.
    static func run(_ body: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body))
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                // Balances passRetained; pthread hands the pointer through, so it is never null.
                Unmanaged<Start>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw Shell.Failure(output: "no thread: \(failure)")
        }
        pthread_detach(thread)
    }
}

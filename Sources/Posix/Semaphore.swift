import Glibc

/// Lets so many threads at a time do something.
package final class Semaphore: Sendable {
    // The semaphore stays at its address from `init` to `deinit`, and its functions may be called by any thread.
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

    /// `count` threads may be inside at a time.
    package init(_ count: Int) {
        semaphore = .allocate(capacity: 1)
        let code = sem_init(semaphore, 0, UInt32(clamping: count))
        precondition(code == 0, "a semaphore within a process needs no resources")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Runs `body` as soon as fewer than `count` others are inside.
    package func use<Result>(_ body: () -> Result) -> Result {
        // A signal handler may have run meanwhile.
        while sem_wait(semaphore) != 0 {}
        defer { sem_post(semaphore) }
        return body()
    }
}

import CPosix
import Glibc

/// A counting semaphore.
package final class Semaphore: Sendable {
    // It stays at its address from `init` to `deinit`, and its functions may be called by any thread.
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

    package init(_ count: Int = 0) {
        semaphore = .allocate(capacity: 1)
        let code = sem_init(semaphore, 0, UInt32(clamping: count))
        precondition(code == 0, "a semaphore within a process needs no resources")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Adds one to the count. At the largest possible count nothing happens.
    package func post() { sem_post(semaphore) }

    /// Waits until the count is above zero, and takes one from it.
    package func wait() {
        // EINTR.
        while sem_wait(semaphore) != 0 {}
    }

    /// As `wait()`, for at most `time`, in monotonic time; false if that passed.
    package func wait(atMost time: Duration) -> Bool {
        var deadline = timespec(Clock.monotonic() + min(max(time, .zero), .seconds(1 << 32)))
        while confd_semaphore_wait_until(semaphore, &deadline) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }

    /// Runs `body` between a `wait` and a `post`: at most as many threads at a time as the initial count.
    package func use<Result>(_ body: () -> Result) -> Result {
        wait()
        defer { post() }
        return body()
    }
}

extension timespec {
    fileprivate init(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }
}

import CCurl

/// A counting semaphore: the one way in which a caller waits for the client's thread.
final class Semaphore: Sendable {
    /// A `confd_semaphore`, which may be used from any thread; freed with the last reference.
    private nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

    init() {
        guard let pointer = confd_semaphore_create() else { preconditionFailure("out of memory") }
        self.pointer = pointer
    }

    deinit { confd_semaphore_destroy(pointer) }

    func post() { confd_semaphore_post(pointer) }

    func wait() { _ = confd_semaphore_wait(pointer, -1) }

    /// Waits at most until `deadline`; false if it passed.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        let left = ContinuousClock.now.duration(to: deadline)
        return confd_semaphore_wait(pointer, max(0, left.milliseconds))
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a limit is never shortened to 0 (which libcurl takes for "none").
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < 1 << 40 else { return Int(1) << 50 }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

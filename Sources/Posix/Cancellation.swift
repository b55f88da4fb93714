import Synchronization

/// A signal from one thread to others to end early: a command that runs, a backend that is followed.
package final class Cancellation: Sendable {
    private let handler = Mutex<(@Sendable () -> Void)?>(nil)
    /// Written under the lock of `handler`; read without, because threads that render poll it.
    private let cancelled = Atomic(false)
    private let wakeUp: WakeUp

    /// Throws if the process has no descriptors left.
    package init() throws(SystemError) { wakeUp = try WakeUp() }

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Readable for `Poll` from `cancel` on.
    package var descriptor: Int32 { wakeUp.descriptor }

    package func cancel() {
        let last = handler.withLock { handler in
            cancelled.store(true, ordering: .relaxed)
            defer { handler = nil }
            return handler
        }
        wakeUp.wake()
        last?()
    }

    /// Sets the one handler that `cancel` calls, replacing an earlier one; calls it at once if `cancel` was called before.
    package func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let isLate = self.handler.withLock { current in
            if !isCancelled { current = handler }
            return isCancelled
        }
        if isLate { handler() }
    }
}

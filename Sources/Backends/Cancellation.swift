import Posix
import Synchronization

/// Ends a `Backend.follow` from another thread.
package final class Cancellation: Sendable {
    private struct State {
        var isCancelled = false
        var handler: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let wakeUp: WakeUp

    /// Throws if the process has no descriptors left.
    package init() throws(SystemError) { wakeUp = try WakeUp() }

    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Readable for `Poll` from `cancel` on.
    package var descriptor: Int32 { wakeUp.descriptor }

    package func cancel() {
        let handler = state.withLock { state in
            state.isCancelled = true
            defer { state.handler = nil }
            return state.handler
        }
        wakeUp.wake()
        handler?()
    }

    /// Has `handler` called when it is cancelled, in place of an earlier one; at once if it is cancelled already.
    func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            if !state.isCancelled { state.handler = handler }
            return state.isCancelled
        }
        if isCancelled { handler() }
    }

    /// Waits until it is cancelled, or for `time` (nil: for ever).
    package func wait(_ time: Duration? = nil) throws(BackendError) {
        do {
            _ = try Poll.wait([descriptor], timeout: time)
        } catch {
            throw BackendError(.unreachable, error.message)
        }
    }
}

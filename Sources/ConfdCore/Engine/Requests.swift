import Posix
import Synchronization

/// What the outside asks of the engine, from any thread: to stop, to read everything anew, to tell its state.
package final class Requests: Sendable {
    /// Ends the commands and slow renderings that run when the time to finish is over.
    package let cancellation: Cancellation
    /// The command after `--`.
    package let child = SupervisedChild()
    private let stopping = Atomic(false)
    private let hangUp = Atomic(false)
    private let statusRequest = Atomic(false)
    private let wakeUp: WakeUp

    /// Throws if the process has no descriptors left.
    package init() throws(SystemError) {
        cancellation = try Cancellation()
        wakeUp = try WakeUp()
    }

    /// Whether to stop.
    package var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Asks to stop: what is in progress is finished.
    package func stop() {
        stopping.store(true, ordering: .relaxed)
        wake()
    }

    /// Asks to read everything anew, as a HUP does.
    package func readAnew() {
        hangUp.store(true, ordering: .relaxed)
        wake()
    }

    /// Whether `readAnew` was called since the last call.
    package func takeHangUp() -> Bool { hangUp.exchange(false, ordering: .relaxed) }

    /// Asks for the state in the log.
    package func logStatus() {
        statusRequest.store(true, ordering: .relaxed)
        wake()
    }

    /// Whether `logStatus` was called since the last call.
    package func takeStatusRequest() -> Bool { statusRequest.exchange(false, ordering: .relaxed) }

    /// Waits until `duration` is over (nil: for ever), or somebody calls `wake` or asks for something.
    package func wait(_ duration: Duration?) throws(SystemError) {
        _ = try Poll.wait([wakeUp.descriptor], timeout: duration)
        wakeUp.clear()
    }

    /// Ends `wait`.
    package func wake() { wakeUp.wake() }
}

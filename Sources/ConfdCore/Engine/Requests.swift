import Applying
import Posix
import Synchronization

/// What the outside asks of the engine, from any thread: to stop, to read everything anew, to tell its state.
package final class Requests: Sendable {
    /// Ends the commands and slow renderings that run when the time to finish is over.
    package let cancellation: Cancellation
    /// The command after `--`.
    package let child = SupervisedChild()
    private let stopping = Atomic(false)
    private let stopSignal = Mutex<Signal?>(nil)
    private let hangUp = Atomic(false)
    private let statusRequest = Atomic(false)
    private let childsEnd = Mutex(EndOfChild())
    private let wakeUp: WakeUp
    /// What ends the command after `--`; nil: the signal that asks us to end.
    let endSignal: Signal?

    /// A signal that asks the command after `--` to end, while that has to wait.
    private struct EndOfChild {
        var isHeld = false
        /// How long those who read the keys have to notice that they are gone.
        var drain = Duration.zero
        var signal: Signal?
        var hasSecond = false
        var wasSkipped = false
    }

    /// Throws if the process has no descriptors left.
    package init(endSignal: Signal? = nil) throws(SystemError) {
        self.endSignal = endSignal
        cancellation = try Cancellation()
        wakeUp = try WakeUp()
    }

    /// Whether to stop.
    package var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Asks to stop: what is in progress is finished.
    package func stop(by signal: Signal? = nil) {
        stopSignal.withLock { $0 = $0 ?? signal }
        stopping.store(true, ordering: .relaxed)
        wake()
    }

    /// The signal that asked to stop first, nil if none did.
    var stoppedBy: Signal? { stopSignal.withLock { $0 } }

    /// From now on a signal that asks the command to end waits for `releaseEndOfChild`, because services have to be taken
    /// out before, and `drain` waited for. There need not be a command.
    func holdEndOfChild(drain: Duration) {
        childsEnd.withLock { end in
            end.isHeld = true
            end.drain = drain
        }
    }

    /// Whether services have to be taken out before the command may end.
    var holdsEndOfChild: Bool { childsEnd.withLock { $0.isHeld } }

    /// How much longer than usual the end may take.
    var drain: Duration { childsEnd.withLock { $0.isHeld ? $0.drain : .zero } }

    /// Asks to end without waiting for those who read the keys. False if nothing is waited for, or that was asked before.
    func askToSkipDrain() -> Bool {
        let isNew = childsEnd.withLock { end in
            guard end.isHeld, !end.wasSkipped else { return false }
            end.wasSkipped = true
            end.hasSecond = true
            return true
        }
        if isNew { wake() }
        return isNew
    }

    /// Sends the command the signal that was kept for it; later ones are sent at once.
    func releaseEndOfChild() {
        let signal = childsEnd.withLock { end in
            end.isHeld = false
            defer { end.signal = nil }
            return end.signal
        }
        if let signal { child.forward(signal) }
    }

    /// Sends the command `endSignal`, or else the signal that asks us to end, or keeps it until it may.
    func endChild(_ asked: Signal) {
        let signal = endSignal ?? asked
        let isKept = childsEnd.withLock { end in
            guard end.isHeld else { return false }
            if end.signal != nil { end.hasSecond = true }
            end.signal = signal
            return true
        }
        if isKept { wake() } else { child.forward(signal) }
    }

    /// Whether a second such signal came since the last call.
    func takeSecondStop() -> Bool {
        childsEnd.withLock { end in
            defer { end.hasSecond = false }
            return end.hasSecond
        }
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

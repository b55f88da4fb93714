import Applying
import Configuration
import Posix

/// Listens for signals: TERM and INT ask to stop, HUP asks to read everything anew, and with a supervised command all of
/// them go on to it. Without one, USR1 asks for the state.
///
/// What is in progress is finished; commands that outlast `-shutdown-timeout` are ended, the supervised one too, and
/// without one a second TERM or INT ends the program at once.
package final class SignalListener: Sendable {
    /// What the signals ask of the engine.
    package let requests: Requests
    private let queue: SignalQueue
    private let logger: Logger
    private let shutdownTimeout: Duration
    private let supervises: Bool

    /// From now on signals wait for `listen`; those of `held` that it does not take have their usual effect again. Make it
    /// before any thread is started, which must not take them. With `supervises`, a command is or will be running under
    /// us.
    package init(
        logger: Logger, shutdownTimeout: Duration, held: HeldSignals, supervises: Bool = false
    ) throws(SystemError) {
        Signal.ignorePipe()
        let reaps = supervises || CurrentProcess.id == 1
        let wanted: [Signal] = supervises ? Signal.forwardable : [.terminate, .interrupt, .hangUp, .user1]
        queue = try SignalQueue(wanted + (reaps ? [.child] : []), held: held)
        if reaps { try Children.becomeReaper() }
        requests = try Requests()
        self.logger = logger
        self.shutdownTimeout = shutdownTimeout
        self.supervises = supervises
    }

    /// Takes signals on this thread until another one ends the process.
    package func listen() -> Never {
        do throws(SystemError) {
            try serve()
        } catch {
            logger.error("signals are no longer heard: \(error.message)")
        }
        CurrentProcess.waitForEnd()
    }

    private func serve() throws(SystemError) -> Never {
        var deadline: Duration?
        while true {
            let left = deadline.map { max($0 - Clock.monotonic(), .zero) }
            _ = try Poll.wait([queue.descriptor], timeout: left)
            if let end = deadline, Clock.monotonic() >= end {
                endByForce()
                deadline = nil
            }
            while let received = try queue.receive() {
                take(received)
                if requests.isStopping, deadline == nil {
                    deadline = Clock.monotonic() + shutdownTimeout + requests.drain
                }
            }
        }
    }

    private func take(_ received: SignalQueue.Received) {
        let signal = received.signal
        if signal == .child { return Children.collectOrphans() }
        // A terminal has sent its signals to the whole group already, the supervised command included.
        if supervises, received.isFromProcess {
            if signal == .terminate || signal == .interrupt {
                requests.endChild(signal)
            } else {
                requests.child.forward(signal)
            }
        }
        switch signal {
        case .hangUp:
            requests.readAnew()
        case .user1:
            // The command's own, if there is one.
            if supervises { return }
            requests.logStatus()
        case .terminate, .interrupt:
            if requests.isStopping, !supervises {
                if requests.askToSkipDrain() { return }
                CurrentProcess.exit(128 + signal.number)
            }
            logger.info("Captured \(signal == .interrupt ? "interrupt" : "terminated"). Exiting...")
            requests.stop()
        default: return
        }
    }

    private func endByForce() {
        logger.warning("Commands did not end within \(GoDuration.text(shutdownTimeout)), ending them")
        requests.cancellation.cancel()
        if supervises { _ = requests.child.send(.kill) }
    }
}

import Applying
import Configuration
import Posix
import Synchronization

/// Listens for signals: TERM and INT ask to stop, HUP asks to read everything anew, and with a supervised command all of
/// them go on to it. Without one, USR1 asks for the state.
///
/// What is in progress is finished; commands that outlast `-shutdown-timeout` are ended, the supervised one too. Without one a
/// second TERM or INT ends the program at once; the supervised command is killed at once by a signal that asks it to end for
/// the second time.
package final class SignalListener: Sendable {
    /// What the signals ask of the engine.
    package let requests: Requests
    private let queue: SignalQueue
    private let logger: Logger
    private let shutdownTimeout: Duration
    private let supervises: Bool
    /// Used by the thread that takes signals alone.
    private let ends = Mutex(EndRequests())

    /// From now on signals wait for `listen`; those of `held` that it does not take have their usual effect again. Make it
    /// before any thread is started, which must not take them. With `supervises`, a command is or will be running under
    /// us.
    package init(
        logger: Logger, shutdownTimeout: Duration, stopSignal: Signal? = nil, held: HeldSignals,
        supervises: Bool = false
    ) throws(SystemError) {
        Signal.ignorePipe()
        let reaps = supervises || CurrentProcess.id == 1
        let wanted: [Signal] = supervises ? Signal.forwardable : [.terminate, .interrupt, .hangUp, .user1]
        queue = try SignalQueue(wanted + (reaps ? [.child] : []), held: held)
        if reaps { try Children.becomeReaper() }
        requests = try Requests(endSignal: stopSignal)
        self.logger = logger
        self.shutdownTimeout = shutdownTimeout
        self.supervises = supervises
    }

    /// Takes signals on this thread until another one ends the process.
    package func listen() -> Never {
        do throws(SystemError) {
            try serve()
        } catch {
            logger.error("signals are no longer received: \(error.message)")
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
        if asksToEnd(signal) { return end(by: received) }
        // A terminal has sent its signals to the whole group already, the supervised command included.
        if supervises, received.isFromProcess { forward(signal) }
        switch signal {
        case .hangUp: requests.readAnew()
        // With a command it is the command's own.
        case .user1 where !supervises: requests.logStatus()
        default: return
        }
    }

    private func forward(_ signal: Signal) {
        if signal == .quit, requests.holdsEndOfChild {
            logger.warning(
                "Captured quit: the command gets it at once, before its services are removed",
                LogFields().explained(hint: "-stop-signal QUIT removes them first"))
        }
        requests.child.forward(signal)
    }

    /// QUIT is what nginx's images are stopped with: it is the command's own, and ours as long as that has not been started, or
    /// if it is what ends the command.
    private func asksToEnd(_ signal: Signal) -> Bool {
        switch signal {
        case .terminate, .interrupt: true
        case .quit where supervises && !requests.child.mayRun: true
        default: supervises && signal == requests.endSignal
        }
    }

    private func end(by received: SignalQueue.Received) {
        let signal = received.signal
        let request = ends.withLock { $0.take(signal, at: Clock.monotonic()) }
        if request == .echo { return }
        if requests.isStopping {
            if requests.askToSkipDrain() { return }
            if !supervises || !requests.child.mayRun { CurrentProcess.exit(128 + signal.number) }
            if request == .repetition { return killChild(signal) }
        }
        // A terminal has sent it to the command too.
        if supervises, received.isFromProcess { requests.endChild(signal) }
        if requests.isStopping { return }
        logger.info("Captured \(Self.name(of: signal)). Exiting...")
        requests.stop(by: signal)
    }

    private static func name(of signal: Signal) -> String {
        switch signal {
        case .interrupt: "interrupt"
        case .quit: "quit"
        case .terminate: "terminated"
        default: signal.name
        }
    }

    private func killChild(_ signal: Signal) {
        logger.warning("Captured \(Self.name(of: signal)) again: the command is killed")
        requests.cancellation.cancel()
        _ = requests.child.send(.kill)
    }

    private func endByForce() {
        logger.warning("Commands did not end within \(GoDuration.text(shutdownTimeout)), ending them")
        requests.cancellation.cancel()
        if supervises { _ = requests.child.send(.kill) }
    }
}

/// Tells a signal that asks to end from the same one that comes again.
struct EndRequests {
    enum Kind { case first, echo, repetition }

    /// The same signal within this time is the same request: timeout(1) signals its child, and then the child's group.
    private static let echo = Duration.milliseconds(500)
    /// When each of them was taken as a request.
    private var times: [Signal: Duration] = [:]

    mutating func take(_ signal: Signal, at now: Duration) -> Kind {
        guard let last = times[signal] else {
            times[signal] = now
            return .first
        }
        if now - last < Self.echo { return .echo }
        times[signal] = now
        return .repetition
    }
}

import Posix
import Synchronization

/// Listens for signals on a thread of its own: TERM and INT ask to stop, HUP asks for a pass now.
///
/// The resource in progress is finished; commands that outlast `-shutdown-timeout` are ended, and a second TERM or INT
/// ends the program at once.
package final class StopRequest: Sendable {
    /// Ends the commands that run when the time to finish is over.
    package let cancellation: CommandCancellation
    private let stopping = Atomic(false)
    private let wakeUp: WakeUp
    private let logger: Logger
    private let shutdownTimeout: Duration

    package init(logger: Logger, shutdownTimeout: Duration) throws(SystemError) {
        cancellation = try CommandCancellation()
        wakeUp = try WakeUp()
        self.logger = logger
        self.shutdownTimeout = shutdownTimeout
    }

    /// Whether to stop.
    package var isMade: Bool { stopping.load(ordering: .relaxed) }

    /// Starts listening. Call it before any other thread is started, which must not take the signals.
    package func listen() throws(SystemError) {
        let signals = try SignalQueue([.terminate, .interrupt, .hangUp])
        let queue = SharedQueue(signals)
        _ = try Thread.start { [self] in
            do throws(SystemError) {
                try serve(queue)
            } catch {
                logger.error("signals are no longer heard: \(error.message)")
            }
        }
    }

    /// Waits until it is time to go on: `duration` is over, a pass is asked for, or we are to stop.
    package func wait(_ duration: Duration) throws(SystemError) {
        _ = try Poll.wait([wakeUp.descriptor], timeout: duration)
        wakeUp.clear()
    }

    private func serve(_ queue: SharedQueue) throws(SystemError) {
        var deadline: Duration?
        while true {
            let left = deadline.map { max($0 - Clock.monotonic(), .zero) }
            _ = try Poll.wait([queue.signals.descriptor], timeout: left)
            guard let signal = try queue.signals.next() else {
                if let end = deadline, Clock.monotonic() >= end {
                    logger.warning("Commands did not end within \(GoDuration.text(shutdownTimeout)), ending them")
                    cancellation.cancel()
                    deadline = nil
                }
                continue
            }
            if signal == .hangUp {
                wakeUp.wake()
                continue
            }
            let name = signal == .interrupt ? "interrupt" : "terminated"
            if isMade { CurrentProcess.exit(128 + signal.number) }
            logger.info("Captured \(name). Exiting...")
            stopping.store(true, ordering: .relaxed)
            wakeUp.wake()
            deadline = Clock.monotonic() + shutdownTimeout
        }
    }

    /// A class around the queue, which cannot be copied into a closure.
    private final class SharedQueue: Sendable {
        let signals: SignalQueue

        init(_ signals: consuming SignalQueue) { self.signals = signals }
    }
}

import Posix
import Synchronization

/// The command after `--`, once it runs; signals get to it through here.
package final class SupervisedChild: Sendable {
    private struct State {
        var process: ChildProcess?
        /// Whether it may be running, although `process` is not set yet.
        var mayRun = false
        /// Signals that came before `process` was set, each once.
        var waiting: Set<Signal> = []
    }

    /// The signals that are kept for a process that has not been started. Any other has no meaning for a program that is about
    /// to read its files, and would end it before its handlers are set.
    private static let kept: Set<Signal> = [.terminate, .interrupt, .quit]

    private let state = Mutex(State())

    package init() {}

    /// Call it before the process is started: from now on all signals are kept for it.
    package func willStart() { state.withLock { $0.mayRun = true } }

    /// Whether the process has been started, or is just being started.
    package var mayRun: Bool { state.withLock { $0.mayRun } }

    /// Takes the process that was started, and sends it what came meanwhile.
    package func started(_ process: ChildProcess) {
        let waiting = state.withLock { state in
            state.process = process
            defer { state.waiting = [] }
            return state.waiting
        }
        for signal in waiting { _ = send(signal) }
    }

    /// Sends `signal`; returns the error, nil if it was sent.
    package func send(_ signal: Signal) -> String? {
        guard let process = state.withLock({ $0.process }) else { return "there is no command that runs" }
        do {
            try process.send(signal)
            return nil
        } catch {
            return error.message
        }
    }

    /// Sends `signal` now or, if the process is just being started or the signal asks to end, as soon as it runs.
    package func forward(_ signal: Signal) {
        let isRunning = state.withLock { state in
            if state.process == nil, state.mayRun || Self.kept.contains(signal) { state.waiting.insert(signal) }
            return state.process != nil
        }
        // One that has ended needs no signal.
        if isRunning { _ = send(signal) }
    }
}

import Posix
import Synchronization

/// Tells on a terminal what takes more than a second: one line, written anew as it goes on and gone at the end.
package final class Progress: Sendable {
    private struct State {
        var text = ""
        var total = 0
        var done = 0
        var isOver = false
    }

    /// What takes the line away.
    static let erasure = Array("\r\u{1B}[K".utf8)
    private static let patience = Duration.seconds(1)
    private static let period = Duration.milliseconds(250)

    private let state = Mutex(State())
    private let logger: Logger
    private let start: Duration

    /// Shows nothing unless `isTerminal`.
    package init(_ logger: Logger, isTerminal: Bool = StandardStream.error.isTerminal) {
        self.logger = logger
        start = Clock.monotonic()
        guard isTerminal else {
            state.withLock { $0.isOver = true }
            return
        }
        do throws(SystemError) {
            try Thread.detach { [self] in show() }
        } catch {
            // It is only for the eye.
            state.withLock { $0.isOver = true }
        }
    }

    /// What is being done from now on; with `total`, how many steps it has.
    package func begin(_ text: String, total: Int = 0) {
        state.withLock { state in
            state.text = text
            state.total = total
            state.done = 0
        }
    }

    /// One step is done.
    package func advance() { state.withLock { $0.done += 1 } }

    /// Takes the line away for good.
    package func end() {
        let wasShowing = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if wasShowing { logger.showProgress("") }
    }

    private func show() {
        // Most work is over before it is worth a line. This thread does nothing else, and nobody waits for it.
        Clock.sleep(Self.patience)
        while true {
            let isOver = state.withLock { state in
                if !state.isOver { logger.showProgress(line(state)) }
                return state.isOver
            }
            if isOver { return }
            // Often enough for the eye.
            Clock.sleep(Self.period)
        }
    }

    private func line(_ state: State) -> String {
        let seconds = (Clock.monotonic() - start).components.seconds
        let steps = state.total > 0 ? " \(state.done)/\(state.total)" : ""
        return "\(state.text)\(steps) (\(seconds) s)"
    }
}

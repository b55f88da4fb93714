import Posix
import Synchronization

/// Shows work that takes more than a second on a terminal: one line, updated as it goes on and erased at the end.
package final class Progress: Sendable {
    private struct State {
        var text = ""
        var total = 0
        var done = 0
        var isOver = false
    }

    /// Erases the line.
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
            // Without a thread there is no progress line; nothing depends on it.
            state.withLock { $0.isOver = true }
        }
    }

    /// Begins an activity, which has `total` steps; 0 if that is unknown.
    package func begin(_ text: String, total: Int = 0) {
        state.withLock { state in
            state.text = text
            state.total = total
            state.done = 0
        }
    }

    /// One step is done.
    package func advance() { state.withLock { $0.done += 1 } }

    /// Erases the line and ends.
    package func end() {
        let wasShowing = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if wasShowing { logger.showProgress("") }
    }

    private func show() {
        // Most work ends within this time and shows nothing. No other thread waits for this one.
        Clock.sleep(Self.patience)
        while true {
            let isOver = state.withLock { state in
                if !state.isOver { logger.showProgress(line(state)) }
                return state.isOver
            }
            if isOver { return }
            // Four updates a second look continuous.
            Clock.sleep(Self.period)
        }
    }

    private func line(_ state: State) -> String {
        let seconds = (Clock.monotonic() - start).components.seconds
        let steps = state.total > 0 ? " \(state.done)/\(state.total)" : ""
        return "\(state.text)\(steps) (\(seconds) s)"
    }
}

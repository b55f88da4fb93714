import Posix
import Synchronization

/// A thread that cuts the connections of clients whose thread spends its time on frames without data.
///
/// It sleeps on CLOCK_PROCESS_CPUTIME_ID, which stands still in an idle process: it wakes after each 25 ms of processor
/// time that the process uses, and never while it is idle.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    /// In the process's processor time.
    private static let interval = Duration.milliseconds(25)

    private struct State {
        var watched: [Connections] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Where no thread can be started, nothing is cut.
    func add(_ connections: Connections) {
        state.withLock { state in
            state.watched.append(connections)
            guard !state.isRunning else { return }
            do throws(SystemError) {
                try Thread.detach(blocksSignals: true) { Watchdog.shared.run() }
                state.isRunning = true
            } catch {
                // The next client tries again.
            }
        }
    }

    func remove(_ connections: Connections) {
        state.withLock { $0.watched.removeAll { $0 === connections } }
    }

    private func run() {
        while Clock.sleep(processorTime: Self.interval) {
            for connections in state.withLock({ $0.watched }) { connections.cutIfWasted() }
        }
        // The system cannot sleep by that clock.
        state.withLock { $0.isRunning = false }
    }
}

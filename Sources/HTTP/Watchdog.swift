import CCurl
import Synchronization

/// A thread that cuts the connections of clients that are kept busy for nothing.
///
/// It sleeps by the clock of the process's processor time, which stands still in an idle process: it wakes once in 25 ms
/// of work, whoever does it, and otherwise never.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    /// Milliseconds of the process's processor time.
    private static let interval = 25

    private struct State {
        var watched: [Connections] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Without a thread to be had, nothing is cut; the next client tries again.
    func add(_ connections: Connections) {
        state.withLock { state in
            state.watched.append(connections)
            guard !state.isRunning else { return }
            let failure = confd_thread_start(
                { _ in
                    Watchdog.shared.run()
                    return nil
                }, nil)
            state.isRunning = failure == 0
        }
    }

    func remove(_ connections: Connections) {
        state.withLock { $0.watched.removeAll { $0 === connections } }
    }

    private func run() {
        while confd_process_sleep(Self.interval) {
            for connections in state.withLock({ $0.watched }) { connections.cutIfWasted() }
        }
        // A system that cannot sleep by that clock.
        state.withLock { $0.isRunning = false }
    }
}

import Posix
import Synchronization

/// Brings additions to a file to disk, for several threads that add to it: one sync serves all that were made before it began.
///
/// Additions are counted from 1. A sync is a function that brings all additions that were made by now to disk, and returns
/// how many these are. It runs on a thread of its own: a caller goes on with other work between `begin` and `wait`.
final class SharedSync: Sendable {
    typealias Sync = @Sendable () throws(SystemError) -> Int

    private struct State {
        /// How many additions are known to be on disk.
        var synced = 0
        /// How many are asked for.
        var wanted = 0
        var isRunning = false
        var waiters: [Waiter] = []

        mutating func request(_ number: Int) -> Bool {
            wanted = max(wanted, number)
            if isRunning || synced >= number { return false }
            isRunning = true
            return true
        }

        /// Takes the waiters whose wait is over with this result of a sync; after a failure that is all of them.
        mutating func end(_ result: Result<Int, SystemError>) -> [Waiter] {
            switch result {
            case .success(let number): synced = max(synced, number)
            case .failure: wanted = synced
            }
            isRunning = wanted > synced
            let all = waiters
            waiters = waiters.filter { isRunning && $0.number > synced }
            return all.filter { !isRunning || $0.number <= synced }
        }
    }

    private final class Waiter: Sendable {
        let number: Int
        let isOver = Semaphore()
        let failure = Mutex<SystemError?>(nil)

        init(_ number: Int) { self.number = number }
    }

    private let state = Mutex(State())

    /// Asks for the first `number` additions to be brought to disk, and does not wait for it.
    func begin(_ number: Int, _ sync: @escaping Sync) {
        if state.withLock({ $0.request(number) }) { start(sync) }
    }

    /// Waits until the first `number` additions are on disk.
    func wait(for number: Int, _ sync: @escaping Sync) throws(SystemError) {
        let waiter = Waiter(number)
        let (isDone, starts) = state.withLock { state in
            if state.synced >= number { return (true, false) }
            state.waiters.append(waiter)
            return (false, state.request(number))
        }
        if isDone { return }
        if starts { start(sync) }
        waiter.isOver.wait()
        if let failure = waiter.failure.withLock({ $0 }) { throw failure }
    }

    private func start(_ sync: @escaping Sync) {
        do throws(SystemError) {
            try Thread.detach { [self] in run(sync) }
        } catch {
            // Without another thread it is done at once.
            run(sync)
        }
    }

    /// Syncs until nothing is asked for any more.
    private func run(_ sync: Sync) {
        var isRunning = true
        while isRunning {
            let result: Result<Int, SystemError> = Result { () throws(SystemError) in try sync() }
            let over = state.withLock { state in
                defer { isRunning = state.isRunning }
                return state.end(result)
            }
            for waiter in over {
                if case .failure(let error) = result { waiter.failure.withLock { $0 = error } }
                waiter.isOver.post()
            }
        }
    }
}

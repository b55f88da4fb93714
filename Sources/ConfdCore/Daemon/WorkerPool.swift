import Posix
import Synchronization

/// Runs jobs in their order on at most so many threads. A thread lives as long as there are jobs.
final class WorkerPool: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var waiting: [Job] = []
        /// The next of `waiting`: taking from the front of an array would move all the rest.
        var next = 0
        var threads = 0

        mutating func take() -> Job? {
            guard next < waiting.count else {
                waiting = []
                next = 0
                return nil
            }
            defer { next += 1 }
            return waiting[next]
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    init(threads limit: Int) { self.limit = limit }

    /// Runs `job` as soon as a thread is free.
    func run(_ job: @escaping Job) {
        let needsThread = state.withLock { state in
            state.waiting.append(job)
            guard state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread() }
    }

    private func startThread() {
        do {
            try Thread.detach { [self] in work() }
        } catch {
            // No thread to be had: whoever runs already, or we ourselves, do the work.
            work()
        }
    }

    private func work() {
        while true {
            let job = state.withLock { state in
                let job = state.take()
                if job == nil { state.threads -= 1 }
                return job
            }
            guard let job else { return }
            job()
        }
    }
}

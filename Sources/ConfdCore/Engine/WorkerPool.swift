import Posix
import Synchronization

/// Runs jobs in order on at most `limit` threads. A thread ends when no job waits.
///
/// A job that takes long gives up its place: another thread is started in its stead.
final class WorkerPool: Sendable {
    typealias Job = @Sendable (Place) -> Void

    /// One of the `limit` places, which a running job holds.
    final class Place: Sendable {
        /// nil for the thread of `help`, which nothing can replace.
        private let pool: WorkerPool?
        private let isGivenUp = Atomic(false)

        fileprivate init(_ pool: WorkerPool?) { self.pool = pool }

        /// Lets another job run beside this one; the second call does nothing.
        func giveUp() {
            if isGivenUp.exchange(true, ordering: .relaxed) { return }
            pool?.letAnotherIn()
        }

        fileprivate var isTaken: Bool { !isGivenUp.load(ordering: .relaxed) }
    }

    private struct State {
        /// nil for those that were begun.
        var waiting: [Job?] = []
        /// The next of `waiting`: taking from the front of an array would move all the rest.
        var next = 0
        /// Threads that hold a place.
        var threads = 0
        var hasWork: Bool { next < waiting.count }
        var count: Int { waiting.count - next }

        mutating func take() -> Job? {
            guard next < waiting.count else {
                waiting = []
                next = 0
                return nil
            }
            defer { next += 1 }
            return waiting[next].take()
        }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let stackSize: Int
    /// Whether the thread that calls `run` calls `help` after it: one job is left for it, which saves a thread.
    private let isHelped: Bool

    init(threads limit: Int, stackSize: Int = 1 << 20, isHelped: Bool = false) {
        self.limit = limit
        self.stackSize = stackSize
        self.isHelped = isHelped
    }

    /// Runs `job` as soon as a thread is free.
    func run(_ job: @escaping Job) { run([job]) }

    /// Runs `jobs` as soon as threads are free. Threads that work contend with a caller that hands them out one by one.
    func run(_ jobs: [Job]) {
        let threadCount = state.withLock { state in
            state.waiting += jobs
            let count = max(0, min(limit - state.threads, isHelped ? state.count - 1 : jobs.count))
            state.threads += count
            return count
        }
        for _ in 0..<threadCount { startThread() }
    }

    /// Runs jobs on the calling thread until none waits; nothing if the pool is not helped.
    func help() {
        guard isHelped else { return }
        while let job = state.withLock({ $0.take() }) { job(Place(nil)) }
    }

    private func letAnotherIn() {
        let needsThread = state.withLock { state in
            state.threads -= 1
            guard state.hasWork else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread() }
    }

    private func startThread() {
        do {
            try Thread.detach(stackSize: stackSize, smallest: 1 << 20) { [self] in work() }
        } catch {
            // Thread creation failed: the threads that there are, or the calling one, run the queue.
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
            let place = Place(self)
            job(place)
            // A replacement worker has taken this place: end this thread.
            if !place.isTaken { return }
        }
    }
}

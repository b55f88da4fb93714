import Posix
import Synchronization

/// Runs jobs in their order on at most so many threads. A thread lives as long as there are jobs.
///
/// A job that takes long gives up its place, so that others need not wait for it.
final class WorkerPool: Sendable {
    typealias Job = @Sendable (Place) -> Void

    /// The place of a running job among those that there may be.
    final class Place: Sendable {
        private let pool: WorkerPool
        private let isGivenUp = Atomic(false)

        fileprivate init(_ pool: WorkerPool) { self.pool = pool }

        /// Lets another job run beside this one; the second call does nothing.
        func giveUp() {
            if isGivenUp.exchange(true, ordering: .relaxed) { return }
            pool.letAnotherIn()
        }

        fileprivate var isTaken: Bool { !isGivenUp.load(ordering: .relaxed) }
    }

    private struct State {
        var waiting: [Job] = []
        /// The next of `waiting`: taking from the front of an array would move all the rest.
        var next = 0
        /// Those with a place.
        var threads = 0
        var hasWork: Bool { next < waiting.count }

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
    private let stackSize: Int

    init(threads limit: Int, stackSize: Int = 1 << 20) {
        self.limit = limit
        self.stackSize = stackSize
    }

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

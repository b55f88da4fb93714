import Posix
import Synchronization
import TestSupport

/// Calls a closure with 1, 2, 3… on a thread of its own, until `stop()` or the end of this object.
final class WriterThread: Sendable {
    private let loop: Loop

    /// What the thread refers to.
    private final class Loop: Sendable {
        let isStopped = Atomic(false)
        let end = Semaphore()
        /// How many calls have succeeded, or the error of the last one; nil while it runs.
        let result = Mutex<Result<Int, any Error>?>(nil)

        func run(_ body: (Int) throws -> Void) {
            var rounds = 0
            let ended = Result {
                while !isStopped.load(ordering: .relaxed) {
                    try body(rounds + 1)
                    rounds += 1
                }
                return rounds
            }
            result.withLock { $0 = ended }
            end.post()
        }
    }

    init(_ body: @escaping @Sendable (Int) throws -> Void) throws {
        loop = Loop()
        try Thread.detach { [loop] in loop.run(body) }
    }

    deinit { loop.isStopped.store(true, ordering: .relaxed) }

    /// Ends the thread after the call in progress, for which it waits for ten minutes. Returns how many calls there were, and
    /// throws the error of one that failed, which has ended the thread.
    @discardableResult func stop() throws -> Int {
        loop.isStopped.store(true, ordering: .relaxed)
        _ = loop.end.wait(atMost: .seconds(600))
        // For the next caller.
        loop.end.post()
        guard let result = loop.result.withLock({ $0 }) else { throw SupportError("the writer does not end") }
        return try result.get()
    }

    /// Calls `read`, which returns what the writer has written, 100 times, and then until a second text was seen: the first
    /// write may take longer than all reads. Then it ends the thread. False if nothing was written within the limit.
    func wasSeen(by read: () throws -> String) throws -> Bool {
        var seen: Set<String> = []
        for _ in 0..<100 { seen.insert(try read()) }
        let sawAWrite = try eventuallyBlocking {
            seen.insert(try read())
            return seen.count > 1
        }
        try stop()
        return sawAWrite
    }
}

import Glibc
import Posix
import Synchronization
import TestSupport

/// Calls a closure with 1, 2, 3… on a thread of its own, until `stop()` or the end of this object.
final class WriterThread: Sendable {
    private let loop: Loop

    /// What the thread refers to.
    private final class Loop: Sendable {
        let isStopped = Atomic(false)
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
        }
    }

    init(_ body: @escaping @Sendable (Int) throws -> Void) throws {
        loop = Loop()
        try Thread.detach { [loop] in loop.run(body) }
    }

    deinit { loop.isStopped.store(true, ordering: .relaxed) }

    /// Ends the thread after the call in progress, for which it waits without a limit. Returns how many calls there were, and
    /// throws the error of one that failed, which has ended the thread.
    @discardableResult func stop() throws -> Int {
        loop.isStopped.store(true, ordering: .relaxed)
        while true {
            if let result = loop.result.withLock({ $0 }) { return try result.get() }
            usleep(1000)
        }
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

import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying

/// One sync serves all threads that added before it began.
@Suite struct SharedSyncTests {
    /// A disk whose syncs end one by one, at `mayEnd`; each covers what was added before it began.
    private final class Disk: Sendable {
        let added = Atomic(0)
        let onDisk = Atomic(0)
        var syncCount: Int { syncs.load(ordering: .sequentiallyConsistent) }
        var onDiskCount: Int { onDisk.load(ordering: .sequentiallyConsistent) }
        let began = Semaphore()
        let mayEnd = Semaphore()
        let syncs = Atomic(0)
        let failure = Mutex<SystemError?>(nil)

        func sync() throws(SystemError) -> Int {
            let number = added.load(ordering: .sequentiallyConsistent)
            syncs.add(1, ordering: .sequentiallyConsistent)
            began.post()
            mayEnd.wait()
            if let failure = failure.withLock({ $0 }) { throw failure }
            return number
        }
    }

    private let disk = Disk()
    private let shared = SharedSync()

    private func sync() -> SharedSync.Sync { { [disk] () throws(SystemError) in try disk.sync() } }

    private func add() -> Int { disk.added.add(1, ordering: .sequentiallyConsistent).newValue }

    /// A thread that waits for a sync: `over` is posted when it has returned.
    private final class Waiting: Sendable {
        let over = Semaphore()
        let failed = Atomic(false)
        var hasFailed: Bool { failed.load(ordering: .sequentiallyConsistent) }
    }

    private func waiting(for number: Int) throws -> Waiting {
        let waiting = Waiting()
        try Thread.detach { [shared, sync = sync()] in
            do throws(SystemError) {
                try shared.wait(for: number, sync)
            } catch {
                waiting.failed.store(true, ordering: .sequentiallyConsistent)
            }
            waiting.over.post()
        }
        return waiting
    }

    @Test func beginsBeforeAnybodyWaits() throws {
        shared.begin(add(), sync())
        disk.began.wait()
        disk.mayEnd.post()
        try shared.wait(for: 1, sync())
        #expect(disk.syncCount == 1)
        // It is on disk already: no further sync.
        try shared.wait(for: 1, sync())
        shared.begin(1, sync())
        #expect(disk.syncCount == 1)
    }

    @Test func whatIsAddedDuringASyncNeedsAnother() throws {
        shared.begin(add(), sync())
        disk.began.wait()
        let first = try waiting(for: 1)
        let second = try waiting(for: add())
        let third = try waiting(for: add())
        disk.mayEnd.post()
        first.over.wait()
        // One sync for both.
        disk.began.wait()
        disk.mayEnd.post()
        second.over.wait()
        third.over.wait()
        #expect(disk.syncCount == 2)
        #expect(!first.hasFailed && !second.hasFailed && !third.hasFailed)
    }

    @Test func aFailureIsThatOfAllWhoWait() throws {
        disk.failure.withLock { $0 = SystemError(call: "fsync", path: "x", code: Errno.inputOutput) }
        let first = try waiting(for: add())
        disk.began.wait()
        disk.mayEnd.post()
        first.over.wait()
        #expect(first.hasFailed)
        // The next call syncs again.
        disk.failure.withLock { $0 = nil }
        disk.mayEnd.post()
        try shared.wait(for: 1, sync())
    }

    /// Many threads that add and wait: none waits for ever, and none returns before its number is on disk.
    @Test func everybodyIsServed() throws {
        let sync: SharedSync.Sync = { [disk] in
            let number = disk.added.load(ordering: .sequentiallyConsistent)
            // Only one thread syncs at a time.
            disk.onDisk.store(number, ordering: .sequentiallyConsistent)
            return number
        }
        let threads = try (0..<8).map { _ in
            try Thread.start { [shared, disk] in
                for _ in 0..<500 {
                    let number = disk.added.add(1, ordering: .sequentiallyConsistent).newValue
                    shared.begin(number, sync)
                    do throws(SystemError) { try shared.wait(for: number, sync) } catch { Issue.record("\(error)") }
                    #expect(disk.onDiskCount >= number)
                }
            }
        }
        for thread in threads { thread.join() }
    }
}

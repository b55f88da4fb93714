import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct CheckBatchesTests {
    @Test func waitsForAllThatAreRenderedWithTheCommand() {
        var batches = CheckBatches()
        batches.began(1, command: .shell("a"))
        batches.began(2, command: .shell("a"))
        batches.waits(2)
        #expect(batches.take(reloadsRun: false) == nil)
        batches.waits(1)
        #expect(batches.take(reloadsRun: false) == [1, 2])
        #expect(batches.take(reloadsRun: false) == nil)
    }

    @Test func whatNeedsNoCheckIsWaitedForNoLonger() {
        var batches = CheckBatches()
        batches.began(1, command: .shell("a"))
        batches.began(2, command: .shell("a"))
        batches.waits(2)
        batches.ended(1)
        #expect(batches.take(reloadsRun: false) == [2])
    }

    /// Report: two batches of different commands were in place at once, and each judged the other's files.
    @Test(arguments: ["a", "b"])
    func oneBatchAtATime(second: String) {
        var batches = CheckBatches()
        batches.began(1, command: .shell("a"))
        batches.waits(1)
        #expect(batches.take(reloadsRun: false) == [1])
        batches.began(2, command: .shell(second))
        batches.waits(2)
        #expect(batches.take(reloadsRun: false) == nil)
        batches.ended(1)
        #expect(batches.take(reloadsRun: false) == [2])
    }

    /// Report: a reload began while unchecked files were in place.
    @Test func noReloadDuringABatch() {
        var batches = CheckBatches()
        #expect(!batches.holdsReloads)
        batches.began(1, command: .shell("a"))
        batches.began(2, command: .shell("a"))
        #expect(!batches.holdsReloads)
        batches.waits(1)
        batches.waits(2)
        #expect(batches.holdsReloads)
        #expect(batches.take(reloadsRun: false) == [1, 2])
        batches.ended(1)
        #expect(batches.holdsReloads)
        batches.ended(2)
        #expect(!batches.holdsReloads)
    }

    @Test func noBatchDuringAReload() {
        var batches = CheckBatches()
        batches.began(1, command: .shell("a"))
        batches.waits(1)
        #expect(batches.take(reloadsRun: true) == nil)
        #expect(batches.holdsReloads, "no further reload begins before the batch")
        #expect(batches.take(reloadsRun: false) == [1])
    }

    @Test func batchesAndReloadsTakeTurns() {
        var batches = CheckBatches()
        for (id, command) in [(1, "a"), (2, "b")] {
            batches.began(id, command: .shell(command))
            batches.waits(id)
        }
        #expect(batches.take(reloadsRun: false) == [1])
        batches.ended(1)
        #expect(!batches.holdsReloads, "what the first has accepted is reloaded first")
        #expect(batches.take(reloadsRun: true) == nil)
        #expect(batches.holdsReloads)
        #expect(batches.take(reloadsRun: false) == [2])
    }
}

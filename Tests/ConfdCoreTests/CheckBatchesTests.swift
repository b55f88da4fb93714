import Testing

@testable import ConfdCore

@Suite struct CheckBatchesTests {
    @Test func waitsForAllThatAreRenderedWithTheCommand() {
        var batches = CheckBatches()
        batches.began(1, command: "a")
        batches.began(2, command: "a")
        batches.began(3, command: "b")
        batches.waits(2)
        #expect(batches.take() == [])
        batches.waits(3)
        #expect(batches.take() == [[3]])
        batches.waits(1)
        #expect(batches.take() == [[1, 2]])
        #expect(batches.take() == [])
    }

    @Test func whatNeedsNoCheckIsWaitedForNoLonger() {
        var batches = CheckBatches()
        batches.began(1, command: "a")
        batches.began(2, command: "a")
        batches.waits(2)
        batches.ended(1)
        #expect(batches.take() == [[2]])
    }

    @Test func oneBatchOfACommandAtATime() {
        var batches = CheckBatches()
        batches.began(1, command: "a")
        batches.waits(1)
        #expect(batches.take() == [[1]])
        batches.began(2, command: "a")
        batches.waits(2)
        #expect(batches.take() == [])
        batches.ended(1)
        #expect(batches.take() == [[2]])
    }
}

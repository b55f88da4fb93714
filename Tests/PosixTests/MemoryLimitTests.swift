import Testing

@testable import Posix

@Suite struct MemoryLimitTests {
    @Test func sizesArePartsOfTheLimit() {
        #expect(MemoryLimit.bounded(1000, to: 4, of: nil) == 1000)
        #expect(MemoryLimit.bounded(1000, to: 4, of: 4000) == 1000)
        #expect(MemoryLimit.bounded(1000, to: 4, of: 2000) == 500)
    }
}

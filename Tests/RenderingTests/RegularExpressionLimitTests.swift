import RegularExpressions
import Testing
import TextTemplate

@testable import Rendering

@Suite struct RegularExpressionLimitTests {
    /// `count` groups take three instructions each, and a last one for the match.
    private func replacement(groups count: Int, with replacement: ByteString) throws(RegularExpressionError)
        -> ByteString
    {
        let pattern = ByteString([UInt8](repeatElement(Array("(a)".utf8), count: count).joined()))
        return try RegularExpression(pattern).replacing(in: "ab", with: replacement)
    }

    @Test func groupsMayTakeSomeMemory() throws {
        // (3 * 1671 + 1) * 2 * 1672 is within 1 << 24, one group more is beyond.
        #expect(try replacement(groups: 1671, with: "$1671") == "ab")
        do {
            _ = try replacement(groups: 1672, with: "$1672")
            Issue.record("no error")
        } catch {
            #expect(error.kind == .tooLarge)
        }
    }

    @Test func groupsThatAreNotAskedForTakeNone() throws {
        #expect(try replacement(groups: 50_000, with: "$1x") == "ab")
        #expect(try replacement(groups: 50_000, with: "$99999999") == "ab")
        #expect(try replacement(groups: 1, with: "$1${2}x") == "axb")
    }
}

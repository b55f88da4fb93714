import RegularExpressions
import Testing
import TextTemplate

@testable import Rendering

@Suite struct RegularExpressionLimitTests {
    /// `count` groups take three instructions each, and a last one for the match.
    private func replacement(groups count: Int, with replacement: ByteString) throws(RegularExpressionError)
        -> ByteString?
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

    /// Found by reading: for alternatives of single characters, the whole set was sorted again for each of them. A minute is far
    /// more than linear time needs.
    @Test(.timeLimit(.minutes(1))) func alternativesTakeTimeInProportion() throws {
        let alternatives = (0..<50_000).map { index in
            let place = UInt32(index * 7_919 % 50_000)
            return String(Character(Unicode.Scalar(0x10000 + 2 * place) ?? "x"))
        }
        let expression = try RegularExpression(ByteString(alternatives.joined(separator: "|")))
        #expect(expression.matches("\u{10000}") && !expression.matches("\u{10001}"))
    }

    /// Attack: two values multiply each other.
    @Test func replacementsAreWithinALimit() throws {
        let expression = try RegularExpression("(a)")
        let text = ByteString([UInt8](repeating: 0x61, count: 1_000_000))
        #expect(try expression.replacing(in: text, with: text, limit: 1 << 20) == nil)
        let groups = ByteString([UInt8](repeatElement(Array("$1".utf8), count: 1 << 20).joined()))
        #expect(try expression.replacing(in: "a", with: groups, limit: 1 << 20)?.count == 1 << 20)
        #expect(try expression.replacing(in: "aa", with: groups, limit: 1 << 20) == nil)
        #expect(try expression.replacing(in: "aab", with: "", limit: 1) == "b")
        #expect(try expression.replacing(in: "aab", with: "", limit: 0) == nil)
        #expect(try expression.replacing(in: "b", with: "", limit: 0) == "b")
    }

    @Test func groupsThatAreNotAskedForTakeNone() throws {
        #expect(try replacement(groups: 50_000, with: "$1x") == "ab")
        #expect(try replacement(groups: 50_000, with: "$99999999") == "ab")
        #expect(try replacement(groups: 1, with: "$1${2}x") == "axb")
    }
}

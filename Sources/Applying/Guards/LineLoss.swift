/// How many lines of a file another one does not have any more, wherever they stand: lines that only move are no loss, and
/// lines that are added are none.
package struct LineLoss: Equatable, Sendable {
    package let lost: Int
    /// The lines of the file.
    package let total: Int

    package init(lost: Int, total: Int) {
        self.lost = lost
        self.total = total
    }

    /// What `new` lacks of the lines of `old`. The time grows with the size of both, the memory with what lies between the first
    /// and the last difference.
    package init(from old: [UInt8], to new: [UInt8]) {
        let start = Self.commonStart(old, new)
        let end = Self.commonEnd(old[start...], new[start...])
        var left: [ArraySlice<UInt8>: Int] = [:]
        for line in Self.lines(of: new[start..<new.count - end]) { left[line, default: 0] += 1 }
        var lost = 0
        for line in Self.lines(of: old[start..<old.count - end]) {
            if let count = left[line], count > 0 { left[line] = count - 1 } else { lost += 1 }
        }
        self.init(lost: lost, total: Self.count(of: old))
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// How many bytes the lines take that both begin with.
    private static func commonStart(_ old: [UInt8], _ new: [UInt8]) -> Int {
        var start = 0
        for index in 0..<min(old.count, new.count) {
            guard old[index] == new[index] else { break }
            if old[index] == lineFeed { start = index + 1 }
        }
        return start
    }

    /// How many bytes the lines take that both end with; none where one of the last lines has no line feed.
    private static func commonEnd(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) -> Int {
        guard old.last == lineFeed, new.last == lineFeed else { return 0 }
        var end = 0
        for length in 1...min(old.count, new.count) {
            guard old[old.endIndex - length] == new[new.endIndex - length] else { break }
            let isLineStart = { (text: ArraySlice<UInt8>) in
                length == text.count || text[text.endIndex - length - 1] == lineFeed
            }
            if isLineStart(old), isLineStart(new) { end = length }
        }
        return end
    }

    private static func count(of bytes: [UInt8]) -> Int {
        bytes.count { $0 == lineFeed } + (bytes.last.map { $0 != lineFeed } ?? false ? 1 : 0)
    }

    /// The last line counts without a line feed too.
    private static func lines(of bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}

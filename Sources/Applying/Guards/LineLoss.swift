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

    /// What `new` lacks of the lines of `old`. The time and memory grow with the size of both.
    package init(from old: [UInt8], to new: [UInt8]) {
        var left: [ArraySlice<UInt8>: Int] = [:]
        for line in Self.lines(of: new) { left[line, default: 0] += 1 }
        var lost = 0
        let lines = Self.lines(of: old)
        for line in lines {
            if let count = left[line], count > 0 { left[line] = count - 1 } else { lost += 1 }
        }
        self.init(lost: lost, total: lines.count)
    }

    /// The last line counts without a line feed too.
    private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}

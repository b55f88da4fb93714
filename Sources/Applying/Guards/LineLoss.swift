import Staging

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
        let common = old.withUnsafeBufferPointer { old in
            new.withUnsafeBufferPointer { new in CommonLines(old, new) }
        }
        var left: [ArraySlice<UInt8>: Int] = [:]
        for line in Self.lines(of: new[common.start..<new.count - common.end]) { left[line, default: 0] += 1 }
        var lost = 0
        for line in Self.lines(of: old[common.start..<old.count - common.end]) {
            if let count = left[line], count > 0 { left[line] = count - 1 } else { lost += 1 }
        }
        self.init(lost: lost, total: Self.count(of: old))
    }

    private static let lineFeed = UInt8(ascii: "\n")

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

import Primitives

/// A line of an output, and what decides it.
package struct TracedLine {
    /// Without its line break.
    package let bytes: Range<Int>
    /// What wrote it, in order. Values that have a line break at the line's edge, or are empty there, are among them.
    package fileprivate(set) var writes: [TracedOutput.Write] = []
    /// What decides that it is there, and is all there is; the outermost first.
    package fileprivate(set) var conditions: [TracedOutput.Condition] = []

    /// The sets of what decides it.
    package var origins: [OriginSet] { writes.map(\.origins) + conditions.map(\.origins) }
}

extension TracedOutput {
    /// Where the lines of `output` are, without their line breaks. What follows the last line break is a line if there is
    /// anything.
    package static func lines(of output: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (offset, byte) in output.enumerated() where byte == UInt8(ascii: "\n") {
            lines.append(start..<offset)
            start = offset + 1
        }
        return start < output.count ? lines + [start..<output.count] : lines
    }

    /// What decides the line at `bytes` of `output`.
    package func line(_ bytes: Range<Int>, of output: [UInt8]) -> TracedLine {
        var line = TracedLine(bytes: bytes)
        line.writes = writes.filter { $0.concerns(bytes) }
        line.conditions = conditions.filter { $0.decides(bytes, of: output) }
        return line
    }

    /// The indices, in order, of those of the `lines` of `output` that are decided by sets that `isNamed` accepts.
    package func lines(
        _ lines: [Range<Int>], of output: [UInt8], naming isNamed: (OriginSet) -> Bool
    ) -> [Int] {
        var found: Set<Int> = []
        func add(_ bytes: Range<Int>, _ isConcerned: (Range<Int>) -> Bool) {
            // From the first line that does not end before the bytes.
            var index = lines.indices.partitionPoint { lines[$0].upperBound < bytes.lowerBound }
            while index < lines.count, lines[index].lowerBound <= bytes.upperBound {
                if isConcerned(lines[index]) { found.insert(index) }
                index += 1
            }
        }
        for write in writes where isNamed(write.origins) { add(write.bytes, write.concerns) }
        for condition in conditions where isNamed(condition.origins) {
            add(condition.bytes) { condition.decides($0, of: output) }
        }
        return found.sorted()
    }
}

extension TracedOutput.Write {
    /// Whether it is a part of `line`. A value that only touches the line is one too, as another value may reach into it.
    fileprivate func concerns(_ line: Range<Int>) -> Bool {
        if isText { return bytes.overlaps(line) }
        return bytes.lowerBound <= line.upperBound && bytes.upperBound >= line.lowerBound
    }
}

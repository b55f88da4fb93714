import Diagnostics

/// Writes the differences of two texts in the unified form that `patch` reads.
struct UnifiedDiff {
    private let old: UnsafeBufferPointer<UInt8>
    private let new: UnsafeBufferPointer<UInt8>
    private let table: LineTable
    private let changes: [EditScript.Change]
    private let style: DiffStyle
    private let mask: SecretMask

    /// The texts must outlive it.
    init(
        _ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>, _ style: DiffStyle,
        _ mask: SecretMask = SecretMask([])
    ) {
        self.mask = mask
        self.old = old
        self.new = new
        self.style = style
        table = LineTable(old, new)
        changes = EditScript(table.old.numbers, table.new.numbers, distinct: table.distinct).changes
    }

    /// Writes all hunks, without a header.
    func write(to output: inout DiffOutput) {
        var first = changes.startIndex
        while first < changes.endIndex {
            var last = first
            // Hunks whose context would touch are one.
            while last + 1 < changes.endIndex,
                changes[last + 1].old.lowerBound - changes[last].old.upperBound <= 2 * style.context
            {
                last += 1
            }
            writeHunk(changes[first...last], to: &output)
            first = last + 1
        }
    }

    private func writeHunk(_ changes: ArraySlice<EditScript.Change>, to output: inout DiffOutput) {
        guard let first = changes.first, let last = changes.last else { return }
        let before = linesBefore(Int(table.old.starts[first.old.lowerBound]))
        let after = linesAfter(Int(table.old.starts[last.old.upperBound]))
        let context = before.count + after.count
        let start = table.commonLines - before.count
        let oldCount = last.old.upperBound - first.old.lowerBound + context
        let newCount = last.new.upperBound - first.new.lowerBound + context
        let oldPlace = Self.place(start + first.old.lowerBound, oldCount)
        let newPlace = Self.place(start + first.new.lowerBound, newCount)
        output.writeLine("@@ -\(oldPlace) +\(newPlace) @@", .hunk)
        for range in before { output.writeLine(" ", old, range, .context) }
        var done = first.old.lowerBound
        for change in changes {
            for line in done..<change.old.lowerBound { output.writeLine(" ", old, table.old.range(line), .context) }
            // A line that gets a secret may have had an older one, which is not among the known secrets.
            let hidesOld =
                style.hidesRemoved || change.new.contains { mask.hides(new[table.new.range($0)]) }
            for line in change.old {
                output.writeLine("-", old, table.old.range(line), .removed, isHidden: hidesOld)
            }
            for line in change.new { output.writeLine("+", new, table.new.range(line), .added) }
            done = change.old.upperBound
        }
        for range in after { output.writeLine(" ", old, range, .context) }
    }

    /// `line,count` as GNU diff has it: lines count from 1, an empty run is named after the line before it.
    private static func place(_ start: Int, _ count: Int) -> String {
        let line = count == 0 ? start : start + 1
        return count == 1 ? "\(line)" : "\(line),\(count)"
    }

    /// The lines of context that end at `offset` of the old text.
    private func linesBefore(_ offset: Int) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var end = offset
        while lines.count < style.context, end > 0 {
            var start = end - 1
            while start > 0, old[start - 1] != UInt8(ascii: "\n") { start -= 1 }
            lines.append(start..<end)
            end = start
        }
        return lines.reversed()
    }

    private func linesAfter(_ offset: Int) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = offset
        while lines.count < style.context, start < old.count {
            var end = start
            while end < old.count, old[end] != UInt8(ascii: "\n") { end += 1 }
            if end < old.count { end += 1 }
            lines.append(start..<end)
            start = end
        }
        return lines
    }
}

/// How differences are shown.
package struct DiffStyle: Sendable {
    /// Unchanged lines around a change.
    package var context = 3
    package var isColoured = false
    /// Whether control characters are shown as `\x1b`, for they could upset a terminal.
    package var escapesControls = false
    /// Whether the text of removed lines is left out: it may hold older secrets, which are not known any more and so cannot be
    /// masked.
    package var hidesRemoved = false

    package init() {}
}

/// Hands lines on in large pieces.
struct DiffOutput {
    enum Kind { case header, hunk, context, removed, added, note }

    private let style: DiffStyle
    private let mask: SecretMask
    private let sink: ([UInt8]) -> Void
    private var buffer: [UInt8] = []
    private static let pieceSize = 1 << 16

    init(_ style: DiffStyle, _ mask: SecretMask = SecretMask([]), sink: @escaping ([UInt8]) -> Void) {
        self.style = style
        self.mask = mask
        self.sink = sink
    }

    mutating func writeLine(_ text: String, _ kind: Kind) {
        begin(kind)
        append(Array(text.utf8))
        end(kind)
        buffer.append(UInt8(ascii: "\n"))
    }

    /// A line of a file, with its mark; if it `isHidden`, only the mark.
    mutating func writeLine(
        _ mark: Unicode.Scalar, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ kind: Kind,
        isHidden: Bool = false
    ) {
        let hasNewline = text[range.upperBound - 1] == UInt8(ascii: "\n")
        let line = range.lowerBound..<(hasNewline ? range.upperBound - 1 : range.upperBound)
        begin(kind)
        buffer.append(UInt8(ascii: mark))
        if isHidden {
            append(SecretMask.replacement)
        } else if mask.isEmpty {
            append(text[line])
        } else {
            append(mask.masked(text[line]))
        }
        end(kind)
        buffer.append(UInt8(ascii: "\n"))
        if !hasNewline { writeLine("\\ No newline at end of file", .note) }
        if buffer.count >= Self.pieceSize { flush() }
    }

    mutating func flush() {
        if !buffer.isEmpty { sink(buffer) }
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        if style.escapesControls { buffer += PrintableText.lines(Array(bytes)) } else { buffer += bytes }
    }

    private mutating func begin(_ kind: Kind) {
        guard style.isColoured, let colour = kind.colour else { return }
        buffer += "\u{1B}[\(colour)m".utf8
    }

    private mutating func end(_ kind: Kind) {
        guard style.isColoured, kind.colour != nil else { return }
        buffer += "\u{1B}[m".utf8
    }
}

extension DiffOutput.Kind {
    /// The parameters of the terminal's escape sequence; those of git and GNU diff.
    fileprivate var colour: String? {
        switch self {
        case .header: "1"
        case .hunk: "36"
        case .removed: "31"
        case .added: "32"
        case .context, .note: nil
        }
    }
}

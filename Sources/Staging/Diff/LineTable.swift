/// Two texts as lines, compared by numbers: equal lines have equal numbers.
///
/// The common beginning and end of both texts are left out before anything is stored, so memory is a few bytes for each
/// line of the part that differs.
struct LineTable {
    /// The lines of one text between the common beginning and the common end.
    struct Side {
        /// Where each line begins; one more for the end of the last.
        var starts: [UInt32] = []
        /// The number of each line's text.
        var numbers: [UInt32] = []

        var count: Int { numbers.count }

        /// The bytes of a line, with its newline if it has one.
        func range(_ line: Int) -> Range<Int> { Int(starts[line])..<Int(starts[line + 1]) }
    }

    private(set) var old = Side()
    private(set) var new = Side()
    /// The lines of the common beginning.
    let commonLines: Int
    /// How many different lines there are.
    private(set) var distinct = 0

    /// Texts of less than 4 GiB.
    init(_ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>) {
        precondition(max(old.count, new.count) <= UInt32.max, "a file that was read is smaller")
        let common = CommonLines(old, new)
        commonLines = common.startLines
        var classes = LineClasses(capacity: 64)
        Self.read(old, common.start..<(old.count - common.end), into: &self.old, &classes)
        Self.read(new, common.start..<(new.count - common.end), into: &self.new, &classes)
        distinct = classes.count
    }

    private static let newline = UInt8(ascii: "\n")

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into side: inout Side, _ classes: inout LineClasses
    ) {
        var start = range.lowerBound
        side.starts.append(UInt32(start))
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, text[end] != newline { end += 1 }
            if end < range.upperBound { end += 1 }
            side.numbers.append(classes.number(of: UnsafeBufferPointer(rebasing: text[start..<end])))
            side.starts.append(UInt32(end))
            start = end
        }
    }
}

/// Gives equal lines equal numbers. The lines must outlive it.
private struct LineClasses {
    private var slots: [UInt32]
    private var hashes: [Int] = []
    private var lines: [UnsafeBufferPointer<UInt8>] = []
    private static let empty = UInt32.max

    init(capacity: Int) { slots = Array(repeating: Self.empty, count: capacity) }

    var count: Int { lines.count }

    mutating func number(of line: UnsafeBufferPointer<UInt8>) -> UInt32 {
        // Seeded in each process, so that nobody can choose lines that collide.
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(line))
        let hash = hasher.finalize()
        var slot = hash & (slots.count - 1)
        while slots[slot] != Self.empty {
            let number = Int(slots[slot])
            if hashes[number] == hash, lines[number].elementsEqual(line) { return UInt32(number) }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = UInt32(lines.count)
        hashes.append(hash)
        lines.append(line)
        if lines.count * 2 > slots.count { grow() }
        return UInt32(lines.count - 1)
    }

    private mutating func grow() {
        slots = Array(repeating: Self.empty, count: slots.count * 2)
        for (number, hash) in hashes.enumerated() {
            var slot = hash & (slots.count - 1)
            while slots[slot] != Self.empty { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number)
        }
    }
}

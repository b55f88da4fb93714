/// Finds which elements of two lists are removed and inserted.
struct MyersSearch {
    private let old: [UInt32]
    private let new: [UInt32]
    private(set) var oldChanged: [Bool]
    private(set) var newChanged: [Bool]
    /// How many diagonals were looked at.
    private(set) var work = 0
    /// How far each diagonal (old minus new, shifted by `origin`) was followed from the start, and from the end.
    private var forward: [Int32]
    private var backward: [Int32]
    private let origin: Int
    /// How many steps a search takes before it is cut short.
    private let stepLimit: Int

    /// A part of the two lists that is still to be compared.
    private struct Box {
        var old: Range<Int>
        var new: Range<Int>

        init(_ old: Range<Int>, _ new: Range<Int>) {
            self.old = old
            self.new = new
        }
    }

    init(_ old: [UInt32], _ new: [UInt32], stepLimit: Int? = nil) {
        self.old = old
        self.new = new
        oldChanged = Array(repeating: false, count: old.count)
        newChanged = Array(repeating: false, count: new.count)
        let diagonals = old.count + new.count + 3
        forward = Array(repeating: 0, count: diagonals)
        backward = Array(repeating: 0, count: diagonals)
        origin = new.count + 1
        self.stepLimit = stepLimit ?? Self.stepLimit(diagonals)
    }

    /// Exact for thousands of changes in files of usual size. In huge ones 256 steps, so that time stays linear: a
    /// search of so many steps looks at twice their square of diagonals, and splits off at least as many lines.
    private static func stepLimit(_ diagonals: Int) -> Int {
        max(256, min(4096, (1 << 27) / diagonals))
    }

    mutating func run() {
        // A stack of our own: a search that is cut short may split off little.
        var boxes = [Box(0..<old.count, 0..<new.count)]
        while var box = boxes.popLast() {
            trim(&box)
            if box.old.isEmpty {
                for index in box.new { newChanged[index] = true }
            } else if box.new.isEmpty {
                for index in box.old { oldChanged[index] = true }
            } else {
                let (x, y) = split(box)
                boxes.append(Box(box.old.lowerBound..<x, box.new.lowerBound..<y))
                boxes.append(Box(x..<box.old.upperBound, y..<box.new.upperBound))
            }
        }
    }

    /// Leaves out what both begin and end with.
    private func trim(_ box: inout Box) {
        var (oldStart, oldEnd) = (box.old.lowerBound, box.old.upperBound)
        var (newStart, newEnd) = (box.new.lowerBound, box.new.upperBound)
        while oldStart < oldEnd, newStart < newEnd, old[oldStart] == new[newStart] {
            oldStart += 1
            newStart += 1
        }
        while oldStart < oldEnd, newStart < newEnd, old[oldEnd - 1] == new[newEnd - 1] {
            oldEnd -= 1
            newEnd -= 1
        }
        box = Box(oldStart..<oldEnd, newStart..<newEnd)
    }

    /// A point on a shortest way through `box`, or on one that looks short; never the box's first or last corner.
    private mutating func split(_ box: Box) -> (x: Int, y: Int) {
        let low = box.old.lowerBound - box.new.upperBound
        let high = box.old.upperBound - box.new.lowerBound
        let start = box.old.lowerBound - box.new.lowerBound
        let end = box.old.upperBound - box.new.upperBound
        let isOdd = (start - end) & 1 != 0
        var ahead = (low: start, high: start)
        var behind = (low: end, high: end)
        forward[origin + start] = Int32(box.old.lowerBound)
        backward[origin + end] = Int32(box.old.upperBound)
        var steps = 0
        while true {
            steps += 1
            widen(&ahead, within: low...high, &forward, fill: -1)
            if let point = stepForward(box, ahead, meeting: isOdd ? behind.low...behind.high : nil) { return point }
            widen(&behind, within: low...high, &backward, fill: Int32.max)
            if let point = stepBackward(box, behind, meeting: isOdd ? nil : ahead.low...ahead.high) { return point }
            work += (ahead.high - ahead.low + behind.high - behind.low) / 2 + 2
            if steps >= stepLimit { return furthest(box, ahead, behind) }
        }
    }

    /// One more diagonal on each side, as long as they cross the box.
    private func widen(
        _ range: inout (low: Int, high: Int), within limits: ClosedRange<Int>, _ ends: inout [Int32], fill: Int32
    ) {
        if range.low > limits.lowerBound {
            range.low -= 1
            ends[origin + range.low - 1] = fill
        } else {
            range.low += 1
        }
        if range.high < limits.upperBound {
            range.high += 1
            ends[origin + range.high + 1] = fill
        } else {
            range.high -= 1
        }
    }

    /// One more edit from the start on every second diagonal; the point where it meets the search from the end.
    private mutating func stepForward(
        _ box: Box, _ range: (low: Int, high: Int), meeting: ClosedRange<Int>?
    ) -> (x: Int, y: Int)? {
        var diagonal = range.high
        while diagonal >= range.low {
            let below = forward[origin + diagonal - 1]
            let above = forward[origin + diagonal + 1]
            var x = Int(below < above ? above : below + 1)
            var y = x - diagonal
            while x < box.old.upperBound, y < box.new.upperBound, old[x] == new[y] {
                x += 1
                y += 1
            }
            forward[origin + diagonal] = Int32(x)
            if let meeting, meeting.contains(diagonal), Int(backward[origin + diagonal]) <= x { return (x, y) }
            diagonal -= 2
        }
        return nil
    }

    /// One more edit from the end.
    private mutating func stepBackward(
        _ box: Box, _ range: (low: Int, high: Int), meeting: ClosedRange<Int>?
    ) -> (x: Int, y: Int)? {
        var diagonal = range.high
        while diagonal >= range.low {
            let below = backward[origin + diagonal - 1]
            let above = backward[origin + diagonal + 1]
            var x = Int(below < above ? below : above - 1)
            var y = x - diagonal
            while x > box.old.lowerBound, y > box.new.lowerBound, old[x - 1] == new[y - 1] {
                x -= 1
                y -= 1
            }
            backward[origin + diagonal] = Int32(x)
            if let meeting, meeting.contains(diagonal), x <= Int(forward[origin + diagonal]) { return (x, y) }
            diagonal -= 2
        }
        return nil
    }

    /// The point of both searches that has come furthest.
    private func furthest(
        _ box: Box, _ ahead: (low: Int, high: Int), _ behind: (low: Int, high: Int)
    ) -> (x: Int, y: Int) {
        var best = (sum: Int.min, x: 0, y: 0)
        for diagonal in stride(from: ahead.high, through: ahead.low, by: -2) {
            let x = min(Int(forward[origin + diagonal]), box.old.upperBound)
            let y = min(x - diagonal, box.new.upperBound)
            let sum = y + diagonal + y
            if sum > best.sum { best = (sum, y + diagonal, y) }
        }
        var worst = (sum: Int.max, x: 0, y: 0)
        for diagonal in stride(from: behind.high, through: behind.low, by: -2) {
            let x = max(Int(backward[origin + diagonal]), box.old.lowerBound)
            let y = max(x - diagonal, box.new.lowerBound)
            let sum = y + diagonal + y
            if sum < worst.sum { worst = (sum, y + diagonal, y) }
        }
        let done = best.sum - box.old.lowerBound - box.new.lowerBound
        let left = box.old.upperBound + box.new.upperBound - worst.sum
        return done >= left ? (best.x, best.y) : (worst.x, worst.y)
    }
}

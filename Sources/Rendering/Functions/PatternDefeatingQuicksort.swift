/// An item to sort, with Go's `sort.Interface.Less`. Two items that do not precede each other need not be equal.
protocol SortItem {
    func precedes(_ other: Self) -> Bool
}

/// Go's `sort.Sort`: pattern-defeating quicksort, which is not stable, so that the order of equals shows the
/// algorithm. All choices are those of Go, the random numbers too.
struct PatternDefeatingQuicksort<Item: SortItem> {
    private(set) var items: [Item]

    private enum Hint { case unknown, increasing, decreasing }

    init(_ items: [Item]) { self.items = items }

    mutating func run() {
        // As many unbalanced partitions are allowed as the count has bits.
        sort(0..<items.count, badPartitionsLeft: Int.bitWidth - items.count.leadingZeroBitCount)
    }

    private func less(_ left: Int, _ right: Int) -> Bool { items[left].precedes(items[right]) }

    private mutating func sort(_ whole: Range<Int>, badPartitionsLeft: Int) {
        let longestInsertion = 12
        var range = whole
        var badPartitionsLeft = badPartitionsLeft
        var wasBalanced = true
        var wasPartitioned = true
        while true {
            if range.count <= longestInsertion { return insertionSort(range) }
            if badPartitionsLeft == 0 { return heapSort(range) }
            if !wasBalanced {
                breakPatterns(range)
                badPartitionsLeft -= 1
            }
            var (pivot, hint) = choosePivot(range)
            if hint == .decreasing {
                items[range].reverse()
                pivot = range.upperBound - 1 - (pivot - range.lowerBound)
                hint = .increasing
            }
            if wasBalanced, wasPartitioned, hint == .increasing, finishNearlySorted(range) { return }
            // The element before the range is not less than the pivot: there are many equals.
            if range.lowerBound > 0, !less(range.lowerBound - 1, pivot) {
                range = partitionEquals(range, pivot: pivot)..<range.upperBound
                continue
            }
            let (middle, isPartitioned) = partition(range, pivot: pivot)
            wasPartitioned = isPartitioned
            let left = range.lowerBound..<middle
            let right = middle + 1..<range.upperBound
            let threshold = range.count / 8
            if left.count < range.upperBound - middle {
                wasBalanced = left.count >= threshold
                sort(left, badPartitionsLeft: badPartitionsLeft)
                range = right
            } else {
                wasBalanced = range.upperBound - middle >= threshold
                sort(right, badPartitionsLeft: badPartitionsLeft)
                range = left
            }
        }
    }

    private mutating func insertionSort(_ range: Range<Int>) {
        for start in range.dropFirst() {
            var index = start
            while index > range.lowerBound && less(index, index - 1) {
                items.swapAt(index, index - 1)
                index -= 1
            }
        }
    }

    // MARK: - Heap sort

    private mutating func heapSort(_ range: Range<Int>) {
        let first = range.lowerBound
        for root in (0...(range.count - 1) / 2).reversed() { siftDown(root, count: range.count, first: first) }
        for last in (0..<range.count).reversed() {
            items.swapAt(first, first + last)
            siftDown(0, count: last, first: first)
        }
    }

    private mutating func siftDown(_ start: Int, count: Int, first: Int) {
        var root = start
        while 2 * root + 1 < count {
            var child = 2 * root + 1
            if child + 1 < count && less(first + child, first + child + 1) { child += 1 }
            if !less(first + root, first + child) { return }
            items.swapAt(first + root, first + child)
            root = child
        }
    }

    // MARK: - Partitions

    /// Puts what is less than the pivot before it; true if nothing had to move.
    private mutating func partition(_ range: Range<Int>, pivot: Int) -> (middle: Int, wasPartitioned: Bool) {
        let first = range.lowerBound
        items.swapAt(first, pivot)
        var low = first + 1
        var high = range.upperBound - 1
        var wasPartitioned = true
        while true {
            while low <= high && less(low, first) { low += 1 }
            while low <= high && !less(high, first) { high -= 1 }
            if low > high { break }
            wasPartitioned = false
            items.swapAt(low, high)
            low += 1
            high -= 1
        }
        items.swapAt(high, first)
        return (high, wasPartitioned)
    }

    /// Puts what is equal to the pivot first, given that nothing is less; the result is where the rest begins.
    private mutating func partitionEquals(_ range: Range<Int>, pivot: Int) -> Int {
        let first = range.lowerBound
        items.swapAt(first, pivot)
        var low = first + 1
        var high = range.upperBound - 1
        while true {
            while low <= high && !less(first, low) { low += 1 }
            while low <= high && less(first, high) { high -= 1 }
            if low > high { return low }
            items.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// Sorts by a few shifts if that is enough.
    private mutating func finishNearlySorted(_ range: Range<Int>) -> Bool {
        let mostShifts = 5
        let shortestToShift = 50
        var index = range.lowerBound + 1
        for _ in 0..<mostShifts {
            while index < range.upperBound && !less(index, index - 1) { index += 1 }
            if index == range.upperBound { return true }
            if range.count < shortestToShift { return false }
            items.swapAt(index, index - 1)
            if index - range.lowerBound >= 2 {
                // Down to the start of the array, not of the range: so it is in Go.
                var place = index - 1
                while place >= 1 && less(place, place - 1) {
                    items.swapAt(place, place - 1)
                    place -= 1
                }
            }
            if range.upperBound - index >= 2 {
                var place = index + 1
                while place < range.upperBound && less(place, place - 1) {
                    items.swapAt(place, place - 1)
                    place += 1
                }
            }
        }
        return false
    }

    // MARK: - Pivots

    /// Scatters three elements, by random numbers that depend on the count alone.
    private mutating func breakPatterns(_ range: Range<Int>) {
        guard range.count >= 8 else { return }
        var random = UInt64(range.count)
        let mask = UInt64(1) << UInt64(Int.bitWidth - range.count.leadingZeroBitCount) - 1
        let middle = range.lowerBound + range.count / 4 * 2
        for index in middle - 1...middle + 1 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            var other = Int(random & mask)
            if other >= range.count { other -= range.count }
            items.swapAt(index, range.lowerBound + other)
        }
    }

    private func choosePivot(_ range: Range<Int>) -> (pivot: Int, hint: Hint) {
        let shortestNinther = 50
        let mostSwaps = 12
        var swaps = 0
        let quarter = range.count / 4
        var low = range.lowerBound + quarter
        var middle = range.lowerBound + quarter * 2
        var high = range.lowerBound + quarter * 3
        if range.count >= 8 {
            if range.count >= shortestNinther {
                low = median(low - 1, low, low + 1, &swaps)
                middle = median(middle - 1, middle, middle + 1, &swaps)
                high = median(high - 1, high, high + 1, &swaps)
            }
            middle = median(low, middle, high, &swaps)
        }
        return (middle, swaps == 0 ? .increasing : swaps == mostSwaps ? .decreasing : .unknown)
    }

    private func median(_ first: Int, _ second: Int, _ third: Int, _ swaps: inout Int) -> Int {
        var (a, b, c) = (first, second, third)
        func order(_ left: inout Int, _ right: inout Int) {
            if less(right, left) {
                swaps += 1
                swap(&left, &right)
            }
        }
        order(&a, &b)
        order(&b, &c)
        order(&a, &b)
        return b
    }
}

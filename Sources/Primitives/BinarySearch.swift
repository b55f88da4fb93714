extension Range<Int> {
    /// The first index for which `isBefore` is false, where it is true up to some index and false from there on; the upper bound
    /// if there is none. A binary search.
    @inlinable
    @inline(__always)
    package func partitionPoint(while isBefore: (Int) -> Bool) -> Int {
        var low = lowerBound
        var high = upperBound
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

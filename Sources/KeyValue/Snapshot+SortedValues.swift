extension Snapshot {
    /// The values of the keys at `indices` in ascending order (confd's `getvs`), valid as long as this snapshot.
    package func sortedValues(_ indices: [Range<Int>]) -> [UnsafeBufferPointer<UInt8>] {
        var values: [Bytes] = []
        values.reserveCapacity(indices.reduce(0) { $0 + $1.count })
        for range in indices {
            for index in range { values.append(valueBytes(index)) }
        }
        return values.sortedByBytes()
    }
}

extension [Bytes] {
    /// A value to sort, with the eight bytes that decide most comparisons.
    private struct Item {
        /// The eight bytes after the common prefix of all values, most significant byte first.
        let head: UInt64
        let text: Bytes
    }

    fileprivate func sortedByBytes() -> [Bytes] {
        guard let first else { return self }
        // Values often share a prefix, such as `{"host":`, which does not affect their order.
        var shared = first.count
        var isAscending = true
        for index in indices.dropFirst() {
            let (before, text) = (self[index - 1], self[index])
            let common = commonCount(before.start, text.start, limit: Swift.min(before.count, text.count))
            shared = Swift.min(shared, common)
            if common == text.count ? common < before.count : common < before.count && before[common] > text[common] {
                isAscending = false
            }
        }
        if isAscending { return self }
        var items = map { Item(head: $0.head(from: shared), text: $0) }
        items.sort { left, right in
            left.head != right.head ? left.head < right.head : left.text.order(to: right.text) < 0
        }
        return items.map(\.text)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The eight bytes at `offset`, the first one most significant; zeros stand for those behind the end.
    @inline(__always)
    fileprivate func head(from offset: Int) -> UInt64 {
        let length = count - offset
        if length >= 8 {
            return UInt64(bigEndian: UnsafeRawPointer(start + offset).loadUnaligned(as: UInt64.self))
        }
        var head: UInt64 = 0
        for index in offset..<count { head = head << 8 | UInt64(self[index]) }
        return length > 0 ? head << UInt64(8 * (8 - length)) : 0
    }
}

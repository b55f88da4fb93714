import Primitives

/// An immutable set of keys and values at one revision, sorted by the bytes of the keys.
///
/// A snapshot is a window into a table of entries that it shares with others: the parts of the table
/// that it sees, and how many leading bytes of each key it leaves out.
package struct Snapshot: Sendable {
    /// The backend's revision; 0 where it has none.
    package let revision: Int64
    /// The newest revision in which one of the keys is known to have changed; 0 if that is unknown.
    package let newestChange: Int64
    /// The number of keys.
    package let count: Int
    /// Keys that were removed because their TTL ended, where the backend reports that; empty in a view.
    package var expired: Set<[UInt8]> = []
    /// Where the keys come from, if from several stores; nil in a view.
    package internal(set) var origins: KeyOrigins?
    /// The paths of keys that health checks hide: neither these keys nor those below are in it. Empty in a view.
    package internal(set) var hidden: Set<[UInt8]> = []

    let table: Table
    /// The parts of the table that are seen, in ascending order, none empty and no two touching.
    let parts: [Part]
    /// The number of leading bytes of every key that are left out.
    let stripped: Int
    /// The indices of keys that are not clean absolute paths below the root: none in a view, but for `/`.
    let unclean: [Int]

    /// A part of the table.
    struct Part: Sendable {
        /// The index, in this snapshot, of the first key of the part.
        let start: Int
        /// The indices in the table.
        let range: Range<Int>
    }

    init(table: Table, ranges: [Range<Int>], stripped: Int, revision: Int64, newestChange: Int64 = 0) {
        var parts: [Part] = []
        var unclean: [Int] = []
        var count = 0
        for range in ranges where !range.isEmpty {
            parts.append(Part(start: count, range: range))
            for index in table.unclean[table.unclean.positions(in: range)] {
                unclean.append(index - range.lowerBound + count)
            }
            count += range.count
        }
        self.revision = revision
        self.newestChange = newestChange
        self.count = count
        self.table = table
        self.parts = parts
        self.stripped = stripped
        self.unclean = unclean
    }

    /// The keys and values of `pairs`, in any order; of equal keys the last one stays.
    package init(_ pairs: [(key: [UInt8], value: [UInt8])], revision: Int64 = 0) {
        let builder = Builder(expectedBytes: pairs.reduce(0) { $0 + $1.key.count + $1.value.count })
        for pair in pairs {
            pair.key.withUnsafeBufferPointer { key in
                pair.value.withUnsafeBufferPointer { value in builder.append(key: key, value: value) }
            }
        }
        self = builder.finish(revision: revision)
    }

    package var isEmpty: Bool { count == 0 }

    /// The key and the value at `index`, in the order of the keys.
    package subscript(index: Int) -> (key: Window, value: Window) {
        (key(at: index), value(at: index))
    }

    /// The key at `index`.
    package func key(at index: Int) -> Window {
        precondition(index >= 0 && index < count, "index outside of the snapshot")
        let position = tableIndex(index)
        let bytes = keyBytes(index)
        return Window(owner: table.owner(of: position), base: bytes.start, count: bytes.count)
    }

    /// The value at `index`.
    package func value(at index: Int) -> Window {
        precondition(index >= 0 && index < count, "index outside of the snapshot")
        let position = tableIndex(index)
        let entry = table.entry(at: position)
        return Window(owner: table.owner(of: position), base: entry.value, count: Int(entry.valueCount))
    }

    /// The index of `key`, nil if there is no such key. `hint` is an index near which it may be, which
    /// makes looking up keys in order quick.
    package func find(_ key: UnsafeBufferPointer<UInt8>, near hint: Int = 0) -> Int? {
        let index = lowerBound(of: key, near: hint)
        return index < count && keyBytes(index).equals(key) ? index : nil
    }
}

extension Snapshot {
    /// Whether `path`, which is clean and not the root, is a key or has keys below it.
    package func hasPath(_ path: [UInt8]) -> Bool {
        if path.withUnsafeBufferPointer({ find($0) }) != nil { return true }
        return (path + [slash]).withUnsafeBufferPointer { below in
            let index = lowerBound(of: below)
            return index < count && keyBytes(index).hasPrefix(below)
        }
    }

    /// Equal for snapshots that are views of one table, as copies of one snapshot are.
    package var tableIdentity: ObjectIdentifier { ObjectIdentifier(table) }

    /// The value of `key`, nil if there is no such key.
    package func value(of key: [UInt8]) -> Window? {
        key.withUnsafeBufferPointer { find($0) }.map { value(at: $0) }
    }
}

// MARK: - Searching

extension Snapshot {
    @inline(__always)
    func tableIndex(_ index: Int) -> Int {
        if parts.count == 1 { return parts[0].range.lowerBound + index }
        let part = parts[(1..<parts.count).partitionPoint { parts[$0].start <= index } - 1]
        return part.range.lowerBound + index - part.start
    }

    /// The key at `index`, valid as long as this snapshot.
    @inline(__always)
    package func keyBytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let entry = table.entry(at: tableIndex(index))
        return Bytes(start: entry.key + stripped, count: Int(entry.keyCount) - stripped)
    }

    /// The value at `index`, valid as long as this snapshot.
    package func valueBytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        table.entry(at: tableIndex(index)).valueBytes
    }

    /// The key and the value at `index`, valid as long as this snapshot.
    package func entryBytes(
        _ index: Int
    ) -> (key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        precondition(index >= 0 && index < count, "index outside of the snapshot")
        let entry = table.entry(at: tableIndex(index))
        return (Bytes(start: entry.key + stripped, count: Int(entry.keyCount) - stripped), entry.valueBytes)
    }

    /// The first index in `range` for which `isBefore`, true up to some index and false from there, is
    /// false. The cost grows with the logarithm of the distance from the start of the range.
    @inline(__always)
    func gallop(in range: Range<Int>, while isBefore: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = low
        var step = 1
        while high < range.upperBound, isBefore(high) {
            low = high + 1
            high = low + step
            step *= 2
        }
        return (low..<min(high, range.upperBound)).partitionPoint(while: isBefore)
    }

    /// The index of the first key that does not sort before `key`.
    func lowerBound(of key: Bytes, near hint: Int = 0) -> Int {
        let hint = min(max(hint, 0), count)
        if hint > 0, keyBytes(hint - 1).order(to: key) >= 0 {
            return (0..<hint).partitionPoint { keyBytes($0).order(to: key) < 0 }
        }
        if hint == 0 { return (0..<count).partitionPoint { keyBytes($0).order(to: key) < 0 } }
        return gallop(in: hint..<count) { keyBytes($0).order(to: key) < 0 }
    }

    /// The indices of the keys that start with `prefix`.
    func range(ofPrefix prefix: Bytes, near hint: Int = 0) -> Range<Int> {
        if prefix.isEmpty { return 0..<count }
        let low = lowerBound(of: prefix, near: hint)
        let high = gallop(in: low..<count) { keyBytes($0).hasPrefix(prefix) }
        return low..<high
    }

    /// The first index after `index`, within `range`, whose key does not share `length` bytes with the
    /// key at `index`.
    package func indexPast(_ index: Int, sharing length: Int, in range: Range<Int>) -> Int {
        let prefix = keyBytes(index).window(0..<length)
        return gallop(in: index + 1..<range.upperBound) { keyBytes($0).hasPrefix(prefix) }
    }

    func isUnclean(_ index: Int) -> Bool {
        if unclean.isEmpty { return false }
        return !unclean.positions(in: index..<index + 1).isEmpty
    }
}

extension [Int] {
    /// Where the elements that lie in `range` are, in an array in ascending order.
    func positions(in range: Range<Int>) -> Range<Int> {
        let low = indices.partitionPoint { self[$0] < range.lowerBound }
        return low..<Swift.max(low, indices.partitionPoint { self[$0] < range.upperBound })
    }
}

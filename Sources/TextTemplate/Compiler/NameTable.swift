/// Numbers the distinct names of a source, so that each is compared and hashed as bytes only once
/// for each time it occurs.
struct NameTable {
    /// The number of `$`, which every template has.
    static let root = 0

    private struct Entry {
        let start: Int
        let count: Int
        let hash: UInt64
    }

    private let source: UnsafeBufferPointer<UInt8>
    private var entries = [Entry(start: 0, count: 0, hash: 0)]
    /// Indexes into `entries`, -1 for none; the size is a power of two.
    private var buckets: [Int32]
    /// Differs from run to run, so that no template can be made of names that collide.
    private let seed: UInt64

    init(_ source: UnsafeBufferPointer<UInt8>) {
        self.source = source
        buckets = Array(repeating: -1, count: 64)
        seed = UInt64(bitPattern: Int64(Hasher().finalize())) | 1
    }

    /// The number of the name at `range`: small, in the order in which they are seen.
    mutating func number(of range: Range<Int>) -> Int {
        if range.count == 1 && source[range.lowerBound] == UInt8(ascii: "$") { return NameTable.root }
        let hash = hash(of: range)
        var bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        while buckets[bucket] >= 0 {
            let index = Int(buckets[bucket])
            if entries[index].hash == hash && matches(entries[index], range) { return index }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        buckets[bucket] = Int32(entries.count)
        entries.append(Entry(start: range.lowerBound, count: range.count, hash: hash))
        if entries.count * 2 > buckets.count { grow() }
        return entries.count - 1
    }

    private func matches(_ entry: Entry, _ range: Range<Int>) -> Bool {
        guard entry.count == range.count else { return false }
        for offset in 0..<entry.count where source[entry.start + offset] != source[range.lowerBound + offset] {
            return false
        }
        return true
    }

    private func hash(of range: Range<Int>) -> UInt64 {
        var hash = seed
        for offset in range {
            let product = (hash ^ UInt64(source[offset])).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            hash = product.low ^ product.high &+ seed
        }
        return hash
    }

    private mutating func grow() {
        buckets = Array(repeating: -1, count: buckets.count * 2)
        for (index, entry) in entries.enumerated().dropFirst() {
            var bucket = Int(truncatingIfNeeded: entry.hash) & (buckets.count - 1)
            while buckets[bucket] >= 0 { bucket = (bucket + 1) & (buckets.count - 1) }
            buckets[bucket] = Int32(index)
        }
    }
}

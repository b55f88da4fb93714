/// An inverted index over read sets: finds the readers that a change concerns without visiting all of them.
///
/// The time of a query grows with the number of changes and of the readers that they concern.
package struct ReadIndex {
    /// The readers of one key or prefix, in most cases a single one.
    private enum Readers {
        case one(Int)
        case many(Set<Int>)

        mutating func add(_ reader: Int) {
            switch self {
            case .one(let other): if other != reader { self = .many([other, reader]) }
            case .many(var all):
                self = .one(reader)  // So that the set is not copied.
                all.insert(reader)
                self = .many(all)
            }
        }

        /// Returns false if it was the last one.
        mutating func remove(_ reader: Int) -> Bool {
            switch self {
            case .one(let other): return other != reader
            case .many(var all):
                self = .one(reader)
                all.remove(reader)
                self = .many(all)
                return !all.isEmpty
            }
        }

        func add(to found: inout Set<Int>) {
            switch self {
            case .one(let reader): found.insert(reader)
            case .many(let all): found.formUnion(all)
            }
        }
    }

    /// Readers by the prefixes of what they read.
    private struct Prefixes {
        var readers: [[UInt8]: Readers] = [:]
        /// The number of prefixes of each length: a key is looked up once for each length that occurs.
        var lengths: [Int: Int] = [:]

        mutating func add(_ reader: Int, _ prefix: [UInt8]) {
            if readers[prefix]?.add(reader) != nil { return }
            readers[prefix] = .one(reader)
            lengths[prefix.count, default: 0] += 1
        }

        mutating func remove(_ reader: Int, _ prefix: [UInt8]) {
            guard readers[prefix]?.remove(reader) == false else { return }
            readers[prefix] = nil
            lengths[prefix.count, default: 1] -= 1
            if lengths[prefix.count] == 0 { lengths[prefix.count] = nil }
        }

        func find(_ key: Bytes, _ found: inout Set<Int>) {
            for length in lengths.keys where length <= key.count {
                readers[Array(key.window(0..<length))]?.add(to: &found)
            }
        }

        func findAll(_ found: inout Set<Int>) { for all in readers.values { all.add(to: &found) } }
    }

    /// Readers by the hashes of the keys that they read.
    private var keys: [UInt64: Readers] = [:]
    private var prefixes = Prefixes()
    private var listings = Prefixes()

    /// Without readers.
    package init() {}

    /// Adds a reader, which the caller has numbered, with its read set.
    package mutating func add(_ reader: Int, _ reads: ReadSet) {
        for key in reads.keys where keys[key]?.add(reader) == nil { keys[key] = .one(reader) }
        for prefix in reads.prefixes { prefixes.add(reader, prefix) }
        for prefix in reads.listings { listings.add(reader, prefix) }
    }

    /// Removes a reader that was added with `reads`.
    package mutating func remove(_ reader: Int, _ reads: ReadSet) {
        for key in reads.keys where keys[key]?.remove(reader) == false { keys[key] = nil }
        for prefix in reads.prefixes { prefixes.remove(reader, prefix) }
        for prefix in reads.listings { listings.remove(reader, prefix) }
    }

    /// The readers of which `ReadSet.intersects(changes)` is true.
    package func readers(of changes: [Change]) -> Set<Int> {
        var found: Set<Int> = []
        for change in changes {
            withExtendedLifetime(change.key) {
                let key = change.key.bytes
                keys[hash(key)]?.add(to: &found)
                prefixes.find(key, &found)
                guard change.kind != .updated else { return }
                if Path.isCleanAbsolute(key) { listings.find(key, &found) } else { listings.findAll(&found) }
            }
        }
        return found
    }
}

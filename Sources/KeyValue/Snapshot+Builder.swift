extension Snapshot {
    /// Collects the keys and values of a snapshot.
    ///
    /// Keys that come in ascending order are indexed as they come; otherwise they are sorted at the end.
    /// Of equal keys the last one stays. A builder is used by one thread and finished once.
    package final class Builder {
        private var index = TableBuilder()
        private var adopted: [(start: UnsafePointer<UInt8>, count: Int)] = []
        private var copied: CopiedChunk?
        private var copiedCapacity: Int

        /// `expectedBytes` is how much `append(key:value:)` is going to copy, 0 if unknown.
        package init(expectedBytes: Int = 0) {
            copiedCapacity = max(expectedBytes, 4096)
        }

        /// Keeps `chunk`, uncopied, for as long as any snapshot made from it lives; returns the number
        /// under which `append(chunk:keyRange:valueRange:)` takes keys and values from it.
        package func adopt(chunk: [UInt8]) -> Int {
            let chunk = AdoptedChunk(chunk)
            adopted.append((chunk.start, chunk.count))
            index.retained.add(chunk)
            return adopted.count - 1
        }

        /// Adds a key with its value, both parts of an adopted chunk.
        package func append(chunk: Int, keyRange: Range<Int>, valueRange: Range<Int>) {
            let (start, count) = adopted[chunk]
            precondition(
                keyRange.lowerBound >= 0 && keyRange.upperBound <= count && valueRange.lowerBound >= 0
                    && valueRange.upperBound <= count,
                "range outside of the chunk")
            append(
                Entry(
                    key: start + keyRange.lowerBound, value: start + valueRange.lowerBound,
                    keyCount: UInt32(keyRange.count), valueCount: UInt32(valueRange.count)))
        }

        /// Adds copies of a key and its value.
        package func append(key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
            append(
                Entry(
                    key: copy(key), value: copy(value), keyCount: UInt32(key.count), valueCount: UInt32(value.count)))
        }

        /// The snapshot of what was added.
        package func finish(revision: Int64 = 0) -> Snapshot {
            let table = index.finish()
            return Snapshot(table: table, ranges: [0..<table.count], stripped: 0, revision: revision)
        }

        /// Adds an entry whose bytes something kept keeps alive.
        func append(_ entry: Entry) { index.append(entry) }

        /// Keeps `object` for as long as any snapshot made from this builder lives.
        func keep(_ object: any AnyObject & Sendable) { index.retained.add(object) }

        /// A copy of `bytes` that lives as long as the snapshot.
        func copy(_ bytes: Bytes) -> UnsafePointer<UInt8> {
            if let copy = copied?.copy(bytes) { return copy }
            let chunk = CopiedChunk(capacity: max(copiedCapacity, bytes.count))
            copiedCapacity = min(2 * copiedCapacity, max(copiedCapacity, 1 << 20))
            copied = chunk
            keep(chunk)
            guard let copy = chunk.copy(bytes) else { preconditionFailure("a new chunk has room") }
            return copy
        }
    }
}

/// Makes a table of entries.
private struct TableBuilder {
    let retained = Retained()
    private var blocks: [Block] = []
    /// Entries of the block in progress; of all blocks, once a key came out of order.
    private var entries: [Entry] = []
    private var isSorted = true
    /// Where the entries in progress are odd.
    private var odd: [UInt8] = []
    private var previousIsOdd = true

    mutating func append(_ entry: Entry) {
        if isSorted, let previous = entries.last {
            let limit = Int(min(previous.keyCount, entry.keyCount))
            let common = commonCount(previous.key, entry.key, limit: limit)
            let ascends =
                common < limit ? previous.key[common] < entry.key[common] : previous.keyCount < entry.keyCount
            if ascends {
                add(entry, sharing: previousIsOdd ? 0 : common)
                return
            }
            if common == limit, previous.keyCount == entry.keyCount {
                entries[entries.count - 1] = entry
                return
            }
            unsort()
        }
        if isSorted { add(entry, sharing: 0) } else { entries.append(entry) }
    }

    mutating func finish() -> Table {
        if !isSorted { sort() }
        flush()
        return blocks.isEmpty ? Table.empty : Table(blocks)
    }

    /// Adds an entry whose key comes after all others and shares `known` bytes with one that is not odd.
    private mutating func add(_ entry: Entry, sharing known: Int) {
        if entries.count == Block.capacity { flush() }
        previousIsOdd = !Path.isCleanAbsolute(entry.keyBytes, from: known)
        if previousIsOdd { odd.append(UInt8(entries.count)) }
        entries.append(entry)
    }

    private mutating func flush() {
        guard !entries.isEmpty else { return }
        blocks.append(Block(entries, odd: odd, retained: retained))
        entries.removeAll(keepingCapacity: true)
        odd.removeAll()
    }

    /// Gives up indexing: from here on all entries are collected, and sorted at the end.
    private mutating func unsort() {
        var all: [Entry] = []
        for block in blocks { all += UnsafeBufferPointer(start: block.entries, count: block.count) }
        entries = all + entries
        blocks = []
        odd = []
        isSorted = false
    }

    private mutating func sort() {
        // The sort is stable, so of equal keys the last one added comes last, and stays.
        let sorted = entries.sorted { $0.keyBytes.order(to: $1.keyBytes) < 0 }
        entries = []
        isSorted = true
        for entry in sorted { append(entry) }
    }
}

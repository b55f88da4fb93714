extension Snapshot {
    /// Collects the keys and values of a snapshot.
    ///
    /// Keys that come in ascending order are indexed as they come; otherwise they are sorted at the end.
    /// Of equal keys the last one stays. A builder is used by one thread and finished once.
    package final class Builder {
        private struct State {
            var index = TableBuilder()
            var adopted: [(start: UnsafePointer<UInt8>, count: Int)] = []
        }

        /// Behind a pointer, because the checks of access to a property of a class would cost a third of `append`.
        private let state: UnsafeMutablePointer<State>
        private var copied: CopiedChunk?
        private var copiedCapacity: Int

        /// `expectedBytes` is how much `append(key:value:)` is going to copy, 0 if unknown.
        package init(expectedBytes: Int = 0) {
            copiedCapacity = max(expectedBytes, 4096)
            state = .allocate(capacity: 1)
            state.initialize(to: State())
        }

        deinit {
            state.pointee.index.abandon()
            state.deinitialize(count: 1)
            state.deallocate()
        }

        /// Keeps `chunk`, uncopied, for as long as any snapshot made from it lives; returns the number
        /// under which `append(chunk:keyRange:valueRange:)` takes keys and values from it.
        package func adopt(chunk: [UInt8]) -> Int {
            let chunk = AdoptedChunk(chunk)
            state.pointee.adopted.append((chunk.start, chunk.count))
            keep(chunk)
            return state.pointee.adopted.count - 1
        }

        /// Adds a key with its value, both parts of an adopted chunk. `modified` is the revision of its last change.
        package func append(chunk: Int, keyRange: Range<Int>, valueRange: Range<Int>, modified: Int64 = 0) {
            let (start, count) = state.pointee.adopted[chunk]
            precondition(
                keyRange.lowerBound >= 0 && keyRange.upperBound <= count && valueRange.lowerBound >= 0
                    && valueRange.upperBound <= count,
                "range outside of the chunk")
            append(
                Entry(
                    key: start + keyRange.lowerBound, value: start + valueRange.lowerBound,
                    keyCount: UInt32(keyRange.count), valueCount: UInt32(valueRange.count), modified: modified))
        }

        /// Adds copies of a key and its value.
        package func append(key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
            append(
                Entry(
                    key: copy(key), value: copy(value), keyCount: UInt32(key.count),
                    valueCount: UInt32(value.count), modified: 0))
        }

        /// The snapshot of what was added. `newestChange` is the newest revision in which one of the keys changed.
        package func finish(revision: Int64 = 0, newestChange: Int64 = 0) -> Snapshot {
            let table = state.pointee.index.finish()
            return Snapshot(
                table: table, ranges: [0..<table.count], stripped: 0, revision: revision, newestChange: newestChange)
        }

        /// Adds an entry whose bytes belong to an object that was passed to `keep`.
        func append(_ entry: Entry) { state.pointee.index.append(entry) }

        /// Keeps `object` for as long as any snapshot made from this builder lives.
        func keep(_ object: any AnyObject & Sendable) { state.pointee.index.retained.add(object) }

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
    /// The block in progress, filled where it stays; after the first entry it is never empty.
    private var memory = UnsafeMutablePointer<Entry>.allocate(capacity: Block.capacity)
    private var filled = 0
    /// All entries, once a key came out of order.
    private var unsorted: [Entry] = []
    private var isSorted = true
    /// The offsets of the unclean entries in the block in progress.
    private var unclean: [UInt8] = []
    private var previousIsUnclean = true

    mutating func append(_ entry: Entry) {
        guard isSorted else { return unsorted.append(entry) }
        guard filled > 0 else { return add(entry, sharing: 0) }
        let previous = memory[filled - 1]
        let limit = Int(min(previous.keyCount, entry.keyCount))
        let common = commonCount(previous.key, entry.key, limit: limit)
        let ascends = common < limit ? previous.key[common] < entry.key[common] : previous.keyCount < entry.keyCount
        if ascends {
            add(entry, sharing: previousIsUnclean ? 0 : common)
        } else if common == limit, previous.keyCount == entry.keyCount {
            memory[filled - 1] = entry
        } else {
            unsort()
            unsorted.append(entry)
        }
    }

    mutating func finish() -> Table {
        if !isSorted { sort() }
        flush()
        return blocks.isEmpty ? Table.empty : Table(blocks)
    }

    /// Frees the memory that no table has taken over; nothing may be called after that.
    mutating func abandon() { memory.deallocate() }

    /// Adds an entry whose key comes after all others and shares `known` bytes with a clean one.
    private mutating func add(_ entry: Entry, sharing known: Int) {
        if filled == Block.capacity { flush() }
        previousIsUnclean = !Path.isCleanAbsolute(entry.keyBytes, from: known)
        if previousIsUnclean { unclean.append(UInt8(filled)) }
        (memory + filled).initialize(to: entry)
        filled += 1
    }

    private mutating func flush() {
        if filled == 0 { return }
        blocks.append(Block(taking: memory, count: filled, unclean: unclean, retained: retained))
        memory = .allocate(capacity: Block.capacity)
        filled = 0
        unclean.removeAll()
    }

    /// Gives up indexing: from here on all entries are collected, and sorted at the end.
    private mutating func unsort() {
        for block in blocks { unsorted += UnsafeBufferPointer(start: block.entries, count: block.count) }
        unsorted += UnsafeBufferPointer(start: memory, count: filled)
        blocks = []
        filled = 0
        unclean = []
        isSorted = false
    }

    private mutating func sort() {
        // The sort is stable, so of equal keys the last one added comes last, and stays.
        let sorted = unsorted.sorted { $0.keyBytes.order(to: $1.keyBytes) < 0 }
        unsorted = []
        isSorted = true
        for entry in sorted { append(entry) }
    }
}

import Primitives

/// The new state of one key, as an event of a backend brings it.
package struct Update: Sendable {
    package let key: [UInt8]
    /// Nil if the key is deleted.
    package let value: [UInt8]?
    /// The backend's revision of the change; 0 where it has none.
    package let revision: Int64

    package init(key: [UInt8], value: [UInt8]?, revision: Int64 = 0) {
        self.key = key
        self.value = value
        self.revision = revision
    }
}

extension Snapshot {
    /// This snapshot, which must not be a view, with `updates` made one after the other.
    ///
    /// The time grows with the number of updates, times the logarithm of the number of keys; besides, a list with one
    /// element for every 256 keys is copied. All else is shared.
    /// `newestChange` is the newest revision in which one of the keys changed, if that is not `revision`.
    package func applying(_ updates: [Update], revision: Int64, newestChange: Int64? = nil) -> Snapshot {
        precondition(count == table.count && stripped == 0, "only a whole snapshot can be updated")
        if updates.isEmpty {
            return Snapshot(
                table: table, ranges: [0..<count], stripped: 0, revision: revision,
                newestChange: newestChange ?? self.newestChange)
        }
        let changes = BlockChanges(updates)
        let changed = Table(changes.applied(to: table.blocks))
        return Snapshot(
            table: changed, ranges: [0..<changed.count], stripped: 0, revision: revision,
            newestChange: newestChange ?? revision)
    }
}

/// Updates as entries sorted by key; makes the blocks that replace those that hold these keys.
private struct BlockChanges {
    private struct Change {
        let entry: Entry
        let isDeletion: Bool
    }

    private let chunk: CopiedChunk
    private var changes: [Change] = []

    init(_ updates: [Update]) {
        chunk = CopiedChunk(capacity: updates.reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) })
        let all = updates.map { update in
            Change(
                entry: chunk.entry(key: update.key, value: update.value ?? [], modified: update.revision),
                isDeletion: update.value == nil)
        }
        // The sort is stable, so the last update of a key comes last, and counts.
        for change in all.sorted(by: { $0.entry.keyBytes.order(to: $1.entry.keyBytes) < 0 }) {
            if let last = changes.last, last.entry.keyBytes.equals(change.entry.keyBytes) { changes.removeLast() }
            changes.append(change)
        }
    }

    func applied(to blocks: [Block]) -> [Block] {
        guard !blocks.isEmpty else { return merged(with: nil, changes[...]) }
        var result: [Block] = []
        result.reserveCapacity(blocks.count + 1)
        var kept = 0
        var rest = changes[...]
        while let change = rest.first {
            let index = self.index(in: blocks, of: change.entry.keyBytes)
            let group = rest.prefix { self.index(in: blocks, of: $0.entry.keyBytes) == index }
            result += blocks[kept..<index]
            result += merged(with: blocks[index], group)
            kept = index + 1
            rest = rest.dropFirst(group.count)
        }
        return result + blocks[kept...]
    }

    /// The block where `key` is or belongs: the last that does not begin after it, or else the first.
    private func index(in blocks: [Block], of key: Bytes) -> Int {
        max(0, blocks.indices.partitionPoint { blocks[$0].entries[0].keyBytes.order(to: key) <= 0 } - 1)
    }

    /// The blocks, none or one in most cases, that take the place of `block`.
    private func merged(with block: Block?, _ group: ArraySlice<Change>) -> [Block] {
        var entries: [Entry] = []
        var group = group
        for entry in UnsafeBufferPointer(start: block?.entries, count: block?.count ?? 0) {
            var isReplaced = false
            while let change = group.first, change.entry.keyBytes.order(to: entry.keyBytes) <= 0 {
                isReplaced = change.entry.keyBytes.equals(entry.keyBytes)
                if !change.isDeletion { entries.append(change.entry) }
                group = group.dropFirst()
            }
            if !isReplaced { entries.append(entry) }
        }
        entries += group.filter { !$0.isDeletion }.map(\.entry)
        return divided(entries, from: block)
    }

    private func divided(_ entries: [Entry], from block: Block?) -> [Block] {
        var entries = entries
        var retained = block?.retained
        var changed = (block?.changed ?? []) + [chunk]
        let live = entries.reduce(0) { $0 + Int($1.keyCount) + Int($1.valueCount) }
        let held = changed.reduce(0) { $0 + $1.capacity }
        // Chunks whose bytes are no longer used must not be kept for ever.
        if changed.count > Self.mostChunks || held > live + Self.mostUnusedBytes {
            let copy = CopiedChunk(capacity: live)
            entries = entries.map { copy.entry(key: $0.keyBytes, value: $0.valueBytes, modified: $0.modified) }
            retained = nil
            changed = [copy]
        }
        let parts = (entries.count + Block.capacity - 1) / Block.capacity
        return (0..<parts).map { part in
            let slice = entries[part * entries.count / parts..<(part + 1) * entries.count / parts]
            let unclean = slice.indices.filter { !Path.isCleanAbsolute(slice[$0].keyBytes) }
            return Block(
                slice, unclean: unclean.map { UInt8($0 - slice.startIndex) }, retained: retained, changed: changed)
        }
    }

    private static let mostChunks = 64
    private static let mostUnusedBytes = 65_536
}

extension CopiedChunk {
    /// An entry of copies in this chunk, which must have room for them.
    fileprivate func entry(key: [UInt8], value: [UInt8], modified: Int64) -> Entry {
        key.withUnsafeBufferPointer { key in
            value.withUnsafeBufferPointer { entry(key: key, value: $0, modified: modified) }
        }
    }

    fileprivate func entry(key: Bytes, value: Bytes, modified: Int64) -> Entry {
        guard let keyCopy = copy(key), let valueCopy = copy(value) else {
            preconditionFailure("the chunk was made large enough")
        }
        return Entry(
            key: keyCopy, value: valueCopy, keyCount: UInt32(key.count), valueCount: UInt32(value.count),
            modified: modified)
    }
}

/// How one key differs between two snapshots.
package struct Change: Sendable {
    package enum Kind: Sendable {
        /// The key was not there before.
        case added
        /// The key was there with another value.
        case updated
        case removed
    }
    package let kind: Kind
    package let key: Window
}

extension Snapshot {
    /// The keys, in ascending order, in which this snapshot differs from `older`. Takes one pass over
    /// both, in which blocks that they share are passed over at once.
    package func difference(from older: Snapshot) -> [Change] {
        var changes: [Change] = []
        var new = 0
        var old = 0
        while new < count, old < older.count {
            let shared = sharedCount(at: new, with: older, at: old)
            if shared > 0 {
                new += shared
                old += shared
                continue
            }
            let order = keyBytes(new).order(to: older.keyBytes(old))
            if order < 0 {
                changes.append(Change(kind: .added, key: key(at: new)))
            } else if order > 0 {
                changes.append(Change(kind: .removed, key: older.key(at: old)))
            } else if !valueBytes(new).equals(older.valueBytes(old)) {
                changes.append(Change(kind: .updated, key: key(at: new)))
            }
            if order <= 0 { new += 1 }
            if order >= 0 { old += 1 }
        }
        changes += (new..<max(new, count)).map { Change(kind: .added, key: key(at: $0)) }
        changes += (old..<max(old, older.count)).map { Change(kind: .removed, key: older.key(at: $0)) }
        return changes
    }

    /// Whether both have the same keys with the same values; revisions do not matter.
    package func hasSameContents(as other: Snapshot) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index < count {
            let shared = sharedCount(at: index, with: other, at: index)
            if shared > 0 {
                index += shared
                continue
            }
            guard keyBytes(index).equals(other.keyBytes(index)),
                valueBytes(index).equals(other.valueBytes(index))
            else { return false }
            index += 1
        }
        return true
    }

    /// How many entries, from `index` here and `otherIndex` there, are the same memory.
    func sharedCount(at index: Int, with other: Snapshot, at otherIndex: Int) -> Int {
        let here = tableIndex(index)
        let there = other.tableIndex(otherIndex)
        let (block, offset) = table.position(of: here)
        let (otherBlock, otherOffset) = other.table.position(of: there)
        guard offset == otherOffset, stripped == other.stripped,
            table.blocks[block] === other.table.blocks[otherBlock]
        else { return 0 }
        return min(
            table.blocks[block].count - offset, partEnd(after: here) - here, other.partEnd(after: there) - there)
    }

    /// The end of the part that holds the table's `index`.
    private func partEnd(after index: Int) -> Int {
        parts.first { $0.range.contains(index) }?.range.upperBound ?? index
    }
}

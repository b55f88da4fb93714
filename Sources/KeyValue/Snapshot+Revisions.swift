extension Snapshot {
    /// The revision in which the key at `index` was changed last; 0 where the backend has none.
    package func modified(at index: Int) -> Int64 { table.entry(at: tableIndex(index)).modified }

    /// Calls `removed` for each key of `older`, and `added` for each key of this snapshot, that the other does not have with
    /// the same revision. Takes one pass over both, in which blocks that they share are passed over at once.
    package func compareRevisions(
        with older: Snapshot, removed: (UnsafeBufferPointer<UInt8>, Int64) -> Void,
        added: (UnsafeBufferPointer<UInt8>, Int64) -> Void
    ) {
        var new = 0
        var old = 0
        while new < count || old < older.count {
            if new < count, old < older.count {
                let shared = sharedCount(at: new, with: older, at: old)
                if shared > 0 {
                    new += shared
                    old += shared
                    continue
                }
            }
            let order: Int =
                if new == count { 1 } else if old == older.count { -1 } else {
                    keyBytes(new).order(to: older.keyBytes(old))
                }
            let isSame = order == 0 && modified(at: new) == older.modified(at: old)
            if order >= 0 {
                if !isSame { removed(older.keyBytes(old), older.modified(at: old)) }
                old += 1
            }
            if order <= 0 {
                if !isSame { added(keyBytes(new), modified(at: new)) }
                new += 1
            }
        }
    }
}

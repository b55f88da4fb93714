extension [UInt8] {
    /// For bytes that come from a server and are taken from the front: removes those before `start`, which were taken, where
    /// that is worth it, and returns where the rest begins then.
    mutating func removeTaken(upTo start: Int) -> Int {
        if start == count {
            // A buffer that had to hold something long is not kept.
            removeAll(keepingCapacity: count <= 1 << 20)
            return 0
        }
        guard start > 1 << 16, start > count / 2 else { return start }
        removeFirst(start)
        return 0
    }
}

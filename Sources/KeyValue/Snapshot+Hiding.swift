extension Snapshot {
    /// Whether `key`, or a path that it is below, is one of `hidden`.
    package func hides(_ key: [UInt8]) -> Bool {
        if hidden.isEmpty { return false }
        var path = key[...]
        while !path.isEmpty {
            if hidden.contains(Array(path)) { return true }
            guard let end = path.lastIndex(of: slash) else { return false }
            path = path[..<end]
        }
        return false
    }

    /// This snapshot, which must not be a view, without the keys at `paths` and all keys below them.
    ///
    /// The revision stays the same. The time grows with the number of hidden keys, see `applying`.
    package func hiding(_ paths: [[UInt8]]) -> Snapshot {
        var hidden: [Update] = []
        for path in paths {
            path.withUnsafeBufferPointer { path in
                if find(path) != nil { hidden.append(Update(key: Array(path), value: nil)) }
            }
            let below = path.last == slash ? path : path + [slash]
            for index in below.withUnsafeBufferPointer({ range(ofPrefix: $0) }) {
                hidden.append(Update(key: Array(keyBytes(index)), value: nil))
            }
        }
        if hidden.isEmpty { return self }
        var shown = applying(hidden, revision: revision, newestChange: newestChange)
        shown.expired = expired
        shown.origins = origins
        shown.hidden = Set(paths)
        return shown
    }
}

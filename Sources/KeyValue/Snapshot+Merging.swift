/// The keys of one store, as a part of what several stores hold together.
package struct SnapshotLayer: Sendable {
    /// The store's name in reports about its keys.
    package let name: String
    package let snapshot: Snapshot
    /// The keys of the store that are taken.
    package let ranges: [KeyRange]
    /// The directory below which they are seen, cleaned; `/` leaves them where they are.
    package let mount: [UInt8]

    package init(name: String, snapshot: Snapshot, ranges: [KeyRange], mount: [UInt8]) {
        self.name = name
        self.snapshot = snapshot
        self.ranges = ranges
        self.mount = mount
    }
}

/// Which store each key of a merged snapshot comes from.
package struct KeyOrigins: Sendable {
    package struct Store: Sendable {
        package let name: String
        /// The revision of the store; 0 where it has none.
        package let revision: Int64
        /// Its keys, with the mount joined before them.
        fileprivate let keys: Snapshot
    }

    /// In the order of precedence.
    package let stores: [Store]

    /// The number of the store that `key` comes from; nil if none has it.
    package func index(of key: [UInt8]) -> Int? {
        key.withUnsafeBufferPointer { key in stores.firstIndex { $0.keys.find(key) != nil } }
    }
}

extension Snapshot {
    /// The keys of all `layers`; of a key that several have, the value of the first. The revision is that of the first layer
    /// that has revisions. Values are shared with the layers, and so are keys without a mount.
    package static func merging(_ layers: [SnapshotLayer]) -> Snapshot {
        let stores = layers.map { layer in
            let view = layer.snapshot.view(of: layer.ranges, strippingPrefix: [])
            return KeyOrigins.Store(
                name: layer.name, revision: layer.snapshot.revision, keys: view.mounted(at: layer.mount))
        }
        let builder = Builder()
        // Of equal keys the last one stays.
        for store in stores.reversed() { builder.append(store.keys) }
        var merged = builder.finish(revision: stores.lazy.map(\.revision).first { $0 > 0 } ?? 0)
        merged.origins = KeyOrigins(stores: stores)
        merged.expired = Set(
            layers.flatMap { layer in layer.snapshot.expired.map { Path.join([layer.mount, $0]) } })
        return merged
    }

    private func mounted(at mount: [UInt8]) -> Snapshot {
        if mount == [slash] { return self }
        let builder = Builder()
        builder.keep(table)
        for index in 0..<count {
            let key = Path.join([mount, Array(keyBytes(index))])
            let entry = table.entry(at: tableIndex(index))
            let copy = key.withUnsafeBufferPointer { builder.copy($0) }
            builder.append(
                Entry(
                    key: copy, value: entry.value, keyCount: UInt32(key.count), valueCount: entry.valueCount,
                    modified: entry.modified))
        }
        return builder.finish(revision: revision)
    }
}

extension Snapshot.Builder {
    /// Adds all keys of `snapshot`, whose storage is shared.
    fileprivate func append(_ snapshot: Snapshot) {
        keep(snapshot.table)
        for index in 0..<snapshot.count {
            let (key, value) = snapshot.entryBytes(index)
            append(
                Entry(
                    key: key.start, value: value.start, keyCount: UInt32(key.count), valueCount: UInt32(value.count),
                    modified: snapshot.modified(at: index)))
        }
    }
}

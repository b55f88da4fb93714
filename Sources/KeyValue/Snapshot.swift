/// An immutable set of keys and values at one revision, sorted by the bytes of the keys.
package struct Snapshot: Sendable {
    /// The backend's revision; 0 where it has none.
    package let revision: Int64

    /// The keys and values of `pairs`, in any order; of equal keys the last one stays.
    package init(_ pairs: [(key: [UInt8], value: [UInt8])], revision: Int64 = 0) {
        self.revision = revision
    }

    /// The number of keys.
    package var count: Int { 0 }

    /// What a resource sees: the keys that `ranges` cover, with `prefix` stripped (confd's
    /// `path.Join("/", strings.TrimPrefix(key, prefix))`). Shares storage with this snapshot.
    package func view(of ranges: [KeyRange], strippingPrefix prefix: [UInt8]) -> Snapshot { self }
}

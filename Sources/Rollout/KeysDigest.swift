import KeyValue

/// A digest of the keys below a resource's `keys`, with their revisions and without their values: the same on all hosts that
/// have read the same.
package struct KeysDigest: Sendable {
    private var digest = SetDigest()
    private var snapshot: Snapshot?
    /// The store's revision at which these keys were seen first; at the start, the newest revision among them.
    package private(set) var since: Int64 = 0

    package init() {}

    package var bytes: [UInt8] { digest.bytes }

    /// Takes what differs between the newest keys and those of the last call.
    package mutating func update(to new: Snapshot) {
        let old = digest
        var newest: Int64 = 0
        new.compareRevisions(with: snapshot ?? Snapshot([])) { key, revision in
            digest.remove(Self.element(key, revision))
        } added: { key, revision in
            digest.add(Self.element(key, revision))
            newest = max(newest, revision)
        }
        if snapshot == nil { since = newest } else if digest != old { since = new.revision }
        snapshot = new
    }

    private static func element(_ key: UnsafeBufferPointer<UInt8>, _ revision: Int64) -> [UInt8] {
        Array(key) + [0] + (0..<8).map { UInt8(truncatingIfNeeded: revision >> (8 * $0)) }
    }
}

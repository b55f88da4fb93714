/// The keys that a key prefix of a resource covers: the key itself and everything below it, at slash borders.
/// `/app` covers `/app` and `/app/…`, never `/app2`; `/` covers everything.
package struct KeyRange: Hashable, Sendable {
    /// The prefix, cleaned: it starts with a slash and, unless it is the root, does not end in one.
    package let path: [UInt8]

    package init(cleaned path: [UInt8]) { self.path = path }

    /// Whether `key` is covered.
    package func contains(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        if path == [UInt8(ascii: "/")] { return true }
        guard key.count >= path.count, key.prefix(path.count).elementsEqual(path) else { return false }
        return key.count == path.count || key[path.count] == UInt8(ascii: "/")
    }

    /// Whether they have keys in common: then one of the two covers the other.
    package func overlaps(_ other: KeyRange) -> Bool {
        path.withUnsafeBufferPointer { other.contains($0) } || other.path.withUnsafeBufferPointer { contains($0) }
    }
}

/// A union of ranges. The time of a look-up grows with the depth of the key, not with the number of ranges.
package struct KeyRangeSet {
    private let paths: Set<[UInt8]>
    private let isEverything: Bool

    package init(_ ranges: [KeyRange]) {
        paths = Set(ranges.map(\.path))
        isEverything = paths.contains([UInt8(ascii: "/")])
    }

    package func contains(_ key: [UInt8]) -> Bool {
        if isEverything || paths.contains(key) { return true }
        // Each directory that the key is below.
        return key.indices.contains { key[$0] == UInt8(ascii: "/") && paths.contains(Array(key[..<$0])) }
    }
}

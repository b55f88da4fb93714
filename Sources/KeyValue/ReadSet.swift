import Primitives

/// What was read of a snapshot: enough to decide whether a change can affect the reader.
///
/// Each query depends on the keys of one interval only:
/// - `find` (confd's `get`, `getv`, `exists`): the key itself, noted by its hash. That two keys have one
///   hash can only lead to a needless rendering, never to a missed one.
/// - `glob` (`gets`, `getvs`): the keys that start with the pattern's literal prefix. A malformed pattern
///   depends on whether there is any key at all.
/// - `children`, `directories` (`ls`, `lsdir`): the key that is the cleaned path, and which keys there are,
///   whatever their values, below it. An unclean key (not a clean absolute path) may lie below any path by its cleaned
///   form, so its coming and going concerns every listing. Views have no unclean keys but for `/`.
package struct ReadSet: Sendable {
    /// The hashes of single keys, in ascending order.
    let keys: [UInt64]
    /// Prefixes of which keys and values were read, in ascending order; none starts with another.
    let prefixes: [[UInt8]]
    /// Prefixes of which only the presence of keys was read, likewise.
    let listings: [[UInt8]]

    /// Whether nothing was asked for.
    package var isEmpty: Bool { keys.isEmpty && prefixes.isEmpty && listings.isEmpty }

    /// Whether any of `changes` can make a difference.
    package func intersects(_ changes: [Change]) -> Bool {
        changes.contains { change in
            withExtendedLifetime(change.key) { contains(change.key.bytes, isPresenceChanged: change.kind != .updated) }
        }
    }

    private func contains(_ key: Bytes, isPresenceChanged: Bool) -> Bool {
        if keys.containsSorted(hash(key)) || covers(prefixes, key) { return true }
        guard isPresenceChanged, !listings.isEmpty else { return false }
        return !Path.isCleanAbsolute(key) || covers(listings, key)
    }

    /// Whether `key` starts with one of `prefixes`.
    private func covers(_ prefixes: [[UInt8]], _ key: Bytes) -> Bool {
        // No prefix starts with another, so only the last one that does not sort after the key can be a prefix of it.
        let end = prefixes.indices.partitionPoint { index in
            prefixes[index].withUnsafeBufferPointer { $0.order(to: key) <= 0 }
        }
        return end > 0 && prefixes[end - 1].withUnsafeBufferPointer { key.hasPrefix($0) }
    }

    /// Collects what is read.
    package struct Recorder {
        private var keys: [UInt64] = []
        private var prefixes: [[UInt8]] = []
        private var listings: [[UInt8]] = []

        package init() {}

        /// Notes that `key` was looked up, found or not.
        package mutating func noteKey(_ key: UnsafeBufferPointer<UInt8>) { keys.append(hash(key)) }

        /// Notes that keys and values were matched with `glob`.
        package mutating func noteGlob(_ glob: Glob) {
            if glob.isMalformed {
                listings.append([])
            } else if glob.isLiteral {
                glob.literalPrefix.withUnsafeBufferPointer { noteKey($0) }
            } else if prefixes.last != glob.literalPrefix {
                prefixes.append(glob.literalPrefix)
            }
        }

        /// Notes that the names below `path` were listed.
        package mutating func noteListing(of path: UnsafeBufferPointer<UInt8>) {
            let cleaned = Path.cleaned(path)
            cleaned.withUnsafeBufferPointer { noteKey($0) }
            listings.append(cleaned == [slash] ? cleaned : cleaned + [slash])
        }

        /// The read set of everything noted so far.
        package func finish() -> ReadSet {
            var keys = keys
            keys.sort()
            return ReadSet(keys: keys.withoutRepeats(), prefixes: minimal(prefixes), listings: minimal(listings))
        }

        /// The prefixes in order, without those that start with another.
        private func minimal(_ prefixes: [[UInt8]]) -> [[UInt8]] {
            var kept: [[UInt8]] = []
            let sorted = prefixes.sorted { left, right in
                left.withUnsafeBufferPointer { left in right.withUnsafeBufferPointer { left.order(to: $0) < 0 } }
            }
            for prefix in sorted where !(kept.last.map { prefix.starts(with: $0) } ?? false) { kept.append(prefix) }
            return kept
        }
    }
}

extension [UInt64] {
    fileprivate func containsSorted(_ element: UInt64) -> Bool {
        let index = indices.partitionPoint { self[$0] < element }
        return index < count && self[index] == element
    }

    fileprivate func withoutRepeats() -> [UInt64] {
        var kept: [UInt64] = []
        kept.reserveCapacity(count)
        for element in self where kept.last != element { kept.append(element) }
        return kept
    }
}

/// A hash of `bytes`, eight at a time.
func hash(_ bytes: Bytes) -> UInt64 {
    let raw = UnsafeRawPointer(bytes.start)
    var state = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while offset < bytes.count {
        var word: UInt64 = 0
        if offset + 8 <= bytes.count {
            word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        } else {
            for byte in bytes[offset...] { word = word << 8 | UInt64(byte) }
        }
        let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        state = product.high ^ product.low &+ 0x9E37_79B9_7F4A_7C15
        offset += 8
    }
    return state
}

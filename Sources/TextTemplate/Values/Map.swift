/// Go's `map[string]interface{}`: immutable once made, iterated in the byte order of its keys.
public struct Map: Sendable {
    /// Nothing is written to it once the map is made.
    nonisolated(unsafe) let storage: MapStorage

    /// Sorts the entries by key; of equal keys the last one stays, as with repeated assignment in Go.
    public init(_ entries: [(key: ByteString, value: Value)], isNil: Bool = false) {
        var builder = Builder(capacity: entries.count)
        for entry in entries { builder.append(entry.key, entry.value) }
        self = builder.finish(isNil: isNil)
    }

    fileprivate init(_ storage: MapStorage) { self.storage = storage }

    /// The number of keys.
    public var count: Int { storage.facts.count }

    /// False for Go's nil map (the result of a failed decode): prints as `map[string]interface {}(nil)`.
    public var isNil: Bool { storage.facts.isNil }

    /// The keys in ascending byte order, copied.
    public var keys: [ByteString] { (0..<count).map { self[$0].key } }

    /// The values in the order of their keys, copied.
    public var values: [Value] { (0..<count).map { self[$0].value } }

    /// The entry at `position` in the order of the keys.
    public subscript(position: Int) -> (key: ByteString, value: Value) {
        precondition(position >= 0 && position < count, "map position out of range")
        return withExtendedLifetime(storage) {
            let entry = storage.entries + position
            return (entry.pointee.key, entry.pointee.value)
        }
    }

    /// The value of `key`, nil if there is none.
    public subscript(key: ByteString) -> Value? { key.withBytes { storage.value(of: $0) } }

    /// A map in the making.
    public struct Builder: ~Copyable {
        private let storage: MapStorage
        private let capacity: Int
        /// Whether each key so far came after the one before.
        private var isAscending = true

        /// A map of up to `capacity` entries.
        public init(capacity: Int) {
            self.capacity = capacity
            let buffer = MapStorage.create(minimumCapacity: capacity) { _ in MapHeader() }
            // `create` returns an object of the class that it is called on.
            storage = unsafeDowncast(buffer, to: MapStorage.self)
        }

        /// Adds an entry, in any order of the keys.
        public mutating func append(_ key: consuming ByteString, _ value: consuming Value) {
            let count = storage.head.pointee.count
            precondition(count < capacity, "more entries than were announced")
            let entries = storage.entries
            if isAscending, count > 0 {
                isAscending = entries[count - 1].key.unretainedBytes.precedes(key.unretainedBytes)
            }
            if key.owner != nil || !value.isTrivial {
                storage.head.pointee.isTrivial = false
                storage.head.pointee.depth = max(storage.head.pointee.depth, 1 + value.depth)
            }
            (entries + count).initialize(to: MapEntry(value: value, key: key))
            storage.head.pointee.count = count + 1
        }

        /// The map of the entries; of equal keys the last one stays, as with repeated assignment in Go.
        public consuming func finish(isNil: Bool = false) -> Map {
            storage.head.pointee.isNil = isNil
            if !isAscending { storage.sort() }
            return Map(storage)
        }
    }
}

struct MapHeader {
    var count = 0
    var isNil = false
    /// How deep lists and maps nest in here, this one counted.
    var depth = 1
    /// Whether all keys and values are trivial: then `deinit` has nothing to release.
    var isTrivial = true
}

struct MapEntry {
    let value: Value
    let key: ByteString
}

/// The entries of a map, in one allocation with their count.
final class MapStorage: ManagedBuffer<MapHeader, MapEntry> {
    /// The first entry. They lie behind the object and stay where they are as long as it lives.
    @inline(__always)
    var entries: UnsafeMutablePointer<MapEntry> { withUnsafeMutablePointerToElements { $0 } }

    /// The header, likewise: reading `header` would be checked for simultaneous changes, which takes longer than a look-up.
    @inline(__always)
    var head: UnsafeMutablePointer<MapHeader> { withUnsafeMutablePointerToHeader { $0 } }

    /// A copy of the header.
    @inline(__always)
    var facts: MapHeader {
        // A pointer keeps nothing alive, and this may be the last use of the map; so below.
        withExtendedLifetime(self) { head.pointee }
    }

    deinit { if !head.pointee.isTrivial { _ = entries.deinitialize(count: head.pointee.count) } }

    /// The value of `key`, nil if there is none.
    @inline(__always)
    func value(of key: UnsafeBufferPointer<UInt8>) -> Value? {
        withExtendedLifetime(self) { address(of: key)?.pointee }
    }

    /// Where the value of `key` is, valid as long as the map; nil if there is none.
    func address(of key: UnsafeBufferPointer<UInt8>) -> UnsafePointer<Value>? {
        let entries = self.entries
        var low = 0
        var high = head.pointee.count
        // Up to eight keys a linear search is faster.
        while high - low > 8 {
            let middle = (low + high) / 2
            if entries[middle].key.unretainedBytes.precedes(key) { low = middle + 1 } else { high = middle + 1 }
        }
        while low < high {
            if entries[low].key.unretainedBytes.equals(key) {
                // The value is the first member, so it begins where the entry does.
                return UnsafeRawPointer(entries + low).assumingMemoryBound(to: Value.self)
            }
            low += 1
        }
        return nil
    }

    /// Sorts the entries by key, and keeps the last of those with one key.
    fileprivate func sort() {
        var sorted = UnsafeMutableBufferPointer(start: entries, count: head.pointee.count).enumerated().map { $0 }
        sorted.sort { one, two in
            one.element.key == two.element.key ? one.offset < two.offset : one.element.key < two.element.key
        }
        entries.deinitialize(count: head.pointee.count)
        head.pointee.count = 0
        for (_, entry) in sorted {
            if head.pointee.count > 0, entries[head.pointee.count - 1].key == entry.key {
                entries[head.pointee.count - 1] = entry
            } else {
                (entries + head.pointee.count).initialize(to: entry)
                head.pointee.count += 1
            }
        }
    }
}

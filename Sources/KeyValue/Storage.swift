import Primitives

/// Where a key and its value are. The block that holds the entry keeps both alive.
struct Entry {
    let key: UnsafePointer<UInt8>
    let value: UnsafePointer<UInt8>
    let keyCount: UInt32
    let valueCount: UInt32
    /// The backend's revision of the last change; 0 where it has none.
    let modified: Int64

    var keyBytes: Bytes { Bytes(start: key, count: Int(keyCount)) }
    var valueBytes: Bytes { Bytes(start: value, count: Int(valueCount)) }
}

/// A received buffer, kept as it came.
final class AdoptedChunk: Sendable {
    private let bytes: [UInt8]
    nonisolated(unsafe) let start: UnsafePointer<UInt8>
    var count: Int { bytes.count }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // The elements of an array stay where they are as long as the array lives and is not changed
        // (there is no bridging here that could move them), so the address stays good while `self` lives.
        start = bytes.withUnsafeBufferPointer { $0.start }
    }
}

/// Memory for copied keys and values: one builder fills it before it is shared.
/// Unchecked, because the compiler cannot see that nothing is written after that.
final class CopiedChunk: @unchecked Sendable {
    let capacity: Int
    private let memory: UnsafeMutablePointer<UInt8>
    private var used = 0

    init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(capacity: capacity)
    }

    deinit { memory.deallocate() }

    /// A copy of `bytes` in this chunk; nil if there is no room for it.
    func copy(_ bytes: Bytes) -> UnsafePointer<UInt8>? {
        guard bytes.count <= capacity - used else { return nil }
        let target = memory + used
        target.initialize(from: bytes.start, count: bytes.count)
        used += bytes.count
        return UnsafePointer(target)
    }
}

/// The owners of the bytes of entries: one builder fills it before it is shared.
/// Unchecked, because the compiler cannot see that nothing is added after that.
final class Retained: @unchecked Sendable {
    private var objects: [any AnyObject & Sendable] = []

    func add(_ object: any AnyObject & Sendable) { objects.append(object) }
}

/// A run of consecutive entries. Snapshots that differ in a few keys share all blocks but those with these keys.
/// Unchecked, because of the pointers; nothing is written after `init`.
final class Block: @unchecked Sendable {
    static let capacityBits = 8
    static let capacity = 1 << capacityBits

    let entries: UnsafePointer<Entry>
    let count: Int
    /// The offsets of entries whose key is not a clean absolute path below the root.
    let unclean: [UInt8]
    /// The owners of the bytes: of entries as they were first read, and of those changed since.
    let retained: Retained?
    let changed: [CopiedChunk]

    convenience init(
        _ source: some Collection<Entry>, unclean: [UInt8], retained: Retained?, changed: [CopiedChunk] = []
    ) {
        let memory = UnsafeMutablePointer<Entry>.allocate(capacity: source.count)
        _ = UnsafeMutableBufferPointer(start: memory, count: source.count).initialize(fromContentsOf: source)
        self.init(taking: memory, count: source.count, unclean: unclean, retained: retained, changed: changed)
    }

    /// Takes over `memory`, which holds `count` entries.
    init(
        taking memory: UnsafeMutablePointer<Entry>, count: Int, unclean: [UInt8], retained: Retained?,
        changed: [CopiedChunk] = []
    ) {
        precondition(count <= Block.capacity, "a block holds at most \(Block.capacity) entries")
        entries = UnsafePointer(memory)
        self.count = count
        self.unclean = unclean
        self.retained = retained
        self.changed = changed
    }

    deinit { entries.deallocate() }
}

/// All entries of a snapshot in the order of their keys, in blocks.
/// Unchecked, because of the pointers; nothing is written after `init`.
final class Table: @unchecked Sendable {
    let blocks: [Block]
    let count: Int
    /// The indices of keys that are not clean absolute paths below the root.
    let unclean: [Int]
    /// The entries of each block, so that reading one does not touch reference counts.
    private let bases: [UnsafePointer<Entry>]
    /// The index of the first entry of each block, and the count; empty if all blocks but the last are full.
    private let starts: [Int]

    static let empty = Table([])

    init(_ blocks: [Block]) {
        self.blocks = blocks
        bases = blocks.map(\.entries)
        var starts: [Int] = []
        var unclean: [Int] = []
        var count = 0
        for block in blocks {
            starts.append(count)
            unclean.append(contentsOf: block.unclean.map { count + Int($0) })
            count += block.count
        }
        self.count = count
        self.unclean = unclean
        let isUniform = blocks.dropLast().allSatisfy { $0.count == Block.capacity }
        self.starts = isUniform ? [] : starts + [count]
    }

    /// The block that holds the entry at `index`, and the offset in it.
    @inline(__always)
    func position(of index: Int) -> (block: Int, offset: Int) {
        if starts.isEmpty { return (index >> Block.capacityBits, index & (Block.capacity - 1)) }
        let block = (1..<starts.count - 1).partitionPoint { starts[$0] <= index } - 1
        return (block, index - starts[block])
    }

    @inline(__always)
    func entry(at index: Int) -> Entry {
        let (block, offset) = position(of: index)
        return bases[block][offset]
    }

    /// The block that keeps the bytes of the entry at `index` alive.
    func owner(of index: Int) -> Block { blocks[position(of: index).block] }
}

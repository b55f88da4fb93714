/// Writes jute, the encoding of ZooKeeper's messages: numbers are big-endian, texts and lists are preceded by their length.
struct JuteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func int(_ value: Int32) { append(UInt64(UInt32(bitPattern: value)), size: 4) }

    mutating func long(_ value: Int64) { append(UInt64(bitPattern: value), size: 8) }

    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// A text or bytes.
    mutating func buffer(_ contents: [UInt8]) {
        int(Int32(clamping: contents.count))
        bytes += contents
    }

    private mutating func append(_ value: UInt64, size: Int) {
        for place in (0..<size).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(place)))) }
    }
}

/// Decodes jute. No length that the server chooses is trusted.
struct JuteReader {
    /// The bytes end before what they announce.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func int() throws(Malformed) -> Int32 { Int32(truncatingIfNeeded: try number(size: 4)) }

    mutating func long() throws(Malformed) -> Int64 { Int64(bitPattern: try number(size: 8)) }

    /// A text or bytes; what is null is empty.
    mutating func buffer() throws(Malformed) -> [UInt8] {
        let count = Int(try int())
        if count == -1 { return [] }
        guard count >= 0, count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A list of texts; nil if there are more than `limit`.
    mutating func buffers(limit: Int) throws(Malformed) -> [[UInt8]]? {
        let count = Int(try int())
        // Each text has at least its length.
        guard count >= -1, count <= rest.count / 4 else { throw Malformed() }
        if count > limit { return nil }
        var buffers: [[UInt8]] = []
        for _ in 0..<max(count, 0) { buffers.append(try buffer()) }
        return buffers
    }

    private mutating func number(size: Int) throws(Malformed) -> UInt64 {
        guard rest.count >= size else { throw Malformed() }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Bytes in memory that another object keeps valid.
typealias Bytes = UnsafeBufferPointer<UInt8>

let slash = UInt8(ascii: "/")
let dot = UInt8(ascii: ".")

/// Where an empty run of bytes points to: an address that is never read.
var nowhere: UnsafePointer<UInt8> {
    // Address 1 is not null, so this cannot fail.
    UnsafePointer(bitPattern: 1)!
}

/// The number of leading bytes, at most `limit`, that `a` and `b` have in common.
@inline(__always)
func commonCount(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, limit: Int) -> Int {
    let left = UnsafeRawPointer(a)
    let right = UnsafeRawPointer(b)
    var count = 0
    while count + 8 <= limit {
        let difference = word(left, count) ^ word(right, count)
        if difference != 0 { return count + difference.trailingZeroBitCount / 8 }
        count += 8
    }
    if count < limit, limit >= 8 {
        // The last word overlaps the one before, which was equal.
        let difference = word(left, limit - 8) ^ word(right, limit - 8)
        return difference == 0 ? limit : limit - 8 + difference.trailingZeroBitCount / 8
    }
    while count < limit, a[count] == b[count] { count += 1 }
    return count
}

/// The eight bytes at `offset`, the first one lowest.
@inline(__always)
private func word(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}

/// How two runs of bytes sort: negative, zero or positive.
@inline(__always)
func order(
    _ a: UnsafePointer<UInt8>, _ aCount: Int, _ b: UnsafePointer<UInt8>, _ bCount: Int
) -> Int {
    let limit = min(aCount, bCount)
    let common = commonCount(a, b, limit: limit)
    return common < limit ? Int(a[common]) - Int(b[common]) : aCount - bCount
}

extension UnsafeBufferPointer<UInt8> {
    /// The address of the bytes, also where there are none.
    @inline(__always)
    var start: UnsafePointer<UInt8> { baseAddress ?? nowhere }

    /// How this run sorts relative to `other`: negative, zero or positive.
    @inline(__always)
    func order(to other: Bytes) -> Int { KeyValue.order(start, count, other.start, other.count) }

    func equals(_ other: Bytes) -> Bool {
        count == other.count && commonCount(start, other.start, limit: count) == count
    }

    func hasPrefix(_ prefix: Bytes) -> Bool {
        count >= prefix.count && commonCount(start, prefix.start, limit: prefix.count) == prefix.count
    }

    /// The offset of the first slash at or after `offset`; the count if there is none.
    func slashOffset(from offset: Int) -> Int {
        var offset = offset
        while offset < count, self[offset] != slash { offset += 1 }
        return offset
    }

    /// The bytes at `range`, as a run of its own.
    func window(_ range: Range<Int>) -> Bytes {
        Bytes(start: start + range.lowerBound, count: range.count)
    }
}

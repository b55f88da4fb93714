/// Something that bytes can be appended to.
protocol ByteOutput: ~Copyable {
    mutating func append(_ byte: UInt8)
    mutating func append(contentsOf bytes: UnsafeBufferPointer<UInt8>)
}

extension [UInt8]: ByteOutput {}

/// Text in the making, in memory of its own: appending a few bytes costs a few instructions, where an array checks
/// each time whether it is shared.
struct ByteBuffer: ~Copyable, ByteOutput {
    private var start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 256) {
        self.capacity = capacity
        start = capacity == 0 ? ByteBuffer.nowhere : .allocate(capacity: capacity)
    }

    deinit { if capacity > 0 { start.deallocate() } }

    /// Where a buffer without memory begins: an address that is never read. It is not null, so this cannot fail.
    private static var nowhere: UnsafeMutablePointer<UInt8> { UnsafeMutablePointer(bitPattern: 1)! }

    /// All appended bytes, valid until the next append.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

    /// The bytes that `fill` appends.
    static func bytes(_ fill: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        fill(&buffer)
        return Array(buffer.bytes)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        start[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(contentsOf bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.count > capacity - count { grow(by: bytes.count) }
        (start + count).update(from: bytes.baseAddress ?? UnsafePointer(start), count: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends what `fill` writes to the address that it is given, and of which it returns the length: up to `room` bytes.
    @inline(__always)
    mutating func append(upTo room: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
        if room > capacity - count { grow(by: room) }
        count += fill(start + count)
    }

    /// Appends `number` in decimal.
    @inline(__always)
    mutating func append(decimal number: UInt64) { append(number, length: DecimalText.length(of: number)) }

    /// Appends the last `length` digits of `number` in base 10, or in a power of two up to 16.
    mutating func append(_ number: UInt64, base: UInt64 = 10, digits: Digits = .lower, length: Int) {
        append(upTo: length) { target in
            var rest = number
            var end = target + length
            if base == 10 {
                while end > target {
                    end -= 1
                    let high = rest / 10
                    end.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- high &* 10)
                    rest = high
                }
            } else {
                let bits = UInt64(base.trailingZeroBitCount)
                while end > target {
                    end -= 1
                    end.pointee = digits[UInt8(truncatingIfNeeded: rest & (base - 1))]
                    rest &>>= bits
                }
            }
            return length
        }
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(repeating byte: UInt8, count added: Int) {
        guard added > 0 else { return }
        if added > capacity - count { grow(by: added) }
        (start + count).update(repeating: byte, count: added)
        count += added
    }

    /// Puts `added` bytes in front of the one at `offset`.
    mutating func insert(repeating byte: UInt8, count added: Int, at offset: Int) {
        guard added > 0 else { return }
        if added > capacity - count { grow(by: added) }
        (start + offset + added).update(from: start + offset, count: count - offset)
        (start + offset).update(repeating: byte, count: added)
        count += added
    }

    /// The bytes from `offset` on, valid until something is appended.
    func bytes(from offset: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: start + offset, count: count - offset)
    }

    /// Drops the bytes from `length` on, and keeps the memory.
    @inline(__always)
    mutating func truncate(to length: Int) { count = length }

    private static let large = 64 << 20

    private mutating func grow(by added: Int) {
        let former = capacity
        // A large buffer grows by a smaller factor: while it is moved it takes memory twice.
        capacity = max(capacity + (capacity < ByteBuffer.large ? capacity : capacity / 4), count + added)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        grown.update(from: start, count: count)
        if former > 0 { start.deallocate() }
        start = grown
    }
}

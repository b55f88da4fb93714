/// An immutable run of bytes, Go's `string`: any bytes at all, valid UTF-8 or not.
///
/// A byte string is a window into storage that it keeps alive, so that slicing, and handing a stored
/// value to a template, copies nothing.
public struct ByteString: Sendable {
    /// Keeps `base` valid; nil for bytes that live as long as the program.
    @usableFromInline nonisolated(unsafe) let owner: AnyObject?
    @usableFromInline nonisolated(unsafe) let base: UnsafePointer<UInt8>
    /// The number of bytes.
    public let count: Int

    /// A window into bytes that `owner` keeps valid and unchanged for its whole life.
    @inlinable
    public init(owner: (any AnyObject & Sendable)?, bytes: UnsafeBufferPointer<UInt8>) {
        self.owner = owner
        self.base = bytes.baseAddress ?? ByteString.emptyBase
        self.count = bytes.count
    }

    @usableFromInline
    init(sharing owner: AnyObject?, _ base: UnsafePointer<UInt8>, _ count: Int) {
        self.owner = owner
        self.base = base
        self.count = count
    }

    /// The empty string.
    @inlinable
    public init() {
        owner = nil
        base = ByteString.emptyBase
        count = 0
    }

    /// A copy of `bytes`.
    public init(_ bytes: some Collection<UInt8>) {
        self.init(capacity: bytes.count) { buffer in
            _ = buffer.initialize(fromContentsOf: bytes)
            return bytes.count
        }
    }

    /// A copy of `bytes`.
    public init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.init(capacity: bytes.count) { buffer in
            _ = buffer.initialize(fromContentsOf: bytes)
            return bytes.count
        }
    }

    /// A copy of `bytes`.
    public init(_ bytes: [UInt8]) { self = bytes.withUnsafeBufferPointer { ByteString($0) } }

    /// The UTF-8 form of `text`.
    public init(_ text: String) {
        self.init(text.utf8)
    }

    /// Up to `capacity` bytes that `fill` writes; it returns how many it wrote.
    public init(capacity: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        guard capacity > 0 else {
            self.init()
            return
        }
        let storage = ByteStorage.create(minimumCapacity: capacity) { _ in () }
        // The elements lie behind the object and stay where they are as long as it lives.
        let base = storage.withUnsafeMutablePointerToElements { $0 }
        let written = fill(UnsafeMutableBufferPointer(start: base, count: capacity))
        self.init(sharing: storage, base, written)
    }

    @usableFromInline static var emptyBase: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 1)! }

    /// Calls `body` with the bytes, without copying them.
    @inlinable
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = try body(UnsafeBufferPointer(start: base, count: count))
        withExtendedLifetime(owner) {}
        return result
    }

    /// The bytes, for callers that keep the string alive in another way.
    @inline(__always)
    var unretainedBytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    /// The bytes as an array.
    public var array: [UInt8] { withBytes { Array($0) } }

    /// The bytes as text, each invalid sequence replaced by U+FFFD.
    public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    @inlinable public var isEmpty: Bool { count == 0 }

    /// The byte at `offset`, which must be in `0..<count`.
    @inlinable
    public subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count, "byte offset out of range")
        return withExtendedLifetime(owner) { base[offset] }
    }

    /// The bytes at `range`, sharing storage with this string.
    @inlinable
    public subscript(range: Range<Int>) -> ByteString {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
        return ByteString(sharing: owner, base + range.lowerBound, range.count)
    }
}

/// Heap storage of bytes that are written once, before they are shared: one allocation with its object.
private final class ByteStorage: ManagedBuffer<Void, UInt8> {}

extension ByteString: Equatable, Comparable, Hashable {
    public static func == (left: ByteString, right: ByteString) -> Bool {
        left.withBytes { a in right.withBytes { b in a.equals(b) } }
    }

    /// Whether `left` sorts before `right` by bytes, as Go's `<` on strings.
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.withBytes { a in right.withBytes { b in a.precedes(b) } }
    }

    public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// How many bytes at the beginning are the same; eight are compared in a step.
    @inline(__always)
    fileprivate func commonPrefix(_ other: UnsafeBufferPointer<UInt8>) -> Int {
        guard let left = baseAddress, let right = other.baseAddress else { return 0 }
        let end = Swift.min(count, other.count)
        var offset = 0
        while offset + 8 <= end {
            let one = UnsafeRawPointer(left + offset).loadUnaligned(as: UInt64.self)
            let two = UnsafeRawPointer(right + offset).loadUnaligned(as: UInt64.self)
            if one != two { return offset + (one ^ two).littleEndian.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < end && left[offset] == right[offset] { offset += 1 }
        return offset
    }

    /// Whether these are the same bytes.
    @inline(__always)
    func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard let left = UnsafeRawPointer(baseAddress), let right = UnsafeRawPointer(other.baseAddress) else {
            return true
        }
        if left == right { return true }
        // Names are short: two steps that overlap compare 4 to 8 bytes.
        guard count >= 4, count <= 8 else { return commonPrefix(other) == count }
        return left.loadUnaligned(as: UInt32.self) == right.loadUnaligned(as: UInt32.self)
            && left.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                == right.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    }

    /// Whether these bytes sort before the others.
    func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        let common = commonPrefix(other)
        if common == count || common == other.count { return count < other.count }
        return self[common] < other[common]
    }
}

extension ByteString: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) {
        if text.hasPointerRepresentation {
            self.init(
                owner: nil, bytes: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        } else {
            self.init(String(describing: text))
        }
    }
}

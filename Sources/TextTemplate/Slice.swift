/// A Go slice: a window of `count` elements into a shared array of `capacity` elements.
///
/// Slices that share an array see each other's changes, as in Go: `reverse` and the sorts of confd work
/// in place. A template runs on one thread, so the array is not locked; values given to several
/// templates at once must not contain slices.
public struct Slice: Sendable {
    /// What the elements are: it decides the name of the type and how elements read.
    public enum Element: Sendable {
        /// `[]string`, `[]int`, `[]interface {}`, `[]uint8`.
        case string, int, any, byte
        /// `[]memkv.KVPair` and the named type `memkv.KVPairs`.
        case pair, pairs
        /// `[]*net.SRV`.
        case serviceRecord
    }

    let storage: SliceStorage
    // Half the width of Int keeps `Value` small; memory for more elements does not exist.
    private let offset32: UInt32
    private let count32: UInt32
    private let capacity32: UInt32
    public let element: Element
    /// False for Go's nil slice: prints as `[]int(nil)`, is `null` in JSON.
    public let isNil: Bool

    var offset: Int { Int(offset32) }
    public var count: Int { Int(count32) }
    public var capacity: Int { Int(capacity32) }

    /// A slice of its own array, with capacity equal to the count.
    public init(_ element: Element, _ values: [Value], isNil: Bool = false) {
        self.init(
            element, storage: SliceStorage(values, capacity: values.count), offset: 0, count: values.count,
            capacity: values.count, isNil: isNil)
    }

    /// A slice of its own array with room for further elements, which are zero values of the element type.
    public init(_ element: Element, _ values: [Value], capacity: Int) {
        precondition(capacity >= values.count, "capacity below count")
        let spare = Array(repeating: Slice.zero(element), count: capacity - values.count)
        self.init(
            element, storage: SliceStorage(values + spare, capacity: capacity), offset: 0, count: values.count,
            capacity: capacity, isNil: false)
    }

    init(_ element: Element, storage: SliceStorage, offset: Int, count: Int, capacity: Int, isNil: Bool) {
        self.element = element
        self.storage = storage
        offset32 = UInt32(offset)
        count32 = UInt32(count)
        capacity32 = UInt32(capacity)
        self.isNil = isNil
    }

    /// The element at `index`, which must be in `0..<count`.
    public subscript(index: Int) -> Value {
        get {
            precondition(index >= 0 && index < count, "slice index out of range")
            return storage.values[offset + index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "slice index out of range")
            storage.values[offset + index] = newValue
        }
    }

    /// A copy of the elements.
    public var array: [Value] { Array(UnsafeBufferPointer(start: storage.values + offset, count: count)) }

    /// The elements at `range`, which may reach into the capacity, sharing the array: Go's `s[i:j:k]`.
    public func window(_ range: Range<Int>, capacity: Int? = nil) -> Slice {
        let room = self.capacity - range.lowerBound
        precondition(range.lowerBound >= 0 && range.upperBound <= self.capacity, "slice range out of bounds")
        precondition(capacity ?? room <= room && range.count <= capacity ?? room, "slice capacity out of bounds")
        return Slice(
            element, storage: storage, offset: offset + range.lowerBound, count: range.count,
            capacity: capacity ?? room, isNil: isNil)
    }

    /// The same array as another slice type with the same elements.
    func with(element: Element) -> Slice {
        Slice(element, storage: storage, offset: offset, count: count, capacity: capacity, isNil: isNil)
    }

    private static func zero(_ element: Element) -> Value {
        switch element {
        case .string: .string(ByteString())
        case .int: .int(0)
        case .any, .serviceRecord: .nilInterface
        case .byte: .integer(Value.Integer(.uint8, 0))
        case .pair, .pairs: .object(Pair(key: ByteString(), value: ByteString()))
        }
    }
}

/// The array behind slices.
final class SliceStorage: @unchecked Sendable {  // see Slice: used by one thread at a time
    let values: UnsafeMutablePointer<Value>
    private let capacity: Int

    init(_ values: [Value], capacity: Int) {
        self.values = .allocate(capacity: capacity)
        self.capacity = capacity
        _ = UnsafeMutableBufferPointer(start: self.values, count: capacity).initialize(fromContentsOf: values)
    }

    deinit {
        values.deinitialize(count: capacity)
        values.deallocate()
    }
}

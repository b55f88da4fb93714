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

    public let element: Element
    /// False for Go's nil slice: prints as `[]int(nil)`, is `null` in JSON.
    public let isNil: Bool
    let storage: SliceStorage
    let offset: Int
    public let count: Int
    public let capacity: Int

    /// A slice of its own array, with capacity equal to the count.
    public init(_ element: Element, _ values: [Value], isNil: Bool = false) {
        self.init(
            element, storage: SliceStorage(values), offset: 0, count: values.count, capacity: values.count,
            isNil: isNil)
    }

    /// A slice of its own array, whose elements beyond the count are zero values.
    public init(_ element: Element, _ values: [Value], capacity: Int) {
        self.init(
            element, storage: SliceStorage(values, zero: element.zero), offset: 0, count: values.count,
            capacity: capacity, isNil: false)
    }

    /// A slice of its own array, of `count` elements that `make` gives when they are asked for: the first
    /// change makes all of them.
    public init(_ element: Element, count: Int, capacity: Int, make: @escaping @Sendable (Int) -> Value) {
        self.init(
            element, storage: SliceStorage(count: count, zero: element.zero, make: make), offset: 0, count: count,
            capacity: capacity, isNil: false)
    }

    init(_ element: Element, storage: SliceStorage, offset: Int, count: Int, capacity: Int, isNil: Bool) {
        self.element = element
        self.storage = storage
        self.offset = offset
        self.count = count
        self.capacity = capacity
        self.isNil = isNil
    }

    /// The element at `index`, which must be in `0..<count`.
    public subscript(index: Int) -> Value {
        get {
            precondition(index >= 0 && index < count, "slice index out of range")
            return storage[offset + index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "slice index out of range")
            storage[offset + index] = newValue
        }
    }

    /// A copy of the elements.
    public var array: [Value] { (offset..<offset + count).map { storage[$0] } }
}

/// The array behind slices: elements that were made, or a way to make them.
///
/// Unchecked, because a template runs on one thread and its slices stay with it.
final class SliceStorage: @unchecked Sendable {
    private enum Elements {
        case made([Value])
        case lazy(count: Int, make: @Sendable (Int) -> Value)
    }

    private var elements: Elements
    /// What stands where an array is longer than what was put into it.
    private let zero: Value

    init(_ values: [Value], zero: Value = .nilInterface) {
        elements = .made(values)
        self.zero = zero
    }

    init(count: Int, zero: Value, make: @escaping @Sendable (Int) -> Value) {
        elements = .lazy(count: count, make: make)
        self.zero = zero
    }

    /// All elements; those that were not made yet are made.
    var values: [Value] {
        get {
            switch elements {
            case .made(let values):
                return values
            case .lazy(let count, let make):
                let values = (0..<count).map(make)
                elements = .made(values)
                return values
            }
        }
        set { elements = .made(newValue) }
    }

    /// The element at `index`, which may lie beyond the elements that were made.
    subscript(index: Int) -> Value {
        get {
            switch elements {
            case .made(let values): index < values.count ? values[index] : zero
            case .lazy(let count, let make): index < count ? make(index) : zero
            }
        }
        set {
            var values = values
            // Leaves the array to `values` alone, so that it is changed in place.
            elements = .made([])
            while values.count <= index { values.append(zero) }
            values[index] = newValue
            elements = .made(values)
        }
    }
}

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
        self.init(element, storage: SliceStorage(values), offset: 0, count: values.count, capacity: values.count, isNil: isNil)
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
            return storage.values[offset + index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "slice index out of range")
            storage.values[offset + index] = newValue
        }
    }

    /// A copy of the elements.
    public var array: [Value] { Array(storage.values[offset..<offset + count]) }
}

/// The array behind slices.
final class SliceStorage: @unchecked Sendable {
    var values: [Value]

    init(_ values: [Value]) { self.values = values }
}

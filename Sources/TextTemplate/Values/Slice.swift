/// A Go slice: a window of `count` elements into a shared array of `capacity` elements.
///
/// Slices that share an array see each other's changes, as in Go: `reverse` and the sorts of confd work
/// in place. A template runs on one thread, so the array is not locked; values given to several
/// templates at once must not contain slices.
public struct Slice: Sendable {
    /// The element type: it decides the slice's type name and the form of its elements.
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
            element, storage: SliceStorage(values), offset: 0, count: values.count,
            capacity: values.count, isNil: isNil)
    }

    /// A slice of its own array, whose elements beyond the count are zero values.
    public init(_ element: Element, _ values: [Value], capacity: Int) {
        self.init(
            element, storage: SliceStorage(values, zero: element.zero), offset: 0, count: values.count,
            capacity: capacity, isNil: false)
    }

    /// A slice of its own array, of `count` elements that `make` returns when they are asked for: the first
    /// change makes all of them.
    public init(_ element: Element, count: Int, capacity: Int, make: @escaping @Sendable (Int) -> Value) {
        self.init(
            element, storage: SliceStorage(count: count, zero: element.zero, make: make), offset: 0, count: count,
            capacity: capacity, isNil: false)
    }

    /// A slice of its own array, of `count` elements: when the first is asked for, `fill` gets memory for them, none of
    /// which is initialised, and initialises all.
    public init(
        _ element: Element, count: Int, capacity: Int,
        fill: @escaping @Sendable (UnsafeMutableBufferPointer<Value>) -> Void
    ) {
        self.init(
            element, storage: SliceStorage(count: count, zero: element.zero, fill: fill), offset: 0, count: count,
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
            return storage[offset + index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "slice index out of range")
            storage[offset + index] = newValue
        }
    }

    /// A copy of the elements.
    public var array: [Value] { (offset..<offset + count).map { storage[$0] } }

    /// Calls `body` with the elements in place, all of them made. It may move them, but must leave each of them somewhere;
    /// their depth is not looked at anew.
    package func withElements<Result>(_ body: (UnsafeMutableBufferPointer<Value>) -> Result) -> Result {
        withExtendedLifetime(storage) {
            body(UnsafeMutableBufferPointer(start: storage.elements(atLeast: offset + count) + offset, count: count))
        }
    }

    /// The elements at `range`, which may reach into the capacity, sharing the array: Go's `s[i:j:k]`.
    public func window(_ range: Range<Int>, capacity: Int? = nil) -> Slice {
        let room = self.capacity - range.lowerBound
        precondition(range.lowerBound >= 0 && range.upperBound <= self.capacity, "slice range out of bounds")
        precondition(capacity ?? room <= room && range.count <= capacity ?? room, "slice capacity out of bounds")
        return Slice(
            element, storage: storage, offset: offset + range.lowerBound, count: range.count,
            capacity: capacity ?? room, isNil: isNil)
    }
}

/// The array behind slices: elements that were made, or a way to make them.
///
/// Unchecked, because a template runs on one thread and its slices stay with it.
final class SliceStorage: @unchecked Sendable {
    /// The elements that were made, nil as long as they are made one by one.
    private var elements: UnsafeMutablePointer<Value>?
    /// How many elements there is memory for.
    private var room = 0
    /// How many elements were made, or can be.
    private var count: Int
    /// Makes an element when it is asked for, unless `fill` or the first change makes all.
    private let make: @Sendable (Int) -> Value
    /// Makes all elements when the first is asked for; nil if they are made one by one.
    private let fill: (@Sendable (UnsafeMutableBufferPointer<Value>) -> Void)?
    /// How deep lists and maps nest in here, this one counted.
    private(set) var depth = 1
    /// The value of elements beyond those that were put into the array.
    private let zero: Value

    init(_ values: [Value], zero: Value = .nilInterface) {
        count = values.count
        room = count
        elements = .allocate(capacity: count)
        _ = UnsafeMutableBufferPointer(start: elements, count: count).initialize(fromContentsOf: values)
        make = SliceStorage.none
        fill = nil
        self.zero = zero
        depth = 1 + values.reduce(0) { max($0, $1.depth) }
    }

    init(count: Int, zero: Value, make: @escaping @Sendable (Int) -> Value) {
        self.count = count
        self.make = make
        fill = nil
        self.zero = zero
    }

    init(count: Int, zero: Value, fill: @escaping @Sendable (UnsafeMutableBufferPointer<Value>) -> Void) {
        self.count = count
        self.fill = fill
        make = SliceStorage.none
        self.zero = zero
    }

    /// Makes elements where nothing asks for any. (An optional function would be copied before each call.)
    private static let none: @Sendable (Int) -> Value = { _ in .invalid }

    deinit {
        guard let elements else { return }
        for index in 0..<count { (elements + index).deinitializeInPlace() }
        elements.deallocate()
    }

    /// The element at `index` in place, valid as long as nothing is changed; nil if it is not made yet.
    @inline(__always)
    func address(of index: Int) -> UnsafePointer<Value>? {
        guard let elements, index < count else { return nil }
        return UnsafePointer(elements + index)
    }

    /// The element at `index`, which may lie beyond the elements that were made.
    @inline(__always)
    subscript(index: Int) -> Value {
        get {
            guard index < count else { return zero }
            // A pointer keeps nothing alive, and this may be the last use of the storage.
            return withExtendedLifetime(self) {
                if let elements { return elements[index] }
                return fill == nil ? make(index) : reserve(count)[index]
            }
        }
        set {
            let elements = elements(atLeast: index + 1)
            elements[index] = newValue
            depth = max(depth, newValue.depth + 1)
        }
    }

    /// All elements, made, and not fewer than `minimum`.
    func elements(atLeast minimum: Int) -> UnsafeMutablePointer<Value> {
        if let elements, count >= minimum { return elements }
        let made = reserve(minimum)
        if minimum > count {
            (made + count).initialize(repeating: zero, count: minimum - count)
            count = minimum
        }
        return made
    }

    /// All elements, made, with memory for `minimum`: more than that, so that appending one by one stays quick.
    private func reserve(_ minimum: Int) -> UnsafeMutablePointer<Value> {
        if let elements, room >= minimum { return elements }
        room = elements == nil ? max(count, minimum) : max(2 * count, minimum)
        let grown = UnsafeMutablePointer<Value>.allocate(capacity: room)
        if let elements {
            grown.moveInitialize(from: elements, count: count)
            elements.deallocate()
        } else if let fill {
            fill(UnsafeMutableBufferPointer(start: grown, count: count))
        } else {
            for index in 0..<count { (grown + index).initialize(to: make(index)) }
        }
        elements = grown
        return grown
    }
}

extension Value {
    /// How deep lists and maps nest in the value: 0 for others.
    var depth: Int {
        switch self {
        case .slice(let slice): slice.storage.depth
        case .map(let map): map.storage.facts.depth
        default: 0
        }
    }
}

/// What of an array a value holds.
enum HeldPart {
    /// Nothing, some of it, or the element that was asked for.
    case none, some, element
}

extension Value {
    /// What the lists in the value, and in its lists and maps, have of `storage`, and whether the element at `index` is in it.
    func part(of storage: SliceStorage, at index: Int) -> HeldPart {
        var part = HeldPart.none
        var seen: Set<Window> = []
        var open = [self]
        while let value = open.popLast() {
            switch value {
            case .slice(let list):
                let window = Window(
                    array: ObjectIdentifier(list.storage), range: list.offset..<list.offset + list.count)
                if list.storage === storage {
                    if window.range.contains(index) { return .element }
                    part = .some
                }
                if list.storage.depth > 1, seen.insert(window).inserted { open += list.array.filter { $0.depth > 0 } }
            case .map(let map):
                let window = Window(array: ObjectIdentifier(map.storage), range: 0..<map.count)
                if map.storage.facts.depth > 1, seen.insert(window).inserted {
                    open += map.values.filter { $0.depth > 0 }
                }
            default: break
            }
        }
        return part
    }

    /// The elements of a list, or of a map.
    private struct Window: Hashable {
        let array: ObjectIdentifier
        let range: Range<Int>
    }
}

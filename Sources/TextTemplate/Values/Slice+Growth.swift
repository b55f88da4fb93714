extension Slice {
    /// The same elements under another type, as when `memkv.KVPairs` is passed as `[]memkv.KVPair`.
    public func retyped(_ element: Element) -> Slice {
        Slice(element, storage: storage, offset: offset, count: count, capacity: capacity, isNil: isNil)
    }

    /// Go's `append`: `value` goes behind the last element, into the same array if there is room. Nil if a list would then be an
    /// element of itself, which Go can make, and not print. `onCycle` is called if the array then holds a list of some of its own
    /// elements: it must be emptied in the end, because nothing else frees it.
    public func appending(_ value: Value, onCycle: (Slice) -> Void) -> Slice? {
        guard count < capacity else {
            return Slice(element, array + [value], capacity: Slice.grown(capacity, toHold: count + 1, of: element))
        }
        let held = value.depth > 0 ? value.part(of: storage, at: offset + count) : .none
        if held == .element { return nil }
        storage[offset + count] = value
        let list = Slice(
            element, storage: storage, offset: offset, count: count + 1, capacity: capacity, isNil: false)
        if held == .some { onCycle(list) }
        return list
    }

    /// Puts nil in the place of each element.
    public func empty() {
        for index in 0..<count { self[index] = .nilInterface }
    }

    /// The capacity of a Go slice that `count` elements were appended to one after the other.
    public static func capacity(afterAppending count: Int, of element: Element) -> Int {
        var capacity = 0
        while capacity < count { capacity = grown(capacity, toHold: capacity + 1, of: element) }
        return capacity
    }

    /// Go's `growslice`: doubled while small, then a quarter more each time, rounded up to what the
    /// allocator hands out.
    private static func grown(_ capacity: Int, toHold count: Int, of element: Element) -> Int {
        let threshold = 256
        var grown = capacity
        if count > 2 * capacity {
            grown = count
        } else if capacity < threshold {
            grown = 2 * capacity
        } else {
            while grown < count { grown += (grown + 3 * threshold) / 4 }
        }
        return allocation(of: grown * element.size, holdsPointers: element.holdsPointers) / element.size
    }

    /// The number of usable bytes that Go's allocator gives for `size` bytes.
    private static func allocation(of size: Int, holdsPointers: Bool) -> Int {
        let page = 8192
        // Objects with pointers above 512 bytes carry a header.
        let header = holdsPointers && size > 512 ? 8 : 0
        if size <= sizeClasses[sizeClasses.count - 1] - 8, let fit = sizeClasses.first(where: { $0 >= size + header }) {
            return fit - header
        }
        return (size + page - 1) / page * page
    }

    private static let sizeClasses = [
        8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
        480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
        4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072,
        20480, 21760, 24576, 27264, 28672, 32768,
    ]
}

extension Slice.Element {
    /// The value of an element that nothing was assigned to.
    var zero: Value {
        switch self {
        case .string: .string(ByteString())
        case .int: .int(0)
        case .any, .serviceRecord: .nilInterface
        case .byte: .integer(Value.Integer(.uint8, 0))
        case .pair, .pairs: .pair(Pair(key: ByteString(), value: ByteString()))
        }
    }

    /// The size of an element in bytes.
    fileprivate var size: Int {
        switch self {
        case .byte: 1
        case .int, .serviceRecord: 8
        case .string, .any: 16
        case .pair, .pairs: 32
        }
    }

    fileprivate var holdsPointers: Bool {
        switch self {
        case .byte, .int: false
        case .string, .any, .pair, .pairs, .serviceRecord: true
        }
    }
}

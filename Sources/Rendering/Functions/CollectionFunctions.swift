import KeyValue
import TextTemplate

/// Functions on lists, maps and paths, and those that choose between values.
enum CollectionFunctions {
    static let table: [String: Function] = [
        "base": Function([.string]) { .string(path($0.string(0), Path.base)) },
        "dir": Function([.string]) { .string(path($0.string(0), Path.dir)) },

        "map": Function([], variadic: .any, body: makeMap),
        "dict": Function([], variadic: .any, body: makeMap),
        "hasKey": Function([.map, .string]) { .bool($0.map(0)[$0.string(1)] != nil) },
        "keys": Function([.map]) { .slice(Slice(.string, $0.map(0).keys.map { .string($0) })) },
        "values": Function([.map]) { .slice(Slice(.any, $0.map(0).values)) },
        "pluck": Function([.string], variadic: .map, body: pluck),

        "list": Function([], variadic: .any) { arguments in
            .slice(Slice(.any, (0..<arguments.count).map { element(arguments[$0]) }))
        },
        "append": Function([.anys, .any]) { (arguments) throws(FunctionError) in
            let appended = arguments.slice(0).appending(
                element(arguments[1]), onCycle: arguments.rendering.noteCycle)
            guard let list = appended else { throw FunctionError(.listInItself) }
            return .slice(list)
        },
        "reverse": Function([.any], body: reverse),
        "sortByLength": Function([.strings]) { arguments in
            let list = arguments.slice(0)
            sortByLength(list)
            return .slice(list)
        },
        "sortKVByLength": Function([.pairs]) { arguments in
            let list = arguments.slice(0)
            sortByLength(list)
            return .slice(list.retyped(.pair))
        },

        "empty": Function([.any]) { .bool($0[0].isEmpty) },
        "default": Function([.any, .any]) { element($0[1].isEmpty ? $0[0] : $0[1]) },
        "coalesce": Function([], variadic: .any) { arguments in
            (0..<arguments.count).map { arguments[$0] }.first { !$0.isEmpty } ?? .nilInterface
        },
        "ternary": Function([.any, .any, .bool]) { element($0.bool(2) ? $0[0] : $0[1]) },
    ]

    /// `value` as Go stores it in an `interface {}`: no value at all becomes nil.
    private static func element(_ value: Value) -> Value {
        if case .invalid = value { .nilInterface } else { value }
    }

    private static func path(
        _ text: ByteString, _ part: (UnsafeBufferPointer<UInt8>) -> Path.Part
    ) -> ByteString {
        switch text.withBytes(part) {
        case .range(let range): text[range]
        case .bytes(let bytes): ByteString(bytes)
        }
    }

    @Sendable private static func makeMap(_ arguments: Arguments) throws(FunctionError) -> Value {
        if arguments.count % 2 != 0 { throw FunctionError(.unpairedArguments) }
        var entries: [(key: ByteString, value: Value)] = []
        for index in stride(from: 0, to: arguments.count, by: 2) {
            guard case .string(let key) = arguments[index] else { throw FunctionError(.keyIsNoString) }
            entries.append((key, element(arguments[index + 1])))
        }
        return .map(Map(entries))
    }

    @Sendable private static func pluck(_ arguments: Arguments) -> Value {
        let key = arguments.string(0)
        let found = (1..<arguments.count).compactMap { arguments.map($0)[key] }
        if found.isEmpty { return .slice(Slice(.any, [], isNil: true)) }
        return .slice(Slice(.any, found, capacity: Slice.capacity(afterAppending: found.count, of: .any)))
    }

    /// In place, and only for the types that confd knows: the result of `gets` stays as it is.
    @Sendable private static func reverse(_ arguments: Arguments) -> Value {
        guard case .slice(let list) = arguments[0], list.element == .string || list.element == .pair else {
            return element(arguments[0])
        }
        list.withElements { elements in
            for index in 0..<elements.count / 2 { elements.swapAt(index, elements.count - 1 - index) }
        }
        return .slice(list)
    }

    /// In place, with Go's own order of equals.
    private static func sortByLength(_ list: Slice) {
        list.withElements { elements in
            guard let first = elements.baseAddress else { return }
            var sort = PatternDefeatingQuicksort(
                elements.indices.map { PlacedLength(length: length(of: elements[$0]), place: $0) })
            sort.run()
            // The values are moved twice, at the end: to compare and swap them would count references each time.
            let sorted = UnsafeMutablePointer<Value>.allocate(capacity: elements.count)
            defer { sorted.deallocate() }
            for (place, item) in sort.items.enumerated() {
                (sorted + place).moveInitialize(from: first + Int(item.place), count: 1)
            }
            first.moveInitialize(from: sorted, count: elements.count)
        }
    }

    /// The length of an element, and where it was; both have 32 bits, for texts and lists are shorter than that.
    private struct PlacedLength: SortItem {
        let length: UInt32
        let place: UInt32

        init(length: Int, place: Int) {
            self.length = UInt32(length)
            self.place = UInt32(place)
        }

        func precedes(_ other: PlacedLength) -> Bool { length < other.length }
    }

    private static func length(of value: Value) -> Int {
        switch value {
        case .string(let text): text.count
        case .pair(let pair): pair.key.count
        default: 0
        }
    }
}

extension Value {
    /// Nothing, zero, false, an empty text or collection, a struct of zeros.
    var isEmpty: Bool {
        switch self {
        case .invalid, .nilInterface: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .integer(let integer): integer.value == 0
        case .float(let value): value == 0
        case .complex: false
        case .string(let text): text.isEmpty
        case .slice(let list): list.count == 0
        case .map(let map): map.count == 0
        case .pair(let pair): pair.key.isEmpty && pair.value.isEmpty
        case .object(let object): !object.typeName.hasPrefix("*") && object.fields.allSatisfy { $0.value.isEmpty }
        }
    }
}

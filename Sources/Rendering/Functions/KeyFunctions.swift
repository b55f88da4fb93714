import KeyValue
import Primitives
import TextTemplate

/// The functions that read the snapshot: `get`, `gets`, `getv`, `getvs`, `exists`, `ls`, `lsdir`.
enum KeyFunctions {
    static let table: [String: Function] = [
        "exists": Function([.string]) { .bool($0.rendering.index(of: $0.string(0)) != nil) },
        "get": Function([.string]) { (arguments) throws(FunctionError) in
            let context = arguments.rendering
            let key = arguments.string(0)
            guard let index = context.index(of: key) else {
                if context.missingKeysAreEmpty {
                    context.noteReadAsEmpty(key)
                    return .pair(Pair(key: key, value: ByteString()))
                }
                throw arguments.missing(key)
            }
            return .pair(context.snapshot.pair(index))
        },
        "getv": Function([.string], variadic: .string) { (arguments) throws(FunctionError) in
            let context = arguments.rendering
            if let index = context.index(of: arguments.string(0)) {
                return .string(ByteString(unowned: context.snapshot.valueBytes(index)))
            }
            if arguments.count > 1 { return arguments[1] }
            if context.missingKeysAreEmpty {
                context.noteReadAsEmpty(arguments.string(0))
                return .string(ByteString())
            }
            throw arguments.missing(arguments.string(0))
        },
        "gets": Function([.string], body: pairs),
        "getvs": Function([.string], body: values),
        "ls": Function([.string]) { names($0.rendering.children(of: $0.string(0))) },
        "lsdir": Function([.string]) { names($0.rendering.directories(of: $0.string(0))) },
    ]

    private static func names(_ windows: [Window]) -> Value {
        let capacity = Slice.capacity(afterAppending: windows.count, of: .string)
        return .slice(Slice(.string, windows.map { .string(ByteString(listed: $0)) }, capacity: capacity))
    }

    static func indices(_ arguments: Arguments) throws(FunctionError) -> [Range<Int>] {
        do {
            return try arguments.rendering.indices(matching: arguments.string(0))
        } catch {
            throw FunctionError(.badPattern)
        }
    }

    /// The pairs are made one by one, as the template asks for them.
    @Sendable private static func pairs(_ arguments: Arguments) throws(FunctionError) -> Value {
        let snapshot = arguments.rendering.snapshot
        let list = IndexList(try indices(arguments))
        let capacity = Slice.capacity(afterAppending: list.count, of: .pairs)
        return .slice(
            Slice(.pairs, count: list.count, capacity: capacity) { .pair(snapshot.pair(list[$0])) })
    }

    /// The values are sorted when the template asks for the first one: it may only want to know whether there are any.
    @Sendable private static func values(_ arguments: Arguments) throws(FunctionError) -> Value {
        let snapshot = arguments.rendering.snapshot
        let indices = try indices(arguments)
        let count = indices.reduce(0) { $0 + $1.count }
        let capacity = Slice.capacity(afterAppending: count, of: .string)
        return .slice(
            Slice(
                .string, count: count, capacity: capacity,
                fill: { elements in
                    for (index, bytes) in snapshot.sortedValues(indices).enumerated() {
                        elements.initializeElement(at: index, to: .string(ByteString(unowned: bytes)))
                    }
                }))
    }
}

// Bytes of the snapshot are passed to the template without an owner, which saves a reference count for each text. The
// rendering keeps its snapshot until it ends, and everything that outlives it holds copies: the output, the texts of
// errors and the data that they quote, the read set, and the names of included templates.

extension ByteString {
    /// A name that was listed: nearly always a part of a key.
    fileprivate init(listed name: Window) {
        self.init(owner: name.isOfSnapshot ? nil : name.owner, bytes: name.bytes)
    }

    /// Bytes of the rendering's snapshot.
    fileprivate init(unowned bytes: UnsafeBufferPointer<UInt8>) { self.init(owner: nil, bytes: bytes) }
}

extension Snapshot {
    /// The pair at `index` of the rendering's snapshot.
    fileprivate func pair(_ index: Int) -> Pair {
        let (key, value) = entryBytes(index)
        return Pair(owner: nil, key: key, value: value)
    }
}

extension Arguments {
    /// The error for a key that is missing, and a note of it.
    func missing(_ key: ByteString) -> FunctionError {
        rendering.keyAtFault = ByteString(key.array)
        return FunctionError(.missingKey(key), hint: MissingKey(key, in: rendering.snapshot).hint)
    }
}

/// The indices of ascending ranges, numbered from 0 over all of them.
private struct IndexList: Sendable {
    private let ranges: [Range<Int>]
    /// The number of the first index of each range.
    private let starts: [Int]
    let count: Int

    init(_ ranges: [Range<Int>]) {
        self.ranges = ranges
        var starts: [Int] = []
        var count = 0
        for range in ranges {
            starts.append(count)
            count += range.count
        }
        self.starts = starts
        self.count = count
    }

    subscript(position: Int) -> Int {
        let index = (1..<max(1, starts.count)).partitionPoint { starts[$0] <= position } - 1
        return ranges[index].lowerBound + position - starts[index]
    }
}

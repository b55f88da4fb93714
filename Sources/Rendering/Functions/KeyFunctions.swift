import KeyValue
import TextTemplate

/// The functions that read the snapshot: `get`, `gets`, `getv`, `getvs`, `exists`, `ls`, `lsdir`.
enum KeyFunctions {
    static let table: [String: Function] = [
        "exists": Function([.string]) { .bool($0.rendering.contains($0.string(0))) },
        "get": Function([.string]) { (arguments) throws(FunctionError) in
            let key = arguments.string(0)
            guard let value = arguments.rendering.value(of: key) else {
                if arguments.rendering.missingKeysAreEmpty { return .object(Pair(key: key, value: ByteString())) }
                throw arguments.missing(key)
            }
            return .object(Pair(key: key, value: ByteString(value)))
        },
        "getv": Function([.string], variadic: .string) { (arguments) throws(FunctionError) in
            let key = arguments.string(0)
            if let value = arguments.rendering.value(of: key) { return .string(ByteString(value)) }
            if arguments.count > 1 { return arguments[1] }
            if arguments.rendering.missingKeysAreEmpty { return .string(ByteString()) }
            throw arguments.missing(key)
        },
        "gets": Function([.string], body: pairs),
        "getvs": Function([.string], body: values),
        "ls": Function([.string]) { names($0.rendering.children(of: $0.string(0))) },
        "lsdir": Function([.string]) { names($0.rendering.directories(of: $0.string(0))) },
    ]

    private static func names(_ windows: [Window]) -> Value {
        let capacity = Slice.capacity(afterAppending: windows.count, of: .string)
        return .slice(Slice(.string, windows.map { .string(ByteString($0)) }, capacity: capacity))
    }

    private static func indices(_ arguments: Arguments) throws(FunctionError) -> [Range<Int>] {
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
            Slice(.pairs, count: list.count, capacity: capacity) { position in
                let (key, value) = snapshot[list[position]]
                return .object(Pair(key: ByteString(key), value: ByteString(value)))
            })
    }

    @Sendable private static func values(_ arguments: Arguments) throws(FunctionError) -> Value {
        let snapshot = arguments.rendering.snapshot
        var values: [Window] = []
        for range in try indices(arguments) {
            for index in range { values.append(snapshot.value(at: index)) }
        }
        let sorted = SortedWindows.sort(values).map { Value.string(ByteString($0)) }
        return .slice(Slice(.string, sorted, capacity: Slice.capacity(afterAppending: sorted.count, of: .string)))
    }
}

extension Arguments {
    /// The error for a key that is missing, and a note of it.
    fileprivate func missing(_ key: ByteString) -> FunctionError {
        rendering.missingKey = key
        return FunctionError(.missingKey(key))
    }
}

/// Indices given by ascending ranges, numbered through.
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
        var low = 0
        var high = ranges.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return ranges[low].lowerBound + position - starts[low]
    }
}

/// Sorts texts by bytes; most comparisons are of one number.
private enum SortedWindows {
    private struct Entry {
        /// The first eight bytes, most significant first.
        let head: UInt64
        let index: Int
    }

    static func sort(_ windows: [Window]) -> [Window] {
        var entries: [Entry] = []
        entries.reserveCapacity(windows.count)
        for (index, window) in windows.enumerated() {
            var head: UInt64 = 0
            for byte in window.bytes.prefix(8) { head = head << 8 | UInt64(byte) }
            if window.count < 8 { head <<= UInt64(8 * (8 - window.count)) }
            entries.append(Entry(head: head, index: index))
        }
        entries.sort { left, right in
            left.head != right.head ? left.head < right.head : windows[left.index] < windows[right.index]
        }
        return entries.map { windows[$0.index] }
    }
}

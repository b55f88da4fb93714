/// A value of a template, together with the Go type that it stands for.
///
/// Go's engine works on `reflect.Value`; this is the closed set of types that can occur in a template
/// executed with a nil dot and the functions of confd. The type shows in `%T` and `%#v`, in error
/// texts, and in which arguments a function accepts.
public enum Value: Sendable {
    /// The zero `reflect.Value`: a missing map entry, an absent result. Prints as `<no value>`.
    case invalid
    /// An interface that holds nothing, for example JSON's null inside a list.
    case nilInterface
    case bool(Bool)
    /// Go's `int`.
    case int(Int)
    /// An integer of any other type, see `Integer.Kind`.
    case integer(Integer)
    case float(Double)
    case complex(Complex)
    case string(ByteString)
    case slice(Slice)
    /// `map[string]interface{}`.
    case map(Map)
    /// A value with fields and methods: `memkv.KVPair`, `time.Time`, `*net.SRV`, `*time.Location`.
    case object(any Object)

    /// An integer whose Go type is not `int`.
    public struct Integer: Sendable, Equatable {
        public enum Kind: Sendable {
            case int64, int32, uint8, uint16
            /// `time.Duration` (int64 nanoseconds), `time.Month` and `time.Weekday` (int).
            case duration, month, weekday
        }
        public let kind: Kind
        public let value: Int

        public init(_ kind: Kind, _ value: Int) {
            self.kind = kind
            self.value = value
        }
    }

    /// Go's `complex128`.
    public struct Complex: Sendable, Equatable {
        public let real: Double
        public let imaginary: Double

        public init(_ real: Double, _ imaginary: Double) {
            self.real = real
            self.imaginary = imaginary
        }
    }
}

/// Go's `map[string]interface{}`: immutable once made, iterated in the byte order of its keys.
public final class Map: Sendable {
    /// Keys in ascending byte order, without duplicates; `values` runs beside it.
    public let keys: [ByteString]
    public let values: [Value]
    /// False for Go's nil map (the result of a failed decode): prints as `map[string]interface {}(nil)`.
    public let isNil: Bool
    /// How deep lists and maps nest in here, this one counted.
    let depth: Int

    /// Sorts the entries by key; of equal keys the last one stays, as with repeated assignment in Go.
    public init(_ entries: [(key: ByteString, value: Value)], isNil: Bool = false) {
        depth = 1 + entries.reduce(0) { max($0, $1.value.depth) }
        let isAscending = entries.indices.dropFirst().allSatisfy { entries[$0 - 1].key < entries[$0].key }
        if isAscending {
            keys = entries.map(\.key)
            values = entries.map(\.value)
            self.isNil = isNil
            return
        }
        var order = entries.enumerated().map { ($0.offset, $0.element.key) }
        order.sort { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 < $1.1 }
        var keys: [ByteString] = []
        var values: [Value] = []
        keys.reserveCapacity(entries.count)
        values.reserveCapacity(entries.count)
        for (offset, key) in order {
            if keys.last == key {
                values[values.count - 1] = entries[offset].value
            } else {
                keys.append(key)
                values.append(entries[offset].value)
            }
        }
        self.keys = keys
        self.values = values
        self.isNil = isNil
    }

    /// The entries of which each key belongs to the value beside it, in any order, as above.
    public convenience init(keys: [ByteString], values: [Value]) {
        precondition(keys.count == values.count, "a map needs a value for each key")
        if keys.indices.dropFirst().allSatisfy({ keys[$0 - 1] < keys[$0] }) {
            self.init(ascending: keys, values)
        } else {
            self.init(zip(keys, values).map { (key: $0, value: $1) })
        }
    }

    private init(ascending keys: [ByteString], _ values: [Value]) {
        self.keys = keys
        self.values = values
        isNil = false
        depth = 1 + values.reduce(0) { max($0, $1.depth) }
    }

    /// The value of `key`, nil if there is none.
    public subscript(key: ByteString) -> Value? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? values[low] : nil
    }
}

/// A value with named fields and methods.
public protocol Object: AnyObject, Sendable {
    /// How Go names the type, for example `memkv.KVPair` or `*net.SRV`.
    var typeName: String { get }
    /// The fields in declaration order; an unexported field's name starts in lower case.
    var fields: [(name: String, value: Value)] { get }
    /// The value of an exported field, without building `fields`.
    func field(_ name: ByteString) -> Value?
    /// The method of that name, bound to this value; nil if there is none.
    func method(_ name: ByteString) -> Function?
    /// What `String()`, `Error()` gives where the type has it: what `print` and `%v` show.
    var description: ByteString? { get }
}

/// `memkv.KVPair`: one key with its value.
public final class Pair: Object {
    public let key: ByteString
    public let value: ByteString

    public init(key: ByteString, value: ByteString) {
        self.key = key
        self.value = value
    }

    public var typeName: String { "memkv.KVPair" }
    public var fields: [(name: String, value: Value)] { [("Key", .string(key)), ("Value", .string(value))] }

    public func field(_ name: ByteString) -> Value? {
        switch name {
        case "Key": .string(key)
        case "Value": .string(value)
        default: nil
        }
    }

    public func method(_ name: ByteString) -> Function? { nil }
    public var description: ByteString? { nil }
}

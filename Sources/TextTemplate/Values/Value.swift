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
    /// `memkv.KVPair`
    case pair(Pair)
    /// Another value with fields and methods: `time.Time`, `*net.SRV`, `*time.Location`.
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

/// A value with named fields and methods.
public protocol Object: AnyObject, Sendable {
    /// How Go names the type, for example `time.Time` or `*net.SRV`.
    var typeName: String { get }
    /// The fields in declaration order; an unexported field's name starts in lower case.
    var fields: [(name: String, value: Value)] { get }
    /// The value of an exported field, without building `fields`.
    func field(_ name: ByteString) -> Value?
    /// The method of that name, bound to this value; nil if there is none.
    func method(_ name: ByteString) -> Function?
    /// The result of `String()` or `Error()`, nil if the type has neither; `print` and `%v` show it.
    var description: ByteString? { get }
}

/// `memkv.KVPair`: one key with its value, two windows into storage that they keep alive together.
public struct Pair: Sendable {
    /// Keeps both addresses valid, as the owner of a `ByteString`.
    nonisolated(unsafe) private let owner: AnyObject?
    nonisolated(unsafe) private let keyBase: UnsafePointer<UInt8>
    nonisolated(unsafe) private let valueBase: UnsafePointer<UInt8>
    // Half the width of Int keeps `Value` small; no text is that long.
    private let keyCount: UInt32
    private let valueCount: UInt32

    /// Windows into bytes that `owner` keeps valid and unchanged for its whole life.
    @inline(__always)
    public init(
        owner: (any AnyObject & Sendable)?, key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
    ) {
        self.init(sharing: owner, key, value)
    }

    public init(key: ByteString, value: ByteString) {
        let owner: AnyObject? = key.owner === value.owner ? key.owner : Owners(key: key, value: value)
        self.init(sharing: owner, key.unretainedBytes, value.unretainedBytes)
    }

    @inline(__always)
    private init(sharing owner: AnyObject?, _ key: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        self.owner = owner
        keyBase = key.baseAddress ?? ByteString.emptyBase
        valueBase = value.baseAddress ?? ByteString.emptyBase
        keyCount = UInt32(key.count)
        valueCount = UInt32(value.count)
    }

    public var key: ByteString { ByteString(sharing: owner, keyBase, Int(keyCount)) }
    public var value: ByteString { ByteString(sharing: owner, valueBase, Int(valueCount)) }

    /// Whether the pair owns no object.
    @inline(__always)
    var isTrivial: Bool { owner == nil }

    /// The bytes of the key, for callers that keep the pair alive in another way.
    @inline(__always)
    var unretainedKey: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: keyBase, count: Int(keyCount)) }

    /// The bytes of the value, likewise.
    @inline(__always)
    var unretainedValue: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: valueBase, count: Int(valueCount)) }

    /// Keeps two strings alive.
    private final class Owners: Sendable {
        let key: ByteString
        let value: ByteString

        init(key: ByteString, value: ByteString) {
            self.key = key
            self.value = value
        }
    }

    /// The pair as one of many kinds of objects, for what does not have to be quick.
    var object: any Object { PairObject(self) }

    private final class PairObject: Object {
        private let pair: Pair

        init(_ pair: Pair) { self.pair = pair }

        var typeName: String { "memkv.KVPair" }
        var fields: [(name: String, value: Value)] { [("Key", .string(pair.key)), ("Value", .string(pair.value))] }

        func field(_ name: ByteString) -> Value? {
            switch name {
            case "Key": .string(pair.key)
            case "Value": .string(pair.value)
            default: nil
            }
        }

        func method(_ name: ByteString) -> Function? { nil }
        var description: ByteString? { nil }
    }
}

extension Value {
    /// The value as an object, if it has fields.
    public var asObject: (any Object)? {
        switch self {
        case .object(let object): object
        case .pair(let pair): pair.object
        default: nil
        }
    }
}

/// A type with a `GoString` method: what `%#v` shows.
protocol GoStringer: Object {
    var goDescription: ByteString { get }
}

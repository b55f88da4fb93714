/// The Go type that the place of an operand asks for: a value is converted to it or refused.
enum ParameterType: UInt8, BitwiseCopyable {
    /// The value of a command: an interface gives what it holds.
    case plain
    /// `reflect.Value`: anything, as it is.
    case value
    /// `reflect.Value`, an index of `slice`: Go does not look into interfaces there.
    case index
    /// `interface {}`.
    case any
    case string, bool, int, float
    case strings, anys, pairs, map
    case duration, time, location, bytes

    init(_ parameter: Function.Parameter) {
        switch parameter {
        case .string: self = .string
        case .bool: self = .bool
        case .int: self = .int
        case .float: self = .float
        case .any: self = .any
        case .strings: self = .strings
        case .anys: self = .anys
        case .pairs: self = .pairs
        case .map: self = .map
        case .duration: self = .duration
        case .time: self = .time
        case .location: self = .location
        case .bytes: self = .bytes
        }
    }

    /// Whether a string, in an interface or not, is taken as it is.
    var takesAnyString: Bool {
        switch self {
        case .plain, .value, .any, .string: true
        default: false
        }
    }

    /// How Go names the type.
    var typeName: String {
        switch self {
        case .plain, .value, .index: "reflect.Value"
        case .any: "interface {}"
        case .string: "string"
        case .bool: "bool"
        case .int: "int"
        case .float: "float64"
        case .strings: "[]string"
        case .anys: "[]interface {}"
        case .pairs: "[]memkv.KVPair"
        case .map: "map[string]interface {}"
        case .duration: "time.Duration"
        case .time: "time.Time"
        case .location: "*time.Location"
        case .bytes: "[]uint8"
        }
    }
}

extension ParameterType {
    /// The nil of the type, if it has one: what an absent value is converted to.
    var zero: Value? {
        switch self {
        case .plain, .value, .index: .invalid
        case .any, .location: .nilInterface
        case .strings: .slice(Slice(.string, [], isNil: true))
        case .anys: .slice(Slice(.any, [], isNil: true))
        case .pairs: .slice(Slice(.pair, [], isNil: true))
        case .bytes: .slice(Slice(.byte, [], isNil: true))
        case .map: .map(Map([], isNil: true))
        case .string, .bool, .int, .float, .duration, .time: nil
        }
    }
}

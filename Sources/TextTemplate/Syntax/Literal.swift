/// A constant of the source.
enum Literal: Sendable {
    case bool(Bool)
    case string(ByteString)
    case number(NumberLiteral)
    case `nil`

    /// The constant as a value of the type `expected`; `text` is the constant in the source.
    func value(as expected: ParameterType, text: ByteString) throws(Problem) -> Value {
        if case .nil = self { return try Literal.zero(expected) }
        switch expected {
        case .plain, .value, .index, .any:
            return try ideal(text)
        case .bool:
            guard case .bool(let flag) = self else { throw .expectedLiteral("bool", found: text) }
            return .bool(flag)
        case .string:
            guard case .string(let string) = self else { throw .expectedLiteral("string", found: text) }
            return .string(string)
        case .int, .duration:
            guard case .number(let number) = self, let value = number.int else {
                throw .expectedLiteral("integer", found: text)
            }
            return expected == .int ? .int(value) : .integer(Value.Integer(.duration, value))
        case .float:
            guard case .number(let number) = self, let value = number.float else {
                throw .expectedLiteral("float", found: text)
            }
            return .float(value)
        case .strings, .anys, .pairs, .map, .time, .location, .bytes:
            throw .unsuitableLiteral(text, type: expected.typeName)
        }
    }

    private func ideal(_ text: ByteString) throws(Problem) -> Value {
        switch self {
        case .bool(let flag): return .bool(flag)
        case .string(let string): return .string(string)
        case .nil: throw .nilCommand
        case .number(let number):
            guard let value = number.ideal else { throw .overflowsInt(text) }
            return value
        }
    }

    /// Nil as a value of the type `expected`.
    private static func zero(_ expected: ParameterType) throws(Problem) -> Value {
        guard let value = expected.zero else { throw .nilAssigned(type: expected.typeName) }
        return value
    }
}

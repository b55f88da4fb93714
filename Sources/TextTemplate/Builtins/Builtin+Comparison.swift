/// `eq`, `ne`, `lt`, `le`, `gt`, `ge` and the truth of values.
enum Comparison {
    /// The kinds that can be compared, Go's `basicKind`.
    private enum Kind {
        case other, bool, complex, int, unsigned, float, string
    }

    private static func kind(_ value: Value) -> Kind {
        switch value {
        case .bool: .bool
        case .int: .int
        case .integer(let integer): integer.isUnsigned ? .unsigned : .int
        case .float: .float
        case .complex: .complex
        case .string: .string
        case .invalid, .nilInterface, .slice, .map, .pair, .object: .other
        }
    }

    private static let badType = FunctionError("invalid type for comparison")

    /// Whether the first value equals any of the others.
    @inline(__always)
    static func isEqualToAny(_ values: UnsafeBufferPointer<Value>) throws(FunctionError) -> Bool {
        guard values.count > 1 else { throw FunctionError("missing argument for comparison") }
        for index in 1..<values.count {
            if try isEqual(values[0], values[index]) { return true }
        }
        return false
    }

    @inline(__always)
    static func isEqual(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        if case .int(let a) = left, case .int(let b) = right { return a == b }
        if case .string(let a) = left, case .string(let b) = right { return a == b }
        return try areEqual(left, right)
    }

    private static func areEqual(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        let kinds = (kind(left), kind(right))
        switch kinds {
        case (.bool, .bool), (.int, .int), (.unsigned, .unsigned), (.float, .float), (.complex, .complex),
            (.string, .string), (.int, .unsigned), (.unsigned, .int):
            // A signed and an unsigned integer are equal if they are the same number.
            return areEqualScalars(left, right)
        case (.other, .other):
            return try areEqualOthers(left, right)
        default:
            if left.isAbsent || right.isAbsent { return false }
            throw incompatible(left, right)
        }
    }

    private static func incompatible(_ left: Value, _ right: Value) -> FunctionError {
        let types = [Format.typeName(left), Format.typeName(right)]
        let hint: String? =
            switch types.sorted() {
            case ["int", "string"]: "atoi makes an int of a string"
            case ["float64", "int"]: "numbers of JSON are float64: compare them with 80.0, not 80"
            case ["float64", "string"]: "print makes a string of a number"
            default: nil
            }
        return FunctionError("incompatible types for comparison: \(types[0]) and \(types[1])", hint: hint)
    }

    private static func areEqualScalars(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.complex(let a), .complex(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        default: left.integer == right.integer
        }
    }

    /// Values of kinds that have no order: equal to nil, or to one of the same type.
    private static func areEqualOthers(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        if !left.isAbsent && !right.isAbsent && left.reflectKind != right.reflectKind {
            let types = (Format.typeName(left), Format.typeName(right))
            throw quoting(
                "non-comparable types \(text(left)): \(types.0), \(types.1): \(value: right)",
                masked: "non-comparable types …: \(types.0), \(types.1): …", text(left))
        }
        if left.isNil || right.isNil { return left.isNil == right.isNil }
        guard let a = left.asObject, let b = right.asObject else {
            throw quoting(
                "non-comparable type \(text(right)): \(Format.typeName(right))",
                masked: "non-comparable type …: \(Format.typeName(right))", text(right))
        }
        return areSame(a, b)
    }

    /// Whether two objects are equal as Go's interface values are: pointers by what they point at, others by
    /// their fields.
    private static func areSame(_ a: any Object, _ b: any Object) -> Bool {
        if a === b { return true }
        guard a.typeName == b.typeName, !a.typeName.hasPrefix("*") else { return false }
        let fields = (a.fields, b.fields)
        return fields.0.count == fields.1.count
            && zip(fields.0, fields.1).allSatisfy { one, other in
                (try? isEqual(one.value, other.value)) ?? false  // fields that cannot be compared differ
            }
    }

    private static func quoting(_ message: Message, masked: Message, _ data: Message) -> FunctionError {
        FunctionError(
            message.byteString,
            quotation: Quotation(data: data.byteString, phrase: message.byteString, masked: masked.byteString))
    }

    /// Go's `%s`.
    private static func text(_ value: Value) -> Message {
        withUnsafePointer(to: value) { value in
            Message(
                bytes: ByteBuffer.bytes { output in
                    Format.appendFormatted("%s", UnsafeBufferPointer(start: value, count: 1), into: &output)
                })
        }
    }

    static func isLess(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        if case .int(let a) = left, case .int(let b) = right { return a < b }
        let kinds = (kind(left), kind(right))
        if kinds.0 == .other || kinds.1 == .other { throw badType }
        switch kinds {
        case (.int, .int), (.unsigned, .unsigned), (.int, .unsigned), (.unsigned, .int):
            return left.integer ?? 0 < right.integer ?? 0
        case (.float, .float):
            guard case .float(let a) = left, case .float(let b) = right else { return false }
            return a < b
        case (.string, .string):
            guard case .string(let a) = left, case .string(let b) = right else { return false }
            return a < b
        case (.bool, .bool), (.complex, .complex):
            throw badType
        default:
            throw incompatible(left, right)
        }
    }

    static func isLessOrEqual(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        if try isLess(left, right) { return true }
        return try isEqual(left, right)
    }
}

extension Value {
    /// Go's idea of truth: whether the value is not the zero of its type.
    var isTrue: Bool {
        switch self {
        case .invalid, .nilInterface: false
        case .bool(let flag): flag
        case .int(let number): number != 0
        case .integer(let integer): integer.value != 0
        case .float(let number): number != 0
        case .complex(let number): number.real != 0 || number.imaginary != 0
        case .string(let text): !text.isEmpty
        case .slice(let slice): slice.count > 0
        case .map(let map): map.count > 0
        case .pair, .object: true
        }
    }

    /// Whether there is no value at all, an interface that holds nothing included.
    var isAbsent: Bool {
        switch self {
        case .invalid, .nilInterface: true
        default: false
        }
    }

    /// Whether there is no value, or a nil one.
    var isNil: Bool {
        switch self {
        case .invalid, .nilInterface: true
        case .slice(let slice): slice.isNil
        case .map(let map): map.isNil
        default: false
        }
    }

    /// The number, of any integer type.
    var integer: Int? {
        switch self {
        case .int(let value): value
        case .integer(let integer): integer.value
        default: nil
        }
    }

    /// Go's `reflect.Kind`, of values without an order.
    fileprivate var reflectKind: Int {
        switch self {
        case .slice: 1
        case .map: 2
        case .pair: 4
        case .object(let object): object.typeName.hasPrefix("*") ? 3 : 4
        default: 0
        }
    }
}

extension Value.Integer {
    var isUnsigned: Bool { kind == .uint8 || kind == .uint16 }
}

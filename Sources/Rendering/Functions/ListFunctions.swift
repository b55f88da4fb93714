import TextTemplate

/// Sprig's functions on lists: they take any list and leave it as it is, but for `sortAlpha`.
enum ListFunctions {
    static let table: [String: Function] = [
        "first": Function([.any]) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "first")
            return list.count == 0 ? .nilInterface : list[0]
        },
        "last": Function([.any]) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "last")
            return list.count == 0 ? .nilInterface : list[list.count - 1]
        },
        "rest": Function([.any]) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "rest")
            return values(list.array.dropFirst(), isNil: list.count == 0)
        },
        "initial": Function([.any]) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "initial")
            return values(list.array.dropLast(), isNil: list.count == 0)
        },
        "concat": Function([], variadic: .any, body: concatenated),
        "uniq": Function([.any]) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "uniq")
            try DeepKey.checkSize(arguments)
            var seen: Set<DeepKey> = []
            return values(list.array.filter { seen.insert(DeepKey($0)).inserted })
        },
        "without": Function([.any], variadic: .any) { (arguments) throws(FunctionError) in
            let list = try list(arguments[0], of: "without")
            try DeepKey.checkSize(arguments)
            let omitted = Set((1..<arguments.count).map { DeepKey(arguments[$0]) })
            return values(list.array.filter { !omitted.contains(DeepKey($0)) })
        },
        "has": Function([.any, .any]) { (arguments) throws(FunctionError) in
            if case .nilInterface = arguments[1] { return .bool(false) }
            let list = try list(arguments[1], of: "has")
            try DeepKey.checkSize(arguments)
            let wanted = DeepKey(arguments[0])
            return .bool(list.array.contains { DeepKey($0) == wanted })
        },
        "sortAlpha": Function([.any], body: sortedTexts),
        "toStrings": Function([.any]) { (arguments) throws(FunctionError) in
            .slice(try texts(arguments[0], limit: arguments.longestText))
        },
        "until": Function([.int], body: until),
    ]

    /// The list that `function` needs.
    private static func list(_ value: Value, of function: StaticString) throws(FunctionError) -> Slice {
        switch value {
        case .slice(let list): return list
        case .nilInterface, .invalid: throw FunctionError(.nilList, hint: "the list is nil")
        default: throw FunctionError(.noList(function: function, kind: value.kindName))
        }
    }

    /// A list of its own: `[]interface{}`.
    private static func values(_ values: some Collection<Value>, isNil: Bool = false) -> Value {
        .slice(Slice(.any, Array(values), isNil: isNil))
    }

    /// The elements of all lists one after the other.
    @Sendable private static func concatenated(_ arguments: Arguments) throws(FunctionError) -> Value {
        var all: [Value] = []
        let limit = arguments.longestList
        for index in 0..<arguments.count {
            switch arguments[index] {
            case .slice(let list):
                if list.count > limit - all.count { throw FunctionError(.tooMany(limit: limit)) }
                all += list.array
            case .nilInterface, .invalid: throw FunctionError(.nilList, hint: "a list is nil")
            default: throw FunctionError(.noListToConcatenate(kind: arguments[index].kindName))
            }
        }
        return values(all, isNil: all.isEmpty)
    }

    /// In the order of bytes. A list of strings is sorted in place, as in Sprig.
    @Sendable private static func sortedTexts(_ arguments: Arguments) throws(FunctionError) -> Value {
        let list: Slice
        switch arguments[0] {
        case .slice(let given) where given.element == .string: list = given
        case .slice: list = try texts(arguments[0], limit: arguments.longestText)
        default: list = Slice(.string, [.string(try arguments[0].text(limit: arguments.longestText))])
        }
        list.withElements { elements in
            var elements = elements
            elements.sort { one, other in
                guard case .string(let one) = one, case .string(let other) = other else { return false }
                return one < other
            }
        }
        return .slice(list)
    }

    /// The elements as strings, without nil; a list of strings itself. What is no list becomes one of a single string.
    private static func texts(_ value: Value, limit: Int) throws(FunctionError) -> Slice {
        switch value {
        case .nilInterface, .invalid: return Slice(.string, [])
        case .slice(let list) where list.element == .string: return list
        case .slice(let list):
            var texts: [Value] = []
            var length = 0
            for element in list.array {
                if case .nilInterface = element { continue }
                let text = try element.text(limit: limit)
                // Strings are not copied, so they do not count.
                if case .string = element {} else { length += text.count }
                if length > limit { throw FunctionError(.tooLong(limit: limit)) }
                texts.append(.string(text))
            }
            return Slice(.string, texts, capacity: list.count)
        default: return Slice(.string, [.string(try value.text(limit: limit))])
        }
    }

    /// The integers from 0 up to the argument, which is not among them; downwards if it is negative.
    @Sendable private static func until(_ arguments: Arguments) throws(FunctionError) -> Value {
        let end = arguments.int(0)
        let limit = arguments.longestList
        guard end.magnitude <= UInt(limit) else { throw FunctionError(.tooMany(limit: limit)) }
        let count = Int(end.magnitude)
        let step = end.signum()
        let capacity = Slice.capacity(afterAppending: count, of: .int)
        return .slice(Slice(.int, count: count, capacity: capacity) { .int($0 * step) })
    }
}

extension Value {
    /// The value as a string: Sprig's `strval`. Throws if that is longer than `limit` bytes; a string is taken as it is.
    func text(limit: Int) throws(FunctionError) -> ByteString {
        switch self {
        case .string(let text): return text
        case .slice(let list) where list.element == .byte:
            return ByteString(
                list.array.map { byte in
                    if case .integer(let integer) = byte { UInt8(truncatingIfNeeded: integer.value) } else { UInt8(0) }
                })
        default:
            let text = printed
            if text.count > limit { throw FunctionError(.tooLong(limit: limit)) }
            return text
        }
    }

    /// The name of Go's `reflect.Kind`, for errors.
    var kindName: String {
        switch self {
        case .invalid, .nilInterface: "invalid"
        case .bool: "bool"
        case .int: "int"
        case .integer(let integer): integer.kindName
        case .float: "float64"
        case .complex: "complex128"
        case .string: "string"
        case .slice: "slice"
        case .map: "map"
        case .pair: "struct"
        case .object(let object): object.typeName.hasPrefix("*") ? "ptr" : "struct"
        }
    }
}

extension Value.Integer {
    fileprivate var kindName: String {
        switch kind {
        case .int64, .duration: "int64"
        case .int32: "int32"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .month, .weekday: "int"
        }
    }
}

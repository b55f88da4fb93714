/// Conversions to the types of parameters, and fields.
extension Executor {
    /// Makes the value on top one of the type that is wanted: Go's `validateType`.
    @inline(__always)
    mutating func convertTop(_ expected: Expected) throws(Problem) {
        switch (expected, topValue) {
        case (.value, _), (.string, .string), (.int, .int), (.bool, .bool): return
        default: replaceTop(try Executor.convert(topValue, to: expected))
        }
    }

    /// `value` as one of the type that is wanted.
    static func convert(_ value: Value, to expected: Expected) throws(Problem) -> Value {
        switch (expected, value) {
        case (.plain, .nilInterface): return .invalid
        case (.any, .invalid): return .nilInterface
        case (.plain, _), (.value, _), (.any, _): return value
        case (_, .invalid):
            guard let zero = expected.zero else { throw .invalidValue(type: expected.typeName) }
            return zero
        case (.string, .string), (.bool, .bool), (.int, .int), (.float, .float), (.map, .map): return value
        case (.strings, .slice(let slice)) where slice.element == .string: return value
        case (.anys, .slice(let slice)) where slice.element == .any: return value
        case (.pairs, .slice(let slice)) where slice.element == .pair: return value
        // A named slice type can be assigned to the unnamed one.
        case (.pairs, .slice(let slice)) where slice.element == .pairs: return .slice(slice.retyped(.pair))
        case (.duration, .integer(let integer)) where integer.kind == .duration: return value
        case (.time, .object(let object)) where object.typeName == "time.Time": return value
        case (.location, .object(let object)) where object.typeName == "*time.Location": return value
        case (_, .nilInterface): throw .wrongType(expected: expected.typeName, got: "interface {}")
        default: throw .wrongType(expected: expected.typeName, got: Format.typeName(value))
        }
    }

    // MARK: Fields

    /// The field that a path leads to from a variable.
    @inline(__always)
    mutating func fields(_ index: Int) throws(Problem) -> Value {
        let path = program.paths[index]
        context = path.context
        let slot = slot(path.slot).pointee
        return try follow(path, path.names.count, from: slot.value, isBoxed: slot.isBoxed, path.expected)
    }

    /// The field that a path leads to from the value on top.
    mutating func fieldsOfTop(_ index: Int) throws(Problem) -> Value {
        let path = program.paths[index]
        return try follow(path, path.names.count, from: topValue, isBoxed: false, path.expected)
    }

    /// Follows the first `count` names of a path.
    private mutating func follow(
        _ path: FieldPath, _ count: Int, from start: Value, isBoxed: Bool, _ expected: Expected
    ) throws(Problem) -> Value {
        var value = start
        var isBoxed = isBoxed
        for name in path.names[..<count] { value = try field(name, of: value, &isBoxed, path.context) }
        return try Executor.convert(value, to: expected)
    }

    /// A field, a map entry, or the result of a method without arguments: Go's `evalField`.
    private mutating func field(
        _ name: FieldName, of receiver: Value, _ isBoxed: inout Bool, _ node: UInt32
    ) throws(Problem) -> Value {
        switch receiver {
        case .invalid:
            return .invalid
        case .nilInterface:
            throw .nilPointer(type: "interface {}", field: name.name)
        case .map(let map):
            isBoxed = true
            return map[name.name] ?? .invalid
        case .object(let object):
            let wasBoxed = isBoxed
            isBoxed = false
            if let pair = object.asPair {
                switch name.known {
                case .key: return .string(pair.key)
                case .value: return .string(pair.value)
                case .other: throw .noField(name.name, type: wasBoxed ? "interface {}" : object.typeName)
                }
            }
            if let value = object.field(name.name) { return value }
            if let method = object.method(name.name) { return try call(method, name.name, node) }
            throw missingField(name.name, of: receiver, isBoxed: wasBoxed)
        default:
            let wasBoxed = isBoxed
            isBoxed = false
            if let method = receiver.scalarMethod(name.name) { return try call(method, name.name, node) }
            throw missingField(name.name, of: receiver, isBoxed: wasBoxed)
        }
    }

    private func missingField(_ name: ByteString, of receiver: Value, isBoxed: Bool) -> Problem {
        let type = isBoxed ? "interface {}" : Format.typeName(receiver)
        if case .object(let object) = receiver, object.fields.contains(where: { ByteString($0.name) == name }) {
            return .unexportedField(name, type: type)
        }
        return .noField(name, type: type)
    }

    // MARK: Methods with arguments

    /// Looks up the method of a call with arguments; false if there is no receiver, and so no result.
    mutating func beginMethod(_ plan: MethodCallPlan) throws(Problem) -> Bool {
        let path = program.paths[Int(plan.path)]
        var receiver: Value
        var isBoxed = false
        if plan.isOnStack {
            receiver = pop()
        } else {
            context = path.context
            receiver = slot(path.slot).pointee.value
            isBoxed = slot(path.slot).pointee.isBoxed
        }
        for name in path.names.dropLast() { receiver = try field(name, of: receiver, &isBoxed, path.context) }
        let name = path.names[path.names.count - 1].name
        if case .invalid = receiver {
            if plan.hasFinal { drop(1) }
            push(.invalid)
            return false
        }
        guard let method = try method(name, of: receiver) else {
            throw notCallable(name, of: receiver, isBoxed: isBoxed)
        }
        if let problem = method.countProblem(name: name, arguments: plan.argumentCount, hasFinal: plan.hasFinal) {
            throw problem
        }
        methods.append(ActiveMethod(function: method, name: name))
        return true
    }

    private func method(_ name: ByteString, of receiver: Value) throws(Problem) -> Function? {
        switch receiver {
        case .nilInterface: throw .nilPointer(type: "interface {}", field: name)
        case .object(let object): object.method(name)
        default: receiver.scalarMethod(name)
        }
    }

    /// Why arguments cannot be given to what is not a method.
    private func notCallable(_ name: ByteString, of receiver: Value, isBoxed: Bool) -> Problem {
        switch receiver {
        case .map: return .mapEntryWithArguments(name)
        case .object(let object) where object.field(name) != nil: return .fieldWithArguments(name)
        default: return missingField(name, of: receiver, isBoxed: isBoxed)
        }
    }

    mutating func pushMethodLiteral(_ literal: Int, argument: Int) throws(Problem) {
        let node = program.contexts[Int(context)]
        let text = program.source[Int(node.start)..<Int(node.end)]
        let expected = methods[methods.count - 1].function.expected(at: argument)
        push(try program.literals[literal].value(as: expected, text: text))
    }

    mutating func convertMethodArgument(_ argument: Int) throws(Problem) {
        try convertTop(methods[methods.count - 1].function.expected(at: argument))
    }

    mutating func callMethod(_ plan: MethodCallPlan) throws(Problem) {
        let method = methods.removeLast()
        var count = plan.argumentCount
        if plan.hasFinal {
            rotate(count)
            try convertTop(method.function.expected(at: count))
            count += 1
        }
        let path = program.paths[Int(plan.path)]
        let result = try call(method.function, method.name, path.context, arguments(count))
        drop(count)
        push(try Executor.convert(result, to: path.expected))
    }
}

extension Object {
    /// The object as a key-value pair, if it is one.
    @inline(__always)
    var asPair: Pair? {
        // Pair is final, so comparing the types is exact, and much faster than a cast.
        ObjectIdentifier(type(of: self)) == ObjectIdentifier(Pair.self) ? unsafeDowncast(self, to: Pair.self) : nil
    }
}

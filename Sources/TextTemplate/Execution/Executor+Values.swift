import Diagnostics

/// Conversions to the types of parameters, and fields.
extension Executor {
    /// Makes the value on top one of the type that is wanted: Go's `validateType`.
    @inline(__always)
    mutating func convertTop(_ expected: ParameterType, isBoxed: Bool = false) throws(Problem) {
        // Most values have the type already; looked at in place, they need not be copied.
        switch expected {
        case .value: return
        case .index:
            if isBoxed { replaceTop(.boxed) }
            return
        case .plain: guard case .nilInterface = topAddress.pointee else { return }
        case .any: guard case .invalid = topAddress.pointee else { return }
        case .string: if case .string = topAddress.pointee { return }
        case .int: if case .int = topAddress.pointee { return }
        case .bool: if case .bool = topAddress.pointee { return }
        case .float, .strings, .anys, .pairs, .map, .duration, .time, .location, .bytes: break
        }
        replaceTop(try Executor.convert(topValue, to: expected))
    }

    /// `value` as one of the type that is wanted.
    static func convert(_ value: Value, to expected: ParameterType) throws(Problem) -> Value {
        switch (expected, value) {
        case (.plain, .nilInterface): return .invalid
        case (.any, .invalid): return .nilInterface
        case (.plain, _), (.value, _), (.index, _), (.any, _): return value
        case (_, .invalid):
            guard let zero = expected.zero else { throw .invalidValue(type: expected.typeName) }
            return zero
        case (.string, .string), (.bool, .bool), (.int, .int), (.float, .float), (.map, .map): return value
        case (.strings, .slice(let slice)) where slice.element == .string: return value
        case (.anys, .slice(let slice)) where slice.element == .any: return value
        case (.bytes, .slice(let slice)) where slice.element == .byte: return value
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
    mutating func fields(_ path: FieldPath) throws(Problem) -> Value {
        currentNode = path.node
        let slot = slot(path.slot)
        if path.nameCount == 1, path.expected.takesAnyString, case .pair(let pair) = slot.pointee.value {
            switch tables.fieldNames[Int(path.firstName)].known {
            case .key: return .string(pair.key)
            case .value: return .string(pair.value)
            case .other: break
            }
        }
        return try follow(path, path.names, from: slot.pointee.value, isBoxed: slot.pointee.isBoxed)
    }

    /// The field that a path leads to from the value on top.
    mutating func fieldsOfTop(_ path: FieldPath) throws(Problem) -> Value {
        try follow(path, path.names, from: topValue, isBoxed: false)
    }

    private mutating func follow(
        _ path: FieldPath, _ names: Range<Int>, from start: Value, isBoxed: Bool
    ) throws(Problem) -> Value {
        var isBoxed = isBoxed
        var value = try field(names.lowerBound, of: start, &isBoxed, path.node)
        for name in names.dropFirst() { value = try field(name, of: value, &isBoxed, path.node) }
        switch (path.expected, value) {
        case (.index, .invalid): return value
        case (.index, _) where isBoxed: return .boxed
        case (_, .string) where path.expected.takesAnyString: return value
        case (.value, _): return value
        default: return try Executor.convert(value, to: path.expected)
        }
    }

    /// A field, a map entry, or the result of a method without arguments: Go's `evalField`.
    private mutating func field(
        _ index: Int, of receiver: Value, _ isBoxed: inout Bool, _ node: UInt32
    ) throws(Problem) -> Value {
        switch receiver {
        case .invalid:
            return .invalid
        case .nilInterface:
            throw .nilPointer(type: "interface {}", field: tables.fieldNames[index].name)
        case .map(let map):
            isBoxed = true
            return map.storage.value(of: tables.fieldNames[index].name.unretainedBytes) ?? .invalid
        case .pair(let pair):
            let wasBoxed = isBoxed
            isBoxed = false
            switch tables.fieldNames[index].known {
            case .key: return .string(pair.key)
            case .value: return .string(pair.value)
            case .other: throw missingField(tables.fieldNames[index].name, of: receiver, isBoxed: wasBoxed)
            }
        case .object(let object):
            let wasBoxed = isBoxed
            isBoxed = false
            let name = tables.fieldNames[index].name
            if let value = object.field(name) { return value }
            if let method = object.method(name) { return try call(method, name, node) }
            throw missingField(name, of: receiver, isBoxed: wasBoxed)
        default:
            let name = tables.fieldNames[index].name
            let wasBoxed = isBoxed
            isBoxed = false
            if let method = receiver.scalarMethod(name) { return try call(method, name, node) }
            throw missingField(name, of: receiver, isBoxed: wasBoxed)
        }
    }

    private func missingField(_ name: ByteString, of receiver: Value, isBoxed: Bool) -> Problem {
        let type = isBoxed ? "interface {}" : Format.typeName(receiver)
        if let object = receiver.asObject, object.fields.contains(where: { ByteString($0.name) == name }) {
            return .unexportedField(name, type: type)
        }
        let object = receiver.asObject
        let fields = object?.fields.map(\.name).filter { object?.field(ByteString($0)) != nil } ?? []
        let suggestion = Suggestion.nearest(to: name.array, among: fields.sorted(), .identifiers)
        return .noField(name, type: type, suggestion: suggestion)
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
            currentNode = path.node
            receiver = slot(path.slot).pointee.value
            isBoxed = slot(path.slot).pointee.isBoxed
        }
        for name in path.names.dropLast() { receiver = try field(name, of: receiver, &isBoxed, path.node) }
        let name = tables.fieldNames[path.names.upperBound - 1].name
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
        case .object, .pair:
            if receiver.asObject?.field(name) != nil { return .fieldWithArguments(name) }
            return missingField(name, of: receiver, isBoxed: isBoxed)
        default: return missingField(name, of: receiver, isBoxed: isBoxed)
        }
    }

    mutating func pushMethodLiteral(_ literal: Int, argument: Int) throws(Problem) {
        let node = program.nodes[Int(currentNode)]
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
        let result = try call(method.function, method.name, path.node, arguments(count))
        drop(count)
        push(try Executor.convert(result, to: path.expected))
    }
}

/// Calls of functions.
extension Executor {
    mutating func callFunction(_ index: Int) throws(Problem) {
        let plan = program.calls[index]
        guard case .function(let function) = plan.callee else { return }
        try tick()
        let result = try call(function, plan.name, plan.context, arguments(plan.count))
        drop(plan.count)
        push(result)
        try convertTop(plan.expected)
    }

    /// The result of `function`; its errors are reported at `node`.
    mutating func call(
        _ function: Function, _ name: ByteString, _ node: UInt32, _ arguments: UnsafeBufferPointer<Value>
    ) throws(Problem) -> Value {
        do {
            return try function.body(Arguments(values: arguments, context: functionContext))
        } catch {
            context = node
            throw .calling(name, message: error.message)
        }
    }

    /// The result of a method without arguments.
    mutating func call(_ method: Function, _ name: ByteString, _ node: UInt32) throws(Problem) -> Value {
        if let problem = method.countProblem(name: name, arguments: 0, hasFinal: false) { throw problem }
        return try call(method, name, node, UnsafeBufferPointer(start: nil, count: 0))
    }

    mutating func callBuiltin(_ index: Int) throws(Problem) {
        let plan = program.calls[index]
        guard case .builtin(let builtin) = plan.callee else { return }
        let arguments = arguments(plan.count)
        if builtin.formatsText {
            push(try format(builtin, arguments), replacing: plan.count)
            return
        }
        let result: Value
        do {
            result = try evaluate(builtin, arguments, plan)
        } catch {
            context = plan.context
            throw .calling(plan.name, message: error.message)
        }
        push(result, replacing: plan.count)
        try convertTop(plan.expected)
    }

    private mutating func push(_ result: Value, replacing count: Int) {
        drop(count)
        push(result)
    }

    private mutating func format(
        _ builtin: Builtin, _ arguments: UnsafeBufferPointer<Value>
    ) throws(Problem) -> Value {
        try checkSize(arguments)
        scratch.removeAll(keepingCapacity: true)
        TextBuiltins.append(builtin, arguments, into: &scratch)
        guard scratch.count <= limits.outputSize else { throw .outputTooLarge(limit: limits.outputSize) }
        return .string(scratch.withUnsafeBufferPointer { ByteString($0) })
    }

    private func evaluate(
        _ builtin: Builtin, _ arguments: UnsafeBufferPointer<Value>, _ plan: CallPlan
    ) throws(FunctionError) -> Value {
        let first = arguments[0]
        let others = UnsafeBufferPointer(rebasing: arguments.dropFirst())
        switch builtin {
        case .eq: return .bool(try Comparison.isEqual(first, toAnyOf: others))
        case .ne: return .bool(try !Comparison.isEqual(first, others[0]))
        case .lt: return .bool(try Comparison.isLess(first, others[0]))
        case .le: return .bool(try Comparison.isLessOrEqual(first, others[0]))
        case .gt: return .bool(try !Comparison.isLessOrEqual(first, others[0]))
        case .ge: return .bool(try !Comparison.isLess(first, others[0]))
        case .not: return .bool(!first.isTrue)
        case .len: return .int(try Collections.length(first))
        case .index: return try Collections.index(first, others)
        case .slice: return try Collections.slice(first, others)
        case .call: throw notAFunction(first, plan)
        case .and, .or, .html, .js, .print, .printf, .println, .urlquery:
            preconditionFailure("compiled to other instructions")
        }
    }

    /// No value of a template is a function, so `call` always fails.
    private func notAFunction(_ value: Value, _ plan: CallPlan) -> FunctionError {
        if value.isAbsent { return FunctionError("call of nil") }
        let type = Format.typeName(value)
        let called: ByteString
        if let node = plan.calledText {
            called = NodeText(source: program.source, delimiters: program.delimiters).text(of: program.contexts[Int(node)])
        } else if case .string(let text) = value {
            called = text
        } else {
            called = ByteString("<\(type) Value>")
        }
        let message: Message = "non-function \(called) of type \(type)"
        return FunctionError(message.byteString)
    }
}

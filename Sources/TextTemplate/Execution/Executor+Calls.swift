/// Calls of functions.
extension Executor {
    mutating func callFunction(_ plan: CallPlan) throws(Problem) {
        try tick()
        let count = Int(plan.count)
        let result: Value
        do {
            result = try tables.functions[Int(plan.function)].body(
                Arguments(values: arguments(count), userData: userData))
        } catch {
            throw failure(plan, error)
        }
        if result.depth > Limits.valueDepth { throw .valueTooDeep(limit: Limits.valueDepth) }
        drop(count)
        push(result)
        try convertTop(plan.expected)
    }

    private mutating func failure(_ plan: CallPlan, _ error: FunctionError) -> Problem {
        currentNode = plan.node
        return .calling(text(ofNode: plan.name), message: error.message, details: error.details)
    }

    /// The text of a node that is a single word.
    private func text(ofNode node: UInt32) -> ByteString {
        let word = program.nodes[Int(node)]
        return program.source[Int(word.start)..<Int(word.end)]
    }

    /// The result of `function`; its errors are reported at `node`.
    mutating func call(
        _ function: Function, _ name: ByteString, _ node: UInt32, _ arguments: UnsafeBufferPointer<Value>
    ) throws(Problem) -> Value {
        do {
            return try function.body(Arguments(values: arguments, userData: userData))
        } catch {
            currentNode = node
            throw .calling(name, message: error.message, details: error.details)
        }
    }

    /// The result of a method without arguments.
    mutating func call(_ method: Function, _ name: ByteString, _ node: UInt32) throws(Problem) -> Value {
        if let problem = method.countProblem(name: name, arguments: 0, hasFinal: false) { throw problem }
        return try call(method, name, node, UnsafeBufferPointer(start: nil, count: 0))
    }

    mutating func callBuiltin(_ plan: CallPlan) throws(Problem) {
        guard let builtin = plan.builtin else { return }
        let count = Int(plan.count)
        let result: Value
        if builtin.formatsText {
            result = try format(builtin, plan)
        } else {
            do {
                result = try evaluate(builtin, arguments(count), plan)
            } catch {
                throw failure(plan, error)
            }
        }
        drop(count)
        push(result)
        try convertTop(plan.expected)
    }

    private mutating func format(_ builtin: Builtin, _ plan: CallPlan) throws(Problem) -> Value {
        let arguments = arguments(Int(plan.count))
        try checkSize(arguments)
        scratch.truncate(to: 0)
        TextBuiltins.append(builtin, arguments, format: format(plan), limit: limits.outputSize, into: &scratch)
        guard scratch.count <= limits.outputSize else { throw .outputTooLarge(limit: limits.outputSize) }
        return .string(ByteString(scratch.bytes))
    }

    /// The format of `printf`, if the compiler has parsed it.
    func format(_ plan: CallPlan) -> UnsafePointer<ParsedFormat>? {
        plan.format.map { tables.formats + Int($0) }
    }

    private func evaluate(
        _ builtin: Builtin, _ arguments: UnsafeBufferPointer<Value>, _ plan: CallPlan
    ) throws(FunctionError) -> Value {
        switch builtin {
        case .eq: return .bool(try Comparison.isEqualToAny(arguments))
        case .ne: return .bool(try !Comparison.isEqual(arguments[0], arguments[1]))
        case .lt: return .bool(try Comparison.isLess(arguments[0], arguments[1]))
        case .le: return .bool(try Comparison.isLessOrEqual(arguments[0], arguments[1]))
        case .gt: return .bool(try !Comparison.isLessOrEqual(arguments[0], arguments[1]))
        case .ge: return .bool(try !Comparison.isLess(arguments[0], arguments[1]))
        case .not: return .bool(!arguments[0].isTrue)
        case .len: return .int(try Collections.length(arguments[0]))
        case .index: return try Collections.index(arguments[0], UnsafeBufferPointer(rebasing: arguments.dropFirst()))
        case .slice: return try Collections.slice(arguments[0], UnsafeBufferPointer(rebasing: arguments.dropFirst()))
        case .call: throw notAFunction(arguments[0], plan)
        case .and, .or, .html, .js, .print, .printf, .println, .urlquery:
            preconditionFailure("compiled to other instructions")
        }
    }

    /// No value of a template is a function, so `call` always fails.
    private func notAFunction(_ value: Value, _ plan: CallPlan) -> FunctionError {
        if value.isAbsent { return FunctionError("call of nil") }
        let type = Format.typeName(value)
        let called: ByteString
        if plan.calledText != Program.noNode {
            called = NodeText(source: program.source, delimiters: program.delimiters)
                .text(of: program.nodes[Int(plan.calledText)])
        } else if case .string(let text) = value {
            called = text
        } else {
            called = ByteString("<\(type) Value>")
        }
        let message: Message = "non-function \(called) of type \(type)"
        let masked: Message = "non-function … of type \(type)"
        return FunctionError(
            message.byteString,
            quotation: Quotation(data: called, phrase: message.byteString, masked: masked.byteString))
    }
}

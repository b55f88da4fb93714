import Diagnostics

/// Commands: a callee with its arguments, or a single operand.
extension Compiler {
    /// A command that is being parsed.
    struct Command {
        var node: UInt32 = Program.noNode
        var operandCount = 0
        var head = CommandHead.none
        /// The node of the first argument.
        var firstArgument: UInt32?
        /// The format of `printf`, if it is a literal that can be parsed now.
        var format: UInt32?
        /// The jumps of `and` and `or` that end the evaluation early.
        var shortCircuits: [Int] = []
        /// Which of `Compiler.infixCalls` it is, if its second word names a function.
        var infixCall: Int?
    }

    /// The first operand of a command: the callee of its arguments.
    enum CommandHead: BitwiseCopyable {
        case none
        /// A function; `at` is the instruction that marks its name.
        case function(Callee, at: Int, name: UInt32)
        /// Fields, which become a method if arguments follow; with `isOnStack` the receiver is on the stack.
        case fields(path: UInt32, isOnStack: Bool)
        case method(call: UInt32)
        /// A variable or the cursor alone, or a constant: neither takes arguments.
        case value(at: Int?, node: UInt32)
        /// A pipeline in parentheses; `at` is the instruction before it.
        case parenthesized(at: Int, node: UInt32)
        /// An operand that fails because arguments follow it.
        case failed
    }

    /// The place of an operand in its command.
    private enum OperandRole: BitwiseCopyable {
        case head
        case argument(ParameterType)
        case methodArgument(UInt32)

        var expected: ParameterType {
            switch self {
            case .head: .plain
            case .argument(let expected): expected
            case .methodArgument: .value
            }
        }
    }

    private var pipeline: Pipeline {
        _read { yield pipelines[pipelines.count - 1] }
        _modify { yield &pipelines[pipelines.count - 1] }
    }

    /// Whether the result of a command before is the last argument of this one.
    private var hasFinal: Bool { pipeline.commandCount > 0 }

    mutating func beginCommand(at start: Int) {
        pipeline.command = Command()
        pipeline.command.node = addNode(start..<start)
    }

    // MARK: Operands

    /// Parses an operand if there is one; returns true if that was a left parenthesis, which opens a pipeline.
    ///
    ///     literal | '.' | variable | function | .Field+ | term .Field* | '(' pipeline ')'
    mutating func parseOperand() throws(Problem) -> Bool {
        let token = nextNonSpace()
        guard token.kind.startsOperand else {
            backUp()
            return false
        }
        if pipeline.command.operandCount == 1 {
            if token.kind == .identifier, !hasFinal { noteInfixCall(token) }
            refuseArguments()
        }
        let role = role(ofOperand: pipeline.command.operandCount)
        pipeline.command.operandCount += 1
        operandEnd = token.end
        switch token.kind {
        case .leftParenthesis:
            try openParenthesis(token, role)
            return true
        case .identifier: try compileIdentifier(token, role)
        case .dot:
            try refuseFields(after: token)
            let node = addNode(token.range)
            definition.usesDot = true
            compileSlot(definition.dotSlot, node, role)
        case .variable: try compileVariable(token, role)
        case .field: compileField(token, role)
        default: try compileLiteral(token, role)
        }
        finishOperand(role)
        return false
    }

    private func expected(by callee: Callee, at index: Int) -> ParameterType {
        switch callee {
        case .builtin(let builtin): builtin.expected(at: index)
        case .function(let function): usedFunctions[Int(function)].expected(at: index)
        }
    }

    /// The problem with the number of arguments of a call, nil if there is none.
    private func countProblem(_ callee: Callee, name: SourceNode, arguments: Int, hasFinal: Bool) -> Problem? {
        let name = text(Int(name.start)..<Int(name.end))
        return switch callee {
        case .builtin(let builtin): builtin.countProblem(name: name, arguments: arguments, hasFinal: hasFinal)
        case .function(let function):
            usedFunctions[Int(function)].countProblem(name: name, arguments: arguments, hasFinal: hasFinal)
        }
    }

    private func role(ofOperand index: Int) -> OperandRole {
        switch pipeline.command.head {
        case .none: .head
        case .function(let callee, _, _): .argument(expected(by: callee, at: index - 1))
        case .method: .methodArgument(UInt32(index - 1))
        case .fields, .value, .parenthesized, .failed: .argument(.value)
        }
    }

    /// Emits what has to follow an operand whose value is on the stack.
    private mutating func finishOperand(_ role: OperandRole) {
        switch role {
        case .head:
            if hasFinal { refuseArguments() }
        case .methodArgument(let index):
            if case .methodLiteral? = definition.code.last { return }
            definition.emit(.methodArgument(index))
        case .argument:
            guard case .function(.builtin(let builtin), _, _) = pipeline.command.head,
                builtin == .and || builtin == .or
            else { return }
            let jump = definition.emit(.shortCircuit(truth: builtin == .or, target: 0))
            pipeline.command.shortCircuits.append(jump)
        }
    }

    private mutating func noteArgument(_ node: UInt32) {
        if pipeline.command.operandCount == 2 { pipeline.command.firstArgument = node }
    }

    private mutating func compileSlot(_ slot: UInt32, _ node: UInt32, _ role: OperandRole) {
        if case .head = role {
            pipeline.command.head = .value(at: nil, node: node)
            notExecutable()
        }
        noteArgument(node)
        definition.emit(.slot(slot, node: node, as: role.expected))
    }

    /// Notes a head after a pipe that cannot be executed: a constant or the cursor.
    private mutating func notExecutable() {
        if hasFinal && pipeline.nonExecutableStage == nil { pipeline.nonExecutableStage = pipeline.commandCount + 1 }
    }

    private mutating func compileVariable(_ token: Token, _ role: OperandRole) throws(Problem) {
        let number = names.number(of: token.range)
        guard variables.isVisible(number) else { throw .undefinedVariable(text(token.range)) }
        if peek().kind == .field {
            if let slot = variables.slot(number) {
                let path = parsePath(from: token.start, slot: slot, firstField: nil, role)
                compilePath(path, isOnStack: false, role)
            } else {
                let path = parsePath(from: token.start, slot: 0, firstField: nil, role)
                let node = paths[Int(path)].node
                definition.emit(.variable(reference: reference(to: token), node: node, as: .value))
                compilePath(path, isOnStack: true, role)
            }
            return
        }
        let node = addNode(token.range)
        if case .head = role { pipeline.command.head = .value(at: nil, node: node) }
        noteArgument(node)
        if let slot = variables.slot(number) {
            definition.emit(.slot(slot, node: node, as: role.expected))
        } else {
            definition.emit(.variable(reference: reference(to: token), node: node, as: role.expected))
        }
    }

    private mutating func compileField(_ token: Token, _ role: OperandRole) {
        definition.usesDot = true
        let path = parsePath(from: token.start, slot: definition.dotSlot, firstField: token, role)
        compilePath(path, isOnStack: false, role)
    }

    /// Reads the fields that follow. Go gives a chain the position of the first field that follows its head.
    private mutating func parsePath(from start: Int, slot: UInt32, firstField: Token?, _ role: OperandRole) -> UInt32 {
        let first = fieldNames.count
        if let firstField { fieldNames.append(FieldName(text(firstField.start + 1..<firstField.end))) }
        var position: Int?
        var end = operandEnd
        while peek().kind == .field {
            let token = next()
            fieldNames.append(FieldName(text(token.start + 1..<token.end)))
            position = position ?? token.start
            end = token.end
        }
        operandEnd = end
        let node = addNode(start..<end, position: position)
        paths.append(
            FieldPath(
                slot: slot, firstName: UInt32(first), nameCount: UInt32(fieldNames.count - first), node: node,
                expected: role.expected))
        return UInt32(paths.count - 1)
    }

    private mutating func compilePath(_ path: UInt32, isOnStack: Bool, _ role: OperandRole) {
        if case .head = role { pipeline.command.head = .fields(path: path, isOnStack: isOnStack) }
        noteArgument(paths[Int(path)].node)
        if isOnStack {
            definition.emit(.fieldsOfTop(path: path))
        } else {
            definition.emit(.fields(path: path))
        }
    }

    private mutating func compileIdentifier(_ token: Token, _ role: OperandRole) throws(Problem) {
        let callee = try callee(token)
        let node = addNode(token.range)
        let isChain = peek().kind == .field
        let marker = definition.emit(.at(node: node))
        if case .head = role, !isChain {
            pipeline.command.head = .function(callee, at: marker, name: node)
            return
        }
        if let problem = countProblem(callee, name: nodes[Int(node)], arguments: 0, hasFinal: false) {
            definition.code[marker] = .fail(problem: self.problem(problem), node: node)
        }
        emitCall(callee, CallPlan(name: node, count: 0, node: node, expected: isChain ? .value : role.expected))
        if isChain {
            compilePath(parsePath(from: token.start, slot: 0, firstField: nil, role), isOnStack: true, role)
        } else {
            noteArgument(node)
        }
    }

    /// The function of a name: one of the caller's functions, or else a built-in one.
    private mutating func callee(_ token: Token) throws(Problem) -> Callee {
        let number = names.number(of: token.range)
        while callees.count <= number { callees.append(.unknown) }
        if case .unknown = callees[number] {
            let name = text(token.range).text
            if let function = functions[name] {
                callees[number] = .found(.function(UInt32(usedFunctions.count)))
                usedFunctions.append(function)
            } else {
                callees[number] = Builtin(rawValue: name).map { .found(.builtin($0)) } ?? .missing
            }
        }
        guard case .found(let callee) = callees[number] else {
            let name = text(token.range)
            let names = (Array(functions.keys) + Builtin.allCases.map(\.rawValue)).sorted()
            let suggestion = Suggestion.nearest(to: name.array, among: names, .identifiers)
            let problem = Problem.unknownFunction(name, suggestion: suggestion)
            guard unknownFunctions != nil else { throw problem }
            unknownFunctions?.append(problem.located(name: self.name, bytes: bytes, offset: token.start))
            // Each is reported once.
            let standIn = Callee.function(UInt32(usedFunctions.count))
            usedFunctions.append(Function([], variadic: .any) { _ in .invalid })
            callees[number] = .found(standIn)
            return standIn
        }
        return callee
    }

    private mutating func compileLiteral(_ token: Token, _ role: OperandRole) throws(Problem) {
        let literal = try literal(token)
        try refuseFields(after: token)
        let node = addNode(token.range)
        noteArgument(node)
        if case .methodArgument(let index) = role {
            literals.append(literal)
            definition.emit(.methodLiteral(UInt32(literals.count - 1), argument: index, node: node))
            return
        }
        if case .head = role { notExecutable() }
        let position = definition.emit(.constant(UInt32(constants.count), node: node))
        do throws(Problem) {
            if case .nil = literal, case .head = role { throw .nilCommand }
            constants.append(try literal.value(as: role.expected, text: text(token.range)))
            noteFormat(constants[constants.count - 1])
        } catch {
            definition.code[position] = .fail(problem: problem(error), node: node)
        }
        if case .head = role { pipeline.command.head = .value(at: position, node: node) }
    }

    /// Parses a literal that is the format of `printf`.
    private mutating func noteFormat(_ literal: Value) {
        guard case .function(.builtin(.printf), _, _) = pipeline.command.head, pipeline.command.operandCount == 2,
            case .string(let text) = literal, let format = ParsedFormat(text)
        else { return }
        formats.append(format)
        pipeline.command.format = UInt32(formats.count - 1)
    }

    private mutating func literal(_ token: Token) throws(Problem) -> Literal {
        switch token.kind {
        case .bool: return .bool(bytes[token.start] == UInt8(ascii: "t"))
        case .nil: return .nil
        case .string, .rawString: return .string(try unquote(token))
        case .characterConstant:
            return .number(try NumberLiteral(character: UnsafeBufferPointer(rebasing: bytes[token.range])))
        default:
            let text = UnsafeBufferPointer(rebasing: bytes[token.range])
            return .number(try NumberLiteral(text, isComplex: token.kind == .complex))
        }
    }

    /// Constants and the cursor have no fields (`.` and `.x` would be read as one).
    private mutating func refuseFields(after token: Token) throws(Problem) {
        if peek().kind == .field { throw .unexpectedField(after: text(token.range)) }
    }

    // MARK: Parentheses

    private mutating func openParenthesis(_ token: Token, _ role: OperandRole) throws(Problem) {
        guard pipelines.count <= limits.parenthesesDepth else { throw .parenthesesTooDeep }
        var isConditional = pipeline.isConditional
        if case .head = role {
            let marker = definition.emit(.at(node: pipeline.node))
            pipeline.command.head = .parenthesized(at: marker, node: Program.noNode)
        } else {
            switch pipeline.command.head {
            case .function(.builtin(.and), _, _), .function(.builtin(.or), _, _):
                isConditional = isConditional || pipeline.command.operandCount > 2
            case .method: isConditional = true
            case .none, .function, .fields, .value, .parenthesized, .failed: break
            }
        }
        try openPipeline(.parenthesized, end: .rightParenthesis, start: token.start, isConditional: isConditional)
    }

    /// Makes a pipeline that has just been closed an operand of the command around it.
    mutating func finishParenthesized(_ inner: Pipeline, end: Int) {
        operandEnd = end
        let isHead = pipeline.command.operandCount == 1
        let role: OperandRole = isHead ? .head : role(ofOperand: pipeline.command.operandCount - 1)
        if peek().kind == .field {
            compilePath(parsePath(from: inner.start, slot: 0, firstField: nil, role), isOnStack: true, role)
        } else if case .parenthesized(let marker, _) = pipeline.command.head, isHead {
            pipeline.command.head = .parenthesized(at: marker, node: inner.node)
        } else {
            noteArgument(inner.node)
            if role.expected != .plain && role.expected != .value { definition.emit(.convert(as: role.expected)) }
        }
        finishOperand(role)
    }

    // MARK: Calls

    /// Called before the first argument: fields become a method, and any other head that is not a function fails.
    private mutating func refuseArguments() {
        switch pipeline.command.head {
        case .none, .function, .method, .failed: return
        case .fields(let path, let isOnStack):
            let call = UInt32(methodCalls.count)
            methodCalls.append(MethodCallPlan(path: path, isOnStack: isOnStack, hasFinal: hasFinal))
            definition.replaceLast(.beginMethod(call: call, popsReceiver: isOnStack))
            pipeline.command.head = .method(call: call)
            return
        case .value(let position, let node):
            let failure = problem(.argumentOfNonFunction(text(ofNode: node)))
            if let position {
                definition.code[position] = .fail(problem: failure, node: node)
            } else {
                definition.emit(.fail(problem: failure, node: Program.noNode))
            }
        case .parenthesized(let position, let node):
            let failure = problem(.argumentOfNonFunction(text(ofNode: node)))
            let place = hasFinal ? Program.noNode : pipeline.node
            definition.code[position] = .fail(problem: failure, node: place)
        }
        pipeline.command.head = .failed
    }

    /// Notes a command whose head is not a function and whose first argument is a function's name: `(atoi x) mul 2`.
    private mutating func noteInfixCall(_ name: Token) {
        let head: UInt32
        switch pipeline.command.head {
        case .value(_, let node): head = node
        case .parenthesized: head = pipeline.node
        case .fields(let path, _): head = paths[Int(path)].node
        case .none, .function, .method, .failed: return
        }
        pipeline.command.infixCall = infixCalls.count
        infixCalls.append(
            InfixCall(
                node: head, first: Int(nodes[Int(pipeline.command.node)].start)..<operandEnd,
                name: name.range, end: name.end))
    }

    /// Ends the command.
    mutating func endCommand() {
        let command = pipeline.command
        if let index = command.infixCall { infixCalls[index].end = operandEnd }
        nodes[Int(command.node)].end = UInt32(operandEnd)
        switch command.head {
        case .function(let callee, let marker, let name): endCall(callee, command, marker: marker, name: name)
        case .method(let call):
            methodCalls[Int(call)].argumentCount = command.operandCount - 1
            let arguments = command.operandCount - 1 + (hasFinal ? 1 : 0)
            definition.emit(.callMethod(call, arguments: UInt32(arguments)))
            methodCalls[Int(call)].end = definition.label()
        case .none, .fields, .value, .parenthesized, .failed: break
        }
        pipeline.commandCount += 1
    }

    private mutating func endCall(_ callee: Callee, _ command: Command, marker: Int, name node: UInt32) {
        let arguments = command.operandCount - 1
        if let problem = countProblem(callee, name: nodes[Int(node)], arguments: arguments, hasFinal: hasFinal) {
            definition.code[marker] = .fail(problem: self.problem(problem), node: node)
        }
        if case .builtin(let builtin) = callee, builtin == .and || builtin == .or {
            endShortCircuit(command)
            return
        }
        if hasFinal {
            if arguments > 0 { definition.emit(.rotate(count: UInt32(arguments))) }
            let expected = expected(by: callee, at: arguments)
            if expected != .value { definition.emit(.convert(as: expected)) }
        }
        let count = arguments + (hasFinal ? 1 : 0)
        emitCall(
            callee,
            CallPlan(
                name: node, count: UInt32(count), node: command.node, expected: .plain,
                calledText: command.firstArgument ?? Program.noNode, format: command.format))
    }

    private mutating func emitCall(_ callee: Callee, _ plan: CallPlan) {
        var plan = plan
        let index = UInt32(calls.count)
        let instruction: Instruction
        switch callee {
        case .builtin(let builtin):
            plan.builtin = builtin
            instruction = .callBuiltin(index, arguments: plan.count)
        case .function(let function):
            plan.function = function
            instruction = .call(index, arguments: plan.count)
        }
        calls.append(plan)
        definition.emit(instruction)
    }

    /// Ends `and` or `or`: the value is the argument that ended the evaluation, or the last one.
    private mutating func endShortCircuit(_ command: Command) {
        var jumps = command.shortCircuits
        if hasFinal {
            let jumpOver = definition.emit(.jump(0))
            bind(jumps)
            definition.emit(.removeBelow)
            definition.code[jumpOver] = .jump(definition.label())
        } else if !jumps.isEmpty {
            // The last argument is the value, true or not.
            jumps.removeLast()
            definition.removeLast()
            bind(jumps)
        }
        definition.emit(.convert(as: .plain))
    }

    private mutating func bind(_ shortCircuits: [Int]) {
        let target = definition.label()
        for jump in shortCircuits {
            guard case .shortCircuit(let truth, _) = definition.code[jump] else { continue }
            definition.code[jump] = .shortCircuit(truth: truth, target: target)
        }
    }
}

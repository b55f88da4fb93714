import Diagnostics

/// Commands: what is called with which arguments, and operands.
extension Compiler {
    /// A command that is being parsed.
    struct Command {
        var context: UInt32 = Program.noContext
        var operandCount = 0
        var head = Head.none
        /// The node of the first argument.
        var firstArgument: UInt32?
        /// The format of `printf`, if it is a literal that can be read ahead.
        var format: UInt32?
        /// The jumps of `and` and `or` that end the evaluation early.
        var shortCircuits: [Int] = []
        /// Which of `Compiler.infixCalls` it is, if its second word names a function.
        var infixCall: Int?
    }

    /// The first operand of a command: what the arguments are given to.
    enum Head: BitwiseCopyable {
        case none
        /// A function; `at` is the instruction that marks its name.
        case function(Callee, at: Int, name: UInt32)
        /// Fields, which are a method if there are arguments; `isOnStack` tells where the receiver is.
        case fields(path: UInt32, isOnStack: Bool)
        case method(call: UInt32)
        /// A variable or the cursor alone, or a constant: neither takes arguments.
        case value(at: Int?, node: UInt32)
        /// A pipeline in parentheses; `at` is the instruction before it.
        case parenthesized(at: Int, node: UInt32)
        /// One that fails for having arguments.
        case failed
    }

    /// How an operand is used.
    private enum Use: BitwiseCopyable {
        case head
        case argument(Expected)
        case methodArgument(UInt32)

        var expected: Expected {
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
        pipeline.command.context = context(start..<start)
    }

    // MARK: Operands

    /// Parses an operand if there is one; gives whether it turned out to open a parenthesis.
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
        let use = use(ofOperand: pipeline.command.operandCount)
        pipeline.command.operandCount += 1
        operandEnd = token.end
        switch token.kind {
        case .leftParenthesis:
            try openParenthesis(token, use)
            return true
        case .identifier: try compileIdentifier(token, use)
        case .dot:
            try refuseFields(after: token)
            let node = context(token.range)
            definition.usesDot = true
            compileSlot(definition.dotSlot, node, use)
        case .variable: try compileVariable(token, use)
        case .field: compileField(token, use)
        default: try compileLiteral(token, use)
        }
        finishOperand(use)
        return false
    }

    private func expected(by callee: Callee, at index: Int) -> Expected {
        switch callee {
        case .builtin(let builtin): builtin.expected(at: index)
        case .function(let function): usedFunctions[Int(function)].expected(at: index)
        }
    }

    /// What is wrong with the number of arguments of a call, if anything is.
    private func countProblem(_ callee: Callee, name: Context, arguments: Int, hasFinal: Bool) -> Problem? {
        let name = text(Int(name.start)..<Int(name.end))
        return switch callee {
        case .builtin(let builtin): builtin.countProblem(name: name, arguments: arguments, hasFinal: hasFinal)
        case .function(let function):
            usedFunctions[Int(function)].countProblem(name: name, arguments: arguments, hasFinal: hasFinal)
        }
    }

    private func use(ofOperand index: Int) -> Use {
        switch pipeline.command.head {
        case .none: .head
        case .function(let callee, _, _): .argument(expected(by: callee, at: index - 1))
        case .method: .methodArgument(UInt32(index - 1))
        case .fields, .value, .parenthesized, .failed: .argument(.value)
        }
    }

    /// What follows every operand, once its value is on the stack.
    private mutating func finishOperand(_ use: Use) {
        switch use {
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

    private mutating func compileSlot(_ slot: UInt32, _ node: UInt32, _ use: Use) {
        if case .head = use {
            pipeline.command.head = .value(at: nil, node: node)
            notExecutable()
        }
        noteArgument(node)
        definition.emit(.slot(slot, context: node, as: use.expected))
    }

    /// Notes a head after a pipe that cannot be executed: a constant or the cursor.
    private mutating func notExecutable() {
        if hasFinal && pipeline.nonExecutableStage == nil { pipeline.nonExecutableStage = pipeline.commandCount + 1 }
    }

    private mutating func compileVariable(_ token: Token, _ use: Use) throws(Problem) {
        let number = names.number(of: token.range)
        guard variables.isVisible(number) else { throw .undefinedVariable(text(token.range)) }
        if peek().kind == .field {
            if let slot = variables.slot(number) {
                let path = parsePath(from: token.start, slot: slot, firstField: nil, use)
                compilePath(path, isOnStack: false, use)
            } else {
                let path = parsePath(from: token.start, slot: 0, firstField: nil, use)
                let node = paths[Int(path)].context
                definition.emit(.variable(reference: reference(to: token), context: node, as: .value))
                compilePath(path, isOnStack: true, use)
            }
            return
        }
        let node = context(token.range)
        if case .head = use { pipeline.command.head = .value(at: nil, node: node) }
        noteArgument(node)
        if let slot = variables.slot(number) {
            definition.emit(.slot(slot, context: node, as: use.expected))
        } else {
            definition.emit(.variable(reference: reference(to: token), context: node, as: use.expected))
        }
    }

    private mutating func compileField(_ token: Token, _ use: Use) {
        definition.usesDot = true
        let path = parsePath(from: token.start, slot: definition.dotSlot, firstField: token, use)
        compilePath(path, isOnStack: false, use)
    }

    /// Reads the fields that follow. Go gives a chain the position of the first field that follows its head.
    private mutating func parsePath(from start: Int, slot: UInt32, firstField: Token?, _ use: Use) -> UInt32 {
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
        let node = context(start..<end, position: position)
        paths.append(
            FieldPath(
                slot: slot, firstName: UInt32(first), nameCount: UInt32(fieldNames.count - first), context: node,
                expected: use.expected))
        return UInt32(paths.count - 1)
    }

    private mutating func compilePath(_ path: UInt32, isOnStack: Bool, _ use: Use) {
        if case .head = use { pipeline.command.head = .fields(path: path, isOnStack: isOnStack) }
        noteArgument(paths[Int(path)].context)
        if isOnStack {
            definition.emit(.fieldsOfTop(path: path))
        } else {
            definition.emit(.fields(path: path))
        }
    }

    private mutating func compileIdentifier(_ token: Token, _ use: Use) throws(Problem) {
        let callee = try callee(token)
        let node = context(token.range)
        let isChain = peek().kind == .field
        let marker = definition.emit(.at(context: node))
        if case .head = use, !isChain {
            pipeline.command.head = .function(callee, at: marker, name: node)
            return
        }
        if let problem = countProblem(callee, name: contexts[Int(node)], arguments: 0, hasFinal: false) {
            definition.code[marker] = .fail(problem: self.problem(problem), context: node)
        }
        emitCall(callee, CallPlan(name: node, count: 0, context: node, expected: isChain ? .value : use.expected))
        if isChain {
            compilePath(parsePath(from: token.start, slot: 0, firstField: nil, use), isOnStack: true, use)
        } else {
            noteArgument(node)
        }
    }

    /// What the name of a function stands for: a function given, else a built-in one.
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

    private mutating func compileLiteral(_ token: Token, _ use: Use) throws(Problem) {
        let literal = try literal(token)
        try refuseFields(after: token)
        let node = context(token.range)
        noteArgument(node)
        if case .methodArgument(let index) = use {
            literals.append(literal)
            definition.emit(.methodLiteral(UInt32(literals.count - 1), argument: index, context: node))
            return
        }
        if case .head = use { notExecutable() }
        let position = definition.emit(.constant(UInt32(constants.count), context: node))
        do throws(Problem) {
            if case .nil = literal, case .head = use { throw .nilCommand }
            constants.append(try literal.value(as: use.expected, text: text(token.range)))
            noteFormat(constants[constants.count - 1])
        } catch {
            definition.code[position] = .fail(problem: problem(error), context: node)
        }
        if case .head = use { pipeline.command.head = .value(at: position, node: node) }
    }

    /// Reads a literal that is the format of `printf` ahead.
    private mutating func noteFormat(_ literal: Value) {
        guard case .function(.builtin(.printf), _, _) = pipeline.command.head, pipeline.command.operandCount == 2,
            case .string(let text) = literal, let format = PlainFormat(text)
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

    private mutating func openParenthesis(_ token: Token, _ use: Use) throws(Problem) {
        guard pipelines.count <= limits.parenthesesDepth else { throw .parenthesesTooDeep }
        var isConditional = pipeline.isConditional
        if case .head = use {
            let marker = definition.emit(.at(context: pipeline.context))
            pipeline.command.head = .parenthesized(at: marker, node: Program.noContext)
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
        let use: Use = isHead ? .head : use(ofOperand: pipeline.command.operandCount - 1)
        if peek().kind == .field {
            compilePath(parsePath(from: inner.start, slot: 0, firstField: nil, use), isOnStack: true, use)
        } else if case .parenthesized(let marker, _) = pipeline.command.head, isHead {
            pipeline.command.head = .parenthesized(at: marker, node: inner.context)
        } else {
            noteArgument(inner.context)
            if use.expected != .plain && use.expected != .value { definition.emit(.convert(as: use.expected)) }
        }
        finishOperand(use)
    }

    // MARK: Calls

    /// Prepares the head of the command for arguments: fields become a method, and what is no function fails.
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
                definition.code[position] = .fail(problem: failure, context: node)
            } else {
                definition.emit(.fail(problem: failure, context: Program.noContext))
            }
        case .parenthesized(let position, let node):
            let failure = problem(.argumentOfNonFunction(text(ofNode: node)))
            let context = hasFinal ? Program.noContext : pipeline.context
            definition.code[position] = .fail(problem: failure, context: context)
        }
        pipeline.command.head = .failed
    }

    /// Notes a command that gives something that is no function a function's name for its first argument.
    private mutating func noteInfixCall(_ name: Token) {
        let context: UInt32
        switch pipeline.command.head {
        case .value(_, let node): context = node
        case .parenthesized: context = pipeline.context
        case .fields(let path, _): context = paths[Int(path)].context
        case .none, .function, .method, .failed: return
        }
        pipeline.command.infixCall = infixCalls.count
        infixCalls.append(
            InfixCall(
                context: context, first: Int(contexts[Int(pipeline.command.context)].start)..<operandEnd,
                name: name.range, end: name.end))
    }

    /// Ends the command.
    mutating func endCommand() {
        let command = pipeline.command
        if let index = command.infixCall { infixCalls[index].end = operandEnd }
        contexts[Int(command.context)].end = UInt32(operandEnd)
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
        if let problem = countProblem(callee, name: contexts[Int(node)], arguments: arguments, hasFinal: hasFinal) {
            definition.code[marker] = .fail(problem: self.problem(problem), context: node)
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
                name: node, count: UInt32(count), context: command.context, expected: .plain,
                calledText: command.firstArgument ?? Program.noContext, format: command.format))
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

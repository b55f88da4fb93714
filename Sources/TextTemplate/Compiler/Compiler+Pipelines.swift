/// Pipelines: declarations, commands and parentheses.
extension Compiler {
    /// A pipeline that is being parsed.
    struct Pipeline {
        let clause: Problem.Clause
        /// The token that ends it: the right delimiter or a right parenthesis.
        let end: TokenKind
        /// Where its left parenthesis is.
        let start: Int
        let node: UInt32
        /// Whether it may not be reached when the template executes.
        let isConditional: Bool
        /// The variables it declares or assigns to, the index of a range first.
        var variables: [Token] = []
        var isAssignment = false
        var commandCount = 0
        /// The first command after a pipe that cannot take an argument.
        var nonExecutableStage: Int?
        var command = Command()
    }

    /// The variables that a pipeline's value is assigned to, besides being passed on.
    enum Declarations: Equatable {
        case none
        /// It declares or assigns one variable.
        case variable
        case range(RangePlan.Variables)

        var rangeVariables: RangePlan.Variables {
            if case .range(let variables) = self { variables } else { .none }
        }
    }

    private enum Step { case command, operand, afterOperand }

    /// Parses a pipeline up to the right delimiter, and leaves its value on the stack. Returns its node.
    ///
    ///     declarations? command ('|' command)*
    ///     command: operand (space operand)*
    @discardableResult
    mutating func parsePipeline(_ clause: Problem.Clause) throws(Problem) -> UInt32 {
        switch clause {
        case .if, .with, .range: scopeStart = variables.count
        default: scopeStart = blocks.last?.bodyVariableCount ?? 0
        }
        try openPipeline(clause, end: .rightDelimiter, start: peekNonSpace().start, isConditional: false)
        let node = pipelines[0].node
        var step = Step.command
        while true {
            switch step {
            case .command:
                let token = nextNonSpace()
                if token.kind == pipelines[pipelines.count - 1].end {
                    if try closePipeline(token) { return node }
                    step = .afterOperand
                } else if token.kind.startsOperand {
                    backUp()
                    beginCommand(at: token.start)
                    step = .operand
                } else {
                    throw unexpected(token, in: pipelines[pipelines.count - 1].clause)
                }
            case .operand:
                step = try parseOperand() ? .command : .afterOperand
            case .afterOperand:
                let token = next()
                switch token.kind {
                case .space:
                    step = .operand
                    continue
                case .rightDelimiter, .rightParenthesis: backUp()
                case .pipe: break
                default: throw unexpected(token, in: .operand)
                }
                endCommand()
                step = .command
            }
        }
    }

    mutating func openPipeline(
        _ clause: Problem.Clause, end: TokenKind, start: Int, isConditional: Bool
    ) throws(Problem) {
        let first = peekNonSpace()
        var pipeline = Pipeline(
            clause: clause, end: end, start: start, node: addNode(first.range), isConditional: isConditional)
        try parseDeclarations(&pipeline)
        pipelines.append(pipeline)
    }

    ///     variable (':=' | '=') | variable ',' variable (':=' | '=')
    private mutating func parseDeclarations(_ pipeline: inout Pipeline) throws(Problem) {
        while peekNonSpace().kind == .variable {
            let variable = next()
            let adjacent = peek()
            let following = peekNonSpace()
            switch following.kind {
            case .assign, .declare:
                pipeline.isAssignment = following.kind == .assign
                _ = nextNonSpace()
                pipeline.variables.append(variable)
                variables.show(names.number(of: variable.range))
                return
            case .character where bytes[following.start] == UInt8(ascii: ","):
                _ = nextNonSpace()
                pipeline.variables.append(variable)
                variables.show(names.number(of: variable.range))
                guard pipeline.clause == .range && pipeline.variables.count < 2 else {
                    throw .tooManyDeclarations(pipeline.clause)
                }
                switch peekNonSpace().kind {
                case .variable, .rightDelimiter, .rightParenthesis: continue
                default: throw .rangeVariables
                }
            default:
                if adjacent.kind == .space {
                    backUp(variable, adjacent)
                } else {
                    backUp(variable)
                }
                return
            }
        }
    }

    /// Ends the innermost pipeline at `token`. Returns whether it was the outermost; if not, it has become
    /// an operand of the command around it.
    private mutating func closePipeline(_ token: Token) throws(Problem) -> Bool {
        let pipeline = pipelines[pipelines.count - 1]
        guard pipeline.commandCount > 0 else { throw .missingValue(pipeline.clause) }
        if let stage = pipeline.nonExecutableStage { throw .notExecutable(stage: stage) }
        nodes[Int(pipeline.node)].end = UInt32(operandEnd)
        pipelines.removeLast()
        lastDeclarations = compileDeclarations(pipeline)
        if pipelines.isEmpty { return true }
        finishParenthesized(pipeline, end: token.end)
        return false
    }

    private mutating func compileDeclarations(_ pipeline: Pipeline) -> Declarations {
        guard let first = pipeline.variables.first else { return .none }
        if pipeline.clause != .range {
            compileVariable(first, pipeline)
            return .variable
        }
        let second = pipeline.variables.count > 1 ? pipeline.variables[1] : nil
        if pipeline.isAssignment {
            let references = pipeline.variables.map { reference(to: $0) }
            for reference in references { definition.emit(.assign(reference: reference)) }
            return .range(
                second == nil
                    ? .assign(index: nil, element: references[0])
                    : .assign(index: references[0], element: references[1]))
        }
        let slot = declare(first, pipeline)
        guard let second else { return .range(.declare(index: nil, element: slot)) }
        return .range(.declare(index: slot, element: declare(second, pipeline)))
    }

    private mutating func compileVariable(_ token: Token, _ pipeline: Pipeline) {
        if !pipeline.isAssignment {
            definition.emit(.declare(slot: declare(token, pipeline)))
        } else if let slot = variables.slot(names.number(of: token.range)) {
            definition.emit(.declare(slot: slot))
        } else {
            definition.emit(.assign(reference: reference(to: token)))
        }
    }

    private mutating func declare(_ token: Token, _ pipeline: Pipeline) -> UInt32 {
        let isConditional = pipeline.isConditional
        let number = names.number(of: token.range)
        if let slot = variables.declaredSlot(number, since: scopeStart, isConditional: isConditional) { return slot }
        let slot = isConditional ? definition.makeConditionalSlot() : definition.makeSlot()
        variables.declare(number, slot: slot)
        return slot
    }

    /// A reference to a variable that may not be declared.
    mutating func reference(to token: Token) -> UInt32 {
        variables.reference(names.number(of: token.range), text(token.range), in: &references)
    }
}

/// Parses a template and compiles it in the same pass.
///
/// It follows the grammar of Go's parser, and looks ahead exactly as far: the line in an error is that of
/// the last token read. Nothing in it recurses; open blocks and open parentheses are kept in arrays.
struct Compiler: ~Copyable {
    let source: ByteString
    let bytes: UnsafeBufferPointer<UInt8>
    /// The source's name in errors.
    let name: ByteString
    let functions: [String: Function]
    let limits: Limits
    let delimiters: Problem.Delimiters

    private var lexer: Lexer
    /// The tokens read ahead, the last one read first: Go's `token` and `peekCount`.
    private var lookahead: (Token, Token, Token)
    private var lookaheadCount = 0

    var names: NameTable
    /// The function of each name, by the name's number.
    var callees: [CalleeLookup] = []
    var variables = VariableTable()
    /// The template being compiled, and those that it is nested in.
    var definition: Definition
    var outerDefinitions: [Definition] = []
    /// The open `if`, `range`, `with`, `block` and `define` actions, innermost last.
    var blocks: [Block] = []
    /// The open pipelines, innermost last: more than one where there are parentheses.
    var pipelines: [Pipeline] = []
    /// The finished templates by name.
    var bodies: [Program.Body] = []
    var code: [Instruction] = []
    var bodyOfName: [ByteString: Int] = [:]
    var emptyBodies: Set<Int> = []

    var nodes: [SourceNode] = []
    var constants: [Value] = []
    var literals: [Literal] = []
    var paths: [FieldPath] = []
    var fieldNames: [FieldName] = []
    var references: [VariableReference] = []
    var ranges: [RangePlan] = []
    var invocations: [Invocation] = []
    var usedFunctions: [Function] = []
    var calls: [CallPlan] = []
    var formats: [ParsedFormat] = []
    var methodCalls: [MethodCallPlan] = []
    var problems: [Problem] = []
    var infixCalls: [InfixCall] = []
    /// Where the last action began.
    var lastAction = 0
    /// Where functions that are not defined are noted, so that one pass finds all of them; nil to end at the first.
    var unknownFunctions: [TemplateError]?

    /// Where the last operand ends.
    var operandEnd = 0
    /// The declarations of the last pipeline, for the action around it.
    var lastDeclarations = Declarations.none
    /// The first variable of the block that a pipeline declares in.
    var scopeStart = 0

    enum CalleeLookup: BitwiseCopyable {
        case unknown, missing
        case found(Callee)
    }

    init(
        _ source: ByteString, _ lexer: Lexer, name: ByteString, functions: [String: Function],
        delimiters: Problem.Delimiters, limits: Limits
    ) {
        self.source = source
        self.bytes = lexer.input
        self.name = name
        self.functions = functions
        self.limits = limits
        self.delimiters = delimiters
        self.lexer = lexer
        self.lexer.breakIsKeyword = functions["break"] == nil
        self.lexer.continueIsKeyword = functions["continue"] == nil
        let none = Token(kind: .endOfFile, start: 0, end: 0)
        lookahead = (none, none, none)
        names = NameTable(lexer.input)
        definition = Definition(name: name, outerVariables: variables.beginTemplate())
        declareRoot()
    }

    /// Compiles the whole source.
    mutating func compile() throws(TemplateError) -> Program {
        do {
            try parseTemplate()
            try finishDefinition()
        } catch {
            throw located(error)
        }
        return program()
    }

    /// The error at its place; if something is not closed, at the place where that was opened.
    private func located(_ problem: Problem) -> TemplateError {
        let offset = lookahead.0.start
        guard let (opening, start) = opening(of: problem, at: offset) else {
            return problem.located(name: name, bytes: bytes, offset: offset)
        }
        return problem.located(
            name: name, bytes: bytes, offset: offset, opening: start,
            hint: Wording.unclosedHint(opening, delimiters).byteString)
    }

    private func opening(of problem: Problem, at offset: Int) -> (Problem.Opening, start: Int)? {
        switch problem {
        case .unexpectedEndOfFile:
            guard let block = blocks.last(where: { !$0.isChained }) else { return nil }
            return (.block("\(block.kind)"), block.start)
        case .unclosedAction, .inAction(.unclosedAction, _, _): return (.action, lastAction)
        case .unclosedLeftParenthesis, .inAction(.unclosedLeftParenthesis, _, _):
            return pipelines.last { $0.end == .rightParenthesis }.map { (.parenthesis, $0.start) }
        // The left delimiter may be "/*", as the comment begins.
        case .unclosedComment, .commentEndsBeforeDelimiter: return nil
        // A left delimiter inside an action means that the action is not closed.
        default: return offset > lastAction && lexer.hasPrefix(lexer.left, at: offset) ? (.action, lastAction) : nil
        }
    }

    private func program() -> Program {
        var invocations = invocations
        for index in invocations.indices { invocations[index].body = bodyOfName[invocations[index].name] }
        return Program(
            source: source, name: name, code: code, bodies: bodies, main: bodyOfName[name] ?? 0, nodes: nodes,
            constants: constants, literals: literals, paths: paths, fieldNames: fieldNames, references: references,
            ranges: ranges, invocations: invocations, functions: usedFunctions, calls: calls,
            formats: formats, methodCalls: methodCalls, problems: problems, infixCalls: infixCalls,
            delimiters: delimiters)
    }

    // MARK: Templates

    /// Begins a template within the source: a `define` or a `block`.
    mutating func beginDefinition(_ name: ByteString) {
        outerDefinitions.append(definition)
        definition = Definition(
            name: name, outerVariables: variables.beginTemplate(), firstReference: references.count,
            firstRange: ranges.count)
        declareRoot()
    }

    /// Gives every template its `$`.
    private mutating func declareRoot() {
        variables.declare(NameTable.root, slot: UInt32(ReservedSlot.root))
    }

    /// Ends the template being compiled: Go's `Tree.add`.
    mutating func finishDefinition() throws(Problem) {
        variables.endTemplate(outer: definition.outerVariables)
        relocateConditionalSlots()
        let isEmpty = definition.isEmpty
        if let existing = bodyOfName[definition.name] {
            if emptyBodies.contains(existing) {
                bodies[existing] = placeDefinition()
                if !isEmpty { emptyBodies.remove(existing) }
            } else if !isEmpty {
                throw .multipleDefinition(definition.name)
            }
        } else {
            bodyOfName[definition.name] = bodies.count
            if isEmpty { emptyBodies.insert(bodies.count) }
            bodies.append(placeDefinition())
        }
        if let outer = outerDefinitions.popLast() { definition = outer }
    }

    /// Puts the code of the template behind that of the others; its jumps move with it.
    private mutating func placeDefinition() -> Program.Body {
        let start = UInt32(code.count)
        let body = definition.finish(at: code.count)
        for instruction in definition.code {
            switch instruction {
            case .jump(let target): code.append(.jump(target + start))
            case .jumpUnlessTrue(let target): code.append(.jumpUnlessTrue(target + start))
            case .enterWith(let slot, let target): code.append(.enterWith(slot: slot, otherwise: target + start))
            case .shortCircuit(let truth, let target):
                code.append(.shortCircuit(truth: truth, target: target + start))
            case .startRange(let range):
                ranges[Int(range)].body += start
                ranges[Int(range)].otherwise += start
                code.append(instruction)
            case .beginMethod(let call, _):
                methodCalls[Int(call)].end += start
                code.append(instruction)
            default: code.append(instruction)
            }
        }
        return body
    }

    /// Gives variables that are declared under conditions their final slots.
    private mutating func relocateConditionalSlots() {
        guard definition.conditionalCount > 0 else { return }
        for index in definition.firstReference..<references.count {
            references[index].slot = references[index].slot.map(definition.finalSlot)
        }
        for index in definition.firstRange..<ranges.count {
            ranges[index].undeclaredStart = definition.finalSlot(ranges[index].undeclaredStart)
            ranges[index].undeclaredEnd = definition.finalSlot(ranges[index].undeclaredEnd)
        }
    }

    // MARK: Tokens

    mutating func next() -> Token {
        if lookaheadCount > 0 {
            lookaheadCount -= 1
        } else {
            lookahead.0 = lexer.next()
        }
        switch lookaheadCount {
        case 0: return lookahead.0
        case 1: return lookahead.1
        default: return lookahead.2
        }
    }

    mutating func peek() -> Token {
        let token = next()
        lookaheadCount += 1
        return token
    }

    mutating func nextNonSpace() -> Token {
        while true {
            let token = next()
            if token.kind != .space { return token }
        }
    }

    mutating func peekNonSpace() -> Token {
        let token = nextNonSpace()
        lookaheadCount += 1
        return token
    }

    /// Puts back the last token.
    mutating func backUp() { lookaheadCount += 1 }

    /// Puts back a token in front of the last one.
    mutating func backUp(_ first: Token) {
        lookahead.1 = first
        lookaheadCount = 2
    }

    /// Puts back two tokens in front of the last one.
    mutating func backUp(_ first: Token, _ second: Token) {
        lookahead.1 = second
        lookahead.2 = first
        lookaheadCount = 3
    }

    @discardableResult
    mutating func expect(_ kind: TokenKind, in clause: Problem.Clause) throws(Problem) -> Token {
        let token = nextNonSpace()
        guard token.kind == kind else { throw unexpected(token, in: clause) }
        return token
    }

    /// The bytes of a part of the source.
    func text(_ range: Range<Int>) -> ByteString { source[range] }

    // MARK: Problems

    /// The error of `token` at its place: Go's `Tree.unexpected`.
    func unexpected(_ token: Token, in clause: Problem.Clause) -> Problem {
        switch token.kind {
        case .error:
            // The lexer keeps the reason of its one error.
            let problem = lexer.failure ?? .unclosedAction
            guard let start = definition.actionStart else { return problem }
            let line = bytes.line(at: start)
            return line == bytes.line(at: token.start) ? problem : .inAction(problem, name: name, line: line)
        case .endOfFile: return .unexpectedToken(.endOfFile, clause: clause)
        case let kind where kind.isKeyword: return .unexpectedToken(.keyword(text(token.range)), clause: clause)
        default: return .unexpectedToken(.text(text(token.range)), clause: clause)
        }
    }

    /// Adds a problem that occurs if execution reaches its instruction.
    mutating func problem(_ problem: Problem) -> UInt32 {
        problems.append(problem)
        return UInt32(problems.count - 1)
    }

    // MARK: Nodes

    /// A node that covers `range`, and that Go reports at `position`.
    mutating func addNode(_ range: Range<Int>, position: Int? = nil) -> UInt32 {
        nodes.append(
            SourceNode(
                position: UInt32(position ?? range.lowerBound), start: UInt32(range.lowerBound),
                end: UInt32(range.upperBound)))
        return UInt32(nodes.count - 1)
    }

    /// The text of a node as Go prints it.
    func text(ofNode node: UInt32) -> ByteString {
        NodeText(source: source, delimiters: delimiters).text(of: nodes[Int(node)])
    }
}

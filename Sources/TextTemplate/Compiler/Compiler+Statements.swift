/// Text and actions: what stands between the delimiters, but for pipelines.
extension Compiler {
    /// An action that is open until its `{{end}}`.
    struct Block {
        enum Kind { case `if`, with, range, define, block }

        let kind: Kind
        /// Where its action begins.
        let start: Int
        /// Whether it is the `else if` or `else with` of the block below, and ends with it.
        var isChained = false
        var hasElse = false
        /// The state to come back to at the end.
        let variableCount: Int
        let slotsInUse: Int
        let dotSlot: UInt32
        /// The variables that its body begins with.
        var bodyVariableCount = 0
        /// The jump to the `else` part, and those to the end.
        var jumpToElse = 0
        var jumpsToEnd: [Int] = []
        /// For a range: its plan, its jumps to the next iteration, where conditional variables begin.
        var range: Int?
        /// For a range: `usesDot` of the code around it, to come back to.
        var usesOuterDot = false
        var jumpsToNext: [Int] = []
        var conditionalStart: UInt32 = 0
        /// The nearest blocks around the body's or the else part's actions that `break` and `continue` leave, as
        /// indexes of `blocks`.
        var breaks: Int?
        var continues: Int?
    }

    /// Parses all.
    ///
    ///     (text | action | define)* EOF
    mutating func parseTemplate() throws(Problem) {
        while true {
            let token = nextNonSpace()
            switch token.kind {
            case .text:
                emitText(token)
            case .leftDelimiter:
                lastAction = token.start
                if blocks.isEmpty && peekNonSpace().kind == .define {
                    _ = nextNonSpace()
                    try parseDefine()
                } else {
                    definition.actionStart = token.start
                    try parseAction()
                }
            case .endOfFile:
                guard blocks.isEmpty else { throw .unexpectedEndOfFile }
                return
            default:
                throw unexpected(token, in: .input)
            }
        }
    }

    private mutating func emitText(_ token: Token) {
        if definition.isEmpty {
            definition.isEmpty = CharacterClass.isBlank(UnsafeBufferPointer(rebasing: bytes[token.range]))
        }
        definition.emit(.text(start: UInt32(token.start), count: UInt32(token.range.count)))
    }

    /// Parses an action; the left delimiter is past.
    ///
    ///     control | pipeline
    private mutating func parseAction() throws(Problem) {
        let token = nextNonSpace()
        switch token.kind {
        case .block: try parseBlock()
        case .break: try parseBreak()
        case .continue: try parseContinue()
        case .else: try parseElse()
        case .end: try parseEnd()
        case .if: try parseControl(.if)
        case .range: try parseControl(.range)
        case .template: try parseTemplateCall()
        case .with: try parseControl(.with)
        default:
            backUp()
            try parsePipeline(.command)
            emitResult()
            definition.isEmpty = false
            definition.actionStart = nil
        }
    }

    /// Writes the value of an action, unless the action declares variables.
    private mutating func emitResult() {
        let declares = lastDeclarations != .none
        switch definition.last {
        case .declare(let slot)? where declares: definition.replaceLast(.store(slot: slot))
        case .slot(let slot, let node, .plain)? where !declares:
            definition.replaceLast(.printSlot(slot, node: node))
        case .fields(let path)? where !declares: definition.replaceLast(.printFields(path: path))
        case .callBuiltin(let call, let arguments)? where !declares && isFormatting(call):
            definition.replaceLast(.printFormatted(call: call, arguments: arguments))
        default: definition.emit(declares ? .discard : .print)
        }
    }

    private func isFormatting(_ call: UInt32) -> Bool { calls[Int(call)].builtin?.formatsText ?? false }

    // MARK: Control

    ///     {{if pipeline}} list ({{else}} list | {{else if pipeline}} ...)? {{end}}
    ///
    /// and `with` and `range` likewise; the keyword is past.
    private mutating func parseControl(_ kind: Block.Kind, isChained: Bool = false) throws(Problem) {
        definition.isEmpty = false
        var block = Block(
            kind: kind, start: lastAction, isChained: isChained, variableCount: variables.count,
            slotsInUse: definition.slotsInUse,
            dotSlot: definition.dotSlot, breaks: blocks.last?.breaks, continues: blocks.last?.continues)
        switch kind {
        case .if:
            try parsePipeline(.if)
            block.jumpToElse = definition.emit(.jumpUnlessTrue(0))
        case .with:
            try parsePipeline(.with)
            let slot = definition.makeSlot()
            block.jumpToElse = definition.emit(.enterWith(slot: slot, otherwise: 0))
            definition.dotSlot = slot
        case .range:
            try parsePipeline(.range)
            startRange(&block)
        case .define, .block:
            preconditionFailure("not a control action")
        }
        block.bodyVariableCount = variables.count
        blocks.append(block)
    }

    private mutating func startRange(_ block: inout Block) {
        definition.dotSlot = definition.makeSlot()
        block.usesOuterDot = definition.usesDot
        definition.usesDot = false
        ranges.append(RangePlan(dotSlot: definition.dotSlot, variables: lastDeclarations.rangeVariables))
        definition.emit(.startRange(range: UInt32(ranges.count - 1)))
        ranges[ranges.count - 1].body = definition.label()
        block.range = ranges.count - 1
        block.conditionalStart = definition.conditionalCount
        block.breaks = blocks.count
        block.continues = blocks.count
        definition.rangeDepth += 1
    }

    /// Ends the loop of a range, before its `else` or its end.
    private mutating func endLoop(_ block: inout Block) {
        guard let range = block.range else { return }
        let next = definition.label()
        for jump in block.jumpsToNext { definition.code[jump] = .jump(next) }
        definition.emit(.nextRange(range: UInt32(range)))
        if block.conditionalStart < definition.conditionalCount {
            let flag = VariableTable.conditional
            ranges[range].undeclaredStart = flag | block.conditionalStart
            ranges[range].undeclaredEnd = flag | definition.conditionalCount
        }
        if !definition.usesDot { ranges[range].dotSlot = nil }
        definition.usesDot = block.usesOuterDot
        definition.rangeDepth -= 1
    }

    /// Makes the jump to the else part lead here.
    private mutating func bindElse(_ block: Block) {
        let here = definition.label()
        if let range = block.range {
            ranges[range].otherwise = here
            return
        }
        switch definition.code[block.jumpToElse] {
        case .enterWith(let slot, _): definition.code[block.jumpToElse] = .enterWith(slot: slot, otherwise: here)
        default: definition.code[block.jumpToElse] = .jumpUnlessTrue(here)
        }
    }

    ///     {{else}} | {{else if pipeline}} | {{else with pipeline}}
    private mutating func parseElse() throws(Problem) {
        let following = peekNonSpace().kind
        if following != .if && following != .with { try expect(.rightDelimiter, in: .else) }
        definition.actionStart = nil
        guard var block = blocks.last else {
            throw .unexpectedElse(delimiters: delimiters, clause: nil)
        }
        switch block.kind {
        case .define: throw .unexpectedElse(delimiters: delimiters, clause: .define)
        case .block: throw .unexpectedElse(delimiters: delimiters, clause: .block)
        case .if, .with, .range: break
        }
        if block.hasElse { throw .expectedEnd(delimiters: delimiters) }
        endLoop(&block)
        block.hasElse = true
        block.jumpsToEnd.append(definition.emit(.jump(0)))
        bindElse(block)
        variables.undeclare(from: block.bodyVariableCount)
        definition.dotSlot = block.dotSlot
        if block.kind == .range {
            // A break in the else part ends the else part, as in Go; a continue belongs to the range around.
            block.continues = blocks.count > 1 ? blocks[blocks.count - 2].continues : nil
        }
        blocks[blocks.count - 1] = block
        switch (block.kind, following) {
        case (.if, .if):
            _ = nextNonSpace()
            try parseControl(.if, isChained: true)
        case (.with, .with):
            _ = nextNonSpace()
            try parseControl(.with, isChained: true)
        case (_, .if), (_, .with):
            // Go takes the keyword for text here.
            throw unexpected(nextNonSpace(), in: .input)
        default: break
        }
    }

    ///     {{end}}
    private mutating func parseEnd() throws(Problem) {
        try expect(.rightDelimiter, in: .end)
        definition.actionStart = nil
        guard !blocks.isEmpty else { throw .unexpectedEnd(delimiters: delimiters, clause: nil) }
        while let block = blocks.popLast() {
            switch block.kind {
            case .define, .block:
                try finishDefinition()
                definition.actionStart = nil
                return
            case .if, .with, .range:
                finishControl(block)
                if !block.isChained { return }
            }
        }
    }

    private mutating func finishControl(_ finished: Block) {
        var block = finished
        if !block.hasElse {
            endLoop(&block)
            bindElse(block)
        }
        let end = definition.label()
        for jump in block.jumpsToEnd { definition.code[jump] = .jump(end) }
        variables.truncate(to: block.variableCount)
        definition.freeSlots(to: block.slotsInUse)
        definition.dotSlot = block.dotSlot
    }

    ///     {{break}}
    private mutating func parseBreak() throws(Problem) {
        let token = nextNonSpace()
        guard token.kind == .rightDelimiter else { throw unexpected(token, in: .break) }
        guard definition.rangeDepth > 0, let target = blocks.last?.breaks else { throw .outsideRange(keyword: "break") }
        if !blocks[target].hasElse { definition.emit(.leaveRange) }
        blocks[target].jumpsToEnd.append(definition.emit(.jump(0)))
        definition.actionStart = nil
    }

    ///     {{continue}}
    private mutating func parseContinue() throws(Problem) {
        let token = nextNonSpace()
        guard token.kind == .rightDelimiter else { throw unexpected(token, in: .continue) }
        guard definition.rangeDepth > 0, let target = blocks.last?.continues else {
            throw .outsideRange(keyword: "continue")
        }
        blocks[target].jumpsToNext.append(definition.emit(.jump(0)))
        definition.actionStart = nil
    }

    // MARK: Templates

    ///     {{define "name"}} list {{end}}
    private mutating func parseDefine() throws(Problem) {
        let name = try parseTemplateName(nextNonSpace(), in: .define)
        try expect(.rightDelimiter, in: .define)
        openDefinition(.define, name)
    }

    ///     {{block "name" pipeline}} list {{end}}
    private mutating func parseBlock() throws(Problem) {
        definition.isEmpty = false
        let token = nextNonSpace()
        let name = try parseTemplateName(token, in: .block)
        try compileInvocation(name, at: token, .block)
        definition.actionStart = nil
        openDefinition(.block, name)
    }

    private mutating func openDefinition(_ kind: Block.Kind, _ name: ByteString) {
        beginDefinition(name)
        blocks.append(
            Block(
                kind: kind, start: lastAction, variableCount: variables.count, slotsInUse: 0,
                dotSlot: definition.dotSlot))
    }

    ///     {{template "name"}} | {{template "name" pipeline}}
    private mutating func parseTemplateCall() throws(Problem) {
        definition.isEmpty = false
        let token = nextNonSpace()
        let name = try parseTemplateName(token, in: .template)
        if nextNonSpace().kind == .rightDelimiter {
            let node = addNode(token.range)
            let invocation = addInvocation(Invocation(name: name, node: node, argument: nil))
            definition.emit(.checkTemplate(invocation: invocation))
            constants.append(.invalid)
            definition.emit(.constant(UInt32(constants.count - 1), node: node))
            definition.emit(.callTemplate(invocation: invocation))
        } else {
            backUp()
            try compileInvocation(name, at: token, .template)
        }
        definition.actionStart = nil
    }

    /// The call of a template with an argument, up to the right delimiter.
    private mutating func compileInvocation(
        _ name: ByteString, at token: Token, _ clause: Problem.Clause
    ) throws(Problem) {
        let invocation = UInt32(invocations.count)
        let node = addNode(token.range)
        _ = addInvocation(Invocation(name: name, node: node, argument: nil))
        definition.emit(.checkTemplate(invocation: invocation))
        let argument = try parsePipeline(clause)
        invocations[Int(invocation)] = Invocation(name: name, node: node, argument: argument)
        definition.emit(.callTemplate(invocation: invocation))
    }

    private mutating func addInvocation(_ invocation: Invocation) -> UInt32 {
        invocations.append(invocation)
        return UInt32(invocations.count - 1)
    }

    private mutating func parseTemplateName(_ token: Token, in clause: Problem.Clause) throws(Problem) -> ByteString {
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, in: clause) }
        return try unquote(token)
    }

    func unquote(_ token: Token) throws(Problem) -> ByteString {
        guard let text = StringLiteral.unquote(source, token.range) else { throw .invalidSyntax }
        return text
    }
}

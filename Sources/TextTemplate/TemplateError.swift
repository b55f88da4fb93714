/// What went wrong in parsing or executing a template.
public struct TemplateError: Error, Sendable {
    public enum Phase: Sendable { case parse, execute }

    /// What a program may want to tell apart.
    public enum Kind: Equatable, Sendable {
        /// The template is malformed, or its execution failed.
        case failure
        /// There is no function of this name; perhaps another one was meant.
        case unknownFunction(name: String, suggestion: String?)
        /// A limit of `Limits` was reached.
        case limit
    }

    public let phase: Phase
    public let kind: Kind
    /// What the source was called.
    public let name: String
    /// The line of the source, counted from 1. Of what is not closed it is the line where it was opened; Go's message
    /// has the line where that was noticed.
    public let line: Int
    /// The byte of the line, counted from 1. (Go counts from 0.)
    public let column: Int
    /// What follows the place in Go's message. May hold bytes of the data.
    public let reason: ByteString
    /// Go's full message.
    public let description: ByteString
    /// What to do about it, where there is something to say.
    public let hint: String?
    /// What the texts show of the data.
    public let quotation: Quotation?

    /// Go's full message.
    public var message: ByteString { description }

    init(
        _ problem: Problem, phase: Phase, name: ByteString, position: SourcePosition, reason: ByteString,
        description: ByteString, hint: ByteString? = nil
    ) {
        self.phase = phase
        kind = problem.kind
        self.name = name.text
        line = position.line
        column = position.column + 1
        self.reason = reason
        self.description = description
        self.hint = hint?.text ?? Wording.hint(for: problem)
        quotation = Wording.quotation(of: problem)
    }
}

/// A place in a source as Go counts: lines from 1, bytes of the line from 0.
struct SourcePosition {
    let line: Int
    let column: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        let before = bytes[..<offset]
        line = bytes.line(at: offset)
        column = offset - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The line of the byte at `offset`, counted from 1.
    func line(at offset: Int) -> Int {
        var line = 1
        for byte in self[..<offset] where byte == UInt8(ascii: "\n") { line += 1 }
        return line
    }
}

extension Problem {
    fileprivate var kind: TemplateError.Kind {
        switch self {
        case .unknownFunction(let name, let suggestion): .unknownFunction(name: name.text, suggestion: suggestion)
        case .parenthesesTooDeep, .sourceTooLarge, .callsTooDeep, .valueTooDeep, .outputTooLarge, .timeExceeded: .limit
        default: .failure
        }
    }

    /// The error for a problem that the parser met at `offset`.
    func located(name: ByteString, bytes: UnsafeBufferPointer<UInt8>, offset: Int) -> TemplateError {
        let position = SourcePosition(bytes, at: offset)
        return TemplateError(
            self, phase: .parse, name: name, position: position, reason: Wording.text(of: self).byteString,
            description: Wording.parseError(self, name: name, line: position.line).byteString)
    }

    /// The same, shown at `opening`, where what is not closed began.
    func located(
        name: ByteString, bytes: UnsafeBufferPointer<UInt8>, offset: Int, opening: Int, hint: ByteString
    ) -> TemplateError {
        TemplateError(
            self, phase: .parse, name: name, position: SourcePosition(bytes, at: opening),
            reason: Wording.text(of: self).byteString,
            description: Wording.parseError(self, name: name, line: bytes.line(at: offset)).byteString, hint: hint)
    }
}

extension Program {
    /// The error for a problem that the template `body` met at the node `context`.
    func error(_ problem: Problem, body: Int, context: UInt32) -> TemplateError {
        guard context != Program.noContext else {
            return source.withBytes { problem.located(name: name, bytes: $0, offset: 0) }
        }
        let node = contexts[Int(context)]
        let position = source.withBytes { SourcePosition($0, at: Int(node.position)) }
        let message = Wording.executing(problem, template: bodies[body].name, node: text(of: context))
        let description = Wording.executeError(
            message, name: name, line: position.line, column: position.column)
        return TemplateError(
            problem, phase: .execute, name: name, position: position, reason: message.byteString,
            description: description.byteString, hint: infixHint(problem, context))
    }

    /// What to write in place of a call whose function stands second.
    private func infixHint(_ problem: Problem, _ context: UInt32) -> ByteString? {
        switch problem {
        case .argumentOfNonFunction, .fieldWithArguments, .mapEntryWithArguments: break
        default: return nil
        }
        guard let call = infixCalls.first(where: { $0.context == context }) else { return nil }
        let hint = Wording.infixHint(
            function: source[call.name], first: source[call.first], rest: source[call.name.upperBound..<call.end])
        // An action may go over several lines, a hint is one.
        return ByteString(hint.bytes.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 })
    }

    /// The place of a node, as templates that wrote `<no value>` there name it.
    func absentValue(at context: UInt32) -> AbsentValue {
        guard context != Program.noContext else { return AbsentValue(name: name, line: 1, column: 1, node: "") }
        let position = source.withBytes { SourcePosition($0, at: Int(contexts[Int(context)].position)) }
        return AbsentValue(name: name, line: position.line, column: position.column + 1, node: text(of: context))
    }

    private func text(of context: UInt32) -> ByteString {
        let printer = NodeText(source: source, delimiters: delimiters)
        guard let invocation = invocations.first(where: { $0.context == context }) else {
            return printer.text(of: contexts[Int(context)])
        }
        return printer.text(of: invocation, contexts)
    }
}

import Diagnostics

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

    /// The problem of a `{{template}}` whose name is not defined.
    func notDefined(_ name: ByteString) -> Problem {
        let names = bodies.map(\.name.text).filter { $0 != self.name.text }.sorted()
        return .templateNotDefined(name, suggestion: Suggestion.nearest(to: name.array, among: names, .identifiers))
    }
}

import Diagnostics

extension Program {
    /// The error for a problem that the template `body` met at the node with the index `node`.
    func error(_ problem: Problem, body: Int, node: UInt32) -> TemplateError {
        guard node != Program.noNode else {
            return source.withBytes { problem.located(name: name, bytes: $0, offset: 0) }
        }
        let position = source.withBytes { SourcePosition($0, at: Int(nodes[Int(node)].position)) }
        let message = Wording.executing(problem, template: bodies[body].name, node: text(of: node))
        let description = Wording.executeError(
            message, name: name, line: position.line, column: position.column)
        return TemplateError(
            problem, phase: .execute, name: name, position: position, reason: message.byteString,
            description: description.byteString, hint: infixHint(problem, node) ?? nestedCallHint(problem, node))
    }

    /// The hint for a call that has another one as an argument, without parentheses: the first of the two gets too many arguments, the
    /// second none.
    private func nestedCallHint(_ problem: Problem, _ node: UInt32) -> ByteString? {
        let name = nodes[Int(node)]
        switch problem {
        case .wrongCount(let function, _, 0), .tooFewArguments(let function, _, 0):
            return isArgument(name) ? Wording.nestedCallHint(function: function).byteString : nil
        case .wrongCount(_, let want, let got) where got > want:
            let rest = source[Int(name.end)..<source.count].array.drop { $0 == UInt8(ascii: " ") }
            let argument = rest.prefix { Self.isLetter($0) }
            return argument.isEmpty ? nil : Wording.nestedCallHint(function: ByteString(Array(argument))).byteString
        default: return nil
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    /// Whether a function's name stands after another word of its command that is no keyword, or after a text.
    private func isArgument(_ name: SourceNode) -> Bool {
        let before = source[0..<Int(name.start)].array
        guard let last = before.lastIndex(where: { $0 != UInt8(ascii: " ") }), last < before.count - 1 else {
            return false
        }
        if before[last] == UInt8(ascii: "\"") || before[last] == UInt8(ascii: "`") { return true }
        let word = before[...last].reversed().prefix { Self.isLetter($0) }.reversed()
        let keywords = ["if", "range", "with", "else", "block", "define", "template"]
        return !word.isEmpty && !keywords.contains(String(decoding: Array(word), as: UTF8.self))
    }

    /// The hint for a command whose second word is a function: how to write the call.
    private func infixHint(_ problem: Problem, _ node: UInt32) -> ByteString? {
        switch problem {
        case .argumentOfNonFunction, .fieldWithArguments, .mapEntryWithArguments: break
        default: return nil
        }
        guard let call = infixCalls.first(where: { $0.node == node }) else { return nil }
        let hint = Wording.infixHint(
            function: source[call.name], first: source[call.first], rest: source[call.name.upperBound..<call.end])
        // An action may go over several lines, a hint is one.
        return ByteString(hint.bytes.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 })
    }

    /// The place of a node, as templates that wrote `<no value>` there name it.
    func absentValue(at node: UInt32) -> AbsentValue {
        guard node != Program.noNode else { return AbsentValue(name: name, line: 1, column: 1, node: "") }
        let position = source.withBytes { SourcePosition($0, at: Int(nodes[Int(node)].position)) }
        return AbsentValue(name: name, line: position.line, column: position.column + 1, node: text(of: node))
    }

    private func text(of node: UInt32) -> ByteString {
        let printer = NodeText(source: source, delimiters: delimiters)
        guard let invocation = invocations.first(where: { $0.node == node }) else {
            return printer.text(of: nodes[Int(node)])
        }
        return printer.text(of: invocation, nodes)
    }

    /// The problem of a `{{template}}` whose name is not defined.
    func notDefined(_ name: ByteString) -> Problem {
        let names = bodies.map(\.name.text).filter { $0 != self.name.text }.sorted()
        return .templateNotDefined(name, suggestion: Suggestion.nearest(to: name.array, among: names, .identifiers))
    }
}

import Diagnostics

/// What a function's result is made of, if not of all its arguments.
package enum ProvenanceRule: Sendable {
    /// The result is a list of elements of the arguments, which decide together which ones, and in which order.
    case rearranged
    /// Any other way.
    case made(@Sendable (TracedCall, OriginTrace) -> Provenance)
}

/// A call of a function that was traced.
package struct TracedCall {
    package let arguments: [Value]
    package let provenances: [Provenance]
    package let result: Value
}

/// Notes, for one rendering, what decides each byte of its output. Used by one thread.
package final class OriginTrace {
    package internal(set) var table = OriginTable()
    /// How the results of functions are made, by their names.
    let rules: [String: ProvenanceRule]
    /// The programs that wrote something, with the name of each source.
    private(set) var templates: [(name: ByteString, program: Program)] = []
    /// What the template that was executed last wrote; nil if it failed.
    package internal(set) var output: TracedOutput?
    /// What was asked for, each once: the name of the function and its argument.
    package private(set) var questions: [Question] = []
    private var asked: Set<Question> = []
    /// The provenances of the arguments of the function that is being called.
    package internal(set) var arguments: [Provenance] = []

    package init(rules: [String: ProvenanceRule]) { self.rules = rules }

    /// A function that reads entries, and what it was asked for.
    package struct Question: Hashable, Sendable {
        package let function: String
        package let argument: ByteString
    }

    /// Notes that `function` was asked for `argument`.
    package func note(_ function: String, _ argument: ByteString) {
        let question = Question(function: function, argument: argument)
        if asked.insert(question).inserted { questions.append(question) }
    }

    /// The origin as a set.
    package func set(_ origin: Origin) -> OriginSet { table.set(origin) }

    /// The number of `program`, whose source is called `name`.
    func number(of program: Program, named name: ByteString) -> Int {
        let known = templates.firstIndex { $0.name == name && $0.program.source == program.source }
        if let known { return known }
        templates.append((name, program))
        return templates.count - 1
    }
}

/// A place in a template.
package struct TemplatePlace: Hashable, Sendable {
    package let name: ByteString
    /// Both counted from 1.
    package let line: Int
    package let column: Int
}

extension OriginTrace {
    /// The place in its template that `write` is of; for text, where the byte at `offset` of it is.
    package func place(of write: TracedOutput.Write, at offset: Int = 0) -> TemplatePlace {
        place(write.template, write.offset + (write.isText ? offset : 0))
    }

    /// The action that decides, without its delimiters, and its place.
    package func action(of condition: TracedOutput.Condition) -> (text: ByteString, place: TemplatePlace) {
        let program = templates[condition.template].program
        let action = program.actions.enclosing(condition.offset) ?? condition.offset..<condition.offset
        return (program.textOfAction(action), place(condition.template, action.lowerBound))
    }

    private func place(_ template: Int, _ offset: Int) -> TemplatePlace {
        let (name, program) = templates[template]
        let position = program.source.withBytes { SourcePosition($0, at: offset) }
        return TemplatePlace(name: name, line: position.line, column: position.column + 1)
    }
}

extension Program {
    /// What stands between the delimiters of an action.
    fileprivate func textOfAction(_ action: Range<Int>) -> ByteString {
        let start = action.lowerBound + delimiters.left.count
        let end = action.upperBound - delimiters.right.count
        guard start < end else { return ByteString() }
        var inside = start..<end
        let isMargin: (UInt8) -> Bool = { $0 <= UInt8(ascii: " ") || $0 == UInt8(ascii: "-") }
        while let first = inside.first, isMargin(source[first]) { inside.removeFirst() }
        while let last = inside.last, isMargin(source[last]) { inside.removeLast() }
        return source[inside]
    }
}

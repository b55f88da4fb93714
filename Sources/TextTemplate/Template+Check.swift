extension Template {
    /// The names of Go's own functions, which every template has.
    package static let builtinNames = Builtin.allCases.map(\.rawValue)

    /// Every error of `source` that can be found without executing it: syntax errors, functions and templates that are
    /// not defined, calls that cannot succeed. In the order of the source.
    ///
    /// All unknown functions are reported; any other error of the parser ends parsing, and is the last one.
    package static func check(
        _ source: ByteString, name: String, functions: [String: Function], options: Options = Options()
    ) -> [TemplateError] {
        var unknown: [TemplateError]? = []
        do {
            let template = try Template(
                source, name: name, functions: functions, options: options, unknownFunctions: &unknown)
            let errors = (unknown ?? []) + template.storage.program.certainErrors
            return errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        } catch {
            return (unknown ?? []) + [error]
        }
    }
}

/// A call whose first argument stands in the template as a text.
package struct LiteralCall: Sendable {
    /// The function's name, as the template has it.
    package let function: ByteString
    package let argument: ByteString
    /// Whether there are further arguments.
    package let hasMore: Bool
    /// Where the argument is, counted from 1; columns in bytes.
    package let line: Int
    package let column: Int
}

extension Template {
    /// The calls of functions that are not Go's own, and whose first argument is a text of the template: in the order of the
    /// source. Calls with arguments that are calls themselves are left out.
    package var literalCalls: [LiteralCall] { storage.program.literalCalls }
}

extension Program {
    fileprivate var literalCalls: [LiteralCall] {
        var calls: [(start: Int, function: ByteString, argument: ByteString, hasMore: Bool)] = []
        for index in code.indices {
            guard case .call(let plan, let count) = code[index], count > 0, Int(count) <= index,
                code[(index - Int(count))..<index].allSatisfy(\.isPlainOperand),
                case .constant(let constant, let node) = code[index - Int(count)],
                case .string(let text) = constants[Int(constant)]
            else { continue }
            let name = nodes[Int(self.calls[Int(plan)].name)]
            calls.append(
                (Int(nodes[Int(node)].start), source[Int(name.start)..<Int(name.end)], text, hasMore: count > 1))
        }
        calls.sort { $0.start < $1.start }
        // All positions in one pass over the source.
        return source.withBytes { bytes in
            var (line, lineStart, next) = (1, 0, 0)
            return calls.map { call in
                while next < call.start {
                    if bytes[next] == UInt8(ascii: "\n") { (line, lineStart) = (line + 1, next + 1) }
                    next += 1
                }
                return LiteralCall(
                    function: call.function, argument: call.argument, hasMore: call.hasMore, line: line,
                    column: call.start - lineStart + 1)
            }
        }
    }
}

extension Instruction {
    /// Whether it does nothing but push one value.
    fileprivate var isPlainOperand: Bool {
        switch self {
        case .constant, .slot, .variable, .fields: true
        default: false
        }
    }
}

extension Program {
    /// The errors of instructions that fail whenever they are reached.
    fileprivate var certainErrors: [TemplateError] {
        var errors: [TemplateError] = []
        for (number, body) in bodies.enumerated() {
            let end = bodies.map(\.start).filter { $0 > body.start }.min() ?? code.count
            for instruction in code[body.start..<end] {
                switch instruction {
                case .checkTemplate(let index):
                    let invocation = invocations[Int(index)]
                    if invocation.body != nil { continue }
                    errors.append(error(notDefined(invocation.name), body: number, node: invocation.node))
                case .fail(let problem, let node) where node != Program.noNode:
                    errors.append(error(problems[Int(problem)], body: number, node: node))
                default: continue
                }
            }
        }
        return errors
    }
}

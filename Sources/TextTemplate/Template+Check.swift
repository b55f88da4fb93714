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

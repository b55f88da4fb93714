@testable import TextTemplate

/// A template is refused with an error that points into it, or parsed, the same each time.
///
/// A first byte below 5 chooses delimiters or functions; an input without one is a plain template.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let (options, functions, source) = take(input)
        let first = parse(ByteString(owner: nil, bytes: source), functions, options)
        // Text in front of a template, in memory of its own, moves errors and changes nothing else.
        let prefixed = parse(ByteString([UInt8(ascii: "x")] + source), functions, options)
        check((first == nil) == (prefixed == nil), "text in front makes it valid or invalid")
        guard let first, let prefixed else { return }
        check(first.phase == .parse, "the error is one of parsing")
        check(first.reason == prefixed.reason && first.line == prefixed.line, "text in front changes no message")
        check(prefixed.column == first.column + (first.line == 1 ? 1 : 0), "text in front moves the error")
        check(
            first.description == prefixed.description && first.hint == prefixed.hint, "text in front changes no words")
        checkPosition(first, source)
        let diagnostic = Diagnostic(first, path: "a.tmpl", source: ByteString(owner: nil, bytes: source))
        check(diagnostic.text.array.last == UInt8(ascii: "\n"), "a diagnostic ends its line")
        check(diagnostic.text.count < 2 * first.reason.count + 2_000, "a diagnostic shows a part of the line")
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let source = ByteString(owner: nil, bytes: input)
        guard let error = parse(source, functions, Template.Options()) else { return }
        _ = Diagnostic(error, path: "a.tmpl", source: source)
    }

    private static let functions: [String: Function] = [
        "f": Function([.string]) { .string($0.string(0)) },
        "g": Function([], variadic: .any) { .int($0.count) },
    ]

    private static func take(
        _ input: UnsafeBufferPointer<UInt8>
    ) -> (Template.Options, [String: Function], UnsafeBufferPointer<UInt8>) {
        var options = Template.Options()
        // Small, so that short inputs reach it.
        options.limits.parenthesesDepth = 30
        guard let choice = input.first, choice < 5 else { return (options, functions, input) }
        let delimiters = [("{{", "}}"), ("<%", "%>"), ("(", ")"), ("- ", " -"), ("/*", "*/")][Int(choice)]
        options.leftDelimiter = Array(delimiters.0.utf8)
        options.rightDelimiter = Array(delimiters.1.utf8)
        var functions = functions
        functions["break"] = functions["g"]
        return (options, functions, UnsafeBufferPointer(rebasing: input.dropFirst()))
    }

    private static func parse(
        _ source: ByteString, _ functions: [String: Function], _ options: Template.Options
    ) -> TemplateError? {
        do throws(TemplateError) {
            _ = try Template(source, name: "the main template", functions: functions, options: options)
            return nil
        } catch {
            return error
        }
    }

    private static func checkPosition(_ error: TemplateError, _ source: UnsafeBufferPointer<UInt8>) {
        let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        check((1...lines.count).contains(error.line), "line \(error.line) is in the template")
        check((1...lines[error.line - 1].count + 1).contains(error.column), "column \(error.column) is in the line")
    }

    static let pumps = [
        Pump("actions") { "{{$x\($0) := 1}}\n" },
        Pump("actions of one line") { _ in "{{1}}" },
        Pump("uses of the first of many variables", "{{$a := 1}}") { "{{$x\($0) := $a}}" },
        Pump("definitions") { "{{define \"t\($0)\"}}a{{end}}" },
        Pump("equal definitions") { _ in "{{define \"t\"}}{{end}}" },
        Pump("blocks") { "{{block \"b\($0)\" .}}{{end}}" },
        Pump("calls of templates", "{{define \"t\"}}a{{end}}") { _ in "{{template \"t\" .}}" },
        Pump("calls of missing templates") { "{{template \"t\($0)\"}}" },
        Pump("nested conditions") { _ in "{{if 1}}" },
        Pump("conditions") { _ in "{{if 1}}a{{else if 2}}b{{else}}c{{end}}" },
        Pump("a chain of conditions", "{{if 1}}", suffix: "{{end}}") { _ in "{{else if 2}}b" },
        Pump("ranges in ranges") { _ in "{{range $i, $e := .}}{{break}}" },
        Pump("parentheses", "{{", suffix: "}}") { _ in "(" },
        Pump("closed parentheses", "{{g", suffix: "}}") { _ in " (g 1)" },
        Pump("unclosed parentheses of many lines", "{{") { _ in "(\n" },
        Pump("pipes", "{{1", suffix: "}}") { _ in " | g" },
        Pump("arguments", "{{g", suffix: "}}") { _ in " 1" },
        Pump("constant arguments", "{{g", suffix: "}}") { _ in " (print 1)" },
        Pump("chain of fields", "{{.", suffix: "}}") { _ in "A.B" },
        Pump("chain after parentheses", "{{(g)", suffix: "}}") { _ in ".A" },
        Pump("long string", "{{\"", suffix: "\"}}") { _ in "a\\n" },
        Pump("long raw string", "{{`", suffix: "`}}") { _ in "a\n" },
        Pump("long number", "{{", suffix: "}}") { _ in "1" },
        Pump("long hexadecimal number", "{{0x", suffix: "}}") { _ in "f" },
        Pump("long fraction", "{{0.", suffix: "}}") { _ in "1" },
        Pump("long hexadecimal fraction", "{{0x0.", suffix: "p1}}") { _ in "1" },
        Pump("long number with underscores", "{{1", suffix: "}}") { _ in "_1" },
        Pump("long identifier", "{{", suffix: "}}") { _ in "f" },
        Pump("long variable", "{{$", suffix: "}}") { _ in "f" },
        Pump("comments") { _ in "{{/* a */}}" },
        Pump("one comment", "{{/*", suffix: "*/}}") { _ in "* /" },
        Pump("unclosed comments") { _ in "{{/*" },
        Pump("spaces in an action", "{{1", suffix: "}}") { _ in " \n" },
        Pump("trimmed spaces") { _ in "  {{- 1 -}}  \n" },
        Pump("long spaces before a trim marker", suffix: "{{- 1}}") { _ in " " },
        Pump("words after spaces", suffix: "{{- 1}}") { _ in " a" },
        Pump("left braces") { _ in "{" },
        Pump("braces apart") { _ in "{ {" },
        Pump("error at the end", suffix: "{{nope}}") { _ in "a\n{{1}}" },
        Pump("an error on a long line", suffix: "{{nope}}") { _ in "{{1}}" },
        Pump("assignments", "{{$a := 1}}") { _ in "{{$a = g $a}}" },
        Pump("variables of conditions") { "{{if $x\($0) := 1}}{{$x\($0)}}{{end}}" },
        Pump("declarations in branches", "{{if 1}}", suffix: "{{end}}") {
            "{{with 1}}{{$y\($0) := .}}{{end}}{{$z\($0) := 1}}"
        },
    ]
}

import KeyValue
import Synchronization

@testable import Rendering
@testable import TextTemplate

/// Rendering ends, writes no more than it may, and gives the same each time.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        if asksForLongTexts(input) { return }
        let source = ByteString(owner: nil, bytes: input)
        guard let template = parse(source), let prefixed = parse(ByteString([UInt8(ascii: "x")] + input)) else {
            return
        }
        let first = render(template)
        let second = render(prefixed)
        check(first.output.count <= outputSize, "the output is limited")
        // One byte more can reach a limit.
        if first.failure?.kind == .limit || second.failure?.kind == .limit { return }
        if isTold(source, of: "%") || isTold(source, of: "SRV") { return }
        check([UInt8(ascii: "x")] + first.output == second.output, "text in front comes first and changes nothing")
        check(
            first.failure?.reason == second.failure?.reason,
            "the same failure: \(first.failure?.reason.text ?? "none"), \(second.failure?.reason.text ?? "none")")
        guard let failure = first.failure else { return }
        check(failure.phase == .execute, "the error is one of executing")
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        check((1...lines.count).contains(failure.line), "line \(failure.line) is in the template")
        check(
            (1...lines[failure.line - 1].count + 1).contains(failure.column), "column \(failure.column) is in the line")
        _ = Diagnostic(failure, path: "a.tmpl", source: source)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        guard let template = parse(ByteString(owner: nil, bytes: input)) else { return }
        _ = render(template)
    }

    // MARK: Limits

    private static let outputSize = 1 << 16
    /// How often a rendering may look at its deadline.
    private static let mostLooks = 100

    private final class Looks: Sendable {
        private let count = Atomic(0)

        func isOne(after limit: Int) -> Bool { count.add(1, ordering: .relaxed).newValue > limit }
    }

    /// Whether the text contains a number of five digits and a `%`, or a `*`: a width like these can ask for a million
    /// characters, which only fill the memory.
    private static func asksForLongTexts(_ input: UnsafeBufferPointer<UInt8>) -> Bool {
        var digits = 0
        for byte in input {
            digits = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? digits + 1 : 0
            if digits == 5 { return isTold(ByteString(owner: nil, bytes: input), of: "%") }
        }
        return isTold(ByteString(owner: nil, bytes: input), of: "*")
    }

    private static func isTold(_ source: ByteString, of word: ByteString) -> Bool {
        source.withBytes { bytes in
            bytes.indices.contains { bytes[$0...].starts(with: word.array) }
        }
    }

    /// confd's functions. Those that make a list or text as long as a number says take at most 300 here.
    private static let functions: [String: Function] = FunctionTable.all.merging(
        ["seq", "repeat", "indent", "nindent"].map { ($0, bounded($0)) }
    ) { $1 }

    private static func bounded(_ name: String) -> Function {
        guard let function = FunctionTable.all[name] else { fatalError("no function \(name)") }
        return Function(function.parameters) { (arguments) throws(FunctionError) in
            for index in 0..<arguments.count {
                if case .int(let number) = arguments[index], number.magnitude > 300 { throw FunctionError("too large") }
            }
            return try function.body(arguments)
        }
    }

    private static func parse(_ source: ByteString) -> Template? {
        do throws(TemplateError) {
            return try Template(source, name: "the main template", functions: functions)
        } catch {
            return nil
        }
    }

    // MARK: The world

    private static let snapshot = Snapshot(
        [
            ("/a", "1"), ("/b", "2"), ("/c", ""), ("/d/x", "dx"), ("/d/y", "dy"), ("/e", "[]"), ("/l", "[1,2,\"3\"]"),
            ("/m", "{\"k1\":\"v1\",\"k2\":{\"n\":[1,\"two\",null]}}"), ("/n", "null"), ("/x", "<a&b>'\"\u{1}\u{e9}"),
            ("/s/web/1", "10.0.0.1:80"), ("/s/web/2", "10.0.0.2:80"), ("/s/db/1", "10.0.1.1:5432"),
        ].map { (Array($0.0.utf8), Array($0.1.utf8)) })

    private static let environment = TestEnvironment(
        variables: ["HOME": "/root", "EMPTY": ""],
        templates: [
            "a.tmpl": "<{{.}}>", "b.tmpl": "{{include \"a.tmpl\" (getv \"/a\")}}", "c.tmpl": "{{include \"c.tmpl\"}}",
        ],
        hosts: ["localhost": ["127.0.0.1", "::1"]],
        records: [ServiceRecord(target: "one.test.", port: 80, priority: 1, weight: 2)],
        interfaces: ["lo": ["127.0.0.1"]])

    private static func render(_ template: Template) -> (output: [UInt8], failure: TemplateError?) {
        let looks = Looks()
        var limits = Limits()
        limits.isPastDeadline = { looks.isOne(after: mostLooks) }
        limits.outputSize = outputSize
        limits.callDepth = 1000
        let context = RenderingContext(
            snapshot: snapshot, environment: environment, includes: IncludeCache(functions: FunctionTable.all),
            limits: limits)
        var output: [UInt8] = []
        do throws(TemplateError) {
            try template.render(.nilInterface, userData: context, limits: limits, into: &output)
            return (output, nil)
        } catch {
            return (output, error)
        }
    }

    static let pumps = [
        Pump("actions") { _ in "{{getv \"/a\"}}\n" },
        Pump("variables") { "{{$x\($0) := 1}}" },
        Pump("conditions") { _ in "{{if exists \"/a\"}}a{{end}}" },
        Pump("nested conditions", suffix: "") { _ in "{{with 1}}" },
        Pump("calls of templates", "{{define \"t\"}}a{{.}}{{end}}") { _ in "{{template \"t\" 1}}" },
        Pump("ranges") { _ in "{{range gets \"/d/*\"}}{{.Key}}{{end}}" },
        Pump("listings") { _ in "{{ls \"/s\"}}" },
        Pump("arguments", "{{print", suffix: "}}") { _ in " 1" },
        Pump("a long list", "{{len (split \"", suffix: "\" \",\")}}") { _ in "a,b," },
        Pump("a long list joined", "{{join (split \"", suffix: "\" \",\") \"; \"}}") { _ in "a,b," },
        Pump("a long list sorted", "{{range reverse (split \"", suffix: "\" \",\")}}{{.}}{{end}}") {
            "a\($0 &* 7919 % 1000),"
        },
        Pump("replacements", "{{replace \"", suffix: "\" \"aa\" \"b\" -1}}") { _ in "aaa" },
        Pump("a long text searched", "{{contains \"", suffix: "\" \"aaaaaaaaaaaaaaab\"}}") { _ in "a" },
        Pump("long text in capitals", "{{toUpper \"", suffix: "\"}}") { _ in "aß" },
        Pump("words", "{{snakecase \"", suffix: "\"}}") { _ in "aB" },
        Pump("words in camel case", "{{camelcase \"", suffix: "\"}}") { _ in "a_B" },
        Pump("indented lines", "{{indent 2 `", suffix: "`}}") { _ in "a\n" },
        Pump("JSON", "{{json `[", suffix: "0]`}}") { _ in "{\"a\":1}," },
        Pump("a JSON array", "{{len (jsonArray `[", suffix: "0]`)}}") { _ in "[1,null]," },
        Pump("JSON members", "{{len (json `{", suffix: "\"z\":0}`)}}") { "\"k\($0 &* 7919)\":1," },
        Pump("base64", "{{base64Encode \"", suffix: "\"}}") { _ in "abc" },
        Pump("decoded base64", "{{base64Decode \"", suffix: "\"}}") { _ in "YWJj" },
        Pump("expressions", "{{regexReplaceAll \"a+b?\" \"", suffix: "\" \"x\"}}") { _ in "aab" },
        Pump("escaped HTML", "{{html `", suffix: "`}}") { _ in "<a>" },
        Pump("escaped JavaScript", "{{js `", suffix: "`}}") { _ in "<'a>\u{2028}" },
        Pump("escaped queries", "{{urlquery `", suffix: "`}}") { _ in " a%" },
        Pump("quoted text", "{{printf `%q %x` `", suffix: "` 1}}") { _ in " é%\"" },
        Pump("a digest", "{{sha256sum `", suffix: "`}}") { _ in "abc" },
    ]
}

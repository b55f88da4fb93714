import Testing

@testable import TextTemplate

/// Which of the values of a dot decide which lines. The dot is a map; each of its entries is an origin.
@Suite struct OriginTests {
    private static let dot = Map([
        ("a", .string("A")), ("b", .string("B")), ("yes", .bool(true)), ("no", .bool(false)),
        ("list", .slice(Slice(.any, [.string("x"), .string("y"), .string("z")]))), ("none", .slice(Slice(.any, []))),
        ("json", .map(Map([("host", .string("h")), ("port", .int(80))]))),
    ])

    /// For each line its text and the names that decide it.
    private func lines(_ source: String) throws -> [String] {
        let template = try Template(ByteString(source), name: "t", functions: [:])
        let trace = OriginTrace(rules: [:])
        var entries: [ByteString: Provenance] = [:]
        for key in Self.dot.keys { entries[key] = trace.entry(key) }
        entries["list"] = Provenance(.none, .list(ListProvenance((0..<3).map { trace.entry(ByteString("list\($0)")) })))
        var bytes: [UInt8] = []
        try template.render(
            .map(Self.dot), userData: nil, limits: Limits(), into: &bytes,
            trace: .origins(trace, name: "t", dot: Provenance(.none, .entries(entries))), note: { _ in })
        let output = try #require(trace.output)
        return TracedOutput.lines(of: bytes).map { range in
            let names = trace.table.origins(of: output.line(range, of: bytes).origins).map {
                $0.name.text + $0.path.text
            }
            return "\(String(decoding: bytes[range], as: UTF8.self)): \(Set(names).sorted().joined(separator: " "))"
        }
    }

    @Test(arguments: [
        ("text\n{{.a}}{{.b}}\n", ["text: ", "AB: a b"]),
        ("{{.json.host}}:{{index .json \"port\"}}\n", ["h:80: json.host json.port"]),
        // Variables, also those that a branch that was not taken would set.
        ("{{$x := .a}}{{.b}}\n{{$x}}\n", ["B: b", "A: a"]),
        ("{{$x := 1}}{{if .no}}{{$x = 2}}{{end}}{{$x}}\n", ["1: no"]),
        ("{{$x := 1}}{{if .yes}}{{$x = .a}}{{else}}{{$x = .b}}{{end}}{{$x}}\n", ["A: a yes"]),
        ("{{$x := \"\"}}{{range .list}}{{$x = .}}{{end}}{{$x}}\n", ["z: list2"]),
        // Conditions around lines, within them, and beside them.
        ("{{if .yes}}in\n{{end}}after\n", ["in: yes", "after: "]),
        ("{{if .no}}in\n{{end}}after\n", ["after: "]),
        ("before{{if .no}}\nin{{end}}\nafter\n", ["before: ", "after: "]),
        ("before{{if .no}} in{{end}}\n", ["before: no"]),
        ("{{if .no}}in {{end}}after\n", ["after: no"]),
        ("{{if .no}}in\n{{else}}else\n{{end}}after\n", ["else: no", "after: "]),
        ("a{{if .yes}}\n{{end}}b\n", ["a: yes", "b: yes"]),
        ("{{with .a}}{{.}}\n{{end}}", ["A: a"]),
        ("{{if and .yes .a}}in\n{{end}}", ["in: a yes"]),
        ("{{if or .yes .a}}in\n{{end}}", ["in: yes"]),
        ("{{if and .no .a}}{{else}}out\n{{end}}", ["out: no"]),
        // Ranges: an element is there because of itself, its number because of those before it.
        ("{{range .list}}{{.}}\n{{end}}", ["x: list0", "y: list1", "z: list2"]),
        ("{{range $i, $e := .list}}{{$i}}\n{{end}}", ["0: list0", "1: list0 list1", "2: list0 list1 list2"]),
        ("{{range .list}}-\n{{end}}end\n", ["-: list0", "-: list1", "-: list2", "end: "]),
        ("{{range .none}}x\n{{else}}empty\n{{end}}", ["empty: none"]),
        ("{{index .list 1}}\n{{len .list}}\n", ["y: list0 list1", "3: list0 list1 list2"]),
        // With several elements, no single one decides whether the list is empty.
        ("{{if .list}}some\n{{end}}", ["some: "]),
        // The condition of a `break` decides every line that the loop gives after it.
        (
            "{{range .list}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}\n{{end}}end\n",
            ["x: list0", "end: "]
        ),
        (
            "{{range .list}}{{if eq . \"q\"}}{{break}}{{end}}{{.}}\n{{end}}",
            ["x: list0", "y: list0 list1", "z: list0 list1 list2"]
        ),
        (
            "{{range .list}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}\n{{end}}",
            ["x: list0", "z: list2"]
        ),
        // Templates: the caller's decisions count, its variables do not.
        ("{{define \"d\"}}{{.}}\n{{end}}{{if .yes}}{{template \"d\" .a}}{{end}}", ["A: a yes"]),
        ("{{block \"d\" .b}}{{.}}\n{{end}}", ["B: b"]),
        ("{{printf \"%s-%s\" .a .b}}\n", ["A-B: a b"]), ("{{len .a | printf \"%d\"}}\n", ["1: a"]),
        ("{{(.json).host}}\n{{not .no}}\n", ["h: json.host", "true: no"]),
    ])
    func decides(_ source: String, _ expected: [String]) throws {
        #expect(try lines(source) == expected)
    }

    @Test func saysPlacesAndActions() throws {
        let source = "a\n{{- if .yes }}\nb {{.a}}\n{{end}}"
        let template = try Template(ByteString(source), name: "t", functions: [:])
        let trace = OriginTrace(rules: [:])
        var bytes: [UInt8] = []
        try template.render(
            .map(Self.dot), userData: nil, limits: Limits(), into: &bytes,
            trace: .origins(trace, name: "dir/t", dot: Provenance()), note: { _ in })
        let output = try #require(trace.output)
        let line = output.line(2..<5, of: bytes)
        #expect(bytes[2..<5].elementsEqual("b A".utf8))
        #expect(
            line.writes.map { trace.place(of: $0, at: max(0, 2 - $0.bytes.lowerBound)) } == [
                TemplatePlace(name: "dir/t", line: 3, column: 1), TemplatePlace(name: "dir/t", line: 3, column: 5),
            ])
        let action = trace.action(of: try #require(line.conditions.first))
        #expect(action.text == "if .yes" && action.place == TemplatePlace(name: "dir/t", line: 2, column: 1))
    }

    /// A set that is the union of many unions is listed without deep recursion.
    @Test func keepsManyOrigins() {
        var table = OriginTable()
        var all = OriginSet.none
        for number in 0..<200_000 {
            all = table.union(all, table.set(Origin(.key, ByteString("\(number)"))))
        }
        #expect(table.origins(of: all).count == 200_000)
        let isNamed = table.membership { $0.name == "77" }
        #expect(isNamed(all) && !isNamed(.none))
    }
}

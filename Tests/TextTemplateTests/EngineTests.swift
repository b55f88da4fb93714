import Testing

@testable import TextTemplate

/// What templates write, aspect by aspect. The rows were checked against Go.
@Suite struct EngineTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let template: String
        let output: String

        var testDescription: String { name }

        init(_ name: String, _ template: String, _ output: String) {
            self.name = name
            self.template = template
            self.output = output
        }
    }

    @Test(arguments: [
        Row("text only", "a\nb", "a\nb"),
        Row("empty", "", ""),
        Row("trim left", "a \n {{- 1}}", "a1"),
        Row("trim right", "{{1 -}} \n b", "1b"),
        Row("trim needs a space", "{{-1}} b", "-1 b"),
        Row("comment", "a{{/* b */}}c", "ac"),
        Row("comment trimmed", "a {{- /* b */ -}} c", "ac"),
        Row("newlines in an action", "{{print\n1\n2}}", "1 2"),
        Row("character constants", "{{'a'}} {{'\\n'}} {{'é'}}", "97 10 233"),
        Row(
            "numbers", "{{0x1F}} {{0b11}} {{0o17}} {{017}} {{1_000}} {{1e3}} {{0x1p4}} {{1i}}",
            "31 3 15 15 1000 1000 16 (0+1i)"),
        Row("strings", "{{\"a\\tb\\x41\\u00e9\"}}{{`\\n`}}", "a\tbAé\\n"),
        Row("a trailing pipe is nothing", "{{1 | }}", "1"),
    ])
    func lexing(_ row: Row) { #expect(Outcome(row.template) == .output(row.output)) }

    @Test(arguments: [
        Row("declare and assign", "{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"),
        Row("block scope", "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        Row("assignment out of a block", "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        Row("old value in a new declaration", "{{$x := 1}}{{$x := add $x 1}}{{$x}}", "2"),
        Row("root", "{{with 1}}{{$}}{{end}}", "<no value>"),
        Row("declared in an argument", "{{print ($x := 1) $x}}{{$x}}", "1 11"),
        Row("not declared by and", "{{$x := 1}}{{and false ($x := 2)}}{{$x}}", "false1"),
        Row("declared by and", "{{$x := 1}}{{and true ($x := 2)}}{{$x}}", "22"),
        Row(
            "declared in one iteration only",
            "{{$x := 0}}{{range list 1 0 2}}{{and . ($x := .)}}:{{$x}} {{end}}", "1:1 0:0 2:2 "),
        Row("index and element", "{{range $i, $e := list 7 8}}{{$i}}{{$e}} {{end}}", "07 18 "),
        Row("assigned by a range", "{{$e := 0}}{{range $e = list 7 8}}{{end}}{{$e}}", "8"),
        Row("range variables in else", "{{range $i, $e := list}}{{else}}{{$i}}{{$e}}{{end}}", "[][]"),
    ])
    func variables(_ row: Row) { #expect(Outcome(row.template) == .output(row.output)) }

    @Test(arguments: [
        Row("else if", "{{if false}}a{{else if 1}}b{{else}}c{{end}}", "b"),
        Row("with", "{{with list}}a{{else with 3}}{{.}}{{end}}", "3"),
        Row("range over a map", "{{range $k, $v := dict \"b\" 2 \"a\" 1}}{{$k}}{{$v}}{{end}}", "a1b2"),
        Row("range over an integer", "{{range 3}}{{.}}{{else}}none{{end}}", "012"),
        Row("range over nothing", "{{range 0}}x{{else}}none{{end}}", "none"),
        Row("break", "{{range 5}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", "012"),
        Row("continue", "{{range 5}}{{if eq . 3}}{{continue}}{{end}}{{.}}{{end}}", "0124"),
        Row("break in else ends the else", "{{range 2}}{{.}}{{range 0}}{{else}}a{{break}}b{{end}}c{{end}}", "0ac1ac"),
        Row(
            "continue in else is the outer range's", "{{range 2}}{{.}}{{range 0}}{{else}}a{{continue}}b{{end}}c{{end}}",
            "0a1a"),
        Row("define", "{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" 1}}{{template \"t\"}}", "<1><<no value>>"),
        Row("block", "{{block \"b\" 1}}{{.}}{{end}}{{template \"b\" 2}}", "12"),
        Row(
            "an empty definition does not replace",
            "{{define \"t\"}}a{{end}}{{define \"t\"}} {{end}}{{template \"t\"}}", "a"),
        Row("definition of the main template", "{{define \"test.tmpl\"}}a{{end}} ", "a"),
        Row("fields of pairs", "{{range gets}}{{.Key}}={{.Value}};{{end}}", "/a=1;/b=2;"),
        Row("methods", "{{(gets).Len}} {{gets.Less 0 1}} {{0 | (gets).Less 1}}", "2 true false"),
        Row("a field of nothing", "[{{.a.b}}][{{(dict).a}}]", "[<no value>][<no value>]"),
        Row("nil in a list", "{{range list nil}}{{.}}{{print .}}{{end}}", "<no value><nil>"),
    ])
    func control(_ row: Row) { #expect(Outcome(row.template) == .output(row.output)) }

    @Test(arguments: [
        Row("and, or", "{{and 1 0 2}} {{or 0 \"\" 3}} {{1 | and 2}} {{0 | or 5}}", "0 3 1 5"),
        Row("short circuit", "{{and false (index (list) 9)}} {{or 1 (index (list) 9)}}", "false 1"),
        // Found by reading: the end of an inner template moved the variables of the one around it.
        Row(
            "a variable under a condition, and a definition after it",
            #"{{$a := 1}}{{and 1 ($x := "A")}}{{$x}}{{define "d"}}{{and 1 ($y := "B")}}{{$y}}{{end}}{{template "d"}}{{$x}}"#,
            "AABBA"),
        Row(
            "the same with a block",
            #"{{$a := 1}}{{or 0 ($x := "A")}}{{block "b" .}}{{$k := 2}}{{and 1 ($y := "B")}}{{$y}}{{$k}}{{end}}{{$x}}{{$a}}"#,
            "ABB2A1"),
        Row(
            "the same in a range",
            #"{{and 1 ($x := "A")}}{{range $i, $e := seq 1 2}}{{and 1 ($z := $e)}}{{$z}}{{$x}}{{end}}{{define "d"}}"#
                + #"{{$q := 1}}{{$r := 2}}{{and 1 ($y := "B")}}{{$y}}{{end}}{{template "d"}}{{$x}}"#,
            "A11A22ABBA"),
        Row("not", "{{not 0}} {{not (list 1)}}", "true false"),
        Row(
            "eq", "{{eq 1 2 1}} {{eq \"a\" \"a\"}} {{eq nil (list) nil}} {{eq 1 (index \"\\x01\" 0)}}",
            "true true true true"),
        Row("order", "{{lt 1 2}} {{le \"a\" \"a\"}} {{gt 1.5 1.0}} {{ge 1 2}}", "true true true false"),
        Row("index", "{{index (list 1 (dict \"a\" 2)) 1 \"a\"}} {{index \"ab\" 1}}", "2 98"),
        Row(
            "slice", "{{slice \"abcd\" 1 3}} {{slice (list 1 2 3) 1}} {{slice (seq 1 5) 0 8}}",
            "bc [2 3] [1 2 3 4 5 0 0 0]"),
        Row("len", "{{len \"é\"}} {{len (list 1 2)}} {{len (dict)}}", "2 2 0"),
        Row("html", "{{html \"<a href='x'>&\\x00\\\"\"}}", "&lt;a href=&#39;x&#39;&gt;&amp;\u{FFFD}&#34;"),
        Row("js", "{{js \"a'b\\\"<=>&\\n\\\\é\\u200b\"}}", "a\\'b\\\"\\u003C\\u003D\\u003E\\u0026\\u000A\\\\é\\u200B"),
        Row("urlquery", "{{urlquery \"a b&é/~\"}}", "a+b%26%C3%A9%2F~"),
        Row("printf", "{{printf \"%d-%s|%5.2f\" 1 \"a\" 2.5}}", "1-a| 2.50"),
        Row("println", "{{println 1 \"a\"}}", "1 a\n"),
        Row("text of nothing", "{{html nil}} {{print nil}}", "&lt;no value&gt; <nil>"),
    ])
    func builtins(_ row: Row) { #expect(Outcome(row.template) == .output(row.output)) }

    @Test func otherDelimiters() {
        var options = Template.Options()
        options.leftDelimiter = Array("<%".utf8)
        options.rightDelimiter = Array("%>".utf8)
        #expect(Outcome("{{<% 1 -%>  }}<%/* c */%>", options: options) == .output("{{1}}"))
        #expect(
            Outcome("<%template \"x\"%>", options: options)
                == .executeError(
                    "template: test.tmpl:1:11: executing \"test.tmpl\" at <<%template \"x\"%>>: template \"x\" not defined",
                    after: ""))
    }

    @Test func bytesThatAreNotTextPassThrough() throws {
        let template = try Template(ByteString([0xFF, 0x7B, 0x7B, 0x2E, 0x7D, 0x7D, 0xC3]), name: "x", functions: [:])
        var output: [UInt8] = [1]
        try template.render(.string(ByteString([0x80, 0x00])), into: &output)
        #expect(output == [1, 0xFF, 0x80, 0x00, 0xC3])
    }

    @Test func functionsSeeTheContextOfTheRendering() throws {
        final class UserData { let text: ByteString = "here" }
        let functions = [
            "where": Function([]) { arguments throws(FunctionError) in
                .string((arguments.userData as? UserData)?.text ?? "nowhere")
            }
        ]
        let template = try Template("{{where}}", name: "x", functions: functions)
        var output: [UInt8] = []
        try template.render(userData: UserData(), into: &output)
        #expect(output == Array("here".utf8))
    }
}

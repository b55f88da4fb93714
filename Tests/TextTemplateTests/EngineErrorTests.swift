import Testing

@testable import TextTemplate

/// Go's words for what goes wrong, and where. The rows were checked against Go.
@Suite struct EngineErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let template: String
        let message: String

        var testDescription: String { template }

        init(_ template: String, _ message: String) {
            self.template = template
            self.message = message
        }
    }

    @Test(arguments: [
        Row("{{", "1: unclosed action"),
        Row("{{\n\"a", "2: unterminated quoted string in action started at test.tmpl:1"),
        Row("{{\n\n1", "3: unclosed action started at test.tmpl:1"),
        Row("{{/* a", "1: unclosed comment"),
        Row("{{/* a */ }}", "1: comment ends before closing delimiter"),
        Row("{{(1}}", "1: unclosed left paren"),
        Row("{{1)}}", "1: unexpected right paren"),
        Row("{{a#}}", "1: bad character U+0023 '#'"),
        Row("{{\u{7}}}", "1: unrecognized character in action: U+0007"),
        Row("{{1a}}", "1: bad number syntax: \"1a\""),
        Row("{{1+i}}", "1: syntax error scanning complex number"),
        Row("{{'ab'}}", "1: malformed character constant: 'ab'"),
        Row("{{99999999999999999999}}", "1: integer overflow: \"99999999999999999999\""),
        Row("{{\"\\q\"}}", "1: invalid syntax"),
        Row("{{if}}{{end}}", "1: missing value for if"),
        Row("{{if 1}}", "1: unexpected EOF"),
        Row("{{end}}", "1: unexpected {{end}}"),
        Row("{{range 1}}{{else}}{{else}}{{end}}", "1: expected end; found {{else}}"),
        Row("{{range 1}}{{else if 1}}{{end}}", "1: unexpected <if> in input"),
        Row("{{1 | 2}}", "1: non executable command in pipeline stage 2"),
        Row("{{range $a, $b, $c := 1}}{{end}}", "1: too many declarations in range"),
        Row("{{range $a, 1}}{{end}}", "1: range can only initialize variables"),
        Row("{{1.x}}", "1: bad number syntax: \"1.x\""),
        Row("{{true.x}}", "1: unexpected . after term \"true\""),
        Row("{{$x}}", "1: undefined variable \"$x\""),
        Row("{{nope 1}}", "1: function \"nope\" not defined"),
        Row("{{break}}", "1: {{break}} outside {{range}}"),
        Row("{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}", "1: template: multiple definition of template \"a\""),
        Row("{{define \"a\"}}{{else}}{{end}}", "1: unexpected {{else}} in define clause"),
        Row("{{template 1}}", "1: unexpected \"1\" in template clause"),
        Row("{{print \"abcdefghijklm\"\"x\"}}", "1: unexpected \"\\\"x\\\"\" in operand"),
        Row("{{print 1 := 2}}", "1: unexpected \":=\" in operand"),
    ])
    func parsing(_ row: Row) {
        #expect(Outcome(row.template) == .parseError("template: test.tmpl:\(row.message)"))
    }

    @Test(arguments: [
        Row("{{nil}}", "1:2: executing \"test.tmpl\" at <nil>: nil is not a command"),
        Row("{{1 2}}", "1:2: executing \"test.tmpl\" at <1>: can't give argument to non-function 1"),
        Row("{{(1) 2}}", "1:2: executing \"test.tmpl\" at <(1) 2>: can't give argument to non-function 1"),
        Row("{{$x = 1}}", "1:7: executing \"test.tmpl\" at <1>: undefined variable: $x"),
        Row(
            "{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}",
            "1:33: executing \"test.tmpl\" at <$x>: undefined variable: $x"),
        Row(
            "{{9223372036854775808}}",
            "1:2: executing \"test.tmpl\" at <9223372036854775808>: 9223372036854775808 overflows int"),
        Row("{{len}}", "1:2: executing \"test.tmpl\" at <len>: wrong number of args for len: want 1 got 0"),
        Row("{{1 | eq}}", "1:6: executing \"test.tmpl\" at <eq>: error calling eq: missing argument for comparison"),
        Row(
            "{{printf}}",
            "1:2: executing \"test.tmpl\" at <printf>: wrong number of args for printf: want at least 1 got 0"),
        Row("{{add nil 1}}", "1:6: executing \"test.tmpl\" at <nil>: cannot assign nil to int"),
        Row("{{add \"1\" 1}}", "1:6: executing \"test.tmpl\" at <\"1\">: expected integer; found \"1\""),
        Row("{{add . 1}}", "1:6: executing \"test.tmpl\" at <.>: invalid value; expected int"),
        Row(
            "{{add (list) 1}}",
            "1:7: executing \"test.tmpl\" at <list>: wrong type for value; expected int; got []interface {}"),
        Row("{{join 1 \",\"}}", "1:7: executing \"test.tmpl\" at <1>: can't handle 1 for arg of type []string"),
        Row(
            "{{(get \"/a\").X}}",
            "1:7: executing \"test.tmpl\" at <\"/a\">: can't evaluate field X in type memkv.KVPair"),
        Row(
            "{{range list 1}}{{.a}}{{end}}",
            "1:18: executing \"test.tmpl\" at <.a>: can't evaluate field a in type interface {}"),
        Row(
            "{{range list nil}}{{.a}}{{end}}",
            "1:20: executing \"test.tmpl\" at <.a>: nil pointer evaluating interface {}.a"),
        Row(
            "{{(get \"/a\").Key 1}}",
            "1:7: executing \"test.tmpl\" at <\"/a\">: Key has arguments but cannot be invoked as function"),
        Row("{{(dict).a 1}}", "1:3: executing \"test.tmpl\" at <dict>: a is not a method but has arguments"),
        Row(
            "{{(gets).Swap 0 1}}",
            "1:3: executing \"test.tmpl\" at <gets>: function Swap has 0 return values; should be 1 or 2"),
        Row(
            "{{(gets).Less 0 9}}",
            "1:8: executing \"test.tmpl\" at <(gets).Less>: error calling Less: runtime error: index out of range [9] with length 2"
        ),
        Row("{{range 1.5}}{{end}}", "1:8: executing \"test.tmpl\" at <1.5>: range can't iterate over 1.5"),
        Row(
            "{{range $i, $e := 3}}{{end}}",
            "1:18: executing \"test.tmpl\" at <3>: can't use 3 to iterate over more than one variable"),
        Row(
            "{{template \"x\"  (print 1) }}",
            "1:11: executing \"test.tmpl\" at <{{template \"x\" (print 1)}}>: template \"x\" not defined"),
        Row(
            "{{call print}}",
            "1:2: executing \"test.tmpl\" at <call print>: error calling call: non-function print of type string"),
        Row(
            "{{index (list) 0 }}",
            "1:2: executing \"test.tmpl\" at <index (list) 0>: error calling index: reflect: slice index out of range"),
        Row(
            "{{  div   1  0|print -}}",
            "1:4: executing \"test.tmpl\" at <div 1 0>: error calling div: runtime error: integer divide by zero"),
        Row(
            "{{lt true false}}",
            "1:2: executing \"test.tmpl\" at <lt true false>: error calling lt: invalid type for comparison"),
        Row(
            "{{eq (list 1) (list 1)}}",
            "1:2: executing \"test.tmpl\" at <eq (list 1) (list 1)>: error calling eq: non-comparable type [%!s(int=1)]: []interface {}"
        ),
    ])
    func executing(_ row: Row) {
        #expect(Outcome(row.template) == .executeError("template: test.tmpl:\(row.message)", after: ""))
    }

    @Test func outputBeforeAnErrorIsKept() {
        #expect(
            Outcome("a{{define \"t\"}}\n{{1 2}}{{end}}{{template \"t\"}}")
                == .executeError(
                    "template: test.tmpl:2:2: executing \"t\" at <1>: can't give argument to non-function 1",
                    after: "a\n"))
    }

    @Test(arguments: [
        (name: "getx", suggestion: "gets"), (name: "prinft", suggestion: "printf"),
        (name: "ToUpper", suggestion: "toUpper"),
        (name: "quite", suggestion: nil as String?),
    ])
    func unknownFunctions(name: String, suggestion: String?) {
        #expect {
            _ = try Template(ByteString("{{\(name)}}"), name: "x", functions: TestFunctions.all)
        } throws: { error in
            (error as? TemplateError)?.kind == .unknownFunction(name: name, suggestion: suggestion)
        }
    }

    @Test func diagnosticsShowTheLine() throws {
        let source: ByteString = "upstream a {\n\tserver {{ prinft \"x\" }};\n}\n"
        do {
            _ = try Template(source, name: "a.tmpl", functions: TestFunctions.all)
            Issue.record("parsed")
        } catch {
            #expect(error.line == 2)
            #expect(error.column == 12)
            let text = Diagnostic(error, path: "conf/a.tmpl", source: source).text.text
            #expect(
                text == """
                    conf/a.tmpl:2:12: function "prinft" not defined
                    \tserver {{ prinft "x" }};
                    \t          ^
                    hint: did you mean "printf"?

                    """)
        }
    }

    /// Report of the fuzzer: where the left delimiter is that of comments, an error in a comment was shown at the first
    /// byte of the template, as if an action had been begun there.
    @Test func commentsThatBeginAsActionsDo() throws {
        var options = Template.Options()
        options.leftDelimiter = Array("/*".utf8)
        options.rightDelimiter = Array("*/".utf8)
        for prefix in ["", "x", "xy"] {
            let source = ByteString(prefix + "a */ /*/* c */b")
            let error = #expect(throws: TemplateError.self) {
                _ = try Template(source, name: "a", functions: [:], options: options)
            }
            #expect(error?.column == prefix.count + 8)
            #expect(error?.hint == nil)
        }
    }

    @Test func diagnosticsOfLongLinesShowAPart() throws {
        let source = ByteString(String(repeating: "x", count: 500) + "{{1 2}}" + String(repeating: "y", count: 500))
        let template = try Template(source, name: "a", functions: [:])
        var output: [UInt8] = []
        do {
            try template.render(into: &output)
            Issue.record("rendered")
        } catch {
            let lines = Diagnostic(error, path: "a", source: source).text.text.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines[1].count == 120)
            #expect(lines[1].hasPrefix("xxx"))
            #expect(lines[2] == String(repeating: " ", count: 60) + "^")
        }
    }
}

import Testing

@testable import TextTemplate

/// Hostile templates end with an error, in a short time and without a stack overflow.
@Suite struct LimitTests {
    private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test func parentheses() {
        #expect(Outcome("{{\(repeated("(", 10_000))1\(repeated(")", 10_000))}}") == .output("1"))
        #expect(
            Outcome("{{\(repeated("(", 10_001))1\(repeated(")", 10_001))}}")
                == .parseError("template: test.tmpl:1: max expression depth exceeded"))
    }

    @Test func templateCalls() {
        #expect(
            Outcome("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}")
                == .executeError(
                    "template: test.tmpl:1:25: executing \"t\" at <{{template \"t\"}}>: exceeded maximum template depth (100000)",
                    after: ""))
        #expect(
            Outcome(
                "{{define \"t\"}}{{if .}}{{template \"t\" (add . -1)}}{{else}}x{{end}}{{end}}{{template \"t\" 90000}}")
                == .output("x"))
    }

    @Test func memoryOfVariables() {
        let variables = (0..<2_000).map { "{{$v\($0) := 1}}" }.joined()
        guard
            case .executeError(let message, _) = Outcome(
                "{{define \"t\"}}\(variables){{template \"t\"}}{{end}}{{template \"t\"}}")
        else {
            Issue.record("rendered")
            return
        }
        #expect(message.contains("exceeded maximum template depth"))
    }

    @Test func openBlocks() {
        #expect(Outcome(repeated("{{if 1}}", 50_000) + "x" + repeated("{{end}}", 50_000)) == .output("x"))
        #expect(Outcome("{{if 0}}" + repeated("{{else if 0}}", 50_000) + "x{{end}}") == .output(""))
        #expect(Outcome(repeated("{{range 1}}", 10_000)) == .parseError("template: test.tmpl:1: unexpected EOF"))
    }

    @Test func output() {
        var options = Template.Options()
        options.limits.outputSize = 10
        #expect(Outcome("{{range 5}}ab{{end}}", options: options) == .output("ababababab"))
        #expect(
            Outcome("{{range 6}}ab{{end}}", options: options)
                == .executeError(
                    "template: test.tmpl:1:8: executing \"test.tmpl\" at <6>: output is larger than 10 bytes",
                    after: "ababababab"))
        #expect(
            Outcome("{{$x := printf \"%20d\" 1}}", options: options)
                == .executeError(
                    "template: test.tmpl:1:22: executing \"test.tmpl\" at <1>: output is larger than 10 bytes",
                    after: ""))
    }

    @Test func time() {
        var options = Template.Options()
        options.limits.isPastDeadline = { true }
        #expect(
            Outcome("{{range 1000000000000}}{{end}}", options: options)
                == .executeError(
                    "template: test.tmpl:1:8: executing \"test.tmpl\" at <1000000000000>: rendering takes too long",
                    after: ""))
    }

    @Test func depthOfValues() {
        guard case .executeError(let message, _) = Outcome("{{$x := list}}{{range 20000}}{{$x = list $x}}{{end}}")
        else {
            Issue.record("rendered")
            return
        }
        #expect(message.hasSuffix("lists and maps nest deeper than 10000 levels"))
    }

    @Test func namesDoNotMakeItSlow() {
        let count = 20_000
        let declared = (0..<count).map { "{{$v\($0) := \($0)}}" }.joined()
        #expect(Outcome(declared + "{{$v\(count - 1)}}") == .output("\(count - 1)"))
        let conditional = (0..<count).map { _ in "{{and 1 ($x := 1)}}{{$x}}" }.joined()
        #expect(Outcome("{{$x := 0}}" + conditional) == .output(repeated("11", count)))
    }
}

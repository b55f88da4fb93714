import Testing

@testable import TextTemplate

/// All errors of a template at once.
@Suite struct CheckTests {
    private static let functions = [
        "known": Function([.string]) { $0[0] }, "count": Function([.string, .int]) { $0[0] },
    ]

    private func check(_ source: String) -> [String] {
        Template.check(ByteString(source), name: "t", functions: Self.functions).map { error in
            "\(error.line):\(error.column): \(error.reason.text)" + (error.hint.map { " | \($0)" } ?? "")
        }
    }

    @Test(arguments: [
        ("fine", "{{known \"x\"}}{{define \"a\"}}{{end}}{{template \"a\"}}", []),
        (
            "unknown functions", "{{nope1 1}}\n{{if nope2}}{{knwon \"x\"}}{{end}}{{nope1}}",
            [
                "1:3: function \"nope1\" not defined", "2:6: function \"nope2\" not defined",
                "2:15: function \"knwon\" not defined | did you mean \"known\"?",
            ]
        ),
        (
            "an unknown function before an error of syntax", "{{nope1}}{{if}}",
            ["1:3: function \"nope1\" not defined", "1:14: missing value for if"]
        ),
        (
            "unknown templates, wherever they are called",
            "{{define \"a\"}}{{template \"c\"}}{{end}}{{define \"footer\"}}x{{end}}{{template \"foter\" 1}}",
            [
                "1:26: executing \"a\" at <{{template \"c\"}}>: template \"c\" not defined | did you mean \"a\"?",
                "1:76: executing \"t\" at <{{template \"foter\" 1}}>: template \"foter\" not defined"
                    + " | did you mean \"footer\"?",
            ]
        ),
        (
            "calls that cannot succeed", "{{known}} {{count \"a\" \"b\"}}",
            [
                "1:3: executing \"t\" at <known>: wrong number of args for known: want 1 got 0",
                "1:23: executing \"t\" at <\"b\">: expected integer; found \"b\"",
            ]
        ),
        ("what only data can tell", "{{known .x}}{{.x.y}}{{index .x 1}}", []),
    ])
    func findings(_ name: String, _ source: String, _ expected: [String]) {
        #expect(check(source) == expected)
    }

    /// The hint is there when the template is executed, too.
    @Test func missingTemplateIsSuggested() throws {
        let template = try Template("{{define \"head\"}}{{end}}{{template \"haed\"}}", name: "t", functions: [:])
        var output: [UInt8] = []
        let error = #expect(throws: TemplateError.self) { try template.render(into: &output) }
        #expect(error?.hint == "did you mean \"head\"?")
    }
}

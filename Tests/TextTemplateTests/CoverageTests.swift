import Testing

@testable import TextTemplate

/// What a trace tells about the actions of a template.
@Suite struct CoverageTests {
    /// `line:column: text count`, and with two sides `entered/skipped`.
    private func coverage(_ source: String, _ dots: [Value], _ options: Template.Options = .init()) throws -> [String] {
        let template = try Template(ByteString(source), name: "t", functions: [:], options: options)
        let trace = ExecutionTrace(of: template)
        for dot in dots {
            var output: [UInt8] = []
            try template.render(
                dot, userData: nil, limits: Limits(), into: &output, trace: .execution(trace), note: { _ in })
            var plain: [UInt8] = []
            try template.render(dot, into: &plain)
            #expect(plain == output)
        }
        return template.coverage(trace).map { action in
            let sides = action.sides.map { " \($0.entered)/\($0.skipped)" } ?? ""
            return "\(action.line):\(action.column): \(action.text.text) \(action.count)\(sides)"
        }
    }

    private static let list = Value.slice(Slice(.any, [.int(1), .int(2)]))

    @Test func conditions() throws {
        let source = "{{if .}}a{{else if eq 1 1}}b{{else}}{{print 1}}{{end}}"
        #expect(
            try coverage(source, [.int(1), .int(0), .int(0)]) == [
                "1:1: {{if .}} 3 1/2", "1:10: {{else if eq 1 1}} 2 2/0", "1:37: {{print 1}} 0",
            ])
    }

    @Test func ranges() throws {
        let source = "{{range $i, $v := .}}{{$v}}{{if $i}}{{break}}{{end}}\n{{else}}none{{.}}{{end}}"
        #expect(
            try coverage(source, [Self.list, .slice(Slice(.any, []))]) == [
                "1:1: {{range $i, $v := .}} 2 1/1", "1:22: {{$v}} 2", "1:28: {{if $i}} 2 1/1", "2:13: {{.}} 1",
            ])
    }

    @Test func templates() throws {
        let source = #"{{define "a"}}{{.}}{{end}}{{define "b"}}{{. | print}}{{end}}{{with .}}{{template "a" .}}{{end}}"#
        #expect(
            try coverage(source, [.int(1)]) == [
                "1:15: {{.}} 1", "1:41: {{. | print}} 0", "1:61: {{with .}} 1 1/0", "1:71: {{template \"a\" .}} 1",
            ])
    }

    @Test func delimitersAndComments() throws {
        var options = Template.Options()
        options.leftDelimiter = Array("<<".utf8)
        options.rightDelimiter = Array(">>".utf8)
        #expect(
            try coverage("{{x}}<</* a */>>\n<<- $x := . >><<$x>>", [.int(1)], options) == [
                "2:1: <<- $x := . >> 1", "2:15: <<$x>> 1",
            ])
    }
}

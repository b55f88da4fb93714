import Testing
import TextTemplate

/// The library as the README shows it: only what is public.
@Suite struct LibraryUseTests {
    @Test func theExampleOfTheReadme() throws {
        let shout = Function([.string]) { .string(ByteString($0.string(0).text.uppercased())) }
        var output: [UInt8] = []
        do throws(TemplateError) {
            let template = try Template("Hello {{ .name | shout }}!\n", name: "hello", functions: ["shout": shout])
            try template.render(.map(Map([("name", .string("world"))])), into: &output)
        } catch {
            print("\(error.line):\(error.column): \(error.reason.text)")
        }
        #expect(String(decoding: output, as: UTF8.self) == "Hello WORLD!\n")
    }

    @Test func associatedTemplates() throws {
        let template = try Template(
            "{{define \"a\"}}<{{.}}>{{end}}{{block \"b\" 1}}[{{.}}]{{end}}", name: "main", functions: [:])
        #expect(template.names == ["a", "b", "main"])
        var output: [UInt8] = []
        try #require(template.template(named: "a")).render(.int(7), into: &output)
        try template.render(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "<7>[1]")
        #expect(template.template(named: "c").map { _ in true } == nil)
    }

    @Test func aSinkTakesTheOutputInPieces() throws {
        let text = "{{range $i := 100000}}{{$i}},{{end}}"
        let template = try Template(ByteString(text), name: "long", functions: [:])
        var whole: [UInt8] = []
        try template.render(into: &whole)
        var pieces: [[UInt8]] = []
        try template.render { pieces.append(Array($0)) }
        #expect(pieces.count > 5)
        #expect(Array(pieces.joined()) == whole)
    }

    @Test func aSinkGetsWhatWasWrittenBeforeAnError() throws {
        var limits = Limits()
        limits.outputSize = 200_000
        let template = try Template("{{range 100000}}abc{{end}}", name: "long", functions: [:])
        var count = 0
        #expect(throws: TemplateError.self) { try template.render(limits: limits) { count += $0.count } }
        #expect((199_000...200_000).contains(count))
    }

    @Test func errorsAreData() throws {
        do throws(TemplateError) {
            _ = try Template("a\n  {{ shuot }}", name: "hello", functions: ["shout": Function([]) { _ in .invalid }])
            Issue.record("no error")
        } catch {
            #expect(error.phase == .parse)
            #expect(error.kind == .unknownFunction(name: "shuot", suggestion: "shout"))
            #expect((error.line, error.column) == (2, 6))
            #expect(error.description.text == "template: hello:2: function \"shuot\" not defined")
        }
    }
}

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

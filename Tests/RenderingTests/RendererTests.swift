import KeyValue
import Testing
import TextTemplate

@testable import Rendering

/// Templates that are parsed once and rendered over several snapshots.
@Suite struct RendererTests {
    private let renderer = Renderer()

    private func snapshot(_ pairs: KeyValuePairs<String, String>) -> Snapshot {
        Snapshot(pairs.map { (Array($0.key.utf8), Array($0.value.utf8)) })
    }

    private func render(
        _ template: ByteString, over snapshot: Snapshot, in environment: TestEnvironment = TestEnvironment()
    ) throws -> RenderOutcome {
        renderer.render(try CompiledTemplate(template, name: "t"), over: snapshot, in: environment)
    }

    @Test func aTemplateServesSeveralSnapshots() throws {
        let template = try CompiledTemplate(#"{{getv "/a" "none"}}{{range gets "/l/*"}} {{.Value}}{{end}}"#, name: "t")
        let first = snapshot(["/a": "1", "/l/x": "2", "/l/y": "3"])
        #expect(renderer.render(template, over: first, in: TestEnvironment()).output == Array("1 2 3".utf8))
        #expect(renderer.render(template, over: snapshot([:]), in: TestEnvironment()).output == Array("none".utf8))
    }

    @Test func aFailureKeepsWhatWasWritten() throws {
        let rendered = try render(#"ab{{getv "/missing"}}cd"#, over: snapshot([:]))
        #expect(rendered.output == Array("ab".utf8))
        #expect(
            rendered.failure?.description.text
                == #"template: t:1:4: executing "t" at <getv "/missing">: error calling getv: key does not exist: /missing"#
        )
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let template: ByteString
        let key: String
        let matters: Bool

        init(_ name: String, _ template: ByteString, _ key: String, _ matters: Bool) {
            (self.name, self.template, self.key, self.matters) = (name, template, key, matters)
        }

        var testDescription: String { name }
    }

    /// Whether a rendering depends on a key: the key is added to a snapshot without it.
    @Test(arguments: [
        Change("a key that was read", #"{{getv "/a/b" "x"}}"#, "/a/b", true),
        Change("another key", #"{{getv "/a/b" "x"}}"#, "/a/c", false),
        Change("a key that was missing", #"{{getv "/a/b"}}"#, "/a/b", true),
        Change("a key that was asked for", #"{{exists "/a/b"}}"#, "/a/b", true),
        Change("a key below a pattern", #"{{len (gets "/a/*")}}"#, "/a/b", true),
        Change("a key beside a pattern", #"{{len (gets "/a/*")}}"#, "/b/b", false),
        Change("values of a pattern", #"{{getvs "/a/*"}}"#, "/a/b", true),
        Change("a name in a folder", #"{{ls "/a"}}"#, "/a/b", true),
        Change("a name in another folder", #"{{ls "/a"}}"#, "/b/b", false),
        Change("a folder", #"{{lsdir "/a"}}"#, "/a/b/c", true),
        Change("nothing read at all", "text", "/a", false),
        Change("what an included template reads", #"{{include "i"}}"#, "/i", true),
        Change("what an included template does not read", #"{{include "i"}}"#, "/j", false),
    ])
    func readsAreNoted(_ change: Change) throws {
        var environment = TestEnvironment()
        environment.templates = ["i": #"{{getv "/i" ""}}"#]
        let before = snapshot(["/z": "1"])
        let after = Snapshot([(Array("/z".utf8), Array("1".utf8)), (Array(change.key.utf8), Array("2".utf8))])
        let rendered = try render(change.template, over: before, in: environment)
        #expect(rendered.reads.intersects(after.difference(from: before)) == change.matters)
    }

    @Test func includesAreNoted() throws {
        var environment = TestEnvironment()
        environment.templates = ["a": #"{{include "b"}}"#, "b": "B"]
        let rendered = try render(#"{{include "a"}}{{include "sub/../b"}}"#, over: snapshot([:]), in: environment)
        #expect(rendered.output == Array("BB".utf8))
        #expect(rendered.includes == ["/templates/a", "/templates/b"])
        let failed = try render(#"{{include "none"}}"#, over: snapshot([:]), in: environment)
        #expect(failed.includes == ["/templates/none"])
    }

    @Test func aChangedIncludeIsParsedAgain() throws {
        let template = try CompiledTemplate(#"{{include "a"}}"#, name: "t")
        var environment = TestEnvironment()
        for text in ["one", "two", "{{if}}", "three"] {
            environment.templates = ["a": ByteString(text)]
            let rendered = renderer.render(template, over: snapshot([:]), in: environment)
            if text.hasPrefix("{") {
                #expect(
                    rendered.failure?.message.text.hasSuffix(
                        "error calling include: parse include a: template: a:1: missing value for if") == true)
            } else {
                #expect(rendered.output == Array(text.utf8))
            }
        }
    }

    @Test func linksOutOfTheFolderAreRefused() throws {
        struct Escaping: Environment {
            let base = TestEnvironment()
            var now: Time { base.now }
            var templateFolder: ByteString { base.templateFolder }
            func variable(_ name: ByteString) -> ByteString? { nil }
            func hostName() throws(EnvironmentError) -> ByteString { "" }
            func addresses(ofHost host: ByteString) -> [ByteString]? { nil }
            func services(_ service: ByteString, protocol: ByteString, name: ByteString) -> [ServiceRecord]? { nil }
            func localAddress() throws(EnvironmentError) -> ByteString { "" }
            func addresses(ofInterface name: ByteString) -> [ByteString] { [] }
            func fileExists(_ path: ByteString) -> Bool { false }
            func template(at path: ByteString) throws(TemplateLoadError) -> ByteString { throw .outsideFolder }
        }
        let template = try CompiledTemplate(#"{{include "link"}}"#, name: "t")
        let rendered = renderer.render(template, over: snapshot([:]), in: Escaping())
        #expect(
            rendered.failure?.message.text.hasSuffix(
                #"error calling include: include path "link" is outside template directory"#) == true)
    }

    @Test func delimitersCanBeSet() throws {
        var options = Template.Options()
        options.leftDelimiter = Array("<<".utf8)
        options.rightDelimiter = Array(">>".utf8)
        let template = try CompiledTemplate("<<add 1 2>>{{}}", name: "t", options: options)
        #expect(renderer.render(template, over: snapshot([:]), in: TestEnvironment()).output == Array("3{{}}".utf8))
    }

    @Test func listsAreMadeAsTheyAreUsedAndThenChanged() throws {
        let data = snapshot(["/a": "1", "/bb": "2", "/c": "3"])
        let template: ByteString =
            #"{{$p := gets "/*"}}{{range $p}}{{.Key}}{{end}} {{range sortKVByLength $p}}{{.Key}}{{end}} {{range $p}}{{.Key}}{{end}}"#
        #expect(try render(template, over: data).output == Array("/a/bb/c /a/c/bb /a/c/bb".utf8))
    }
}

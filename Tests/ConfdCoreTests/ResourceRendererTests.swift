import KeyValue
import Posix
import TestSupport
import Testing
import TextTemplate

@testable import Applying
@testable import Configuration

/// Templates of resources: parsed once, kept while they are broken, and what is said of their failures.
@Suite struct ResourceRendererTests {
    /// A renderer over a directory of its own.
    private struct Rig: TestConfdir {
        let directory: TemporaryDirectory
        let renderer: ResourceRenderer
        let settings: Settings

        init(_ flags: [String] = []) throws {
            directory = try Self.makeDirectory()
            settings = try Confdir(directory).settings(["-watch"] + flags)
            renderer = ResourceRenderer(settings)
        }

        func definition(_ name: String = "app") throws -> Resource {
            let loaded = try ResourceLoader(settings, environment: [:]).load(only: "\(name).toml")
            return try #require(loaded.resources.first, "\(loaded.errors)")
        }

        /// The result of a rendering, and the report about its template.
        struct Rendering {
            let result: RenderResult
            /// nil if nothing was said; `.some(nil)` if it was said to be good.
            let template: StepFailure??
            var text: String? { (try? result.content.get()).map { String(decoding: $0, as: UTF8.self) } }
            var failure: StepFailure? {
                if case .failure(let failure) = result.content { failure } else { nil }
            }
        }

        func render(_ resource: Resource, _ pairs: [String: String] = ["/app/name": "one"]) -> Rendering {
            // The keys of the backend, also those outside of the resource's ranges.
            let keys = Snapshot(pairs.map { (key: Array($0.key.utf8), value: Array($0.value.utf8)) }, revision: 1)
            let view = keys.view(of: resource.ranges, strippingPrefix: resource.prefix)
            var said: StepFailure??
            let result = renderer.render(
                resource, view, nil, store: keys, isUnwanted: { false }, report: { failure, _ in said = failure })
            return Rendering(result: result, template: said)
        }
    }

    @Test func aTemplateIsReadAnewWhenItsBytesChange() throws {
        let rig = try Rig()
        try rig.resource("app")
        let resource = try rig.definition()
        #expect(rig.render(resource).text == "one")
        #expect(rig.render(resource, ["/app/name": "two"]).text == "two")
        try rig.template("app", #"edited {{getv "/app/name"}}"#)
        #expect(rig.render(resource).text == "edited one")
    }

    /// Report: "the template sees no keys at all" was said of a wrong prefix, of wrong keys and of an empty store.
    @Test func saysWhyThereAreNoKeys() throws {
        let rig = try Rig()
        func hint(_ keys: [String], _ fields: String = "", _ pairs: [String: String] = [:]) throws -> String? {
            try rig.resource("app", keys: keys, fields: fields)
            return rig.render(try rig.definition(), pairs).failure?.hint
        }
        #expect(try hint([]) == "the resource has no keys = […], so its template sees none")
        #expect(try hint(["/app"]) == "there is no key below /app: confd -preflight says what there is")
        #expect(
            try hint(["/app"], "prefix = \"/prod\"")
                == "there is no key below /prod/app, with the prefix \"/prod\": confd -preflight says what there is")
        #expect(
            try hint(["/app"], "", ["/apps/name": "x"]) == "there is no key below /app: did you mean \"/apps\"?")
        #expect(try hint(["/other"]) == "it is not below keys = [\"/other\"]")
    }

    @Test func aBrokenTemplateKeepsItsLastGoodVersion() throws {
        let rig = try Rig()
        try rig.resource("app")
        let resource = try rig.definition()
        _ = rig.render(resource)
        try rig.template("app", "line\n{{if}}")
        let broken = rig.render(resource, ["/app/name": "two"])
        #expect(broken.text == "two")
        let failure = try #require(broken.template.flatMap { $0 })
        #expect(failure.message == "\(rig.directory("templates/app.tmpl")):2:5: missing value for if")
        #expect(failure.diagnosis?.excerpt == "{{if}}\n    ^\n" && failure.place?.line == 2)
        try Files.unlink(rig.directory("templates/app.tmpl"))
        let gone = rig.render(resource)
        #expect(gone.text == "one")
        #expect(gone.template.flatMap { $0 }?.message.hasPrefix("Missing template: ") == true)
        try rig.template("app", "mended")
        let mended = rig.render(resource)
        #expect(mended.text == "mended")
        guard case .some(.none) = mended.template else {
            Issue.record("the report that it is good again is missing")
            return
        }
    }

    @Test func withoutAGoodVersionThereIsNothing() throws {
        let rig = try Rig()
        try rig.resource("app", template: "{{")
        let resource = try rig.definition()
        #expect(rig.render(resource).failure?.message.hasSuffix("app.tmpl:1:1: unclosed action") == true)
        #expect(rig.renderer.problem(of: resource) != nil)
        try Files.unlink(rig.directory("templates/app.tmpl"))
        #expect(rig.render(resource).failure?.message.hasPrefix("Missing template: ") == true)
        try rig.template("app", "x")
        #expect(rig.renderer.problem(of: resource) == nil)
        // A template that was found to be good is not read again before it is rendered.
        try rig.template("app", "{{")
        #expect(rig.renderer.problem(of: resource) == nil)
    }

    /// One file, two resources with delimiters of their own.
    @Test func delimitersMakeAnotherTemplate() throws {
        let rig = try Rig()
        try rig.resource("app", template: #"{{getv "/app/name"}} [[getv "/app/name"]]"#)
        try rig.resourceFile(
            "other",
            "[template]\nsrc = \"app.tmpl\"\ndest = \"\(rig.path("other"))\"\nkeys = [\"/app\"]\n"
                + "left_delimiter = \"[[\"\nright_delimiter = \"]]\"\n")
        #expect(rig.render(try rig.definition()).text == #"one [[getv "/app/name"]]"#)
        #expect(rig.render(try rig.definition("other")).text == #"{{getv "/app/name"}} one"#)
    }

    // MARK: - What a rendering depends on

    /// Found by reading: hosts whose age identities differ gave one change several names, and waited for each other.
    @Test func theIdentityIsASourceAndNoPartOfAChange() throws {
        let identities = [
            "AGE-SECRET-KEY-15NG638KMTY5939LM7QHD7TGZSNQZFYTSH8LM0X97T9HDN97VMYNQZGMQ4J",
            "AGE-SECRET-KEY-1GJRH0CA5JACA0MG0Y7C4TWKN9Y9SG9T5M265P6PM2Y3PSD48879SG5WL73",
        ]
        let identityFolder = try TemporaryDirectory()
        var names: Set<String?> = []
        for (number, identity) in identities.enumerated() {
            let path = identityFolder("\(number).key")
            try identityFolder.write("\(number).key", identity, mode: 0o600)
            let rig = try Rig(["-age-identity", path])
            try rig.resource("app", template: #"{{decrypt "/app/name"}}"#)
            let inputs = rig.render(try rig.definition()).result.inputs
            #expect(Set(inputs.sources.keys) == [path, rig.directory("templates/app.tmpl")])
            names.insert(RolloutBasis(keys: [1], permitted: [], isReloaded: false).changeID(of: inputs))
        }
        #expect(names.count == 1 && !names.contains(nil))
    }

    @Test func whatWasReadIsNoted() throws {
        let rig = try Rig()
        try rig.resource("app", template: #"{{getv "/app/name"}}{{include "part.tmpl"}}{{include "gone.tmpl"}}"#)
        try rig.template("part", "part")
        let inputs = rig.render(try rig.definition()).result.inputs
        let sources = ["app", "part", "gone"].map { rig.directory("templates/\($0).tmpl") }
        #expect(Set(inputs.sources.keys) == Set(sources))
        #expect(inputs.sources[sources[2]] == .some(nil), "that it is not there is noted too")
        #expect(Set(inputs.templates) == Set(sources))
        #expect(inputs.sourcesAreCurrent && inputs.reads != nil && !inputs.readsHealth && !inputs.readsIndex)
        try rig.template("part", "another")
        #expect(!inputs.sourcesAreCurrent)
    }

    /// A template that does not parse reads no key, so that only a change of the template itself matters.
    @Test func aFailureIsMadeFromItsTemplate() throws {
        let rig = try Rig()
        try rig.resource("app", template: "{{")
        let inputs = rig.render(try rig.definition()).result.inputs
        #expect(Array(inputs.sources.keys) == [rig.directory("templates/app.tmpl")])
    }

    // MARK: - What is said

    /// Go's error messages quote values: they are removed from ours, unless the value stands in the template itself.
    @Test(arguments: [
        (#"{{atoi (getv "/app/name")}}"#, false), (#"{{atoi "s3cret"}}"#, true),
        (#"{{index (split (getv "/app/name") "-") 7}}"#, false),
    ])
    func valuesAreNotShown(_ template: String, _ isShown: Bool) throws {
        let rig = try Rig()
        try rig.resource("app", template: template)
        let failure = try #require(rig.render(try rig.definition(), ["/app/name": "s3cret"]).failure)
        #expect(failure.message.contains("s3cret") == isShown, "\(failure.message)")
        #expect(failure.diagnosis?.excerpt.contains("s3cret") == isShown)
        #expect(failure.hint?.contains("s3cret") ?? false == false)
    }

    @Test func aKeyThatIsNotShownToTheTemplateHasAHint() throws {
        let rig = try Rig()
        try rig.resource("app", template: #"{{getv "/other/name"}}"#)
        let failure = try #require(rig.render(try rig.definition()).failure)
        #expect(failure.diagnosis?.key == "/other/name" && failure.hint == "it is not below keys = [\"/app\"]")
        try rig.template("app", #"{{getv "/app/none"}}"#)
        let missing = try #require(rig.render(try rig.definition()).failure)
        #expect(missing.diagnosis?.key == "/app/none" && missing.hint?.contains("keys = [") != true)
    }

    @Test(arguments: [false, true]) func anAbsentValueIsAWarningOrAnError(_ isStrict: Bool) throws {
        let rig = try Rig(isStrict ? ["-strict"] : [])
        try rig.resource("app", template: #"{{(json "{}").port}}"#)
        let rendering = rig.render(try rig.definition())
        #expect(rendering.text == (isStrict ? nil : "<no value>"))
        let said = rendering.failure?.message ?? rendering.result.warnings.first?.text ?? ""
        #expect(said.hasPrefix("\(rig.directory("templates/app.tmpl")):1:"), "\(said)")
        #expect(said.contains(": <no value> is written here, there is nothing: "), "\(said)")
    }
}

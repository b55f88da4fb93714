import Rollout
import TestSupport
import Testing

@testable import Configuration

/// Parses a resource with these fields of `[template.rollout]`, and `confd.toml` with this text.
private func parse(
    _ fields: String?, settings text: String = "", options: [String] = [], keys: String = "keys = [\"/a\"]"
) throws -> ResourceParser.Result {
    let directory = try TemporaryDirectory()
    try directory.write("confd.toml", text)
    var loader = SettingsLoader(environment: [:])
    let settings = try loader.load(
        ["-node", "http://127.0.0.1:1", "-config-file", directory.path + "/confd.toml"] + options)
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: [:], templateFolder: directory.path, defaultLayers: settings.layers)
    let table = fields.map { "[template.rollout]\n\($0)\n" } ?? ""
    let resource = "[template]\nsrc = \"a.tmpl\"\ndest = \"/tmp/x\"\n\(keys)\n\(table)"
    return parser.parse(Array(resource.utf8), path: "r.toml", name: "r.toml")
}

@Suite struct RolloutDefinitionTests {
    @Test func readsAllFields() throws {
        let result = try parse(
            """
            group = "web-proxies"
            canary = "proxy-01*,proxy-02"
            verify_cmd = ["curl", "-fsS", "http://127.0.0.1/health"]
            verify_timeout = "5s"
            soak = "2m"
            max_parallel = "25%"
            on_failure = "halt"
            """)
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        let rollout = try #require(result.resources.first?.rollout)
        #expect(rollout.group == "web-proxies" && rollout.verify != nil && rollout.verifyTimeout == .seconds(5))
        #expect(
            rollout.policy
                == RolloutPolicy(
                    canary: .named(["proxy-01*", "proxy-02"]), maxParallel: .percent(25), soak: .seconds(120),
                    verifies: true))
        #expect(rollout.keys(of: "sites/a.toml").path == "/_confd/rollout/web-proxies/sites:a.toml")
    }

    @Test func defaults() throws {
        let policy = try #require(try parse("group = \"a\"").resources.first?.rollout).policy
        #expect(
            policy
                == RolloutPolicy(
                    canary: .first(.hosts(1)), maxParallel: .percent(10), soak: .seconds(60), verifies: false))
        #expect(try parse(nil).resources.first?.rollout == nil)
    }

    @Test func completesTheResourceByTheSettings() throws {
        let settings = "[rollout]\ngroup = \"all\"\ncanary = 0\nsoak = 5\n"
        let alone = try #require(try parse(nil, settings: settings).resources.first?.rollout)
        #expect(alone.group == "all" && alone.policy.canary == .none && alone.policy.soak == .seconds(5))
        let both = try #require(try parse("canary = \"5%\"", settings: settings).resources.first?.rollout)
        #expect(both.group == "all" && both.policy.canary == .first(.percent(5)) && both.policy.soak == .seconds(5))
        // Nothing of it can be rolled out.
        #expect(try parse(nil, settings: settings, keys: "").errors.isEmpty)
    }

    @Test(arguments: [
        ("canary = \"1\"", "r.toml:5:11: rollout: names no group"),
        ("group = \"a/b\"", "r.toml:6:9: group: \"a/b\" is not a name for a group"),
        ("group = \"..\"", "r.toml:6:9: group: \"..\" is not a name for a group"),
        ("group = \"\"", "r.toml:6:9: group: \"\" is not a name for a group"),
        (
            "group = \"a\"\ncanary = \"0%\"",
            "r.toml:7:10: canary: \"0%\" is neither a number of hosts, a percentage nor names of hosts"
        ),
        (
            "group = \"a\"\ncanary = -1",
            "r.toml:7:10: canary: \"-1\" is neither a number of hosts, a percentage nor names of hosts"
        ),
        (
            "group = \"a\"\ncanary = \"a,,b\"",
            "r.toml:7:10: canary: \"a,,b\" is neither a number of hosts, a percentage nor names of hosts"
        ),
        (
            "group = \"a\"\ncanary = \"[\"",
            "r.toml:7:10: canary: \"[\" is neither a number of hosts, a percentage nor names of hosts"
        ),
        (
            "group = \"a\"\nmax_parallel = 0",
            "r.toml:7:16: max_parallel: \"0\" is neither a number of hosts nor a percentage"
        ),
        (
            "group = \"a\"\nmax_parallel = \"101%\"",
            "r.toml:7:16: max_parallel: \"101%\" is neither a number of hosts nor a percentage"
        ),
        ("group = \"a\"\non_failure = \"go-on\"", "r.toml:7:14: on_failure: \"go-on\" is not \"halt\""),
    ])
    func refuses(_ fields: String, _ message: String) throws {
        let result = try parse(fields)
        #expect(result.errors.map(\.summary) == [message])
        #expect(result.resources.isEmpty)
    }

    @Test(arguments: [
        (["-backend", "file", "-file", "a"], "hosts cannot tell each other whose turn it is through the file backend"),
        (["-backend", "etcdv2"], "hosts cannot tell each other whose turn it is through the etcdv2 backend"),
        (["-onetime"], "-onetime does not wait for other hosts"),
    ])
    func refusesWhatCannotBe(_ options: [String], _ message: String) throws {
        let result = try parse("group = \"a\"", options: options)
        #expect(result.errors.map(\.summary) == ["r.toml:5:11: rollout: \(message)"])
    }

    @Test func namesWhatIsWrongInTheSettings() throws {
        let error = #expect(throws: SettingsError.self) {
            try parse(nil, settings: "[rollout]\nmax_parallel = \"x\"\n")
        }
        #expect(error?.message == "max_parallel: \"x\" is neither a number of hosts nor a percentage")
        #expect(error?.location?.tomlPosition?.line == 2)
    }
}

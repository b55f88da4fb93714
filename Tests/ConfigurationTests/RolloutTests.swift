import Rollout
import TestSupport
import Testing

@testable import Configuration

/// Parses a resource with these fields of `[template.rollout]`, and `confd.toml` with this text.
private func parse(
    _ fields: String?, settings text: String = "", options: [String] = [], keys: String = "keys = [\"/a\"]",
    more: String = "", destination: String = "/nowhere/x", environment: [String: String] = [:]
) throws -> ResourceParser.Result {
    let directory = try TemporaryDirectory()
    try directory.write("confd.toml", text)
    var loader = SettingsLoader(environment: environment)
    let settings = try loader.load(
        ["-node", "http://127.0.0.1:1", "-config-file", directory.path + "/confd.toml"] + options)
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: environment, templateFolder: directory.path, defaultLayers: settings.layers)
    let table = fields.map { "[template.rollout]\n\($0)\n" } ?? ""
    let resource = "[template]\nsrc = \"a.tmpl\"\ndest = \"\(destination)\"\n\(keys)\n\(table)\(more)"
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
        // A resource without keys cannot be rolled out: that the settings have a rollout is no error there.
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

    // MARK: - Verification

    private func request(_ result: ResourceParser.Result) throws -> ServiceRequest {
        #expect(result.errors.isEmpty && result.warnings.isEmpty, "\(result.errors.map(\.summary))")
        let rollout = try #require(result.resources.first?.rollout)
        #expect(rollout.policy.verifies)
        guard case .request(let request)? = rollout.verify else {
            throw SupportError("no request: \(String(describing: rollout.verify))")
        }
        return request
    }

    @Test func verifiesByARequest() throws {
        let short = try request(try parse("group = \"a\"\nverify_http = { url = \"http://h/health\" }"))
        #expect(short.method == "GET" && short.url.name == "http://h/health" && short.expectedStatus.contains(204))
        let long = try request(
            try parse(
                """
                group = "a"
                [template.rollout.verify_http]
                url = "unix:///run/app.sock:/check"
                method = "POST"
                headers = { Host = "shop" }
                body_file = "{{.dest}}"
                expect_status = "200,204"
                token_file = "/run/token"
                """))
        #expect(long.method == "POST" && long.tokenFile == "/run/token" && long.headers.map(\.name) == ["Host"])
        #expect(try long.bodyPath(destination: "/d e") == "/d e" && !long.expectedStatus.contains(201))
    }

    /// The resource's own verification replaces that of confd.toml, also where one is a command and the other a request.
    @Test func aVerificationReplacesTheOther() throws {
        let settings = "[rollout]\ngroup = \"a\"\nverify_http = { url = \"${BASE}/health\" }\n"
        let environment = ["BASE": "http://h:1"]
        let common = try request(try parse("canary = 1", settings: settings, environment: environment))
        #expect(common.url.text == "http://h:1/health")
        let own = try parse("verify_cmd = \"true\"", settings: settings, environment: environment)
        guard case .command? = own.resources.first?.rollout?.verify else {
            throw SupportError("no command: \(own.errors.map(\.summary))")
        }
        let error = #expect(throws: SettingsError.self) { try parse("canary = 1", settings: settings) }
        #expect(error?.message == "url: variable BASE is not set" && error?.location?.tomlPosition?.line == 3)
    }

    @Test(arguments: [
        ("verify_cmd = []", "r.toml:7:14: verify_cmd: is an empty array"),
        ("verify_cmd = [\"a\", 1]", "r.toml:7:20: verify_cmd: an integer where a string is expected"),
        (
            "verify_cmd = \"true\"\nverify_http = { url = \"http://h/\" }",
            "r.toml:8:15: verify_http: verify_cmd and verify_http exclude each other"
        ),
        ("verify_http = \"http://h/\"", "r.toml:7:15: verify_http: a string is not a table"),
        ("verify_http = {}", "r.toml:7:15: url: is required and must not be empty"),
        (
            "verify_http = { url = \"ftp://h/\" }",
            "r.toml:7:23: url: begins with neither http://, https:// nor unix:///"
        ),
        (
            "verify_http = { url = \"http://h/\", headers = { Cookie = \"a\" } }",
            "r.toml:7:57: headers: credentials do not belong in a resource file: \"Cookie\""
        ),
        (
            "verify_http = { url = \"http://h/\", body_file = \"{{.dest}}\" }",
            "r.toml:7:48: body_file: GET has no body"
        ),
    ])
    func refusesVerifications(_ fields: String, _ message: String) throws {
        let result = try parse("group = \"a\"\n\(fields)")
        #expect(result.errors.map(\.summary) == [message])
        #expect(result.resources.isEmpty)
    }

    @Test func namesUnknownFieldsOfARequest() throws {
        let result = try parse("group = \"a\"\nverify_http = { url = \"http://h/\", expect = 200 }")
        #expect(
            result.warnings.map(\.summary)
                == ["r.toml:7:36: unknown key \"expect\" in verify_http of [template.rollout]"])
    }

    // MARK: - What does not go together

    private static let apply =
        "[template.apply]\ndriver = \"haproxy\"\nsocket = \"/run/h.sock\"\nbackend = \"b\"\n"

    @Test(arguments: [
        ("/nowhere/{{.name}}", "for_each = \"/a/*\"\nkeys = [\"/a\"]", "", "for_each"),
        ("/nowhere/x", "keys = [\"/a\"]", apply, "[template.apply]"),
    ])
    func refusesFieldsByName(
        _ destination: String, _ keys: String, _ more: String, _ name: String
    ) throws {
        let own = try parse("group = \"a\"", keys: keys, more: more, destination: destination)
        let line = keys.split(separator: "\n").count + 4
        #expect(own.errors.map(\.summary) == ["r.toml:\(line):11: rollout: cannot be used with \(name)"])
        #expect(own.errors.first?.hint?.hasPrefix("a turn that fails puts") == true && own.resources.isEmpty)
        let settings = "[rollout]\ngroup = \"a\"\n"
        let common = try parse(nil, settings: settings, keys: keys, more: more, destination: destination)
        #expect(
            common.errors.map(\.summary) == [
                "r.toml:\(name == "for_each" ? "4:12" : "5:11"): rollout: cannot be used with \(name)"
            ])
        #expect(common.errors.first?.hint?.contains("move it into those") == true && common.resources.isEmpty)
    }

    @Test func namesWhatIsWrongInTheSettings() throws {
        let error = #expect(throws: SettingsError.self) {
            try parse(nil, settings: "[rollout]\nmax_parallel = \"x\"\n")
        }
        #expect(error?.message == "max_parallel: \"x\" is neither a number of hosts nor a percentage")
        #expect(error?.location?.tomlPosition?.line == 2)
    }
}

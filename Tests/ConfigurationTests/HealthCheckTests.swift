import Checks
import Posix
import TestSupport
import Testing

@testable import Configuration

/// Parses a resource file against a templates folder that holds `a.tmpl`.
private func parse(
    _ text: String, environment: [String: String] = [:], arguments: [String] = []
) throws -> ResourceParser.Result {
    var loader = SettingsLoader(environment: [:]) { _ in false }
    let settings = try loader.load(["-node", "http://127.0.0.1:1"] + arguments)
    let directory = try TemporaryDirectory()
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: environment, templateFolder: directory.path, defaultLayers: settings.layers)
    return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
}

/// A resource with a health check of these fields.
private func withCheck(_ fields: String) -> String {
    """
    [template]
    src = "a.tmpl"
    dest = "/nowhere/x"
    [[template.health_check]]
    keys = "/services/*/servers/*"
    \(fields)

    """
}

@Suite struct TargetCheckTests {
    @Test func defaults() throws {
        let result = try parse(withCheck("type = \"tcp\""))
        let check = try #require(result.resources.first?.healthChecks.first)
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        #expect(check.hide && check.minHealthy == .count(1) && check.target == nil && check.group == nil)
        let options = check.check.options
        #expect(options.interval == .seconds(5) && options.timeout == .seconds(2))
        #expect(options.rise == 2 && options.fall == 3 && options.initial == .up && options.firstProbeDecides)
        #expect(check.check.kind == .tcp(TCPCheck()))
    }

    @Test(
        "each type",
        arguments: [
            ("type = \"http\"", "http"), ("type = \"http\"\ntls = true\ninsecure = true", "http"),
            ("type = \"tls\"", "tls"), ("type = \"ssl_hello\"", "tls"), ("type = \"grpc\"", "grpc"),
            ("type = \"mysql\"\nuser = \"check\"", "mysql"), ("type = \"ajp\"", "ajp"),
            ("type = \"fastcgi\"\npath = \"/ping\"", "fastcgi"),
            ("type = \"exec\"\ncommand = [\"/bin/true\", \"{{.Host}}\"]", "exec"),
        ])
    func types(_ fields: String, _ name: String) throws {
        let result = try parse(withCheck(fields))
        #expect(result.errors.isEmpty, "\(result.errors)")
        #expect(result.resources.first?.healthChecks.first?.check.kind.name == name)
    }

    @Test func fieldsOfHTTP() throws {
        let result = try parse(
            withCheck(
                """
                type = "http"
                path = "/health"
                method = "HEAD"
                host = "shop.example"
                headers = { X-Probe = "confd" }
                expect_status = "200,404"
                expect_body = "ok"
                port = 8888
                min_healthy = "30%"
                hide = false
                allow = ["10.0.0.0/8"]
                """))
        let check = try #require(result.resources.first?.healthChecks.first, "\(result.errors)")
        #expect(check.minHealthy == .percent(30) && !check.hide && check.check.options.port == 8888)
        #expect(check.check.options.allow.count == 1)
        let wanted = try HTTPCheck(
            method: "HEAD", path: "/health", host: "shop.example", headers: [HTTPCheck.Header("X-Probe", "confd")],
            expectedStatus: StatusRanges(parsing: "200,404"), expectedBody: Array("ok".utf8))
        #expect(check.check.kind == .http(wanted))
    }

    /// The default timeout is not longer than the interval.
    @Test func timeoutFollowsTheInterval() throws {
        let result = try parse(withCheck("type = \"tcp\"\ninterval = \"500ms\""))
        #expect(result.resources.first?.healthChecks.first?.check.options.timeout == .milliseconds(500))
    }

    @Test(
        "errors have a place",
        arguments: [
            (
                "type = \"htp\"",
                "r.toml:6:8: type: \"htp\" is none of http, tcp, tls, grpc, mysql, ajp, fastcgi, exec\n"
                    + "type = \"htp\"\n       ^\nhint: did you mean \"http\"?"
            ),
            (
                "interval = 1",
                "r.toml:4:12: type: is required and must not be empty\n[[template.health_check]]\n           ^\n"
                    + "hint: one of http, tcp, tls, grpc, mysql, ajp, fastcgi, exec"
            ),
            (
                "type = \"tcp\"\ninterval = \"1s\"\ntimeout = \"2s\"",
                "r.toml:7:12: interval: 1s is shorter than the timeout, 2s\ninterval = \"1s\"\n           ^\n"
                    + "hint: a probe must be over before the next begins: raise interval or lower timeout"
            ),
            ("type = \"tcp\"\nrise = 0", "r.toml:7:8: rise: 0 is not from 1 to 1000"),
            ("type = \"tcp\"\nfall = 0", "r.toml:7:8: fall: 0 is not from 1 to 1000"),
            ("type = \"tcp\"\nport = 70000", "r.toml:7:8: port: 70000 is not a port"),
            ("type = \"tcp\"\ninitial = \"on\"", "r.toml:7:11: initial: \"on\" is none of up, down"),
            (
                "type = \"tcp\"\nexpect = \"a\\\\q\"",
                "r.toml:7:10: expect:"
            ),
            (
                "type = \"http\"\nexpect_status = \"2xx\"",
                "r.toml:7:17: expect_status: "
            ),
            ("type = \"http\"\nca_file = \"/x\"", "r.toml:7:11: ca_file: has no effect without tls = true"),
            ("type = \"tls\"\nca_file = \"/nowhere/ca.pem\"", "r.toml:7:11: ca_file: "),
            ("type = \"http\"\npath = \"health\"", "r.toml:7:8: path: not a path from / on without spaces: \"health\""),
            ("type = \"exec\"", "r.toml:4:12: command: is required and must not be empty"),
            (
                "type = \"tcp\"\nallow = [\"10.0.0.0/99\"]",
                "r.toml:7:10: allow: \"10.0.0.0/99\" is not an address range"
            ),
            (
                "type = \"tcp\"\nmin_healthy = \"many\"",
                "r.toml:7:15: min_healthy: neither a number from 0 on nor a percentage"
            ),
            ("type = \"tcp\"\ntarget = \"{{.Key\"", "r.toml:7:10: target: unclosed action"),
        ])
    func errors(_ fields: String, _ text: String) throws {
        let result = try parse(withCheck(fields))
        #expect(result.resources.isEmpty)
        #expect(result.errors.contains { $0.text.hasPrefix(text) }, "\(result.errors.map(\.text))")
    }

    @Test func patternMustBeOne() throws {
        let text = withCheck("type = \"tcp\"").replacing("\"/services/*/servers/*\"", with: "\"/a/[\"")
        #expect(
            try parse(text).errors.first?.text.hasPrefix("r.toml:5:8: keys: \"/a/[\" is not a pattern of keys") == true)
    }

    @Test func unknownKeysAreWarnings() throws {
        let result = try parse(withCheck("type = \"tcp\"\nintervall = 3"))
        #expect(result.warnings.first?.text.contains("unknown key \"intervall\"") == true)
        let address = try parse(withCheck("type = \"http\"\nurl = \"/\""))
        #expect(address.warnings.first?.text.contains("it is called \"path\" here") == true)
    }

    /// Report: a check outside of the template was an unknown key, and the servers were not checked.
    @Test func aCheckOutsideOfTheTemplate() throws {
        let result = try parse(
            "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n[[health_check]]\nkeys = \"/a/*\"\n")
        #expect(result.warnings.first?.text.contains("write [[template.health_check]]") == true)
    }

    /// Report: a type in capitals had a second error, of fields that it has in small letters.
    @Test(arguments: ["type = \"HTTP\"\n", "type = 5\n", ""]) func aWrongTypeHasOneError(_ type: String) throws {
        let result = try parse(withCheck(type + "path = \"/\""))
        #expect(result.errors.count == 1 && result.warnings.isEmpty, "\(result.errors) \(result.warnings)")
    }
}

@Suite struct KeyPatternTests {
    @Test(
        arguments: [
            ("/services/*/servers/*", "/services/shop/servers/a", "/services/shop/servers/a"),
            ("/services/*/servers/*", "/services/shop/servers/a/host", "/services/shop/servers/a"),
            ("/services/*/servers/*", "/services/shop/servers", nil),
            ("/services/*/servers/*", "/other/shop/servers/a", nil),
            ("/a", "/a", "/a"), ("/a", "/a/b", "/a"), ("/a", "/ab", nil),
        ] as [(String, String, String?)])
    func matches(_ pattern: String, _ key: String, _ path: String?) throws {
        let pattern = try #require(KeyPattern(pattern))
        let found = Array(key.utf8).withUnsafeBufferPointer { key in
            pattern.match(key).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(found == path)
    }
}

@Suite struct ServiceTests {
    private static let minimal = "[service]\nkey = \"/s/a\"\nvalue = \"{}\"\n"

    @Test func standsAlone() throws {
        let result = try parse(Self.minimal)
        let service = try #require(result.services.first, "\(result.errors)")
        #expect(result.resources.isEmpty && result.errors.isEmpty && result.warnings.isEmpty)
        #expect(service.ttl == .seconds(10) && service.drain == .zero && service.checks.isEmpty)
        #expect(service.onFall == .delete && service.onStop == .keep && service.onConflict == .wait)
    }

    /// systemd does not set `HOSTNAME`.
    @Test(arguments: [[:], ["HOSTNAME": ""]]) func theNameOfTheHostNeedsNoVariable(_ environment: [String: String])
        throws
    {
        let result = try parse(Self.minimal.replacing("/s/a", with: "/s/${HOSTNAME}"), environment: environment)
        #expect(try result.services.first?.key.text == "/s/\(Host.name())")
    }

    /// With a command after `--`, the key is deleted when confd stops, as the command ends too.
    @Test func keyOfAChildGoesWithIt() throws {
        let result = try parse(Self.minimal, arguments: ["-watch", "--", "app"])
        #expect(result.services.first?.onStop == .delete)
    }

    @Test func severalBesideATemplate() throws {
        let text = """
            [template]
            src = "a.tmpl"
            dest = "/nowhere/x"
            [[service]]
            key = "/s/${HOSTNAME}"
            value = '{"host": "{{address}}"}'
            ttl = "5s"
            drain = "2s"
            on_fall = "mark"
            on_stop = "delete"
            on_conflict = "fail"
            [[service.health_check]]
            type = "http"
            port = 8001
            interval = "2s"
            [[service]]
            key = "/s/{{hostname}}-2"
            value = "x"

            """
        let result = try parse(text, environment: ["HOSTNAME": "web1"])
        #expect(result.errors.isEmpty && result.warnings.isEmpty, "\(result.errors)")
        #expect(result.services.map(\.name) == ["r.toml", "r.toml#2"])
        let service = try #require(result.services.first)
        #expect(service.key.text == "/s/web1")
        #expect(service.onFall == .mark && service.onStop == .delete && service.onConflict == .fail)
        let check = try #require(service.checks.first)
        #expect(check.target == .host("127.0.0.1", port: 8001))
        #expect(check.check.options.initial == .down && !check.check.options.firstProbeDecides)
    }

    @Test(
        "errors have a place",
        arguments: [
            ("[service]\nvalue = \"x\"\n", "r.toml:1:2: key: is required and must not be empty"),
            ("[service]\nkey = \"/a\"\n", "r.toml:1:2: value: is required and must not be empty"),
            ("[service]\nkey = \"a\"\nvalue = \"x\"\n", "r.toml:2:7: key: \"a\" is not a key"),
            (
                "[service]\nkey = \"/a\"\nvalue = \"x\"\nttl = \"500ms\"\n",
                "r.toml:4:7: ttl: 500ms is shorter than a second"
            ),
            (
                "[service]\nkey = \"/a\"\nvalue = \"{{getv \\\"/b\\\"}}\"\n",
                "r.toml:3:9: value: function \"getv\" not defined\nvalue = \"{{getv \\\"/b\\\"}}\"\n        ^\n"
                    + "hint: functions that read keys, or other templates, are not available in the key and value of a service"
            ),
            (
                "[service]\nkey = \"/a\"\nvalue = \"x\"\non_fall = \"mark\"\n",
                "r.toml:3:9: value: on_fall = \"mark\" needs a value that is a JSON object"
            ),
            (
                "[service]\nkey = \"/a\"\nvalue = \"x\"\non_stop = \"leave\"\n",
                "r.toml:4:11: on_stop: \"leave\" is none of delete, keep"
            ),
            ("[service]\nkey = \"/${NO}\"\nvalue = \"x\"\n", "r.toml:2:7: key: variable NO is not set"),
            (
                "[service]\nkey = \"/a\"\nvalue = \"x\"\n[[service.health_check]]\ntype = \"tcp\"\n",
                "r.toml:4:11: port: is required and must not be empty"
            ),
            (
                "[service]\nkey = \"/a\"\nvalue = \"x\"\n[[service.health_check]]\ntype = \"tcp\"\ntarget = \"-x:80\"\n",
                "r.toml:6:10: target: target has no valid host name or address: \"-x:80\""
            ),
            (
                "[backend]\nbackend = \"env\"\n[service]\nkey = \"/a\"\nvalue = \"x\"\n",
                "r.toml:4:7: key: the env backend cannot be written to"
            ),
        ])
    func errors(_ text: String, _ message: String) throws {
        let result = try parse(text)
        #expect(result.services.isEmpty)
        #expect(result.errors.contains { $0.text.hasPrefix(message) }, "\(result.errors.map(\.text))")
    }

    @Test func twoServicesOfOneKeyAreRefused() throws {
        let confdir = try TemporaryDirectory()
        try Files.makeFolder(confdir("conf.d"))
        try confdir.write("conf.d/a.toml", Self.minimal)
        try confdir.write("conf.d/b.toml", Self.minimal)
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-node", "http://127.0.0.1:1", "-confdir", confdir.path])
        let loaded = try ResourceLoader(settings, environment: [:]).load()
        #expect(loaded.services.map(\.name) == ["a.toml"])
        #expect(loaded.errors.first?.message == "key: the key /s/a is already registered by a.toml")
    }
}

@Suite struct RegistrationTests {
    private func load(_ arguments: [String]) throws -> Settings {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        return try loader.load(arguments)
    }

    @Test func takesItsWordsAndOptions() throws {
        let settings = try load([
            "register", "/s/a", "{}", "-check", "http://:8888/health", "-check", "tcp://10.0.0.1:5432", "-rise", "3",
            "-fall", "4", "-check-interval", "3s", "-ttl", "5s", "-drain", "2s", "-node", "http://127.0.0.1:1", "--",
            "app", "-check",
        ])
        #expect(settings.subcommand == .register && settings.command == ["app", "-check"] && !settings.check)
        let service = try ServiceDefinition(settings.registration, backend: settings.backend)
        #expect(service.key.text == "/s/a" && service.value.text == "{}" && service.onStop == .delete)
        #expect(service.ttl == .seconds(5) && service.drain == .seconds(2))
        #expect(service.checks.map(\.target) == [.host("127.0.0.1", port: 8888), .host("10.0.0.1", port: 5432)])
        let options = try #require(service.checks.first).check.options
        #expect(options.rise == 3 && options.fall == 4 && options.interval == .seconds(3))
        #expect(options.timeout == .seconds(2) && options.initial == .down)
    }

    /// Without `register`, `-check` is a switch that takes no value.
    @Test func namesMeanSomethingElseElsewhere() throws {
        #expect(try load(["-check", "-node", "http://127.0.0.1:1"]).check)
        #expect(throws: SettingsError(.unknownFlag("rise", nil))) { try load(["-rise", "2"]) }
    }

    @Test(arguments: [
        (["register"], "register needs a key and a value"),
        (["register", "/a"], "register needs a key and a value"),
        (["register", "/a", "x", "y"], "unexpected argument: \"y\""),
        (["register", "/a", "x", "-onetime"], "onetime: register stays for as long as the service is up"),
        (["register", "/a", "x", "-rise", "two"], "rise: \"two\" is not an integer"),
    ])
    func refuses(_ arguments: [String], _ message: String) {
        let error = #expect(throws: SettingsError.self) { try load(arguments + ["-node", "http://127.0.0.1:1"]) }
        #expect(error?.message.hasSuffix(message) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (["a", "x"], "KEY: \"a\" is not a key"),
        (["/a", "{{getv \"/b\"}}"], "VALUE:1:3: function \"getv\" not defined"),
        (["/a/{{nope}}", "x"], "KEY:1:6: function \"nope\" not defined"),
        (["/a", "x", "-check", "8080"], "-check: \"8080\" is not a check"),
        (["/a", "x", "-check", "udp://:80"], "-check: \"udp://:80\" is not a check"),
        (["/a", "x", "-check", "tcp://:0"], "-check: target's port is not a number from 1 to 65535: \"127.0.0.1:0\""),
        (["/a", "x", "-check", "tcp://:80", "-rise", "0"], "-rise: not from 1 to 1000: 0"),
        (["/a", "x", "-check", "tcp://:80", "-check-interval", "1ms"], "-check-interval: not from 100ms to 24h: 1ms"),
        (
            ["/a", "x", "-check", "tcp://:80", "-check-interval", "1s", "-check-timeout", "2s"],
            "-check-interval: 1s is shorter than the timeout, 2s"
        ),
        (["/a", "x", "-ttl", "0"], "-ttl: 0ms is shorter than a second"),
        (["/a", "x", "-backend", "env"], "the env backend cannot be written to"),
    ])
    func refusesTheService(_ arguments: [String], _ message: String) throws {
        let settings = try load(["register"] + arguments + ["-node", "http://127.0.0.1:1"])
        let error = #expect(throws: ResourceError.self) {
            try ServiceDefinition(settings.registration, backend: settings.backend)
        }
        #expect(error?.message == message)
    }

    /// Report: hints spoke of resource files, or did not say what was wrong.
    @Test(arguments: [
        (
            ["/a", "{{getv \"/b\"}}"],
            "functions that read keys, or other templates, are not available in the key and value of a service"
        ),
        (["/a", "x", "-backend", "env"], "services are registered in etcd or etcdv2: choose one with -backend"),
        (["/a", "x", "-check", "http://8001/health"], "did you mean \"http://:8001/health\"?"),
        (["/a", "x", "-check", "tcp://5432"], "did you mean \"tcp://:5432\"?"),
        (
            ["/a", "x", "-check", "http://localhost/"],
            "for example http://:8080/health, https://, tcp://:5432, tls:// or grpc://"
        ),
    ])
    func hintsAreAboutTheCommandLine(_ arguments: [String], _ hint: String) throws {
        let settings = try load(["register"] + arguments + ["-node", "http://127.0.0.1:1"])
        let error = #expect(throws: ResourceError.self) {
            try ServiceDefinition(settings.registration, backend: settings.backend)
        }
        #expect(error?.hint == hint)
    }

    /// The same in a resource file.
    @Test func aPortAloneIsNoTarget() throws {
        let error = #expect(throws: CheckTargetError.self) { try CheckTarget(parsing: "8001") }
        #expect(
            ResourceError("r.toml", nil, .target(try #require(error))).hint
                == "a port alone is port = 8001; with a host it is 127.0.0.1:8001")
    }
}

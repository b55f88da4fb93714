import Backends
import Posix
import TestSupport
import Testing

@testable import Configuration

/// Loads settings without a confd.toml.
private func load(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Settings {
    var loader = SettingsLoader(environment: environment) { _ in false }
    return try loader.load(arguments)
}

/// The message of the error that loading gives, with its hint.
private func failure(_ arguments: [String], _ environment: [String: String] = [:]) -> String? {
    do {
        _ = try load(arguments, environment)
        return nil
    } catch let error as SettingsError {
        return error.message + (error.hint.map { " | " + $0 } ?? "")
    } catch {
        return "another error: \(error)"
    }
}

@Suite struct CommandLineSyntaxTests {
    @Test(
        "Go's flag forms",
        arguments: [
            ["-confdir", "/c"], ["-confdir=/c"], ["--confdir", "/c"], ["--confdir=/c"],
            ["-onetime", "-confdir", "/c"], ["-noop=false", "-confdir=/c"], ["-confdir=/a", "-confdir=/c"],
        ])
    func forms(_ arguments: [String]) throws {
        #expect(try load(arguments).confdir == "/c")
    }

    @Test(arguments: [
        (["-srv-domain", "example.com"], "_etcd._tcp.example.com."),
        (["-srv-domain", "example.com.", "-backend", "etcdv2"], "_etcdv2._tcp.example.com."),
        (["-srv-domain", "example.com", "-srv-record", "_x._tcp.example.org"], "_x._tcp.example.org"),
        (["-srv-domain", ""], nil),
    ])
    func namesTheServiceRecord(_ arguments: [String], _ record: String?) throws {
        #expect(try load(arguments).backend.options["srv-record"] == record.map { .text($0) })
    }

    @Test func switches() throws {
        #expect(try load(["-noop"]).noop)
        #expect(try load(["-noop=true"]).noop)
        #expect(try !load(["-noop=false"]).noop)
        #expect(try load(["-onetime", "-sync-only", "-keep-stage-file"]).keepStageFile)
    }

    @Test func listsSplitNodesButNotFiles() throws {
        let nodes = try load(["-node", "a:1,b:2", "-node=c:3"]).backend
        #expect(nodes.options["node"] == .list(["a:1", "b:2", "c:3"]) && nodes.sources == ["a:1", "b:2", "c:3"])
        #expect(try load(["-backend", "file", "-file", "a,b", "-file=c"]).backend.sources == ["a,b", "c"])
    }

    @Test(
        "the fork's form: the backend as a word",
        arguments: [["env", "-onetime"], ["-onetime", "env"], ["--onetime", "env", "--noop"]])
    func backendWord(_ arguments: [String]) throws {
        let settings = try load(arguments)
        #expect(settings.backendName == "env" && settings.backend.name == "env")
        #expect(settings.onetime)
    }

    @Test(
        "usage errors name the nearest flag",
        arguments: [
            (["-onetme"], "flag provided but not defined: -onetme | did you mean \"-onetime\"?"),
            (["-zzzzzzzz"], "flag provided but not defined: -zzzzzzzz | confd -help lists all flags"),
            (["onetime"], "unexpected argument: \"onetime\" | did you mean \"-onetime\"?"),
            (["etdc"], "unexpected argument: \"etdc\" | did you mean \"etcd\"?"),
            (["env", "file"], "unexpected argument: \"file\" | did you mean \"-file\"?"),
            // Report: a command without -- before it was taken for the beginning of a flag, -app-id.
            (
                ["-watch", "app", "-x"],
                "unexpected argument: \"app\" | a command to run comes after --: confd … -- app …"
            ),
            (
                ["-watch", "nginx", "-g", "x"],
                "unexpected argument: \"nginx\" | a command to run comes after --: confd … -- nginx …"
            ),
            (
                ["register", "/a", "x", "app"],
                "unexpected argument: \"app\" | a command to run comes after --: confd … -- app …"
            ),
            (["wait", "app"], "unexpected argument: \"app\" | flags start with a dash"),
            (
                ["-validate", "-json"],
                "-json: needs status, explain or rollout status | -log-format json makes each line of the log an object"
            ),
            (
                ["test", "-json"],
                "-json: needs status, explain or rollout status | confd test -junit FILE writes the results for programs"
            ),
            (["-confdir"], "flag needs an argument: -confdir"),
            (["---x"], "bad flag syntax: ---x"),
            (["-=x"], "bad flag syntax: -=x"),
            (["-noop=maybe"], "-noop: \"maybe\" is neither true nor false"),
            (
                ["-interval", "soon"],
                "-interval: \"soon\" is not a time | write seconds (10) or a duration (1m30s, 250ms)"
            ),
            (
                ["-log-level", "loud"],
                "-log-level: \"loud\" is none of panic, fatal, error, warn, warning, info, debug, trace"
            ),
            (["-backend", "fil"], "-backend: \"fil\" is not a backend | did you mean \"file\"?"),
            (
                ["-backend", "dynamodb"],
                "-backend: \"dynamodb\" is not built into this confd | backends built: etcd, etcdv3, etcdv2, file, env, redis, vault, consul, zookeeper"
            ),
            (["-backend", "file"], "the file backend needs -file | for example -file /etc/confd/data.yaml"),
            (["-client-cert", "c.pem"], "-client-cert and -client-key go together"),
            (["-watch", "--"], "-- needs a command after it | for example confd -watch -- nginx -g 'daemon off;'"),
            (
                ["-onetime", "-diff"],
                "-diff: needs -check or -noop | -check looks once; -noop goes on as a daemon, unless there is -onetime too"
            ),
            (
                ["-onetime", "-resource", "a.toml"],
                "-resource: needs -validate or -preflight | to see what one resource gives: confd render FILE"
            ),
            (
                ["-onetime", "-mock-data", "a.json"],
                "-mock-data: needs -validate | without it the files would be written"
            ),
            (["-once"], "flag provided but not defined: -once | it is called \"-onetime\" here"),
            (["-debug"], "flag provided but not defined: -debug | this is called -log-level debug now"),
            (["-etcd-scheme", "https"], "flag provided but not defined: -etcd-scheme | this is called -scheme now"),
        ])
    func errors(_ arguments: [String], _ expected: String) {
        #expect(failure(arguments) == expected)
    }

    @Test(arguments: [["-noop", "-diff"], ["-check", "-diff"], ["-diff=false"], ["-diff", "-noop", "-onetime"]])
    func diffOfWhatWouldChange(_ arguments: [String]) {
        #expect(failure(arguments) == nil)
        #expect(failure([], ["CONFD_DIFF": "true"]) == nil)
    }

    /// Report: node addresses that no etcd can have were found when the backend was called.
    @Test(
        "bad node addresses",
        arguments: [
            (["-node", "ftp://a:2379"], "-node: etcd: unknown scheme in a node address: \"ftp\" | use http or https"),
            (
                ["-node", "http://a:99999"],
                "-node: etcd: not a node address: \"http://a:99999\" | write http://HOST:2379 or https://HOST:2379"
            ),
            (
                ["-node", "http://a:1,b:0"],
                "-node: etcd: not a node address: \"b:0\" | write http://HOST:2379 or https://HOST:2379"
            ),
            (
                ["-node", "http://me:secret@a:2379", "-validate"],
                "-node: etcd: a node address must not hold a user name or password | use -username and -password"
            ),
            (["-backend", "env", "-node", "ftp://a"], nil), (["-node", "ftp://a", "-srv-domain", "x.y"], nil),
            (["-node", "https://[::1]:2379/"], nil), (["-backend", "etcdv2", "-node", "a"], nil),
        ] as [([String], String?)])
    func nodes(_ arguments: [String], _ expected: String?) {
        #expect(failure(arguments) == expected)
    }

    @Test func nodesOfTheEnvironmentAreChecked() {
        #expect(failure([], ["ETCDCTL_ENDPOINTS": "a:1,b:99999"])?.hasPrefix("ETCDCTL_ENDPOINTS: etcd: ") == true)
        #expect(failure([], ["CONFD_NODE": "a:99999"])?.hasPrefix("CONFD_NODE: etcd: ") == true)
    }
}

/// Flags that change what one run does, and flags of other backends, from wherever they come.
@Suite struct StrayOptionTests {
    /// Report: images name the release that they downloaded `CONFD_VERSION`.
    @Test(arguments: ["VERSION", "HELP", "VALIDATE", "PREFLIGHT", "CHECK", "RESOURCE", "MOCK_DATA", "CHECK_CONFIG"])
    func actionsAreNotTakenFromTheEnvironment(_ name: String) throws {
        for value in ["0.16.0", "v0.16.0", "1", "true", "man"] {
            let settings = try load([], ["CONFD_" + name: value])
            #expect(!settings.showVersion && settings.help == nil && !settings.validate && !settings.preflight)
            #expect(!settings.check && settings.resource == nil && settings.mockData == nil)
            #expect(settings.warnings.isEmpty)
        }
    }

    @Test func modesAreTakenFromTheEnvironment() throws {
        let settings = try load([], ["CONFD_ONETIME": "1", "CONFD_WATCH": "true", "CONFD_NOOP": "true"])
        #expect(settings.onetime && settings.watch && settings.noop)
    }

    private static let foreign = OptionTable.all.filter(\.isForeign)

    @Test("a flag of another backend", arguments: foreign.map(\.name))
    func foreignFlags(_ name: String) throws {
        let option = try #require(OptionTable.option(named: name))
        let variable = "CONFD_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
        #expect(try load(["-backend", "env"], [variable: "x"]).warnings.isEmpty)
        let warnings = try load(["-backend", "env", option.isSwitch ? "-\(name)" : "-\(name)=x"]).warnings.map(\.text)
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("ignored, because the backend is env: -\(name) (") == true)
    }

    @Test func oneWarningForAllOfThem() throws {
        let settings = try load(["-app-id", "x", "-table", "", "-user-id=x", "-imds-cache-ttl", "1"])
        #expect(
            settings.warnings.map(\.text) == [
                "ignored, because the backend is etcd: -app-id (vault), -user-id (vault), -imds-cache-ttl (imds)"
            ])
    }

    /// Found by a newcomer: `-check -file` compared with what etcd has.
    @Test func aFileAloneIsTheBackendOfChecks() throws {
        #expect(try load(["-check", "-file", "k.yaml"]).backend.name == "file")
        #expect(try load(["-check", "-file", "k.yaml", "-backend", "env"]).backend.name == "env")
        #expect(try load(["-onetime", "-file", "k.yaml"]).backend.name == "etcd")
    }

    /// A newcomer's `confd -onetime -file keys.yaml` asked etcd without a word about the file.
    @Test func flagsOfBackendsThatAreNotAsked() throws {
        #expect(
            try load(["-file", "k.yaml", "-separator=."]).warnings.map(\.text) == [
                "ignored, because the backend is etcd: -file (file), -separator (redis)"
            ])
        #expect(try load(["-file", "k.yaml", "-backend", "file"]).warnings.isEmpty)
        #expect(try load(["-node", "http://127.0.0.1:1"]).warnings.isEmpty)
        #expect(try load([], ["CONFD_FILE": "k.yaml"]).warnings.isEmpty)
    }

    @Test func theirBackendIsStillRefused() {
        let expected =
            "-backend: \"dynamodb\" is not built into this confd | backends built: etcd, etcdv3, etcdv2, file, env, redis, vault, consul, zookeeper"
        #expect(failure(["-backend", "dynamodb", "-auth-type", "token"]) == expected)
    }

    @Test("-basic-auth", arguments: [([], nil), (["-basic-auth"], true), (["-basic-auth=false"], false)])
    func basicAuthentication(_ arguments: [String], _ given: Bool?) throws {
        let options = try load(["-username", "u", "-password", "p"] + arguments).backend.options
        #expect(options["username"] == .text("u") && options["password"] == .text("p"))
        #expect(options["basic-auth"] == given.map { .flag($0) })
    }
}

/// Files given as confd.toml with former names of settings, with template resources, or with mistyped keys.
@Suite struct ConfigurationFileTests {
    private func warnings(_ text: String) -> [String] {
        ConfigurationFile.parse(Array(text.utf8), path: "c.toml", strict: false).warnings.map(\.text)
    }

    /// Report: keys of confd before 0.6.
    @Test(
        "former names",
        arguments: [
            ("etcd_nodes = [\"a\"]", "etcd_nodes", "this is called nodes now"),
            ("etcd_scheme = \"https\"", "etcd_scheme", "this is called scheme now"),
            ("debug = true", "debug", "this is called log-level = \"debug\" now"),
            ("quiet = true", "quiet", "this is called log-level = \"error\" now"),
            ("confd = {interval = 5}", "confd", "settings stand at the top of the file now, without [confd]"),
            ("config_file = \"x\"", "config_file", "this is a flag only: -config-file"),
        ])
    func formerNames(_ line: String, _ key: String, _ hint: String) {
        #expect(warnings(line) == ["c.toml:1:1: unknown key \"\(key)\"\n\(line)\n^\nhint: \(hint)"])
    }

    /// Report: a resource that is given as -config-file.
    @Test(arguments: [
        "[template]\nsrc = \"a\"\n[backend]\nbackend = \"env\"\n", "[[template]]\nsrc = \"a\"\n[[template]]\n",
        "[Template]\n", "interval = 5\n[template]\n",
    ])
    func resource(_ text: String) {
        let result = ConfigurationFile.parse(Array(text.utf8), path: "c.toml", strict: false)
        #expect(result.errors.isEmpty)
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.summary.hasSuffix(": this is a template resource, not a settings file") == true)
        #expect((result.options.values["interval"] != nil) == text.hasPrefix("interval"))
        let strict = ConfigurationFile.parse(Array(text.utf8), path: "c.toml", strict: true)
        #expect(strict.errors == result.warnings)
    }

    /// Report: a key that somebody has guessed or mistyped, and a value without quotes, were shown with the password.
    @Test(arguments: [
        "pass = \"LEAKED\"", "pwd = \"LEAKED\"", "auth_tokn = \"LEAKED\"", "secert = \"LEAKED\"",
        "basic-auth = \"user:LEAKED\"", "password = LEAKED", "password = 'LEAKED", "credentials = [\n\"LEAKED\", 1.5]",
    ])
    func secretsAreNotShown(_ line: String) throws {
        let file = ConfigurationFile.parse(Array(line.utf8), path: "c.toml", strict: false)
        var texts = (file.warnings + file.errors).map(\.text)
        // A value of the wrong kind is found when the option is read.
        let directory = try TemporaryDirectory()
        try directory.write("c.toml", line)
        var loader = SettingsLoader(environment: [:]) { _ in false }
        do throws(SettingsError) {
            _ = try loader.load(["-config-file", directory("c.toml")])
        } catch {
            texts.append(error.text)
        }
        #expect(!texts.isEmpty)
        for text in texts { #expect(!text.contains("LEAKED") && text.contains("c.toml:"), "\(text)") }
    }

    @Test func wrongTypes() {
        let result = ConfigurationFile.parse(Array("interval = 1.5\n".utf8), path: "c.toml", strict: false)
        #expect(
            result.errors.map(\.text) == [
                "c.toml:1:12: interval: a float where a string, an integer or a boolean is expected\ninterval = 1.5\n"
                    + "           ^"
            ])
        let element = ConfigurationFile.parse(Array("nodes = [\n1,\n2.5]\n".utf8), path: "c.toml", strict: false)
        #expect(element.errors.first?.summary.hasPrefix("c.toml:3:1: nodes: a float where ") == true)
    }

    /// Each element of an array has a place of its own.
    @Test func placesOfElements() {
        let text = "nodes = [\n\"a\",\n  \"b\"]\n"
        let result = ConfigurationFile.parse(Array(text.utf8), path: "c.toml", strict: false)
        #expect(result.options.values["node"]?.map(\.origin.text) == ["c.toml:2:1: nodes", "c.toml:3:3: nodes"])
    }
}

@Suite struct PrecedenceTests {
    @Test func flagBeatsEnvironmentBeatsFile() throws {
        #expect(try load(["-interval", "5"], ["CONFD_INTERVAL": "7"]).interval == .seconds(5))
        #expect(try load([], ["CONFD_INTERVAL": "7"]).interval == .seconds(7))
        #expect(try load([]).interval == .seconds(600))
        let options = ConfigurationFile.parse(
            Array("interval = 9\nnodes = [\"a\", \"b\"]\nsync-only = true\nLOG_LEVEL = \"warn\"".utf8), path: "c.toml",
            strict: true
        ).options
        #expect(options.values["interval"]?.map(\.text) == ["9"])
        #expect(options.values["node"]?.map(\.text) == ["a", "b"])
        #expect(options.values["sync-only"]?.first?.origin.text == "c.toml:3:13: sync-only")
        #expect(options.values["log-level"]?.map(\.text) == ["warn"])
    }

    @Test func originsAreKept() throws {
        let settings = try load(
            ["-confdir", "/c"], ["CONFD_INTERVAL": "7", "ETCDCTL_PEERS": "http://a:1, http://b:2"])
        #expect(settings.origins["confdir"] == .flag("confdir"))
        #expect(settings.origins["interval"] == .environment("CONFD_INTERVAL"))
        #expect(settings.backend.sources == ["http://a:1", "http://b:2"])
        #expect(settings.origins["node"] == .environment("ETCDCTL_PEERS"))
        #expect(failure([], ["CONFD_INTERVAL": "x"])?.hasPrefix("CONFD_INTERVAL: \"x\" is not a time") == true)
    }

    @Test func unknownKeysWarnOrFail() throws {
        let text = Array("intervall = 9\n".utf8)
        let lenient = ConfigurationFile.parse(text, path: "c.toml", strict: false)
        #expect(
            lenient.warnings.map(\.text) == [
                "c.toml:1:1: unknown key \"intervall\"\nintervall = 9\n^\nhint: did you mean \"interval\"?"
            ])
        #expect(lenient.errors.isEmpty)
        let strict = ConfigurationFile.parse(text, path: "c.toml", strict: true)
        #expect(strict.errors == lenient.warnings)
        #expect(strict.warnings.isEmpty)
    }

    @Test("every option is complete", arguments: OptionTable.all.map(\.name))
    func table(_ name: String) throws {
        let option = try #require(OptionTable.option(named: name))
        #expect(!option.help.isEmpty)
        #expect(option.isSwitch == option.placeholder.isEmpty)
        #expect(OptionTable.all.filter { $0.name == name || $0.aliases.contains(name) }.count == 1)
    }

    /// Flags of backends that are not built need no documentation.
    @Test func documentationNamesEveryOption() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = String(decoding: try Files.read("/\(root)/docs/settings.md"), as: UTF8.self)
        for option in OptionTable.all {
            if option.isForeign { continue }
            #expect(page.contains("`-\(option.name)`"), "-\(option.name) is not in docs/settings.md")
        }
    }

    /// The rows of docs/settings.md are flags, defaults, meaning. Options without a `defaultText` are not compared.
    @Test func documentationHasTheDefaults() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = String(decoding: try Files.read("/\(root)/docs/settings.md"), as: UTF8.self)
        var documented: [String: String] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("| `-") {
            let cells = line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
            guard cells.count == 3 else { continue }
            let flags = cells[0].split(separator: ",").map { $0.filter { !" `-".contains($0) || $0 == "-" } }
            let defaults = cells[1].split(separator: ",").map { $0.filter { !" `".contains($0) } }
            for (flag, value) in zip(flags, defaults) { documented[String(flag.dropFirst())] = value }
        }
        for option in OptionTable.all {
            guard let value = option.defaultText else { continue }
            #expect(documented[option.name] == value, "-\(option.name)")
            #expect(option.help.hasSuffix("(\(value))"))
        }
        #expect(OptionTable.all.count { $0.defaultText != nil } >= 18)
    }

    @Test(
        "every flag of confd 0.17 is known",
        arguments: [
            "app-id", "auth-token", "auth-type", "backend", "basic-auth", "client-ca-keys", "client-cert",
            "client-insecure", "client-key", "confdir", "config-file", "file", "filter", "interval",
            "keep-stage-file", "log-level", "node", "noop", "onetime", "password", "path", "prefix", "role-id",
            "scheme", "secret-id", "separator", "srv-domain", "srv-record", "sync-only", "table", "user-id",
            "username", "version", "watch",
        ])
    func flagsOfConfd(_ name: String) {
        #expect(OptionTable.option(named: name) != nil)
    }
}

@Suite struct GoDurationTests {
    @Test(
        arguments: [
            ("0", Duration.zero), ("10", .seconds(10)), ("1m30s", .seconds(90)), ("250ms", .milliseconds(250)),
            ("1.5h", .seconds(5400)), ("2us", .microseconds(2)), (".5s", .milliseconds(500)),
            ("+5s", .seconds(5)), ("+5", .seconds(5)),
        ])
    func parses(_ text: String, _ expected: Duration) {
        #expect(GoDuration.parse(text) == expected)
    }

    @Test(arguments: [
        "10000000000000000", "9223372037", "", "-1", "s", "1x", "1.s.", "1m s", "999999999999h", "+", "++5s", "+-1",
    ])
    func refuses(_ text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test(
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(250), "250ms"), (.seconds(90), "1m30s"), (.seconds(3600), "1h0m0s"),
            (.milliseconds(1050), "1.050s"),
        ])
    func prints(_ duration: Duration, _ expected: String) {
        #expect(GoDuration.text(duration) == expected)
    }
}

@Suite struct VariableExpansionTests {
    @Test(
        arguments: [
            ("plain", "plain"), ("${A}", "1"), ("x${A}y${A}", "x1y1"), ("${NO:-d}", "d"), ("${EMPTY:-d}", "d"),
            ("${A:-d}", "1"), ("$${A}", "${A}"), ("$A", "$A"), ("${NO:-}", ""), ("${A:?m}", "1"), ("${EMPTY}", ""),
            ("$${\u{5C2}A}", "${\u{5C2}A}"),
        ])
    func expands(_ text: String, _ expected: String) throws {
        #expect(try VariableExpansion.expand(text, ["A": "1", "EMPTY": ""]) == expected)
    }

    @Test(
        arguments: [
            ("${NO}", "variable NO is not set"), ("${NO:?give it}", "NO: give it"), ("${A", "\"${\" without \"}\""),
            ("${9}", "\"9\" is not the name of a variable"), ("${A:=x}", "\"${A:=x}\" is not understood"),
        ])
    func fails(_ text: String, _ message: String) {
        do {
            _ = try VariableExpansion.expand(text, [:].merging(text.contains(":=") ? [:] : ["A": "1"]) { $1 })
            Issue.record("no error")
        } catch {
            #expect(error.message == message)
        }
    }
}

import Posix
import Staging
import TOML
import TestSupport
import Testing

@testable import Configuration

/// Parses resource files against a templates folder that holds `a.tmpl`.
private func parse(
    _ text: String, environment: [String: String] = [:], arguments: [String] = ["-backend", "env"]
) throws -> ResourceParser.Result {
    var loader = SettingsLoader(environment: [:]) { _ in false }
    let settings = try loader.load(arguments)
    let directory = try TemporaryDirectory()
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: environment, templateFolder: directory.path, defaultLayers: settings.layers)
    return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
}

/// A resource with the two required fields and `more`.
private func minimal(_ more: String) -> String {
    "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n\(more)\n"
}

@Suite struct ResourceFieldTests {
    @Test func defaults() throws {
        let result = try parse(minimal(""))
        let resource = try #require(result.resources.first)
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        #expect(resource.name == "r.toml")
        #expect(resource.attributes == FileAttributes())
        #expect(resource.prefix == Array("/".utf8))
        #expect(resource.ranges.isEmpty)
        #expect(resource.checkTimeout == .seconds(30) && resource.reloadTimeout == .seconds(60))
    }

    @Test func severalTemplatesInOneFile() throws {
        let one = "[[template]]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n"
        let two = "[[template]]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/y\"\n"
        #expect(try parse(one + two).resources.map(\.name) == ["r.toml", "r.toml#2"])
    }

    @Test(
        "prefix and keys",
        arguments: [
            ("keys = [\"/app\"]", ["-backend", "env"], "/", ["/app"]),
            ("keys = [\"/app/\", \"/app\", \"/b/*\"]", ["-backend", "env"], "/", ["/app", "/b"]),
            ("keys = [\"/\"]", ["-backend", "env"], "/", ["/"]),
            ("prefix = \"/p\"\nkeys = [\"app\", \"/b\"]", ["-backend", "env"], "/p", ["/p/app", "/p/b"]),
            ("prefix = \"p/\"\nkeys = [\"/\"]", ["-backend", "env"], "/p", ["/p"]),
            ("prefix = \"/p\"\nkeys = [\"/a\"]", ["-backend", "env", "-prefix", "/g"], "/g", ["/g/a"]),
        ])
    func prefixes(_ fields: String, _ arguments: [String], _ prefix: String, _ ranges: [String]) throws {
        let resource = try #require(try parse(minimal(fields), arguments: arguments).resources.first)
        #expect(String(decoding: resource.prefix, as: UTF8.self) == prefix)
        #expect(resource.ranges.map { String(decoding: $0.path, as: UTF8.self) } == ranges)
    }

    /// The env backend knows keys in lower case, with slashes where variables have underscores.
    @Test func keysOfTheEnvironment() throws {
        let resource = try parse(minimal("keys = [\"/App_DB\"]")).resources.first
        #expect(resource?.ranges.map { String(decoding: $0.path, as: UTF8.self) } == ["/app/db"])
        let other = try parse(minimal("keys = [\"/App_DB\"]"), arguments: ["-backend", "etcd"]).resources.first
        #expect(other?.ranges.map { String(decoding: $0.path, as: UTF8.self) } == ["/App_DB"])
    }

    /// Found by reading: columns count characters, and bytes were dropped, so that `0o` was not seen and 416 read as 0416.
    @Test(arguments: ["é", "日本語", "\u{1F680}"]) func modesBehindOtherCharacters(_ name: String) throws {
        let table =
            "template = { src = \"a.tmpl\", dest = \"/nowhere/\(name)\", keys = [\"/\(name)\"], mode = 0o640 }\n"
        for text in [table, "\u{FEFF}" + table] {
            let parsed = try parse(text)
            #expect(parsed.resources.first?.attributes.mode == 0o640, "\(parsed.errors.map(\.summary))")
        }
    }

    /// Found by reading: a `service` that is no table was not an error, and the file counted as good.
    @Test(arguments: ["service = \"x\"\n", "service = [1]\n", "service = true\n"]) func aServiceIsATable(_ text: String)
        throws
    {
        #expect(try parse(text + minimal("")).errors.count == 1)
        #expect(try parse(text).errors.count == 1)
    }

    /// Found by reading: the excerpt hid the line, but the message showed the value.
    @Test(arguments: ["password = hunter2", "auth_token = 0hunter2", "pass = \"x\" hunter2", "secret-id = True"])
    func errorsShowNoSecret(_ line: String) throws {
        let errors = try parse(minimal("[template.backend]\n\(line)")).errors + parse("[backend]\n\(line)\n").errors
        #expect(errors.count == 2)
        #expect(
            errors.allSatisfy { !$0.text.contains("hunter2") && !$0.text.contains("True") }, "\(errors.map(\.text))")
    }

    @Test(
        "modes",
        arguments: [
            ("mode = \"0644\"", 0o644), ("mode = \"644\"", 0o644), ("mode = \"0o600\"", 0o600),
            ("mode = 0o640", 0o640), ("mode = 755", 0o755), ("mode = \"4755\"", 0o4755), ("MODE = \"0600\"", 0o600),
        ] as [(String, UInt16)])
    func modes(_ field: String, _ mode: UInt16) throws {
        #expect(try parse(minimal(field)).resources.first?.attributes.mode == mode)
    }

    @Test func owners() throws {
        let byName = try parse(minimal("owner = \"root\"\ngroup = \"root\"")).resources.first
        #expect(byName?.attributes == FileAttributes(uid: 0, gid: 0))
        let byNumber = try parse(minimal("uid = 12\ngid = -1\nowner = \"root\"\ngroup = \"34\""))
        #expect(byNumber.resources.first?.attributes == FileAttributes(uid: 12, gid: 34))
        // Report: the number won without a word.
        let warning =
            "r.toml:6:9: owner: has no effect beside uid\nowner = \"root\"\n        ^\nhint: leave out owner or uid"
        #expect(byNumber.warnings.map(\.text) == [warning])
        #expect(try parse(minimal("uid = 0\nowner = \"root\"")).warnings.isEmpty)
    }

    @Test func variables() throws {
        let text =
            "[template]\nsrc = \"${T}.tmpl\"\ndest = \"/nowhere/${NO:-d}\"\nkeys = [\"/${T}\"]\nmode = \"${M}\"\n"
        let resource = try parse(text, environment: ["T": "a", "M": "0600"]).resources.first
        #expect(resource?.destination == "/nowhere/d")
        #expect(resource?.ranges.map { String(decoding: $0.path, as: UTF8.self) } == ["/a"])
        #expect(resource?.attributes.mode == 0o600)
    }

    @Test(
        "errors have a place",
        arguments: [
            ("x = \n", "r.toml:1:"),
            ("[other]\n", "r.toml:1:2: there is no [template] table\n[other]\n ^\nhint: a resource file begins with"),
            ("", "r.toml: there is no [template] table\nhint: a resource file begins with [template]"),
            (
                "[templte]\nsrc = \"a.tmpl\"\n",
                "r.toml:1:2: there is no [template] table\n[templte]\n ^\nhint: did you mean \"template\"?"
            ),
            (
                "x = 1\n[[templates]]\n",
                "r.toml:2:3: there is no [template] table\n[[templates]]\n  ^\nhint: did you mean"
            ),
            (
                "src = \"a.tmpl\"\n",
                "r.toml:1:1: there is no [template] table\nsrc = \"a.tmpl\"\n^\nhint: write [template] above"
            ),
            (
                "nodes = []\ninterval = 5\n",
                "r.toml:1:1: there is no [template] table\nnodes = []\n^\nhint: these are settings"
            ),
            ("template = []\n", "r.toml:1:12: template: there is no table in it"),
            (
                "{\"template\": 1}",
                "r.toml:1:1: expected a key, found \"{\"\n{\"template\": 1}\n^\nhint: this is TOML, not JSON"
            ),
            (
                "template:\n",
                "r.toml:1:9: expected \"=\" after key \"template\", found \":\"\ntemplate:\n        ^\nhint: this is TOML, not"
            ),
            (
                "keys = [\n",
                "r.toml:2:1: expected a value, found the end of the file\nhint: an array or table before it"
            ),
            (
                minimal("debounce = -1"),
                "r.toml:4:12: debounce: -1 is not a time\ndebounce = -1\n           ^\nhint: write \"30s\""
            ),
            (
                minimal("backup = \"yes\""),
                "r.toml:4:10: backup: a string where a boolean is expected\nbackup = \"yes\"\n         ^\nhint: write true or false"
            ),
            ("[template]\nsrc = \".\"\ndest = \"/x\"\n", "r.toml:2:7: src: this is a directory: \""),
            (
                minimal("mode = 0644"),
                "r.toml:4:8: number \"0644\" must not begin with 0\nmode = 0644\n       ^\nhint: write a file mode in quotes: \"0644\""
            ),
            (
                minimal("keys = \"/a\""),
                "r.toml:4:8: keys: a string where an array of strings is expected\nkeys = \"/a\"\n       ^\nhint: write keys = [\"...\"]"
            ),
            (
                minimal("uid = \"www\""),
                "r.toml:4:7: uid: a string where an integer is expected\nuid = \"www\"\n      ^\nhint: a name goes into \"owner\""
            ),
            (
                minimal("backup = \"true\""),
                "r.toml:4:10: backup: a string where a boolean is expected\nbackup = \"true\"\n         ^\nhint: write true without quotes"
            ),
            (
                minimal("[backend]\nbackend = \"etcd\"\nnodes = [\"a\", \"http://a:99999\"]"),
                "r.toml:6:15: nodes: etcd: not a node address"
            ),
            (
                minimal("[backend]\nbackend = \"etcd\"\npassword = 5"),
                "r.toml:6:12: password: an integer where a string is expected\nhint: write it in quotes"
            ),
            ("template = 1\n", "r.toml:1:12: template: an integer is not a table"),
            ("[template]\ndest = \"/x\"\n", "r.toml:1:2: src: is required and must not be empty"),
            ("[template]\nsrc = \"a.tmpl\"\n", "r.toml:1:2: dest: is required and must not be empty"),
            ("[template]\nsrc = 1\ndest = \"/x\"\n", "r.toml:2:7: src: an integer where a string is expected"),
            ("[template]\nsrc = \"no.tmpl\"\ndest = \"/x\"\n", "r.toml:2:7: src: Missing template: "),
            (minimal("keys = [\"/a\", 1]"), "r.toml:4:15: keys: an integer where a string is expected"),
            (
                minimal("mode = \"0999\""),
                "r.toml:4:8: mode: not a file mode\nmode = \"0999\"\n       ^\nhint: write octal digits as text"
            ),
            (minimal("mode = true"), "r.toml:4:8: mode: a boolean where a string is expected"),
            (minimal("uid = 4294967295"), "r.toml:4:7: uid: 4294967295 is not an id"),
            (minimal("gid = -2"), "r.toml:4:7: gid: -2 is not an id"),
            (minimal("check_cmd = \"x {{.sorce}}\""), "r.toml:4:13: check_cmd: "),
            (minimal("reload_cmd = \"x {{.dest}} {{.file}}\""), "r.toml:4:14: reload_cmd: "),
            (minimal("check_cmd_timeout = \"soon\""), "r.toml:4:21: check_cmd_timeout: \"soon\" is not a time"),
            (minimal("dest2 = \"${NO}\"\nprefix = \"${NO}\""), "r.toml:5:10: prefix: variable NO is not set"),
            (
                minimal("[backend]\nbackend = \"dynamodb\""),
                "r.toml:5:11: backend: \"dynamodb\" is not built into this confd"
            ),
        ])
    func errors(_ text: String, _ expected: String) throws {
        let result = try parse(text)
        #expect(result.resources.isEmpty)
        #expect(result.errors.count == 1)
        #expect(result.errors.first?.text.hasPrefix(expected) == true, "\(result.errors.map(\.text))")
    }

    @Test func unknownKeysWarnAndStrictRefuses() throws {
        let text = minimal("relaod_cmd = \"x\"")
        let result = try parse(text)
        #expect(result.resources.count == 1)
        #expect(
            result.warnings.map(\.text) == [
                "r.toml:4:1: unknown key \"relaod_cmd\" in [template]\nrelaod_cmd = \"x\"\n^\nhint: did you mean \"reload_cmd\"?"
            ])
        let strict = try parse(text, arguments: ["-backend", "env", "-strict"])
        #expect(strict.resources.isEmpty && strict.errors.count == 1 && strict.warnings.isEmpty)
    }

    /// Fields of other programs, what has no effect, and keys of backends that are not built.
    @Test(arguments: [
        ("source = \"x\"", "unknown key \"source\" in [template]", "it is called \"src\" here"),
        ("destination = \"x\"", "unknown key \"destination\" in [template]", "it is called \"dest\" here"),
        ("wait = \"2s:10s\"", "unknown key \"wait\" in [template]", "write debounce and max_wait"),
        ("perms = \"0600\"", "unknown key \"perms\" in [template]", "it is called \"mode\" here"),
        (
            "debounce = \"2s\"\nmax_wait = \"1s\"",
            "max_wait: is shorter than debounce: each change is applied after max_wait, quiet or not",
            "max_wait is the longest that a change waits while others follow it"
        ),
        (
            "[backend]\nbackend = \"env\"\ntable = \"x\"", "unknown key \"table\" in [backend]",
            "it belongs to the dynamodb backend, and is ignored"
        ),
    ])
    func otherNames(_ field: String, _ message: String, _ hint: String) throws {
        let warnings = try parse(minimal(field)).warnings
        #expect(warnings.map(\.message) == [message])
        #expect(warnings.first?.hint == hint)
    }

    @Test(
        arguments: [
            ("", nil), ("output_format = \"\"", nil), ("output_format = \"json\"", .json),
            ("output_format = \"yaml\"", .yaml), ("output_format = \"yml\"", .yaml),
            ("output_format = \"toml\"", .toml),
        ] as [(String, OutputFormat?)])
    func outputFormats(_ field: String, _ format: OutputFormat?) throws {
        let resource = try #require(try parse(minimal(field)).resources.first)
        #expect(resource.outputFormat == format)
    }

    @Test(arguments: [
        (
            "output_format = \"xml\"", "output_format: \"xml\" is not checked by confd",
            "check_cmd = \"xmllint --noout {{.src}}\""
        ),
        ("output_format = \"JSON\"", "output_format: \"JSON\" is unknown", "write \"json\", \"yaml\" or \"toml\""),
        ("output_format = true", "output_format: a boolean where a string is expected", "write it in quotes"),
    ])
    func unknownOutputFormats(_ field: String, _ message: String, _ hint: String) throws {
        let result = try parse(minimal(field))
        #expect(result.resources.isEmpty)
        #expect(result.errors.map(\.message) == [message])
        #expect(result.errors.first?.hint == hint)
    }

    /// Report: 24 of 181 public resource files name an account that the machine does not have; confd 0.17 ignores it.
    @Test(arguments: [
        (
            "owner = \"no-such-user\"",
            "4:9: owner: this machine has no user \"no-such-user\", so the owner is left as it is"
        ),
        (
            "group = \"no-such-group\"",
            "4:9: group: this machine has no group \"no-such-group\", so the group is left as it is"
        ),
    ])
    func unknownAccountsWarnAndStrictRefuses(_ field: String, _ message: String) throws {
        let text = minimal(field + "\nmode = \"6750\"")
        let result = try parse(text)
        #expect(result.errors.isEmpty)
        #expect(result.warnings.map { $0.text.prefix { $0 != "\n" } } == ["r.toml:\(message)"])
        // The setuid or setgid bit is dropped too: it would give the rights of an owner or group that was not meant.
        let mode: UInt16 = field.hasPrefix("owner") ? 0o2750 : 0o4750
        #expect(result.resources.map(\.attributes) == [FileAttributes(mode: mode)])
        let strict = try parse(text, arguments: ["-backend", "env", "-strict"])
        #expect(strict.resources.isEmpty && strict.errors.count == 1 && strict.warnings.isEmpty)
    }

    @Test func oneBadTemplateOfAFileCostsOnlyItself() throws {
        let good = "[[template]]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n"
        let result = try parse("[[template]]\nsrc = \"a.tmpl\"\n" + good)
        #expect(result.resources.map(\.name) == ["r.toml#2"])
        #expect(result.errors.map(\.text) == ["r.toml:1:3: dest: is required and must not be empty\n[[template]]\n  ^"])
    }

    @Test func aBackendThatSendsNoPassword() throws {
        let text = minimal("[backend]\nbackend = \"etcd\"\nusername = \"u\"\npassword = \"p\"\nbasic_auth = false")
        let backend = try #require(try parse(text).resources.first?.layers[0].backend)
        #expect(backend.options["basic-auth"] == .flag(false))
    }

    /// What comes after a secret is shown, what may belong to it is not.
    @Test(arguments: [
        ("nodes = [\"http://u:p@h\"]\nx = 1\n", true), ("password = \"p\"\nx = 1\n", true),
        ("tokens = [\n\"x\"\n", false), ("[secrets]\nx = 1\n", false), ("token = \"\"\"\nx = 1\n", false),
        ("tokens = [\"a\", # ]\n\"x\"]\n", false), ("tokens = [[\"a\"]\n,[\"x\"]]\n", false),
        ("tokens = [\"a\",\n\"x\"]\n", false),
    ])
    func excerptsWithoutSecrets(_ text: String, _ isShown: Bool) {
        let excerpt = TOMLExcerpt.text(of: Array(text.utf8), at: TOMLPosition(line: 2, column: 1))
        #expect((excerpt != nil) == isShown)
    }

    @Test func aBackendOfItsOwn() throws {
        let text = minimal("[backend]\nbackend = \"etcdv3\"\nnodes = [\"a:1\"]\nusername = \"u\"")
        let backend = try #require(try parse(text).resources.first?.layers[0].backend)
        #expect(backend.name == "etcd" && backend.sources == ["a:1"])
        #expect(backend.options["username"] == .text("u"))
    }
}

@Suite struct CommandTemplateTests {
    /// Report: resource files of confd 0.17 whose reload_cmd has braces of another program were refused.
    @Test(
        "what a reload_cmd becomes",
        arguments: [
            ("reload {{.dest}} {{ .src }}", "reload '/d x' /s"),
            ("docker inspect -f '{{.State.Pid}}' x", "docker inspect -f '{{.State.Pid}}' x"),
            ("docker ps --format '{{.Names}}'", "docker ps --format '{{.Names}}'"),
            ("{{range .items}}{{.name}}{{end}}", "{{range .items}}{{.name}}{{end}}"),
            ("{{range .Mounts}}{{.dest}}{{end}}", "{{range .Mounts}}{{.dest}}{{end}}"),
            ("{{with .State}}{{.src}}{{end}} {{end", "{{with .State}}{{.src}}{{end}} {{end"),
            ("{{.Config.src}} {{$x.src}}", "{{.Config.src}} {{$x.src}}"),
            ("{{range .a}}{{$.src}}{{end}} {{", "{{range .a}}{{$.src}}{{end}} {{"),
            ("{{if .src}}{{.dest}}{{end}}", "'/d x'"),
            ("{{with .src}}{{.}}{{end}}", "/s"),
            ("{{/* .src */}}x", "{{/* .src */}}x"),
            ("echo {{\".src\"}} {{`.dest`}}", "echo {{\".src\"}} {{`.dest`}}"),
            ("cp a.src b.dest", "cp a.src b.dest"),
            ("{{json .src}}", "{{json .src}}"),
            ("awk '{if(1){{print $2}}}'", "awk '{if(1){{print $2}}}'"),
            ("{{ server }} {{end}} {{", "{{ server }} {{end}} {{"),
            ("{{.srcs}} {{.sha256}} {{.dir}}", "{{.srcs}} {{.sha256}} {{.dir}}"),
            ("{{\"{{\"}}.Names}} {{.src}}", "{{.Names}} /s"),
        ])
    func reload(text: String, shell: String) throws {
        let command = try CommandTemplate(reload: .text(text))
        #expect(try command.invocation(source: "/s", destination: "/d x") == .shell(shell))
    }

    @Test func aReloadThatMixesFieldsIsAnError() throws {
        #expect(try parse(minimal("reload_cmd = \"x {{.src}} {{.Names}}\"")).errors.count == 1)
        #expect(
            try parse(minimal("reload_cmd = \"x {{.Names}} {{.dest}}\"")).errors.first?.hint?.contains("{{") == true)
    }

    @Test(
        "what a check judges",
        arguments: [
            ("check_cmd = \"nginx -t\"", true), ("check_cmd = \"nginx -t -c {{.src}}\"", false),
            ("check_cmd = \"x $CONFD_SRC\"", false), ("check_cmd = \"x ${CONFD_SRC}\"", false),
            ("check_cmd = \"x {{.dest}}\"", true), ("check_cmd = \"x {{if .src}}y{{end}}\"", false),
            ("check_cmd = \"x $CONFD_DEST\"", true), ("check_cmd = \"x\"\ncheck = \"staged\"", false),
            ("check_cmd = \"x {{.src}}\"\ncheck = \"in-place\"", true), ("check = \"in-place\"", false), ("", false),
        ])
    func check(fields: String, isInPlace: Bool) throws {
        #expect(try parse(minimal(fields)).resources.first?.checksInPlace == isInPlace)
    }

    @Test func anUnknownWayToCheck() throws {
        let error = try parse(minimal("check = \"inplace\"")).errors.first
        #expect(error?.text.hasPrefix("r.toml:4:9: check: \"inplace\" is unknown") == true)
    }
}

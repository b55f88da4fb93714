import Foundation
import Testing

/// Something wrong with a confdir, and what `-validate` says about it.
struct Flaw: CustomTestStringConvertible {
    let name: String
    var keys = ["/app"]
    /// Further lines of the resource `app`, from line 5 on.
    var fields = ""
    var template = "fine"
    var config = ""
    var flags: [String] = []
    var code: Int32 = 2
    /// The whole text of one finding; `CONF` and `TMPL` stand for the folders.
    let says: String

    var testDescription: String { name }

    static let all: [Flaw] = [
        Flaw(
            name: "unknown key", fields: "relaod_cmd = \"x\"", code: 0,
            says: "CONF/app.toml:5:1: warning: unknown key \"relaod_cmd\" in [template]\nrelaod_cmd = \"x\"\n^\n"
                + "hint: did you mean \"reload_cmd\"?\n"),
        Flaw(
            name: "unknown key, strictly", fields: "relaod_cmd = \"x\"", flags: ["-strict"],
            says: "CONF/app.toml:5:1: unknown key \"relaod_cmd\" in [template]\nrelaod_cmd = \"x\"\n^\n"
                + "hint: did you mean \"reload_cmd\"?\n"),
        Flaw(
            name: "unknown function", template: "a\n b {{getvz \"/app/x\"}}\n",
            says: "TMPL/app.tmpl:2:6: function \"getvz\" not defined\n b {{getvz \"/app/x\"}}\n     ^\n"
                + "hint: did you mean \"getvs\"?\n"),
        Flaw(
            name: "unknown template", template: "{{define \"head\"}}x{{end}}{{template \"haed\"}}",
            says:
                "TMPL/app.tmpl:1:37: executing \"app.tmpl\" at <{{template \"haed\"}}>: template \"haed\" not defined\n"
                + "{{define \"head\"}}x{{end}}{{template \"haed\"}}\n                                    ^\n"
                + "hint: did you mean \"head\"?\n"),
        Flaw(
            name: "a call that cannot succeed", template: "{{getv}}",
            says: "TMPL/app.tmpl:1:3: executing \"app.tmpl\" at <getv>: wrong number of args for getv: want at least 1 "
                + "got 0\n{{getv}}\n  ^\n"),
        Flaw(
            name: "a template that does not parse", template: "{{if}}",
            says: "TMPL/app.tmpl:1:5: missing value for if\n{{if}}\n    ^\n"),
        Flaw(
            name: "unknown field in check_cmd", fields: "check_cmd = \"test {{.srx}}\"",
            says: "CONF/app.toml:5:13: check_cmd: executing \"check_cmd\" at <.srx>: can't evaluate field srx in type "
                + "command\ncheck_cmd = \"test {{.srx}}\"\n            ^\n"
                + "hint: the fields are {{.src}}, the staged file, and {{.dest}}, the target\n"),
        Flaw(
            name: "unknown field in reload_cmd", fields: "reload_cmd = \"x {{.dest}} {{.file}}\"",
            says:
                "CONF/app.toml:5:14: reload_cmd: executing \"reload_cmd\" at <.file>: can't evaluate field file in type "
                + "command\nreload_cmd = \"x {{.dest}} {{.file}}\"\n             ^\n"
                + "hint: the fields are {{.src}}, the staged file, and {{.dest}}, the target; "
                + "write braces that are not confd's as {{\"{{\"}}\n"),
        Flaw(
            name: "unknown owner", fields: "owner = \"no-such-user-here\"", code: 0,
            says: "CONF/app.toml:5:9: warning: owner: this machine has no user \"no-such-user-here\", so the "
                + "owner is left as it is\nowner = \"no-such-user-here\"\n        ^\n"
                + "hint: with -strict this is an error\n"),
        Flaw(
            name: "a mode that was meant in decimal", fields: "mode = 416", code: 0,
            says: "CONF/app.toml:5:8: warning: mode: with 0416 everybody may write to the file\nmode = 416\n       ^\n"
                + "hint: its digits are octal: mode = \"0640\" lets the owner write and the group read\n"),
        Flaw(
            name: "owner and group in one", fields: "owner = \"nobody:nogroup\"", code: 0,
            says: "owner = \"nobody:nogroup\"\n        ^\nhint: owner is a user alone; the group goes into \"group\"\n"),
        Flaw(
            name: "a field of reload_cmd that is nearly ours", fields: "reload_cmd = \"x {{.scr}}\"", code: 0,
            says: "CONF/app.toml:5:14: warning: reload_cmd: {{.scr}} is no field of confd, and is passed on as it is\n"
                + "reload_cmd = \"x {{.scr}}\"\n             ^\nhint: did you mean \"{{.src}}\"?\n"),
        Flaw(
            name: "a key without a slash", template: "{{getv \"app/x\" \"d\"}}", code: 0,
            says:
                "TMPL/app.tmpl:1:8: warning: \"app/x\" is no key, it begins without a slash: the default is always taken\n"
                + "{{getv \"app/x\" \"d\"}}\n       ^\nhint: did you mean \"/app/x\"?\n"),
        Flaw(
            name: "a key that the resource does not have", template: "a\n{{if exists \"/other/x\"}}{{end}}", code: 0,
            says:
                "TMPL/app.tmpl:2:13: warning: \"/other/x\" is not below keys of app.toml, so there is never anything\n"
                + "{{if exists \"/other/x\"}}{{end}}\n            ^\nhint: its keys are \"/app\"\n"),
        Flaw(
            name: "no keys", keys: [], template: "a\n{{range gets \"/app/x/*\"}}{{.Key}}{{end}}{{getv \"/b\"}}",
            code: 0,
            says: "TMPL/app.tmpl:2:14: warning: app.toml has no keys, so there is never anything at \"/app/x/*\"\n"
                + "{{range gets \"/app/x/*\"}}{{.Key}}{{end}}{{getv \"/b\"}}\n             ^\n"
                + "hint: add keys = [\"/app/x\"] to it\nchecked 1 resource file and 1 template: 0 errors, 1 warning\n"),
        Flaw(
            name: "a key that the resource does not have, strictly", template: "{{if exists \"/other/x\"}}{{end}}",
            flags: ["-strict"],
            says: "TMPL/app.tmpl:1:13: \"/other/x\" is not below keys of app.toml, so there is never anything\n"),
        Flaw(
            name: "a check over TLS",
            fields: "[[template.health_check]]\nkeys = \"/app/*\"\ntype = \"https\"\npath = \"/\"",
            says: "CONF/app.toml:7:8: type: \"https\" is no type\ntype = \"https\"\n       ^\n"
                + "hint: write type = \"http\" and tls = true\nchecked"),
        Flaw(
            name: "a check in place, as asked for", fields: "check_cmd = \"true\"\ncheck = \"in-place\"", code: 0,
            says: "checked 1 resource file and 1 template: 0 errors, 0 warnings\n"),
        Flaw(
            name: "unknown group", fields: "group = \"no-such-group-here\"", flags: ["-strict"],
            says: "CONF/app.toml:5:9: group: this machine has no group \"no-such-group-here\", so the group "
                + "is left as it is\n"),
        Flaw(
            name: "a mode that is none", fields: "mode = \"0999\"",
            says: "CONF/app.toml:5:8: mode: not a file mode\nmode = \"0999\"\n       ^\n"
                + "hint: write octal digits as text, for example \"0644\"\n"),
        Flaw(
            name: "shadowed key", keys: ["/a/b", "/a"], code: 0,
            says: "CONF/app.toml:4:9: warning: keys: \"/a/b\" is covered by \"/a\" already\nkeys = [\"/a/b\", \"/a\"]\n"
                + "        ^\nhint: a key stands for itself and all that is below it: leave \"/a/b\" out\n"),
        Flaw(
            name: "a delimiter with a space", fields: "left_delimiter = \"{ {\"",
            says: "CONF/app.toml:5:18: left_delimiter: \"{ {\" holds white space\n"),
        Flaw(
            name: "a delimiter that the template does not have",
            fields: "left_delimiter = \"[[\"\nright_delimiter = \"]]\"",
            template: "{{getv \"/a\"}}", code: 0,
            says: "TMPL/app.tmpl: warning: there is no \"[[\" in it, the left_delimiter of its resource\n"),
        Flaw(
            name: "unknown signal", fields: "reload_signal = \"HUPP\"",
            says: "CONF/app.toml:5:17: reload_signal: \"HUPP\" is not a signal\nreload_signal = \"HUPP\"\n"
                + "                ^\nhint: did you mean \"HUP\"?\n"),
        Flaw(
            name: "unknown backend", fields: "[backend]\nbackend = \"etdc\"",
            says: "CONF/app.toml:6:11: backend: \"etdc\" is not a backend\nbackend = \"etdc\"\n          ^\n"
                + "hint: did you mean \"etcd\"?\n"),
        Flaw(
            name: "a duration in confd.toml", config: "# comment\ninterval = \"soon\"\n",
            says: "ROOT/confd.toml:2:12: interval: \"soon\" is not a time\ninterval = \"soon\"\n           ^\n"
                + "hint: write seconds (10) or a duration (1m30s, 250ms)\n"),
        Flaw(
            name: "an unknown key in confd.toml", config: "intervall = 5\n", code: 0,
            says: "ROOT/confd.toml:1:1: warning: unknown key \"intervall\"\nintervall = 5\n^\n"
                + "hint: did you mean \"interval\"?\n"),
        Flaw(
            name: "confd.toml that does not parse", config: "interval = \n",
            says: "ROOT/confd.toml:1:12: "),
        Flaw(
            name: "a secret is not shown", config: "password = 1.5\n",
            says: "ROOT/confd.toml:1:12: password: a float where a string, an integer or a boolean is expected\nchecked"
        ),
        Flaw(
            name: "a resource that is not there", flags: ["-resource", "ap.toml"],
            says: "CONF/ap.toml: there is no such resource file\nhint: did you mean \"app.toml\"?\n"),
        Flaw(
            name: "mock data that is no object", flags: ["-mock-data", "list.json"],
            says: "list.json:1:1: this is not a JSON object\n"),
        Flaw(
            name: "mock data that the template cannot use", template: "{{atoi .port}}",
            flags: ["-mock-data", "app.json"],
            says: "TMPL/app.tmpl:1:3: executing \"app.tmpl\" at <atoi .port>: error calling atoi: "),
    ]
}

/// `-validate`: everything that is wrong, at once, as a compiler says it, and without a backend.
@Suite struct ValidateTests {
    private func validate(_ box: Sandbox, _ flags: [String] = []) async throws -> Finished {
        // A backend that would never answer.
        try await run(
            box.command(
                [
                    "-validate", "-backend", "etcd", "-node", "http://192.0.2.1:1", "-config-file",
                    box.path("confd.toml"),
                ]
                    + flags))
    }

    @Test(arguments: Flaw.all)
    func flaw(_ flaw: Flaw) async throws {
        try await withSandbox { box in
            try box.resource("app", keys: flaw.keys, fields: flaw.fields, template: flaw.template)
            try box.write("confd.toml", flaw.config)
            try box.write("list.json", "[1]")
            try box.write("app.json", #"{"port": "no number"}"#)
            let done = try await validate(box, flaw.flags)
            #expect(done.exitCode == flaw.code, "\(done.testDescription)")
            let expected = flaw.says.replacingOccurrences(of: "CONF/", with: box.confdir + "/conf.d/")
                .replacingOccurrences(of: "TMPL/", with: box.confdir + "/templates/")
                .replacingOccurrences(of: "ROOT/", with: box.root + "/")
            #expect(done.standardError.contains(expected), "\(expected)\n\(done.testDescription)")
            #expect(done.standardOutput.isEmpty)
        }
    }

    @Test func nothingIsWrong() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/x"}}"#)
            try box.write("confd.toml", "")
            let done = try await validate(box)
            #expect(done.exitCode == 0)
            #expect(done.standardError == "checked 1 resource file and 1 template: 0 errors, 0 warnings\n")
            #expect(box.output("app") == nil)
        }
    }

    /// Errors of several files, several of one file, and of a template that is only included.
    @Test func allAtOnce() async throws {
        try await withSandbox { box in
            try box.resource(
                "a", fields: "mode = \"9\"\nowner = \"no-such-user\"", template: "{{nope1}}{{nope2}}{{if}}")
            try box.resource("b", fields: "[backend]\nbackend = \"dynamodb\"\nnodes = 5", template: "x")
            try box.write(
                "confdir/conf.d/c.toml", "[template]\nsrc = \"gone.tmpl\"\ndest = \"\(box.out)/../out/a\"\n")
            try box.write("confdir/conf.d/d.toml", "[template\n")
            try box.write("confdir/templates/part.tmpl", "{{nope3}}")
            try box.write("confd.toml", "interval = \"x\"\nlog-level = \"y\"\n")
            let done = try await validate(box)
            #expect(done.exitCode == 2)
            let places = [
                "confd.toml:1:12: interval", "confd.toml:2:13: log-level", "a.toml:5:8: mode",
                "a.toml:6:9: warning: owner",
                "a.tmpl:1:3: function \"nope1\"", "a.tmpl:1:12: function \"nope2\"",
                "a.tmpl:1:23: missing value for if",
                "b.toml:6:11: backend: \"dynamodb\" is not built", "b.toml:7:9: nodes",
                "c.toml:2:7: src: Missing template",
                "c.toml:3:8: dest \(box.out)/../out/a is already written by a.toml",
                "d.toml:1:10: ", "part.tmpl:1:3: function \"nope3\"",
            ]
            for place in places { #expect(done.standardError.contains(place), "\(place)\n\(done.testDescription)") }
            #expect(done.errorLines.last == "checked 4 resource files and 3 templates: 12 errors, 1 warning")
        }
    }

    @Test func oneResource() async throws {
        try await withSandbox { box in
            try box.resource("good", template: "x")
            try box.resource("bad", fields: "mode = \"9\"", template: "{{nope}}")
            try box.write("confd.toml", "")
            // Report: only the name and the absolute path were found.
            let relative = "confdir/conf.d/good.toml"
            for name in ["good.toml", "\(box.confdir)/conf.d/good.toml", "conf.d/good.toml", relative, "./" + relative]
            {
                let good = try await validate(box, ["-resource", name])
                #expect(good.exitCode == 0, "\(good.testDescription)")
                #expect(good.errorLines.last == "checked 1 resource file and 1 template: 0 errors, 0 warnings")
            }
            #expect(try await validate(box, ["-resource", "bad.toml"]).exitCode == 2)
            for (name, says) in [
                ("conf.d/goood.toml", "conf.d/goood.toml: there is no"), ("conf.d", "this is a directory"),
            ] {
                let wrong = try await validate(box, ["-resource", name])
                #expect(wrong.exitCode == 2 && wrong.standardError.contains(says), "\(wrong.testDescription)")
            }
        }
    }

    /// The fork's mock data are the template's dot; here they are the keys too, and what is missing is empty.
    @Test(arguments: [
        ("dot", "{{.app.port}}", Int32(0)), ("keys", #"{{add 1 (atoi (getv "/app/port"))}}"#, 0),
        ("a pair", #"{{(get "/app/port").Value | atoi}}"#, 0), ("missing", #"{{getv "/app/none"}}"#, 0),
        ("a missing number", #"{{atoi (getv "/app/none")}}"#, 2),
        ("a missing include", #"{{include "none.tmpl"}}"#, 2),
    ])
    func mockData(_ name: String, _ template: String, _ code: Int32) async throws {
        try await withSandbox { box in
            try box.resource("app", template: template)
            try box.write("confd.toml", "")
            try box.write("mock.json", #"{"app": {"port": "80"}}"#)
            let done = try await validate(box, ["-mock-data", "mock.json"])
            #expect(done.exitCode == code, "\(done.testDescription)")
            #expect(done.standardError.contains("app.tmpl:1:") == (code != 0))
        }
    }

    /// Every node that no etcd can have, at its own line; one with a password is not shown.
    @Test func nodesOfConfdToml() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write(
                "confd.toml",
                "nodes = [\n\"a:1\",\n\"http://a:99999\",\n\"http://me:secret@a:1\",\n]\nbasic_auth = true\n")
            let path = box.path("confd.toml")
            let done = try await box.confd("-validate", "-config-file", path)
            #expect(done.exitCode == 2)
            #expect(
                done.standardError == """
                    \(path):3:1: nodes: etcd: not a node address: "http://a:99999"
                    "http://a:99999",
                    ^
                    hint: write http://HOST:2379 or https://HOST:2379
                    \(path):4:1: nodes: etcd: a node address must not hold a user name or password
                    hint: use -username and -password
                    warning: -basic-auth sends nothing without a user
                    hint: add -username and -password-file
                    checked 1 resource file and 1 template: 2 errors, 1 warning

                    """, "\(done.testDescription)")
            #expect(try await box.confd("-onetime", "-config-file", path).exitCode == 2)
        }
    }

    /// Files of certificates and secrets that are not there: the connection would fail at the start.
    @Test func filesOfTheConnectionAreThere() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write("password", "secret")
            try box.write(
                "confd.toml",
                """
                nodes = ["https://a:1"]
                client_cakeys = "\(box.path("ca.pem"))"
                username = "confd"
                password_file = "\(box.path("password"))"
                """)
            let arguments = ["-validate", "-config-file", box.path("confd.toml")]
            let missing = "etcd: -client-ca-keys: stat \(box.path("ca.pem")): no such file or directory\n"
            let rows: [([String], String, Int32)] = [([], "warning: \(missing)", 0), (["-strict"], missing, 2)]
            for (flags, text, code) in rows {
                let done = try await run(box.command(arguments + flags))
                #expect(done.exitCode == code, "\(done.testDescription)")
                #expect(done.standardError.hasPrefix(text), "\(done.testDescription)")
                #expect(!done.standardError.contains("password-file"), "\(done.testDescription)")
            }
            try box.write("ca.pem", "")
            let strict = try await run(box.command(arguments + ["-strict"]))
            #expect(strict.exitCode == 0, "\(strict.testDescription)")
        }
    }

    /// What docs/pipeline.md shows is what is printed. README.md is tested by Tests/Release/documentation.sh.
    @Test func documentedOutput() async throws {
        try await withSandbox { box in
            try box.write(
                "confdir/conf.d/nginx.toml",
                """
                [template]
                src = "nginx.conf.tmpl"
                dest = "/etc/nginx/conf.d/services.conf"
                keys = ["/services"]
                mode = "0999"

                relaod_cmd = "nginx -s reload"
                """)
            let lines = String(repeating: "\n", count: 11) + "    {{ range getvz \"/services/*\" }}\n{{end}}\n"
            try box.write("confdir/templates/nginx.conf.tmpl", lines)
            for (name, template) in [("a", "a"), ("b", "b"), ("c", "b")] {
                try box.write("confdir/templates/\(template).tmpl", "x")
                let text = "[template]\nsrc = \"\(template).tmpl\"\ndest = \"\(box.out)/\(name)\"\n"
                try box.write("confdir/conf.d/\(name).toml", text)
            }
            let done = try await box.confd("-validate", "-backend", "env")
            let output = done.standardError.replacingOccurrences(of: box.confdir + "/", with: "")
            let root = Machine.testFolder + "/../.."
            let page = try String(contentsOfFile: root + "/docs/pipeline.md", encoding: .utf8)
            #expect(page.contains("```\n\(output)```\n"), "\(output)")
        }
    }

    @Test(arguments: ["-validate", "--check-config"])
    func nothingToValidate(_ flag: String) async throws {
        try await withSandbox { box in
            let empty = try await box.confd(flag, "-backend", "env")
            #expect(empty.exitCode == 2, "\(empty.testDescription)")
            #expect(empty.standardError.contains("Found no templates"))
            #expect(
                empty.standardError.contains(
                    "hint: resource files are in \(box.confdir)/conf.d, and their names end in .toml"))
            // Report: the hint led to the name's end, which was right.
            for path in ["confdir/app.toml", "confdir/templates/app.toml"] {
                try box.write(path, "[template]\nsrc = \"a\"\ndest = \"/b\"\n")
                let hint = "hint: \(box.path(path)) looks like a resource file: move it to \(box.confdir)/conf.d"
                for arguments in [[flag], ["-onetime"]] {
                    let done = try await run(box.command(arguments + ["-backend", "env"]))
                    #expect(done.standardError.contains(hint), "\(done.testDescription)")
                }
                unlink(box.path(path))
            }
            let none = try await box.confd(flag, "env", "-confdir", box.path("none"), confdir: false)
            #expect(none.exitCode == 2 && none.standardError.contains("confdir does not exist"))
        }
    }

    @Test func asJSON() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "mode = \"9\"", template: "x")
            let done = try await box.confd("-validate", "-backend", "env", "-log-format", "json")
            #expect(done.exitCode == 2)
            let line = try #require(done.errorLines.first)
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["msg"] as? String == "mode: not a file mode")
            #expect(object?["file"] as? String == "\(box.confdir)/conf.d/app.toml")
            #expect(object?["line"] as? Int == 5 && object?["column"] as? Int == 8)
            #expect((object?["hint"] as? String)?.contains("octal") == true)
        }
    }
}

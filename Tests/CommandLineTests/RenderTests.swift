import Foundation
import Glibc
import TestSupport
import Testing

/// `confd render`: one resource or template to standard output, and nothing anywhere else.
@Suite struct RenderTests {
    private func render(_ box: Sandbox, _ arguments: String...) async throws -> Finished {
        try await run(box.command(["render"] + arguments))
    }

    /// A shell script in which `$0` is the binary under test.
    private func shell(_ box: Sandbox, _ script: String) async throws -> Finished {
        try await run(
            ChildCommand(
                executable: "/bin/sh", arguments: ["-c", script, Machine.confd],
                environment: Machine.environment, directory: box.root))
    }

    @Test func printsAResource() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "app", fields: "check_cmd = \"false\"\nreload_cmd = \"\(box.counting("reload"))\"",
                template: #"{{getv "/app/name"}}"# + "\n")
            try box.resource("other", template: "{{fail}}")
            let done = try await render(box, "app.toml", "-file", "keys.yaml", "-state-dir", box.path("state"))
            #expect(done.exitCode == 0 && done.standardOutput == "one\n", "\(done.testDescription)")
            #expect(done.standardError == "")
            #expect(try box.names("out") == [] && box.runs(of: "reload") == 0)
            #expect(try box.names("") == ["confdir", "keys.yaml", "out"])
            let variables = ["APP_NAME": "two"]
            let fromEnvironment = try await run(
                box.command(["render", "-backend", "env", "app.toml"], environment: variables))
            #expect(fromEnvironment.standardOutput == "two\n", "\(fromEnvironment.testDescription)")
            // The name of a backend is no resource.
            let second = try await run(box.command(["render", "env", "app.toml"], environment: variables))
            #expect(second.standardOutput == "two\n", "\(second.testDescription)")
        }
    }

    @Test func printsATemplateAlone() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.write("my dir/a${x}.tmpl", #"{{getv "/app/name" "none"}}"#)
            let keys = try await render(box, "-template", "my dir/a${x}.tmpl", "-file", "keys.yaml")
            #expect(keys.exitCode == 0 && keys.standardOutput == "one", "\(keys.testDescription)")
            // Without a backend on the command line there are no keys, and nothing is contacted.
            let none = try await render(box, "-template", "my dir/a${x}.tmpl")
            #expect(none.exitCode == 0 && none.standardOutput == "none", "\(none.testDescription)")
            // A bare name is one of the templates too.
            try box.write("confdir/templates/bare.tmpl", "bare")
            let bare = try await render(box, "-template", "bare.tmpl")
            #expect(bare.exitCode == 0 && bare.standardOutput == "bare", "\(bare.testDescription)")
            let missing = try await render(box, "-template", "no.tmpl")
            #expect(
                missing.exitCode == 2 && missing.standardError.contains("no.tmpl: no such file or directory"),
                "\(missing.testDescription)")
        }
    }

    @Test func showsThePlaceOfAnError() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: "first\n  {{getv \"/app/nome\"}}\n")
            let done = try await render(box, "app.toml", "-file", "keys.yaml")
            #expect(done.exitCode == 1 && done.standardOutput == "", "\(done.testDescription)")
            let place = "\(box.confdir)/templates/app.tmpl:2:5: "
            #expect(done.standardError.contains("ERROR app.toml: \(place)"), "\(done.testDescription)")
            #expect(done.standardError.contains("\n  {{getv \"/app/nome\"}}\n    ^\n"), "\(done.testDescription)")
        }
    }

    @Test func findsTheResource() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write(
                "confdir/conf.d/two.toml",
                """
                [[template]]
                src = "app.tmpl"
                dest = "\(box.out)/a"
                [[template]]
                src = "second.tmpl"
                dest = "\(box.out)/b"
                """)
            try box.write("confdir/templates/second.tmpl", "second")
            let unknown = try await render(box, "ap.toml", "-backend", "env")
            #expect(unknown.exitCode == 2, "\(unknown.testDescription)")
            #expect(
                unknown.standardError.contains("there is no such resource file\nhint: did you mean \"app.toml\"?"),
                "\(unknown.testDescription)")
            let several = try await render(box, "two.toml", "-backend", "env")
            #expect(several.exitCode == 2, "\(several.testDescription)")
            #expect(
                several.standardError.contains(
                    "two.toml has 2 templates: which one is meant?\nhint: two.toml#1 is"),
                "\(several.testDescription)")
            for (name, text) in [("two.toml#1", "x"), ("two.toml#2", "second")] {
                let one = try await render(box, name, "-backend", "env")
                #expect(one.exitCode == 0 && one.standardOutput == text, "\(one.testDescription)")
            }
            let none = try await render(box, "two.toml#3", "-backend", "env")
            #expect(
                none.exitCode == 2 && none.standardError.contains("there is no two.toml#3: it has 2 templates"),
                "\(none.testDescription)")
        }
    }

    /// A resource with `for_each` has a file for each item.
    @Test func printsTheFileOfAnItem() async throws {
        try await withSandbox { box in
            try box.sites(#"{{.index}} {{.name}} {{getv (printf "%s/host" .key)}}"# + "\n")
            try box.write("keys.yaml", "sites: {a: {host: one}, b: {host: two}, .c: {host: three}}\n")
            let named = try await render(box, "sites.toml", "-item", "b", "-file", "keys.yaml")
            #expect(named.exitCode == 0 && named.standardOutput == "2 b two\n", "\(named.testDescription)")
            let key = try await render(box, "sites.toml", "-item", "/sites/a", "-file", "keys.yaml")
            #expect(key.standardOutput == "1 a one\n", "\(key.testDescription)")
            #expect(try box.names("out") == [])
            for (item, message) in [
                ([], "sites.toml has for_each: which item is meant?"),
                (["-item", "bb"], "-item: sites.toml has no item \"bb\""),
                (["-item", ".c"], "-item: /sites/.c has no file: its name begins with a dot"),
            ] {
                let done = try await run(box.command(["render", "sites.toml", "-file", "keys.yaml"] + item))
                #expect(done.exitCode == 2 && done.standardOutput == "", "\(done.testDescription)")
                #expect(done.standardError.contains(message), "\(done.testDescription)")
            }
            try box.resource("app", template: "x")
            let single = try await render(box, "app.toml", "-item", "a", "-file", "keys.yaml")
            #expect(
                single.exitCode == 2 && single.standardError.contains("-item: app.toml has no for_each"),
                "\(single.testDescription)")
        }
    }

    /// Items of different directories with one name are told apart by their keys.
    @Test func refusesAnAmbiguousItem() async throws {
        try await withSandbox { box in
            try box.sites("{{.key}}", pattern: "/sites/*/*", name: "{{index .parts 0}}-{{.name}}")
            try box.write("keys.yaml", "sites: {x: {a: 1}, y: {a: 2}}\n")
            let done = try await render(box, "sites.toml", "-item", "a", "-file", "keys.yaml")
            #expect(
                done.exitCode == 2 && done.standardError.contains("hint: -item /sites/x/a, -item /sites/y/a"),
                "\(done.testDescription)")
            let key = try await render(box, "sites.toml", "-item", "/sites/y/a", "-file", "keys.yaml")
            #expect(key.exitCode == 0 && key.standardOutput == "/sites/y/a", "\(key.testDescription)")
        }
    }

    @Test(
        "usage",
        arguments: [
            ([], "render needs a resource, or -template\nhint: for example confd render nginx.toml"),
            (["a.toml", "-template", "b"], "a resource and -template exclude each other"),
            (["a.toml", "-check"], "render and -check exclude each other"),
            (["a.toml", "--", "ls"], "render starts no command\nhint: leave \"-- ls\" out"),
            (["a.toml", "b.toml"], "unexpected argument: \"b.toml\""),
            (
                ["a.toml", "-templates", "b"],
                "flag provided but not defined: -templates\nhint: did you mean \"-template\"?"
            ),
        ])
    func usage(_ arguments: [String], _ message: String) async throws {
        try await withSandbox { box in
            let done = try await run(box.command(["render"] + arguments[...], confdir: false))
            #expect(done.exitCode == 2 && done.standardOutput == "", "\(done.testDescription)")
            #expect(done.standardError.contains("confd: error: \(message)"), "\(done.testDescription)")
        }
    }

    @Test func namesAnUnreachableBackend() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let port = try Ports.free()
            let done = try await render(box, "app.toml", "-node", "http://127.0.0.1:\(port)", "-backend-timeout", "5")
            #expect(done.exitCode == 4 && done.standardOutput == "", "\(done.testDescription)")
            #expect(done.standardError.contains("127.0.0.1:\(port)"), "\(done.testDescription)")
        }
    }

    /// Output that is not valid in its format is printed nevertheless, and is an error.
    @Test func checksTheFormat() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "output_format = \"json\"", template: "{\n  x\n}\n")
            let done = try await render(box, "app.toml", "-backend", "env")
            #expect(done.exitCode == 1 && done.standardOutput == "{\n  x\n}\n", "\(done.testDescription)")
            #expect(
                done.standardError.contains("app.toml: \(box.out)/app:2:3: output_format: not JSON"),
                "\(done.testDescription)")
        }
    }

    @Test func namesWhyTheOutputCannotBeWritten() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{range seq 1 100000}}line {{.}}{{"\n"}}{{end}}"#)
            let command = "\"$0\" render app.toml -backend env -confdir confdir"
            for (script, reason) in [
                ("\(command) >/dev/full", "no space left on device"),
                ("\(command) >&-", "bad file descriptor"),
                ("{ \(command); echo $? >code; } | true; exit $(cat code)", "broken pipe"),
            ] {
                let done = try await shell(box, script)
                #expect(done.exitCode == 1, "\(done.testDescription)")
                #expect(
                    done.standardError.contains("cannot write to standard output: \(reason)"), "\(done.testDescription)"
                )
            }
        }
    }
}

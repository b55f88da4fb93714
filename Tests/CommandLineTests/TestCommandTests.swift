import Foundation
import Glibc
import TestSupport
import Testing

/// `confd test`: templates over the keys of test cases.
@Suite struct TestCommandTests {
    private func test(_ box: Sandbox, _ arguments: String..., environment: [String: String] = [:]) async throws
        -> Finished
    {
        try await run(box.command(["test"] + arguments, environment: environment))
    }

    /// A resource for `/etc/app/NAME`, and a case `one` for it that passes.
    private func prepare(_ box: Sandbox) throws {
        try box.write(
            "confdir/conf.d/app.toml",
            """
            [template]
            src = "app.tmpl"
            dest = "/etc/app/app.conf"
            keys = ["/app"]
            check_cmd = "false"
            reload_cmd = "\(box.counting("reload"))"

            """)
        try box.write(
            "confdir/templates/app.tmpl", "name {{getv \"/app/name\"}}\n{{if exists \"/app/debug\"}}debug\n{{end}}")
        try box.write("confdir/tests/one/keys.yaml", "app: {name: one}\n")
        try box.write("confdir/tests/one/expected/etc/app/app.conf", "name one\n")
    }

    /// With `for_each`, a case has to expect the files of all items, and no others.
    @Test func knowsTheFilesOfItems() async throws {
        try await withSandbox { box in
            try box.sites("{{.name}} {{.value}}\n", folder: "/etc/sites")
            try box.write("confdir/tests/two/keys.yaml", "sites: {a: 1, b: 2}\n")
            try box.write("confdir/tests/two/expected/etc/sites/a.conf", "a 1\n")
            let surplus = try await test(box)
            #expect(surplus.exitCode == 1, "\(surplus.testDescription)")
            #expect(surplus.standardOutput.contains("/etc/sites/b.conf is not expected"), "\(surplus.testDescription)")
            #expect(try await test(box, "-update").exitCode == 0)
            #expect(box.read("confdir/tests/two/expected/etc/sites/b.conf") == "b 2\n")
            #expect(try await test(box).exitCode == 0)
            try box.write("confdir/tests/two/expected/etc/sites/c.conf", "c 3\n")
            let missing = try await test(box)
            #expect(
                missing.exitCode == 1 && missing.standardOutput.contains("no resource writes /etc/sites/c.conf"),
                "\(missing.testDescription)")
            try box.write("confdir/tests/bad/keys.yaml", "sites: {.x: 1}\n")
            try box.write("confdir/tests/bad/error", "/sites/.x has no file: its name begins with a dot\n")
            let bad = try await test(box, box.path("confdir/tests/bad"))
            #expect(bad.exitCode == 0, "\(bad.testDescription)")
        }
    }

    @Test func passes() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write("confdir/tests/two/keys.json", #"{"app": {"name": "two", "debug": "1"}}"#)
            try box.write("confdir/tests/two/expected/etc/app/app.conf", "name two\ndebug\n")
            try box.write("confdir/tests/bad/keys.yaml", "app: {debug: 1}\n")
            try box.write("confdir/tests/bad/error", "error calling getv: key does not exist: /app/name\n")
            try box.write("confdir/tests/bad/README.md", "Without a name.\n")
            // Settings of the machine change nothing.
            let done = try await test(box, environment: ["CONFD_PREFIX": "/x", "CONFD_CONFIG_FILE": "/none"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardOutput == "ok     bad\nok     one\nok     two\n3 passed, 0 failed\n")
            #expect(done.standardError == "" && box.runs(of: "reload") == 0)
            let alone = try await test(box, box.path("confdir/tests/two"))
            #expect(alone.standardOutput == "ok     two\n1 passed, 0 failed\n", "\(alone.testDescription)")
            #expect(try box.names("out") == [])
        }
    }

    /// Report: beside keys or a resource that cannot be read stood a second error that was none; a `dest` that had moved was
    /// not named; a field that means nothing went unnoticed.
    @Test func saysWhatIsWrongOnce() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.resource("other", template: "x")
            try box.write("confdir/tests/one/keys.yaml", "app: [\n")
            let broken = try await test(box)
            #expect(broken.exitCode == 1 && !broken.standardOutput.contains("no resource writes"))
            #expect(broken.standardOutput.split(separator: "error: ").count == 2, "\(broken.testDescription)")
            try box.write("confdir/tests/one/keys.yaml", "app: {name: one}\n")
            let resource = try #require(box.read("confdir/conf.d/app.toml"))
            try box.write("confdir/conf.d/app.toml", resource + "mode = \"abc\"\n")
            let unreadable = try await test(box)
            #expect(unreadable.exitCode == 1 && !unreadable.standardOutput.contains("no resource writes"))
            #expect(unreadable.standardOutput.split(separator: "error: ").count == 2, "\(unreadable.testDescription)")
            try box.write(
                "confdir/conf.d/app.toml",
                resource.replacingOccurrences(of: "/etc/app/app.conf", with: "/srv/elsewhere/settings") + "nods = 1\n")
            let moved = try await test(box)
            #expect(
                moved.standardOutput.contains(
                    "no resource writes /etc/app/app.conf\nhint: has its dest changed? The resources write /srv/elsewhere/settings"
                ),
                "\(moved.testDescription)")
            #expect(moved.standardOutput.contains("unknown key \"nods\" in [template]"), "\(moved.testDescription)")
        }
    }

    @Test func showsDifferences() async throws {
        try await withSandbox { box in
            try prepare(box)
            let file = "\(box.confdir)/tests/one/expected/etc/app/app.conf"
            try box.write(file, "name two\n")
            let done = try await test(box)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(
                done.standardOutput == """
                    FAILED one
                    --- \(file)
                    +++ \(file)
                    @@ -1 +1 @@
                    -name two
                    +name one
                    0 passed, 1 failed

                    """, "\(done.testDescription)")
            let update = try await test(box, "-update")
            #expect(update.exitCode == 0, "\(update.testDescription)")
            #expect(update.standardOutput == "ok     one\nwrote \(file)\n1 passed, 0 failed\n")
            #expect(box.read(file) == "name one\n")
            let again = try await test(box, "-update")
            #expect(again.standardOutput == "ok     one\n1 passed, 0 failed\n", "\(again.testDescription)")
        }
    }

    /// A new case: keys alone, and what is rendered becomes what is expected.
    @Test func updateWritesNewCases() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write("confdir/tests/new/keys.yaml", "app: {name: new}\n")
            let before = try await test(box)
            #expect(before.exitCode == 1, "\(before.testDescription)")
            #expect(
                before.standardOutput.contains(
                    "error: \(box.confdir)/tests/new: it expects nothing\nhint: confd test -update writes"),
                "\(before.testDescription)")
            #expect(try await test(box, "-update").exitCode == 0)
            #expect(box.read("confdir/tests/new/expected/etc/app/app.conf") == "name new\n")
        }
    }

    @Test(
        "failures",
        arguments: [
            ("confdir/tests/one/keys.yaml", "app: {}\n", ["app.toml: ", "/templates/app.tmpl:1:8: ", "       ^"]),
            (
                "confdir/tests/one/keys.yml", "app: {}\n",
                ["keys.yml: there is no such file in a case\nhint: did you mean \"keys.yaml\"?"]
            ),
            ("confdir/tests/one/keys.json", "{}", ["there is both keys.yaml and keys.json"]),
            ("confdir/tests/one/keys.yaml", "app: [\n", ["tests/one/keys.yaml:2:1: "]),
            ("confdir/tests/one/env", "A=1\nB\n", ["tests/one/env:2:1: this is not NAME=value"]),
            ("confdir/tests/one/now", "today\n", ["tests/one/now:1:1: this is not a time\nhint: for example 2026-"]),
            ("confdir/tests/one/error", "\n", ["tests/one/error: it is empty"]),
            (
                "confdir/tests/one/error", "no such",
                ["error: there is no error with \"no such\"; there is no error at all"]
            ),
            (
                "confdir/tests/one/expected/etc/app/ap.conf", "",
                ["ap.conf: no resource writes /etc/app/ap.conf\nhint: did you mean \"/etc/app/app.conf\"?"]
            ),
            ("confdir/conf.d/app.toml", "[template]\nsrc = \"app.tmpl\"\n", ["app.toml:1:2: dest: is required"]),
        ])
    func failures(_ path: String, _ text: String, _ messages: [String]) async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write(path, text)
            let done = try await test(box)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            for message in messages { #expect(done.standardOutput.contains(message), "\(done.testDescription)") }
            #expect(done.standardOutput.hasSuffix("0 passed, 1 failed\n"), "\(done.testDescription)")
        }
    }

    /// The clock, the host, names, files and the environment are those of the case.
    @Test func knowsNothingOfTheMachine() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write(
                "confdir/templates/app.tmpl",
                """
                {{datetime.Format "2006-01-02T15:04:05Z07:00"}} {{datetime.Unix}}
                {{hostname}} {{getenv "HOME" "no home"}} {{getenv "APP"}}
                {{lookupIP "localhost"}} {{fileExists "/etc/passwd"}}

                """)
            try box.write("confdir/tests/one/env", "# A comment\nAPP=a = b \n")
            let plain = "2000-01-01T00:00:00Z 946684800\nconfd-test no home a = b \n[] false\n"
            try box.write("confdir/tests/one/expected/etc/app/app.conf", plain)
            try box.write("confdir/tests/two/now", "2026-01-31T12:00:00+01:00\n")
            // Written on Windows.
            try box.write("confdir/tests/two/env", "HOSTNAME=web1\r\nAPP=\r\n")
            let moved = "2026-01-31T11:00:00Z 1769857200\nweb1 no home \n[] false\n"
            try box.write("confdir/tests/two/expected/etc/app/app.conf", moved)
            let done = try await test(box, environment: ["HOME": "/root", "APP": "x", "TZ": "Europe/Berlin"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    /// `dest` may depend on the environment, and what is there now does not matter.
    @Test func destinationsAreNotLookedAt() async throws {
        try await withSandbox { box in
            try prepare(box)
            let text = try #require(box.read("confdir/conf.d/app.toml"))
            try box.write(
                "confdir/conf.d/app.toml", text.replacingOccurrences(of: "/etc/app/", with: "${OUT:-/etc/app}/"))
            try box.write("confdir/tests/one/env", "OUT=\(box.root)\n")
            try FileManager.default.createDirectory(
                atPath: box.path("app.conf"), withIntermediateDirectories: true)
            try box.write("confdir/tests/one/expected\(box.root)/app.conf", "name one\n")
            try FileManager.default.removeItem(atPath: box.path("confdir/tests/one/expected/etc"))
            let done = try await test(box)
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    @Test func coverage() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write(
                "confdir/templates/app.tmpl",
                """
                {{range gets "/app/*"}}{{if eq .Key "/app/x"}}x{{else if .Value}}v{{end}}{{end}}
                {{with get "/app/name"}}{{.Value}}{{else}}{{fail "none"}}{{end}}
                {{include "part.tmpl"}}{{define "unused"}}{{print 1}}{{end}}
                """)
            try box.write("confdir/templates/part.tmpl", "{{if true}}a{{end}}\n")
            try box.resource("other", template: "x")
            try box.write("confdir/tests/one/expected/etc/app/app.conf", "v\none\na\n")
            let done = try await test(box, "-coverage", "-lcov", box.path("lcov"), "-junit", box.path("junit.xml"))
            let template = "\(box.confdir)/templates/app.tmpl"
            let part = "\(box.confdir)/templates/part.tmpl"
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(
                done.standardOutput == """
                    \(template): 6 of 8 actions, 4 of 8 sides
                    \(template):1:1: never empty: {{range gets "/app/*"}}
                    \(template):1:24: never true: {{if eq .Key "/app/x"}}
                    \(template):1:48: never false: {{else if .Value}}
                    \(template):2:1: never false: {{with get "/app/name"}}
                    \(template):2:43: never reached: {{fail "none"}}
                    \(template):3:43: never reached: {{print 1}}
                    \(part): 1 of 1 actions, 1 of 2 sides
                    \(part):1:1: never false: {{if true}}
                    \(box.confdir)/templates/other.tmpl: no case renders it
                    ok     one
                    1 passed, 0 failed

                    """, "\(done.testDescription)")
            let lcov = try #require(box.read("lcov"))
            for line in [
                "SF:\(template)", "DA:1,1", "DA:2,1", "DA:3,1", "BRDA:1,0,0,1", "BRDA:1,0,1,0", "BRF:8", "BRH:4",
                "SF:\(part)", "end_of_record",
            ] {
                #expect(lcov.split(separator: "\n").contains(Substring(line)), "\(line) \(lcov)")
            }
            let junit = try #require(box.read("junit.xml"))
            #expect(junit.contains(#"<testsuite name="confd" tests="1" failures="0""#), "\(junit)")
        }
    }

    @Test func junit() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write("confdir/tests/one/expected/etc/app/app.conf", "<a & \u{1}\"b\">\n")
            let done = try await test(box, "-junit", "junit.xml")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            let parsed = try await run(
                "python3", "-c",
                """
                import sys, xml.etree.ElementTree as tree
                suite = tree.parse(sys.argv[1]).getroot()
                case, = suite.findall("testcase")
                print(suite.get("failures"), case.get("name"), "+name one" in case.find("failure").text)
                """, box.path("junit.xml"))
            #expect(parsed.standardOutput == "1 one True\n", "\(parsed.testDescription)")
        }
    }

    @Test func usage() async throws {
        try await withSandbox { box in
            try prepare(box)
            for (arguments, message) in [
                (["nowhere"], "confd: error: nowhere: no such file or directory\nhint: test cases are directories"),
                (["confdir/templates"], "confd: error: confdir/templates: there are no test cases"),
                (["a", "b"], "confd: error: unexpected argument: \"b\""),
                (["-check"], "confd: error: test and -check exclude each other"),
                (["-updat"], "hint: did you mean \"-update\"?"),
            ] {
                let done = try await run(box.command(["test"] + arguments))
                #expect(done.exitCode == 2 && done.standardError.contains(message), "\(done.testDescription)")
            }
            let full = try await run(
                ChildCommand(
                    executable: "/bin/sh", arguments: ["-c", "\"$0\" test -confdir confdir >/dev/full", Machine.confd],
                    environment: Machine.environment, directory: box.root))
            #expect(full.exitCode == 1, "\(full.testDescription)")
            #expect(full.standardError == "confd: error: cannot write to standard output: no space left on device\n")
        }
    }
}

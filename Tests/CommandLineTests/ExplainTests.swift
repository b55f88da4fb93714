import Foundation
import Glibc
import TestSupport
import Testing

/// `confd explain`: why is this line there?
@Suite struct ExplainTests {
    private func explain(_ box: Sandbox, _ arguments: String..., file: Bool = true) async throws -> Finished {
        try await run(box.command(["explain"] + arguments + (file ? ["-file", "keys.yaml"] : [])))
    }

    /// Servers below a prefix, each a JSON object, and a key that is missing.
    private func prepare(_ box: Sandbox) throws {
        try box.write(
            "keys.yaml",
            """
            prod:
              servers:
                a: '{"host": "10.0.0.1", "weight": 2}'
                b: '{"host": "10.0.0.2"}'
              name: shop
              other: unused

            """)
        try box.resource(
            "app", keys: ["/servers", "/name", "/debug"], fields: "prefix = \"/prod\"",
            template: """
                # {{getv "/name"}}
                {{range gets "/servers/*"}}{{$s := json .Value -}}
                server {{$s.host}}{{with $s.weight}} weight={{.}}{{end}};
                {{end -}}
                {{if exists "/debug"}}debug;
                {{else}}quiet;
                {{end}}
                """)
    }

    @Test func explainsALine() async throws {
        try await withSandbox { box in
            try prepare(box)
            let done = try await explain(box, "\(box.out)/app:2")
            #expect(done.exitCode == 0 && done.standardError == "", "\(done.testDescription)")
            #expect(
                done.standardOutput == """
                    app:2   server 10.0.0.1 weight=2;
                      text       app.tmpl:3:1
                      10.0.0.1   /prod/servers/a   (.host)
                      2          /prod/servers/a   (.weight)
                      because    range gets "/servers/*"   app.tmpl:2:1
                                 /prod/servers/a
                      because    with $s.weight   app.tmpl:3:19
                                 /prod/servers/a   (.weight)

                    """)
            let quiet = try await explain(box, "\(box.out)/app:4", "-values")
            #expect(quiet.standardOutput.contains("because   not if exists \"/debug\""), "\(quiet.testDescription)")
            #expect(quiet.standardOutput.contains("/prod/debug   (missing)"), "\(quiet.testDescription)")
            let column = try await explain(box, "\(box.out)/app:1:3", "-values")
            #expect(column.standardOutput.contains("shop   /prod/name = shop\n"), "\(column.testDescription)")
            #expect(!column.standardOutput.contains("text"))
            #expect(try box.names("out") == [])
        }
    }

    /// Report: a server that is left out because its health check fails was in no explanation.
    @Test func namesHiddenServers() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "s: {a: \"127.0.0.1:81\", b: \"127.0.0.1:82\"}\n")
            func resource(_ fields: String) throws {
                try box.resource(
                    "app", keys: ["/s"],
                    fields: """

                        [[template.health_check]]
                        keys = "/s/*"
                        type = "tcp"
                        initial = "down"
                        \(fields)
                        """, template: #"{{range gets "/s/*"}}{{base .Key}}{{else}}none{{end}}"#)
            }
            try resource("min_healthy = 0")
            let row = "/s/a   127.0.0.1:81   not probed, and initial = \"down\""
            for subject in ["\(box.out)/app:1", "app.toml"] {
                let done = try await explain(box, subject)
                #expect(done.standardOutput.contains(row), "\(done.testDescription)")
                let json = try await explain(box, subject, "-json")
                #expect(json.standardOutput.contains(#""target":"127.0.0.1:82""#), "\(json.testDescription)")
            }
            let key = try await explain(box, "-key", "/s/a")
            #expect(key.standardOutput.contains("no line: its health check hides it"), "\(key.testDescription)")
            try resource("")
            let all = try await explain(box, "\(box.out)/app:1")
            #expect(
                all.standardOutput.contains("all shown   /s   fewer servers are up than min_healthy"),
                "\(all.testDescription)")
        }
    }

    @Test func explainsAResource() async throws {
        try await withSandbox { box in
            try prepare(box)
            let done = try await explain(box, "app.toml")
            #expect(done.exitCode == 0 && done.standardError == "", "\(done.testDescription)")
            #expect(
                done.standardOutput == """
                    app.toml
                      dest       \(box.out)/app
                      template   \(box.confdir)/templates/app.tmpl
                      backend    file keys.yaml
                      prefix     /prod
                      keys       /prod/servers, /prod/name, /prod/debug
                      sees       3 keys
                      reads      getv /prod/name
                                 gets /prod/servers/*
                                 exists /prod/debug
                      made of    /prod/name
                                 /prod/servers/a
                                 /prod/servers/b
                      missing    /prod/debug

                    """)
            let byFile = try await explain(box, "\(box.out)/app")
            #expect(byFile.standardOutput == done.standardOutput, "\(byFile.testDescription)")
            let values = try await explain(box, "app.toml", "-values")
            #expect(values.standardOutput.contains("/prod/name = shop\n"), "\(values.testDescription)")
        }
    }

    /// Found by reading: an absolute path that ends in `toml` was a resource file, always.
    @Test func aDestinationMayEndInTOML() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.write("confdir/templates/telegraf.tmpl", "name = {{getv \"/prod/name\"}}\n")
            try box.write(
                "confdir/conf.d/telegraf.toml",
                "[template]\nsrc = \"telegraf.tmpl\"\ndest = \"\(box.out)/telegraf.toml\"\nkeys = [\"/prod\"]\n")
            let file = try await explain(box, "\(box.out)/telegraf.toml")
            let resource = try await explain(box, "\(box.confdir)/conf.d/telegraf.toml")
            #expect(file.exitCode == 0 && file.standardOutput == resource.standardOutput, "\(file.testDescription)")
            // Report: with a relative path the destination itself was read as a resource file.
            try box.write("out/telegraf.toml", "name = shop\n")
            for path in ["out/telegraf.toml", "out/telegraf.toml:1"] {
                let relative = try await explain(box, path)
                #expect(relative.exitCode == 0, "\(relative.testDescription)")
            }
        }
    }

    /// Report: an action that was taken for one element of a loop and not for another had one label for both.
    @Test func tellsWhichElementsWereLeftOut() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "s: {a: prod, b: dev, c: prod}\n")
            try box.resource(
                "app", keys: ["/s"],
                template: #"{{range gets "/s/*"}}{{if eq .Value "prod"}}{{base .Key}} {{end}}{{end}}"# + "\n")
            let done = try await explain(box, "\(box.out)/app:1")
            let rows = done.standardOutput.split(separator: "\n").map {
                $0.split(separator: " ").joined(separator: " ")
            }
            #expect(rows.first == "app:1 a c", "\(done.testDescription)")
            let place = "app.tmpl:1:22"
            #expect(rows.contains("because if eq .Value \"prod\" \(place)"), "\(done.testDescription)")
            let other = try #require(
                rows.firstIndex(of: "because not if eq .Value \"prod\" \(place)"), "\(done.testDescription)")
            #expect(rows.dropFirst(other + 1).first == "/s/b", "\(done.testDescription)")
            // An inner loop that is empty for one element of the outer one.
            try box.write("keys.yaml", "s: {a: none, b: {x: '1'}}\n")
            try box.write(
                "confdir/templates/app.tmpl",
                #"{{range $n := ls "/s"}}{{range gets (printf "/s/%s/*" $n)}}{{.Value}}{{end}}{{end}}"# + "\n")
            let nested = try await explain(box, "\(box.out)/app:1")
            let lines = nested.standardOutput.split(separator: "\n").map {
                $0.split(separator: " ").joined(separator: " ")
            }
            let taken = try #require(
                lines.firstIndex { $0.hasPrefix("because range gets (printf") }, "\(nested.testDescription)")
            #expect(lines.dropFirst(taken + 1).first == "/s/b/x", "\(nested.testDescription)")
        }
    }

    @Test func findsWhatReadsAKey() async throws {
        try await withSandbox { box in
            try prepare(box)
            try box.resource("blind", keys: ["/elsewhere"], template: "x\n")
            let done = try await explain(box, "-key", "/prod/servers/b")
            #expect(done.exitCode == 0 && done.standardError == "", "\(done.testDescription)")
            #expect(done.standardOutput == "/prod/servers/b\n  app.toml   \(box.out)/app:3\n")
            let missing = try await explain(box, "-key", "/prod/debug", "app.toml")
            #expect(
                missing.standardOutput == "/prod/debug   (missing)\n  app.toml   \(box.out)/app:4\n",
                "\(missing.testDescription)")
            let folder = try await explain(box, "-key", "/prod/servers", "app.toml")
            #expect(folder.standardOutput.hasPrefix("/prod/servers\n"), "\(folder.testDescription)")
            // Found by newcomers: a mistyped key ended with 0, as if it were one that nothing reads.
            for (key, hint) in [
                ("/prod/servers/bb", "did you mean \"/prod/servers/b\"?"),
                ("/prod/servers/other", "-what-if VALUE says what it would change"),
            ] {
                let wrong = try await explain(box, "-key", key, "app.toml")
                #expect(wrong.exitCode == 2 && wrong.standardOutput == "", "\(wrong.testDescription)")
                #expect(
                    wrong.standardError.contains("-key: there is no such key: \"\(key)\"\nhint: \(hint)"),
                    "\(wrong.testDescription)")
            }
            let unseen = try await explain(box, "-key", "/prod/other")
            #expect(
                unseen.exitCode == 2 && unseen.standardError.contains("-key: no resource sees it: \"/prod/other\""),
                "\(unseen.testDescription)")
        }
    }

    /// Found by newcomers: with a `range` over directories, `-key` named nearly all lines for each key.
    @Test func aDirectoryIsDecidedByItsLastKey() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "s: {a: {x: '1', y: '2'}, b: {x: '3'}}\n")
            try box.resource(
                "app", keys: ["/s"],
                template: "{{range ls \"/s\"}}dir {{.}}\n{{range getvs (printf \"/s/%s/*\" .)}}{{.}}\n{{end}}{{end}}")
            let line = try await explain(box, "\(box.out)/app:2")
            #expect(
                line.standardOutput == """
                    app:2   1
                      1         /s/a/x
                      because   range ls "/s"   app.tmpl:1:1
                                /s/a/   (any key below)
                      because   range getvs (printf "/s/%s/*" .)   app.tmpl:2:1
                                /s/a/x

                    """)
            for (key, lines) in [("/s/a/x", "2"), ("/s/a/y", "3"), ("/s/b/x", "4-5")] {
                let done = try await explain(box, "-key", key)
                #expect(
                    done.standardOutput == "\(key)\n  app.toml   \(box.out)/app:\(lines)\n", "\(done.testDescription)")
            }
        }
    }

    /// Found by reading: `.index` depends on every key that makes an item, and a mistyped key ended with 0.
    @Test func keysOfItems() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "s: {a: '1', b: '2'}\n")
            try box.resource(
                "app", keys: ["/s"], fields: "for_each = \"/s/*\"", template: "name {{.name}}\nnumber {{.index}}\n")
            let text = try #require(box.read("confdir/conf.d/app.toml"))
            try box.write("confdir/conf.d/app.toml", text.replacing("\(box.out)/app", with: "\(box.out)/{{.name}}"))
            let done = try await explain(box, "-key", "/s/a")
            #expect(done.standardOutput.contains("\(box.out)/b:2\n"), "\(done.testDescription)")
            let line = try await explain(box, "\(box.out)/b:2")
            #expect(line.standardOutput.contains("(any key below)"), "\(line.testDescription)")
            try box.write("confdir/templates/app.tmpl", "name {{.name}}\n")
            let wrong = try await explain(box, "-key", "/s/aa")
            #expect(
                wrong.exitCode == 2 && wrong.standardError.contains("did you mean \"/s/a\"?"),
                "\(wrong.testDescription)")
        }
    }

    @Test func triesAnotherValue() async throws {
        try await withSandbox { box in
            try prepare(box)
            let keys = try Data(contentsOf: URL(fileURLWithPath: box.path("keys.yaml")))
            let done = try await explain(box, "-key", "/prod/name", "-what-if", "bank")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardOutput.contains("\n-# shop\n+# bank\n server 10.0.0.1"), "\(done.testDescription)")
            // Report: with a key that is missing, its template's failure was all that was said.
            let text = String(decoding: keys, as: UTF8.self)
            try box.write("keys.yaml", text.replacing("name:", with: "other:"))
            let missing = try await explain(box, "-key", "/prod/name", "-what-if", "bank")
            try box.write("keys.yaml", text)
            #expect(
                missing.exitCode == 0 && missing.standardOutput.hasPrefix("--- /dev/null\n")
                    && missing.standardOutput.contains("bank"), "\(missing.testDescription)")
            let new = try await explain(box, "-key", "/prod/debug", "-what-if", "")
            #expect(new.standardOutput.contains("\n-quiet;\n+debug;\n"), "\(new.testDescription)")
            let same = try await explain(box, "-key", "/prod/name", "-what-if", "shop")
            #expect(same.exitCode == 0 && same.standardOutput == "", "\(same.testDescription)")
            let broken = try await explain(box, "-key", "/prod/servers/a", "-what-if", "{")
            #expect(
                broken.exitCode == 1 && broken.standardError.contains("app.tmpl:2:"), "\(broken.testDescription)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: box.path("keys.yaml"))) == keys)
            #expect(try box.names("out") == [])
        }
    }

    @Test func speaksJSON() async throws {
        try await withSandbox { box in
            try prepare(box)
            let done = try await explain(box, "\(box.out)/app:3", "-json")
            let line = try #require(
                try JSONSerialization.jsonObject(with: Data(done.standardOutput.utf8)) as? [String: Any])
            #expect(line["text"] as? String == "server 10.0.0.2;" && line["line"] as? Int == 3)
            let pieces = try #require(line["pieces"] as? [[String: Any]])
            let keys = pieces.flatMap { $0["keys"] as? [[String: Any]] ?? [] }
            #expect(keys.first?["key"] as? String == "/prod/servers/b" && keys.first?["path"] as? String == ".host")
            #expect(keys.first?["value"] == nil)
            let use = try await explain(box, "-key", "/prod/name", "-what-if", "x", "-json")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(use.standardOutput.utf8)) as? [String: Any])
            #expect(object["missing"] as? Bool == false)
            let resource = try #require((object["resources"] as? [[String: Any]])?.first)
            #expect(resource["lines"] as? [Int] == [1] && resource["changes"] as? Bool == true)
        }
    }

    @Test func refusesWhatIsNotThere() async throws {
        try await withSandbox { box in
            try prepare(box)
            let cases: [([String], Int32, String)] = [
                (["\(box.out)/ap:1"], 2, "no resource writes \(box.out)/ap\nhint: did you mean \"\(box.out)/app\"?"),
                // Found by a newcomer: the name without its directory had no suggestion.
                (["app:1"], 2, "no resource writes app\nhint: did you mean \"\(box.out)/app\"?"),
                (["\(box.out)/app:9"], 2, "\(box.out)/app:9: there is no such line: it has 4 lines"),
                (["\(box.out)/app:0"], 2, "\(box.out)/app:0: there is no such line"),
                (["\(box.out)/app:1:40"], 2, "\(box.out)/app:1:40: there is no such column: the line has 6 bytes"),
                (["ap.toml"], 2, "did you mean \"app.toml\"?"),
                (["-key", "name"], 2, "-key: not a key: \"name\""),
                (["-key", "/prod/name", "\(box.out)/app:1"], 2, "-key asks for all lines, not for one"),
                ([], 2, "explain needs a line, a resource or -key"),
                (["app.toml", "-what-if", "x"], 2, "-what-if needs -key"),
                (["-last"], 2, "-last needs a resource"),
                (
                    ["-last", "app.toml", "-control-socket", box.path("none")], 4,
                    "no confd answers at \(box.path("none")): no such file or directory"
                ),
                (["-last", "app.toml", "-control-socket", "none"], 2, "explain -last needs one"),
                // The line of the template is a line of its own; it had \n in it.
                (["bad.toml"], 1, "key does not exist: /none\n{{getv \"/none\"}}\n  ^\n"),
            ]
            try box.resource("bad", template: "{{getv \"/none\"}}\n")
            for (arguments, code, message) in cases {
                let done = try await run(box.command(["explain"] + arguments + ["-file", "keys.yaml"]))
                #expect(done.exitCode == code, "\(arguments) \(done.testDescription)")
                #expect(done.standardError.contains(message), "\(arguments) \(done.testDescription)")
                #expect(done.standardOutput == "", "\(arguments)")
            }
        }
    }
}

/// `confd explain` of a resource that has a file for each item.
@Suite struct ExplainItemTests {
    private func prepare(_ box: Sandbox) throws {
        try box.write(
            "keys.yaml",
            "sites:\n  a: '{\"host\": \"one\"}'\n  b: '{\"host\": \"two\", \"tls\": true}'\n")
        try box.sites(
            """
            {{$s := json .value}}name {{.name}};
            host {{$s.host}};
            {{if $s.tls}}tls;
            {{end}}
            """)
    }

    private func explain(_ box: Sandbox, _ arguments: String...) async throws -> Finished {
        try await run(box.command(["explain"] + arguments + ["-file", "keys.yaml"]))
    }

    @Test func explainsALine() async throws {
        try await withSandbox { box in
            try prepare(box)
            let done = try await explain(box, "\(box.out)/b.conf:2")
            #expect(done.exitCode == 0 && done.standardError == "", "\(done.testDescription)")
            #expect(
                done.standardOutput == """
                    b.conf:2   host two;
                      text   sites.tmpl:2:1
                      two    /sites/b   (.host)

                    """)
            let name = try await explain(box, "\(box.out)/a.conf:1:6")
            #expect(name.standardOutput.contains("a   /sites/a\n"), "\(name.testDescription)")
            let tls = try await explain(box, "\(box.out)/b.conf:3")
            #expect(tls.standardOutput.contains("/sites/b   (.tls)"), "\(tls.testDescription)")
            let none = try await explain(box, "\(box.out)/c.conf:1")
            #expect(none.exitCode == 2 && none.standardOutput == "", "\(none.testDescription)")
            #expect(none.standardError.contains("no resource writes \(box.out)/c.conf"), "\(none.testDescription)")
        }
    }

    @Test func explainsAnItem() async throws {
        try await withSandbox { box in
            try prepare(box)
            for subject in [["sites.toml", "-item", "a"], ["\(box.out)/a.conf"]] {
                let done = try await run(box.command(["explain"] + subject + ["-file", "keys.yaml"]))
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(done.standardOutput.contains("dest       \(box.out)/a.conf\n"), "\(done.testDescription)")
                #expect(done.standardOutput.contains("/sites/a"), "\(done.testDescription)")
                #expect(!done.standardOutput.contains("/sites/b"), "\(done.testDescription)")
            }
            let all = try await explain(box, "sites.toml")
            #expect(
                all.exitCode == 2 && all.standardError.contains("which item is meant?\nhint: for example -item a"),
                "\(all.testDescription)")
        }
    }

    /// Two files that Unicode takes for one name, which Swift's strings call equal.
    @Test func tellsNamesApartByTheirBytes() async throws {
        try await withSandbox { box in
            try box.sites("{{.value}}\n")
            try box.write("keys.yaml", "sites: {\"\u{e9}\": composed, \"e\u{301}\": decomposed}\n")
            for (name, value) in [("\u{e9}", "composed"), ("e\u{301}", "decomposed")] {
                let done = try await explain(box, "\(box.out)/\(name).conf:1")
                #expect(
                    done.exitCode == 0 && done.standardOutput.contains("\(value)   /sites/"), "\(done.testDescription)")
            }
        }
    }

    /// A file that comes with the key is shown as a diff with /dev/null.
    @Test func explainsAKey() async throws {
        try await withSandbox { box in
            try prepare(box)
            let key = try await explain(box, "-key", "/sites/a")
            #expect(key.exitCode == 0 && key.standardError == "", "\(key.testDescription)")
            #expect(
                key.standardOutput == "/sites/a\n  sites.toml[/sites/a]   \(box.out)/a.conf:1-2\n",
                "\(key.testDescription)")
            let other = try await explain(box, "-key", "/sites/a", "-what-if", #"{"host": "other"}"#)
            #expect(
                other.standardOutput.contains("-host one;\n+host other;\n")
                    && !other.standardOutput.contains("b.conf"), "\(other.testDescription)")
            let new = try await explain(box, "-key", "/sites/c", "-what-if", #"{"host": "new"}"#)
            #expect(
                new.standardOutput.hasPrefix("--- /dev/null\n+++ \(box.out)/c.conf\n")
                    && new.standardOutput.contains("+host new;\n"), "\(new.testDescription)")
            let taken = try await explain(box, "-key", "/sites/b", "-what-if", #"{"host": "two"}"#)
            #expect(taken.standardOutput.contains("-tls;\n"), "\(taken.testDescription)")
        }
    }
}

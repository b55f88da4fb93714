import Foundation
import TestSupport
import Testing

/// confd 0.17's log lines, on standard error.
@Suite struct LogTests {
    private func check(_ done: Finished, timestamp: Regex<Substring>, levels: Set<String>) {
        #expect(!done.errorLines.isEmpty)
        #expect(done.standardOutput.isEmpty)
        var seen: Set<String> = []
        for line in done.errorLines {
            let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            guard words.count == 5 else {
                Issue.record("no log line: \(line)")
                continue
            }
            #expect(words[0].wholeMatch(of: timestamp) != nil, "\(line)")
            #expect(words[1] == Machine.hostname, "\(line)")
            #expect(words[2] == "\(Machine.confd)[\(done.processID)]:", "\(line)")
            seen.insert(words[3])
        }
        #expect(seen == levels, "\(done.testDescription)")
    }

    @Test func lineFormat() async throws {
        try await withSandbox { box in
            try box.resource("app", keys: [], template: "x")
            let done = try await box.render("-log-level", "debug")
            #expect(done.exitCode == 0)
            check(done, timestamp: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, levels: ["INFO", "DEBUG"])
        }
    }

    @Test func localTime() async throws {
        try await withSandbox { box in
            try box.resource("app", keys: [], template: "x")
            // A file of the zone database without changes, whose rule is five and a half hours.
            let block = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 31) + [0, 0, 0, 1, 0, 0, 0, 4]
            let zone = [UInt8](repeating: 0, count: 6) + Array("ABC\0".utf8)
            let file = Data(block + zone + block + zone + Array("\nXXX-05:30\n".utf8))
            try file.write(to: URL(fileURLWithPath: box.path("zone")))
            let done = try await box.render(environment: ["TZ": box.path("zone")])
            check(done, timestamp: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30/, levels: ["INFO"])
            // A rule of POSIX is no file, and Go then takes UTC.
            try box.resource("app", keys: [], template: "y")
            let posix = try await box.render(environment: ["TZ": "XXX-05:30"])
            check(posix, timestamp: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, levels: ["INFO"])
        }
    }

    /// What each level lets through, from a run with a warning (noop) and an error.
    @Test(arguments: [
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR"]), ("info", ["INFO", "WARNING", "ERROR"]),
        ("WARN", ["WARNING", "ERROR"]), ("warning", ["WARNING", "ERROR"]), ("error", ["ERROR"]),
        ("trace", ["DEBUG", "INFO", "WARNING", "ERROR"]),
    ])
    func level(_ level: String, _ expected: [String]) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.resource("bad", template: #"{{getv "/none"}}"#)
            let done = try await box.render("-noop", "-log-level", level)
            #expect(done.exitCode == 1)
            for name in ["DEBUG", "INFO", "WARNING", "ERROR"] {
                let shown = done.standardError.contains("]: \(name) ")
                #expect(shown == expected.contains(name), "\(name): \(done.testDescription)")
            }
        }
    }

    @Test func startMessages() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await box.render()
            let lines = done.errorLines.filter { $0.contains("]: INFO ") }
            #expect(lines.count >= 5, "\(done.testDescription)")
            for (line, end) in zip(
                lines,
                [
                    "INFO Backend set to env", "INFO Starting confd",
                    "INFO Backend source(s) set to environment variables",
                    "INFO Target config \(box.out)/app out of sync",
                    "INFO Target config \(box.out)/app has been updated",
                ])
            {
                #expect(line.hasSuffix(end), "\(line)")
            }
        }
    }

    @Test func sources() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let first = "http://127.0.0.1:\(try Ports.free())"
            let second = "http://127.0.0.1:\(try Ports.free())"
            let done = try await box.confd("-onetime", "-backend", "etcd", "-node", first, "-node", second)
            #expect(done.standardError.contains("INFO Backend set to etcd\n"), "\(done.testDescription)")
            #expect(
                done.standardError.contains("INFO Backend source(s) set to \(first), \(second)\n"),
                "\(done.testDescription)")
        }
    }

    @Test func messagesOfAPass() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "prefix = \"/p\"\ncheck_cmd = \"echo checked\"\nreload_cmd = \"echo reloaded\"",
                template: "x")
            let first = try await box.render("-log-level", "debug")
            #expect(first.exitCode == 0)
            expect(
                first,
                [
                    "DEBUG Loading template resources from confdir \(box.confdir)",
                    "DEBUG Found template: \(box.confdir)/conf.d/app.toml",
                    "DEBUG Loading template resource from \(box.confdir)/conf.d/app.toml",
                    "DEBUG Retrieving keys from store", "DEBUG Key prefix set to /p",
                    "DEBUG Using source template \(box.confdir)/templates/app.tmpl",
                    "DEBUG Compiling source template \(box.confdir)/templates/app.tmpl",
                    "DEBUG Comparing candidate config to \(box.out)/app",
                    "INFO Target config \(box.out)/app out of sync", "DEBUG Running echo checked", "checked",
                    "DEBUG Overwriting target config \(box.out)/app", "DEBUG Running echo reloaded", "reloaded",
                    "INFO Target config \(box.out)/app has been updated",
                ])
            let second = try await box.render("-log-level", "debug")
            expect(second, ["DEBUG Target config \(box.out)/app in sync"])
            #expect(!second.standardError.contains("has been updated"))
        }
    }

    /// Report: a check with `python3 -m json.tool` prints the whole file, and its passwords were in the log.
    @Test func whatAGoodCheckPrintsIsForDebugging() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "check_cmd = \"cat {{.src}}\"", template: "hunter2")
            let done = try await box.render()
            #expect(done.exitCode == 0 && !done.standardError.contains("hunter2"), "\(done.testDescription)")
        }
    }

    @Test func differences() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "mode = \"0600\"", template: "new")
            try box.write("out/app", "old", mode: 0o644)
            let done = try await box.render()
            expect(
                done,
                [
                    "INFO \(box.out)/app has mode -rw-r--r-- should be -rw-------",
                    "INFO \(box.out)/app has md5sum 149603e6c03516362a8da23f624db945 should be 22af645d1859cb5ca6da0c484f1f37ea",
                    "INFO Target config \(box.out)/app out of sync",
                ])
        }
    }

    @Test(.enabled(if: Machine.isRoot, "only root may give files away"))
    func differencesOfOwner() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "uid = 12345\ngid = 23456", template: "x")
            try box.write("out/app", "x", mode: 0o644)
            chown(box.path("out/app"), 0, 0)
            let done = try await box.render()
            expect(
                done,
                ["INFO \(box.out)/app has UID 0 should be 12345", "INFO \(box.out)/app has GID 0 should be 23456"])
        }
    }

    @Test func messagesOfFailures() async throws {
        try await withSandbox { box in
            try box.resource("check", fields: "check_cmd = \"echo not good; exit 1\"", template: "x")
            try box.resource("gone", template: "x")
            try FileManager.default.removeItem(atPath: box.path("confdir/templates/gone.tmpl"))
            let done = try await box.render("-keep-stage-file")
            #expect(done.exitCode == 1)
            expect(
                done,
                [
                    "Config check failed: exit status 1", "not good",
                    "Missing template: \(box.confdir)/templates/gone.tmpl",
                    "INFO Keeping staged file: \(box.out)/.check",
                ])
        }
    }

    @Test func percentSignsAreNoFormat() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "check_cmd = \"echo 100%s %d%%; false\"", template: "x")
            let done = try await box.render()
            expect(done, ["100%s %d%%"])
            #expect(!done.standardError.contains("MISSING"))
        }
    }

    /// Attack: a name with a line feed began a line of its own; terminal escapes and bidirectional marks went through.
    @Test func everyEntryIsOneLine() async throws {
        try await withSandbox { box in
            let forged = "2026-11-21T09:39:30Z host confd[1]: INFO forged"
            try box.write("keys.yaml", "app:\n  \"a\\n\(forged)\\e[2J\\x85\\u202e\": x\n")
            let all = #"{{range gets "/app/*"}}"#
            try box.resource("missing", template: all + #"{{getv (printf "%s/none" .Key)}}{{end}}"#)
            try box.resource(
                "output", fields: #"check_cmd = "printf '\\033[2J\\302\\205\\342\\200\\256\\na\\rb\\n' ; exit 1""#,
                template: "x")
            try box.resource("updated", template: all + "{{.Value}}{{end}}")
            let done = try await box.confd("-onetime", "-backend", "file", "-file", box.path("keys.yaml"))
            #expect(done.exitCode == 1, "\(done.testDescription)")
            let shown = #"/app/a\n\#(forged)\x1b[2J\u0085\u202e"#
            expect(
                done,
                [
                    "key does not exist: \(shown)/none (dest \(box.out)/missing)\n", #"check_cmd: \x1b[2J\u0085\u202e"#,
                    #"check_cmd: a\rb"#, "updated has been updated (\(shown))\n",
                ])
            for line in done.errorLines {
                #expect(!line.hasPrefix(forged), "\(done.testDescription)")
                let controls = line.unicodeScalars.filter { $0.properties.generalCategory == .control }
                #expect(controls.isEmpty && !line.contains("\u{202E}"), "\(line)")
            }
        }
    }

    /// Report: what is wrong with a template was said twice, with two columns.
    @Test func anErrorIsSaidOnce() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "a\n  {{getv \"/app/none\"}}")
            let done = try await box.render()
            let text =
                "executing \"app.tmpl\" at <getv \"/app/none\">: error calling getv: key does not exist: /app/none"
            let place = "\(box.confdir)/templates/app.tmpl:2:5"
            expect(
                done,
                ["ERROR app.toml: \(place): \(text) (dest \(box.out)/app)\n  {{getv \"/app/none\"}}\n    ^\n"])
            #expect(done.standardError.components(separatedBy: "key does not exist").count == 2)
            let json = try await box.render("-log-format", "json")
            expect(json, [#""file":"\#(box.confdir)/templates/app.tmpl","line":2,"column":5"#])
        }
    }

    /// Report: of a command that failed, neither the command nor the file was named.
    @Test func failedCommandsAreNamed() async throws {
        try await withSandbox { box in
            let check = "test -z '' || test -z '' || test -z '' || test -z '' || test -z ''; exit 1"
            try box.resource("check", fields: "check_cmd = \"\(check)\"\ncheck = \"staged\"", template: "x")
            try box.resource("reload", fields: "reload_cmd = \"exit 3\"", template: "x")
            let done = try await box.render("-log-level", "error")
            expect(
                done,
                [
                    "ERROR check.toml: Config check failed: exit status 1 "
                        + "(dest \(box.out)/check, check_cmd \"\(check.prefix(64))…\")",
                    "ERROR reload.toml: reload_cmd failed: exit status 3; it stays owed, and the new file is in place "
                        + "(dest \(box.out)/reload, reload_cmd \"exit 3\")",
                ])
            let json = try await box.render("-log-format", "json")
            expect(json, [#""command":"check_cmd","command_line":"\#(check)""#])
        }
    }

    /// Up to three of the keys that changed, and how many more.
    @Test func updatesNameTheirKeys() async throws {
        try await withSandbox { box in
            try box.resource("few", keys: ["/app/a"], template: "x")
            try box.resource("many", template: "x")
            let keys = Dictionary(uniqueKeysWithValues: "abcde".map { ("/app/\($0)", "1") })
            let done = try await box.render(keys: keys)
            expect(
                done,
                [
                    "Target config \(box.out)/few has been updated (/app/a)\n",
                    "Target config \(box.out)/many has been updated (/app/a, /app/b, /app/c and 2 more)\n",
                ])
        }
    }

    /// Under systemd the journal notes time, host and process; without it the lines are confd 0.17's.
    @Test(arguments: [("%d:%i", true), ("%d:1", false), ("", false)])
    func journal(_ format: String, _ isJournal: Bool) async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/none"}}"#)
            let confd = box.command(["-onetime", "-backend", "env"])
            let stream = format.isEmpty ? "" : "export JOURNAL_STREAM=$(stat -L -c \(format) /proc/self/fd/2); "
            let script = stream + #"exec "$0" "$@""#
            var command = confd
            command.executable = "/bin/sh"
            command.arguments = ["-c", script, confd.executable] + confd.arguments
            let done = try await run(command)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.errorLines.first?.hasPrefix("<6>INFO Backend set to env") == isJournal)
            #expect(done.standardError.contains("\n<3>ERROR app.toml: ") == isJournal, "\(done.testDescription)")
            #expect(done.standardError.contains("\n<3>  ^\n") == isJournal, "\(done.testDescription)")
            #expect(done.standardError.contains("]: ERROR app.toml: ") != isJournal, "\(done.testDescription)")
        }
    }

    private func expect(_ done: Finished, _ messages: [String]) {
        for message in messages {
            #expect(done.standardError.contains(message), "\(message) is missing in\n\(done.testDescription)")
        }
    }

    // MARK: Secrets

    private static let secret = "mArKeR7391"

    /// Each row puts the secret value where a careless message would print it.
    @Test(
        arguments: [
            ("rendered", "{{getv \"/app/secret\"}}", "", 0), ("no JSON", "{{json (getv \"/app/secret\")}}", "", 1),
            ("no JSON array", "{{jsonArray (getv \"/app/secret\")}}", "", 1),
            ("no number", "{{atoi (getv \"/app/secret\")}}", "", 1),
            ("no boolean", "{{parseBool (getv \"/app/secret\")}}", "", 1),
            ("no base64", "{{base64Decode (getv \"/app/secret\")}}", "", 1),
            ("wrong type", "{{add (getv \"/app/secret\") 1}}", "", 1),
            ("a field of a text", "{{(getv \"/app/secret\").x}}", "", 1),
            ("failed check", "{{getv \"/app/secret\"}}", "check_cmd = \"test -z {{.src}}\"", 1),
            ("failed reload", "{{getv \"/app/secret\"}}", "reload_cmd = \"false\"", 1),
            ("all keys", "{{gets \"/app/*\"}}{{getv \"/app/none\"}}", "", 1),
        ] as [(String, String, String, Int32)])
    func valuesAreNeverLogged(_ name: String, _ template: String, _ fields: String, _ code: Int32) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: fields, template: template)
            try box.write("out/app", "old")
            for level in ["trace", "debug", "info"] {
                let done = try await box.render(
                    "-log-level", level, keys: ["/app/secret": Self.secret, "/app/other": "\(Self.secret) again"])
                #expect(done.exitCode == code, "\(done.testDescription)")
                #expect(!done.standardError.contains(Self.secret), "\(name): \(done.testDescription)")
                #expect(!done.standardOutput.contains(Self.secret))
                try box.write("out/app", "old")
            }
        }
    }

    @Test(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
    func valuesAndPasswordsOfEtcdAreNeverLogged() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/secret", Self.secret)
            try box.resource("app", template: #"{{getv "/app/secret"}}"#)
            let done = try await box.confd(
                "-onetime", "-node", etcd.endpoint, "-log-level", "trace", "-username", "root", "-password",
                "\(Self.secret)pass", "-basic-auth")
            #expect(!done.standardError.contains(Self.secret), "\(done.testDescription)")
            let away = try await box.confd(
                "-onetime", "-node", "http://root:\(Self.secret)@127.0.0.1:\(try Ports.free())", "-log-level", "trace")
            #expect(away.exitCode == 4 || away.exitCode == 2, "\(away.testDescription)")
            #expect(!away.standardError.contains(Self.secret), "\(away.testDescription)")
        }
    }

    @Test func valuesOfABrokenFileAreNeverLogged() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write("keys.yaml", "app:\n  secret: \(Self.secret)\n broken: [\(Self.secret)\n")
            let done = try await box.confd(
                "-onetime", "-backend", "file", "-file", box.path("keys.yaml"), "-log-level", "trace")
            #expect(done.exitCode != 0)
            #expect(!done.standardError.contains(Self.secret), "\(done.testDescription)")
        }
    }
}

import Foundation
import TestSupport
import Testing

/// What people who used confd for the first time were not told, or were told wrongly.
@Suite struct NewcomerTests {
    /// Report: `-check` after a failed reload said that nothing would change.
    @Test func checkTellsOfAnOwedReload() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"exit 3\"", template: "x")
            let failed = try await box.render()
            #expect(failed.exitCode == 1)
            #expect(
                failed.standardError.contains(
                    "reload_cmd failed: exit status 3; it stays owed, and the new file is in place"),
                "\(failed.testDescription)")
            let check = try await box.confd("-check", "-backend", "env")
            #expect(check.exitCode == 1, "\(check.testDescription)")
            #expect(check.standardError.contains("ERROR app.toml: a reload of \(box.out)/app is owed"))
            #expect(check.standardError.contains("0 would change, 1 reload owed, 0 in sync, 0 failed"))
            #expect(!check.standardError.contains("Noop mode"), "\(check.testDescription)")
        }
    }

    @Test func checkTellsThatChecksAreNotRun() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "check_cmd = \"test -s {{.src}}\"", template: "x")
            let check = try await box.confd("-check", "-backend", "env")
            #expect(check.exitCode == 3, "\(check.testDescription)")
            #expect(check.standardError.contains("INFO No check_cmd is run"), "\(check.testDescription)")
        }
    }

    /// Report: a reload that is owed was forgotten when its command was misspelled or removed.
    @Test func anOwedReloadWithoutItsCommand() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"exit 3\"", template: "x")
            #expect(try await box.render().exitCode == 1)
            try box.resource("app", fields: "relaod_cmd = \"exit 3\"", template: "x")
            let done = try await box.render()
            #expect(
                done.standardError.contains(
                    "a reload of \(box.out)/app is owed, and the resource has no reload any more"),
                "\(done.testDescription)")
        }
    }

    /// Report: what a check in place had left behind was not said.
    @Test func whatACheckInPlaceLeaves() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "check_cmd = \"! grep -q bad \(box.out)/app\"", template: #"{{getv "/app/v"}}"#)
            let first = try await box.render(keys: ["/app/v": "bad"])
            #expect(
                first.standardError.contains(
                    "Config check failed: exit status 1; there was no file before, and the new one was removed"),
                "\(first.testDescription)")
            #expect(first.standardError.contains("hint: it wrote nothing that says why"))
            #expect(box.output("app") == nil)
            #expect(try await box.render(keys: ["/app/v": "good"]).exitCode == 0)
            let second = try await box.render(keys: ["/app/v": "bad"])
            #expect(
                second.standardError.contains("Config check failed: exit status 1; the previous file is back"),
                "\(second.testDescription)")
            #expect(box.output("app") == "good")
        }
    }

    /// Report: a resource that works again said nothing; a reload that succeeded neither.
    @Test func recoveriesAndReloadsAreLogged() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"true\"", template: #"{{getv "/app/v"}}"#)
            try box.write("keys.yaml", "app: {v: one}\n")
            let daemon = try box.start("-watch", "-backend", "file", "-file", box.path("keys.yaml"))
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            #expect(
                try await eventually { daemon.standardError.contains("INFO app.toml: reload_cmd succeeded") },
                "\(daemon.standardError)")
            #expect(daemon.standardError.contains("INFO Running as a daemon: changes are followed"))
            #expect(!daemon.standardError.contains("in sync again"))
            try box.write("keys.yaml", "app: {w: one}\n")
            #expect(try await eventually { daemon.standardError.contains("key does not exist: /app/v") })
            try box.write("keys.yaml", "app: {v: one}\n")
            #expect(
                try await eventually { daemon.standardError.contains("INFO app.toml: in sync again\n") },
                "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    /// Found by newcomers: when a template, or a resource file, that had been broken was mended, the log said nothing. That they
    /// had been broken was not among the events of the status.
    @Test func mendedFilesAreLogged() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/v"}}"#)
            try box.write("keys.yaml", "app: {v: one}\n")
            let control = ["-control-socket", box.path("run/control")]
            let daemon = try Child(
                box.command(["-watch", "-backend", "file", "-file", box.path("keys.yaml")] + control))
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            func recoveries() -> Int {
                daemon.standardError.components(separatedBy: "INFO app.toml: in sync again\n").count - 1
            }
            for (mended, (file, error)) in [
                ("templates/app.tmpl", "app.tmpl:1:"), ("conf.d/app.toml", "Cannot process template resource"),
            ].enumerated() {
                let text = try #require(box.read("confdir/\(file)"))
                try box.write("confdir/\(file)", "{{" + text)
                #expect(try await eventually { daemon.standardError.contains(error) }, "\(daemon.standardError)")
                #expect(recoveries() == mended, "\(daemon.standardError)")
                try box.write("confdir/\(file)", text)
                #expect(try await eventually { recoveries() == mended + 1 }, "\(daemon.standardError)")
            }
            let status = try await run(box.command(["status", "-json"] + control, confdir: false))
            for event in ["failed", "recovered"] {
                let count = status.standardOutput.components(separatedBy: "\"event\":\"\(event)\"").count - 1
                #expect(count == 2, "\(event): \(status.testDescription)")
            }
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    /// Report: keys below a misspelled path gave an empty file and a reload, without a word.
    @Test func noKeysAtAll() async throws {
        try await withSandbox { box in
            try box.resource("app", keys: ["/app"], template: #"{{range gets "/app/*"}}{{.Value}}{{end}}"#)
            try box.resource("typo", keys: ["/ap"], template: #"{{range gets "/ap/*"}}{{.Value}}{{end}}"#)
            try box.resource("none", keys: [], template: #"{{range gets "/app/*"}}{{.Value}}{{end}}"#)
            let done = try await box.render(keys: ["/app/v": "x"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            // Report: `keys` was forgotten, so that the balancer had no servers.
            #expect(
                done.standardError.contains("WARNING none.toml has no keys = […], so there is never anything"),
                "\(done.testDescription)")
            #expect(
                done.standardError.contains(
                    "WARNING typo.toml: no key is there below /ap\nhint: did you mean \"/app\"?\n"),
                "\(done.testDescription)")
            #expect(!done.standardError.contains("app.toml: no key"), "\(done.testDescription)")
            let preflight = try await run(
                box.command(["-preflight", "-backend", "env"], environment: keyEnvironment(["/app/v": "x"])))
            #expect(preflight.exitCode == 1, "\(preflight.testDescription)")
            #expect(
                preflight.standardError.contains("typo.toml: no keys found under /ap\nhint: did you mean \"/app\"?\n"),
                "\(preflight.testDescription)")
        }
    }

    /// Report: one resource with two mistakes counted as two failures.
    @Test func aResourceFailsOnce() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "uid = \"x\"\ngid = \"y\"", template: "x")
            let done = try await box.render()
            #expect(done.standardError.contains("0 changed, 0 in sync, 1 failed"), "\(done.testDescription)")
        }
    }

    @Test func aTemplateThatIsBelowTemplatesTwice() async throws {
        try await withSandbox { box in
            try box.write(
                "confdir/conf.d/app.toml", "[template]\nsrc = \"templates/app.tmpl\"\ndest = \"\(box.out)/app\"\n")
            try box.write("confdir/templates/app.tmpl", "x")
            let done = try await box.confd("-validate", "-backend", "env")
            #expect(done.standardError.contains("hint: did you mean \"app.tmpl\"?"), "\(done.testDescription)")
        }
    }

    @Test func misspelledVariables() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await box.render(environment: ["CONFD_NODES": "http://10.0.0.1:2379"])
            #expect(
                done.standardError.contains(
                    "WARNING CONFD_NODES is set in the environment, and means nothing to confd\n"
                        + "hint: did you mean \"CONFD_NODE\"?\n"), "\(done.testDescription)")
        }
    }

    @Test func helpOfASubcommand() async throws {
        try await withSandbox { box in
            let done = try await box.confd("test", "-help", confdir: false)
            for option in ["-update", "-coverage", "-lcov FILE", "-junit FILE"] {
                #expect(done.standardOutput.contains(option), "\(done.testDescription)")
            }
            let refused = try await box.confd("test", "-file", "keys.yaml")
            #expect(refused.exitCode == 2, "\(refused.testDescription)")
            #expect(refused.standardError.contains("test reads no backend: -file"), "\(refused.testDescription)")
        }
    }
}

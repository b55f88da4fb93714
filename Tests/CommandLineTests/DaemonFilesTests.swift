import Foundation
import TestSupport
import Testing

/// `-watch`: the files of the file backend, and those below confdir.
@Suite struct DaemonFilesTests {
    private func daemon(_ box: Sandbox, _ file: String = "keys.yaml", _ arguments: String...) throws -> Child {
        try Child(
            box.command(["-watch", "-interval", "0", "-backend", "file", "-file", box.path(file)] + arguments))
    }

    private func stop(_ daemon: Child) async throws {
        daemon.send(SIGTERM)
        let done = try await daemon.wait()
        #expect(done.exitCode == 0, "\(done.testDescription)")
    }

    @Test func fileIsWrittenReplacedAndMissing() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "keys.yaml", "-log-level", "debug")
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")

            try box.write("keys.yaml", "app: {name: written}\n")
            #expect(try await eventually { box.output("app") == "written" }, "\(daemon.standardError)")

            try box.write("keys.new", "app: {name: renamed}\n")
            rename(box.path("keys.new"), box.path("keys.yaml"))
            #expect(try await eventually { box.output("app") == "renamed" }, "\(daemon.standardError)")

            rename(box.path("keys.yaml"), box.path("keys.yaml~"))
            #expect(try await eventually { daemon.standardError.contains("keys.yaml: no such file") })
            #expect(box.output("app") == "renamed", "what cannot be read changes nothing")
            try box.write("keys.yaml", "app: {name: back}\n")
            #expect(try await eventually { box.output("app") == "back" }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// As the kubelet does it: a folder a generation, and a link that is swapped.
    @Test func linkIsSwapped() async throws {
        try await withSandbox { box in
            try box.write("volume/..1/keys.yaml", "app: {name: one}\n")
            symlink("..1", box.path("volume/..data"))
            symlink("..data/keys.yaml", box.path("volume/keys.yaml"))
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "volume/keys.yaml")
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            for (generation, value) in [(2, "two"), (3, "three")] {
                try box.write("volume/..\(generation)/keys.yaml", "app: {name: \(value)}\n")
                symlink("..\(generation)", box.path("volume/..tmp"))
                rename(box.path("volume/..tmp"), box.path("volume/..data"))
                try FileManager.default.removeItem(atPath: box.path("volume/..\(generation - 1)"))
                #expect(try await eventually { box.output("app") == value }, "\(daemon.standardError)")
            }
            try await stop(daemon)
        }
    }

    @Test func folderGetsAFile() async throws {
        try await withSandbox { box in
            try box.write("keys/a.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}} {{getv "/app/late" "none"}}"#)
            let daemon = try daemon(box, "keys")
            #expect(try await eventually { box.output("app") == "one none" }, "\(daemon.standardError)")
            try box.write("keys/deep/b.yaml", "app: {late: here}\n")
            #expect(try await eventually { box.output("app") == "one here" }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    @Test func environmentRendersOnceAndStaysUp() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: "x")
            let daemon = try Child(box.command(["-watch", "-backend", "env"]))
            #expect(try await eventually { box.runs(of: "reload") == 1 }, "\(daemon.standardError)")
            // Time in which a needless second reload would show, as a rule.
            try await Task.sleep(for: .milliseconds(300))
            #expect(daemon.isRunning)
            #expect(box.runs(of: "reload") == 1)
            try await stop(daemon)
        }
    }

    /// Report: a resource that fails, was taken away and put back, was never reported again.
    @Test func failureOfAResourceThatIsPutBackIsReported() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/none"}}"#)
            try box.resource("other", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "keys.yaml", "-log-level", "debug")
            let reports = {
                daemon.standardError.split(separator: "\n").count {
                    $0.contains(" ERROR ") && $0.contains("key does not exist: /app/none")
                }
            }
            #expect(try await eventually { reports() == 1 }, "\(daemon.standardError)")
            let file = box.path("confdir/conf.d/app.toml")
            rename(file, box.path("away"))
            #expect(try await eventually { try isGone("app.toml", from: box, daemon) }, "\(daemon.standardError)")
            rename(box.path("away"), file)
            #expect(try await eventually { reports() == 2 }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Report: content that a check had refused was not checked again for up to a minute, though the resource was taken
    /// away and put back, or HUP was sent.
    @Test(arguments: ["put back", "HUP"]) func aMendedCheckIsAskedAtOnce(_ way: String) async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "app", fields: "check_cmd = \"test -s {{.src}} && test -e \(box.root)/allow\"",
                template: #"{{getv "/app/name"}}"#)
            try box.resource("other", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "keys.yaml", "-log-level", "debug")
            #expect(try await eventually { daemon.standardError.contains("Config check failed") })
            let file = box.path("confdir/conf.d/app.toml")
            if way == "put back" {
                rename(file, box.path("away"))
                #expect(try await eventually { try isGone("app.toml", from: box, daemon) }, "\(daemon.standardError)")
            }
            try box.write("allow", "")
            let start = ContinuousClock.now
            if way == "put back" { rename(box.path("away"), file) } else { daemon.send(SIGHUP) }
            #expect(try await eventually(seconds: 20) { box.output("app") == "one" }, "\(daemon.standardError)")
            #expect(ContinuousClock.now - start < .seconds(50), "not after the pause of a check")
            try await stop(daemon)
        }
    }

    /// Whether the daemon has looked at conf.d without the resource: what it finds there is a debug line.
    private func isGone(_ name: String, from box: Sandbox, _ daemon: Child) throws -> Bool {
        let found = daemon.standardError.split(separator: "\n").compactMap { line in
            line.range(of: "Found template: \(box.confdir)/conf.d/").map { String(line[$0.upperBound...]) }
        }
        return found.suffix(1) == ["other.toml"] && found.dropLast().last != name
    }

    @Test func resourcesAndTemplatesAreTakenUp() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            let reload = { (name: String) in "reload_cmd = \"\(box.counting(name))\"" }
            try box.resource("app", fields: reload("app"), template: #"{{getv "/app/name"}}"#)
            try box.resource("still", fields: reload("still"), template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "keys.yaml", "-log-level", "debug")
            #expect(try await eventually { box.runs(of: "app") == 1 && box.runs(of: "still") == 1 })

            try box.write("confdir/templates/app.tmpl", #"edited {{getv "/app/name"}}"#)
            #expect(try await eventually { box.output("app") == "edited one" }, "\(daemon.standardError)")
            // An edit right after a reload may be the reload's own: the next one waits a second.
            #expect(try await eventually { box.runs(of: "app") == 2 }, "\(daemon.standardError)")
            try box.resource("late", fields: reload("late"), template: #"late {{getv "/app/name"}}"#)
            #expect(try await eventually { box.runs(of: "late") == 1 }, "\(daemon.standardError)")
            try FileManager.default.removeItem(atPath: box.path("confdir/conf.d/late.toml"))
            // Once this resource is rendered, confd has also seen that the other one is gone.
            try box.resource("later", template: "later")
            #expect(try await eventually { box.output("later") == "later" }, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { box.output("app") == "edited two" }, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "still") == 2 })
            #expect(box.output("late") == "late one", "a resource that is gone is let be")
            let renderings =
                daemon.standardError.components(
                    separatedBy: "Using source template \(box.confdir)/templates/still"
                ).count - 1
            #expect(renderings == 2, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "app") == 3 })
            try await stop(daemon)
        }
    }

    @Test func whatDoesNotParseKeepsItsLastGoodVersion() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.resource("other", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            #expect(try await eventually { box.output("app") == "one" && box.output("other") == "one" })

            try box.write("confdir/conf.d/app.toml", "[template\n")
            try box.write("confdir/templates/other.tmpl", "{{")
            let reports = { (text: String) in daemon.standardError.components(separatedBy: text).count - 1 }
            #expect(try await eventually { reports("app.toml:1:") > 0 }, "\(daemon.standardError)")
            #expect(try await eventually { reports("other.tmpl:1:1: unclosed action") > 0 }, "\(daemon.standardError)")
            for value in ["two", "three"] {
                try box.write("keys.yaml", "app: {name: \(value)}\n")
                #expect(
                    try await eventually { box.output("app") == value && box.output("other") == value },
                    "\(daemon.standardError)")
            }
            for (number, name) in zip(1..., ["first", "second"]) {
                daemon.send(SIGHUP)
                #expect(try await eventually { reports("Captured hangup") == number }, "\(daemon.standardError)")
                try box.resource(name, template: name)
                #expect(try await eventually { box.output(name) == name }, "\(daemon.standardError)")
            }
            // Once at first, and again at each HUP. A newcomer sent one, and the log said nothing about what was still wrong.
            for text in [
                "ERROR Cannot process template resource \(box.confdir)/conf.d/app.toml",
                "ERROR other.toml: \(box.confdir)/templates/other.tmpl:1:1: unclosed action",
            ] {
                #expect(try await eventually { reports(text) == 3 }, "\(daemon.standardError)")
            }
            try await stop(daemon)
        }
    }

    /// Report: a change that fails as the one before it was not reported.
    @Test func eachChangeThatFailsIsAnError() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("check", fields: "check_cmd = \"exit 3\"", template: #"{{getv "/app/name"}}"#)
            try box.resource("reload", fields: "reload_cmd = \"exit 4\"", template: #"{{getv "/app/name"}}"#)
            try box.resource("render", template: #"{{getv "/app/name"}}{{atoi "x"}}"#)
            let daemon = try daemon(box)
            let errors = { (text: String) in
                daemon.standardError.components(separatedBy: "\n").filter { $0.contains("ERROR") && $0.contains(text) }
                    .count
            }
            for (number, value) in ["one", "two", "three", "four", "five"].enumerated() {
                try box.write("keys.yaml", "app: {name: \(value)}\n")
                #expect(try await eventually { box.output("reload") == value }, "\(daemon.standardError)")
                for text in ["check.toml: Config check failed", "reload.toml: reload_cmd failed", "render.toml: "] {
                    #expect(try await eventually { errors(text) > number }, "\(text): \(daemon.standardError)")
                }
            }
            // Further attempts without a change are not reported.
            #expect(errors("check.toml: Config check failed") == 5, "\(daemon.standardError)")
            #expect(errors("render.toml: ") == 5, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    @Test func hangUpTakesUpWhatChanged() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "app", fields: "reload_cmd = \"\(box.counting("app"))\"", template: #"{{getv "/app/name"}}"#)
            let daemon = try Child(
                box.command(["-interval", "600", "-backend", "file", "-file", box.path("keys.yaml")]))
            #expect(try await eventually { box.runs(of: "app") == 1 }, "\(daemon.standardError)")
            try box.resource("late", template: "late")
            daemon.send(SIGHUP)
            #expect(try await eventually { box.output("late") == "late" }, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: two}\n")
            daemon.send(SIGHUP)
            #expect(try await eventually { box.output("app") == "two" }, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "app") == 2 })
            try await stop(daemon)
            #expect(box.runs(of: "app") == 2, "what is the same is not reloaded")
        }
    }

    /// Report: a changed confd.toml and HUP, and nothing that said why it had no effect.
    @Test func hangUpNamesChangedSettings() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.write("confd.toml", "interval = 600\n")
            try box.resource("first", template: "first")
            let path = box.path("confd.toml")
            let daemon = try Child(
                box.command(["-config-file", path, "-backend", "file", "-file", box.path("keys.yaml")]))
            #expect(try await eventually { box.output("first") == "first" }, "\(daemon.standardError)")
            try box.resource("app", template: "app")
            daemon.send(SIGHUP)
            #expect(try await eventually { box.output("app") == "app" }, "\(daemon.standardError)")
            let warning = "WARNING \(path) was changed: it is read at the start only"
            #expect(!daemon.standardError.contains(warning), "\(daemon.standardError)")
            try box.write("confd.toml", "interval = 601\n")
            daemon.send(SIGHUP)
            #expect(try await eventually { daemon.standardError.contains(warning) }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Report: after HUP nothing happened when what had changed was not a key. The full pass asks again for everything
    /// that a template can ask, without a reload where the answer is the same.
    @Test(arguments: [["-watch", "-interval", "0"], ["-interval", "600"]])
    func hangUpAsksAnewWhatIsNoKey(_ mode: [String]) async throws {
        try await withSandbox { box in
            let fields = { (name: String) in "reload_cmd = \"\(box.counting(name))\"" }
            try box.write("keys.yaml", "app: {name: one}\n")
            let asked = box.path("asked")
            try box.resource(
                "file", fields: fields("file"), template: #"{{getv "/app/name"}} {{fileExists "\#(asked)"}}"#)
            try box.resource("keyless", keys: [], template: #"{{fileExists "\#(asked)"}}"#)
            try box.resource("clock", template: #"{{getv "/app/name"}} {{datetime.UnixNano}}"#)
            try box.resource("same", fields: fields("same"), template: #"{{getv "/app/name"}}"#)
            let daemon = try Child(box.command(mode + ["-backend", "file", "-file", box.path("keys.yaml")]))
            #expect(
                try await eventually { box.runs(of: "file") == 1 && box.runs(of: "same") == 1 },
                "\(daemon.standardError)")
            #expect(try await eventually { box.output("clock") != nil && box.output("keyless") == "false" })
            let clock = box.output("clock")
            try box.write("asked", "")
            daemon.send(SIGHUP)
            #expect(try await eventually { box.output("file") == "one true" }, "\(daemon.standardError)")
            #expect(try await eventually { box.output("keyless") == "true" }, "\(daemon.standardError)")
            #expect(try await eventually { box.output("clock") != clock }, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "file") == 2 }, "\(daemon.standardError)")
            try await stop(daemon)
            #expect(box.runs(of: "same") == 1, "\(daemon.standardError)")
        }
    }

    /// What a check refused is checked again after HUP: what it needs may have been mended.
    @Test func hangUpChecksAgain() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "app", fields: "check_cmd = \"test -e \(box.root)/mended && test -s {{.src}}\"",
                template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            #expect(try await eventually { daemon.standardError.contains("check failed") }, "\(daemon.standardError)")
            try box.write("mended", "")
            daemon.send(SIGHUP)
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// A command that hangs: the other resources go on, TERM waits for it, and a second one does not.
    @Test func secondSignalEndsAtOnce() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            let endless = "while test -e \(box.root); do sleep 0.2; done"
            try box.resource("slow", fields: "reload_cmd = \"touch \(box.root)/begun; \(endless)\"", template: "x")
            // A check in place would wait for the reload.
            try box.resource(
                "stuck", fields: "check = \"staged\"\ncheck_cmd = \"touch \(box.root)/checking; \(endless)\"",
                template: "x")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(
                box, "keys.yaml", "-shutdown-timeout", "10m", "-reload-cmd-timeout", "10m", "-check-cmd-timeout", "10m")
            #expect(try await eventually { box.read("begun") != nil && box.read("checking") != nil })
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { box.output("app") == "two" }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            // Two pending signals of one kind count as one, so the second is sent after confd has taken the first.
            #expect(try await eventually { daemon.standardError.contains("Captured terminated") })
            #expect(daemon.isRunning)
            // A second signal soon after the first counts as the same request, so it is repeated.
            #expect(
                try await eventually {
                    daemon.send(SIGTERM)
                    return !daemon.isRunning
                })
            let done = try await daemon.wait(seconds: 300)
            #expect(done.exitCode == 128 + SIGTERM, "\(done.testDescription)")
        }
    }
}

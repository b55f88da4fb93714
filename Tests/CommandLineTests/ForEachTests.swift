import Foundation
import Glibc
import TestSupport
import Testing

/// `for_each` from outside: one file for each key, and no file without one.
@Suite struct ForEachTests {
    private func addSites(_ box: Sandbox, fields: String = "prune = true\nmax_remove = 0") throws {
        try box.write(
            "confdir/conf.d/sites.toml",
            """
            [template]
            for_each = "/s/*"
            src = "site.tmpl"
            dest = "\(box.out)/{{.name}}.conf"
            keys = ["/s"]
            \(fields)

            """)
        try box.write("confdir/templates/site.tmpl", "{{.name}}={{.value}}\n")
    }

    private func confd(
        _ box: Sandbox, _ keys: [String: String], _ flags: [String] = ["-onetime"], environment: [String: String] = [:],
        isJailed: Bool = false
    ) async throws -> Finished {
        let sites = Dictionary(uniqueKeysWithValues: keys.map { ("/s/\($0.key)", $0.value) })
        let command = box.command(
            flags + ["-backend", "env", "-state-dir", box.path("state")],
            environment: keyEnvironment(sites).merging(environment) { $1 })
        return try await run(isJailed ? box.jailed(command) : command)
    }

    private func outputs(_ box: Sandbox) throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try box.names("out").map { ($0, box.output($0) ?? "not a file") })
    }

    @Test func removalsAreShownAgainstNothing() async throws {
        try await withSandbox { box in
            try addSites(box)
            #expect(try await confd(box, ["a": "1", "b": "2"]).exitCode == 0)
            let shown = try await confd(box, ["b": "2"], ["-check", "-diff"])
            #expect(shown.exitCode == 3, "\(shown.testDescription)")
            #expect(shown.standardOutput == "--- \(box.out)/a.conf\n+++ /dev/null\n@@ -1 +0,0 @@\n-a=1\n")
            #expect(try outputs(box).count == 2)
        }
    }

    /// Found by a reader: the field of a pair, in a template whose dot is an item.
    @Test func aMistypedFieldIsSuggested() async throws {
        try await withSandbox { box in
            try addSites(box)
            try box.write("confdir/templates/site.tmpl", "{{.Key}}\n")
            let done = try await confd(box, ["a": "1"])
            #expect(done.exitCode == 1)
            #expect(
                done.standardError.contains("can't evaluate field Key in type confd.Item"), "\(done.testDescription)")
            #expect(done.standardError.contains("did you mean \".key\"?"), "\(done.testDescription)")
        }
    }

    @Test func cleanRemovesWhatAResourceHasLeft() async throws {
        try await withSandbox { box in
            try addSites(box)
            #expect(try await confd(box, ["a": "1", "b": "2"]).exitCode == 0)
            try box.write("out/b.conf", "edited")
            try FileManager.default.removeItem(atPath: "\(box.confdir)/conf.d/sites.toml")
            let flags = ["-state-dir", box.path("state"), "-control-socket", box.path("none")]
            let cleaned = try await run(box.command(["clean", "sites.toml"] + flags))
            #expect(cleaned.exitCode == 0, "\(cleaned.testDescription)")
            #expect(cleaned.standardOutput == "sites.toml: 1 file removed, 1 kept that confd has not written\n")
            #expect(try outputs(box) == ["b.conf": "edited"])
            let again = try await run(box.command(["clean", "sites.toml"] + flags))
            #expect(again.exitCode == 2, "\(again.testDescription)")
        }
    }

    /// While a daemon uses the state directory, `confd clean` leaves the work to it.
    @Test func cleanAsksTheDaemon() async throws {
        try await withSandbox { box in
            try addSites(box)
            try box.resource("other", keys: [], template: "x")
            let state = ["-state-dir", box.path("state"), "-control-socket", box.path("control")]
            let daemon = try Child(
                box.command(
                    ["-backend", "env", "-interval", "1"] + state, environment: keyEnvironment(["/s/a": "1"])))
            #expect(try await eventually { box.output("a.conf") == "a=1\n" }, "\(daemon.standardError)")
            // Report: of items that are in sync the status said that there are none.
            for name in ["sites.toml[/s/a]", "sites[/s/a]", "\(box.out)/a.conf", "sites"] {
                let status = try await run(box.command(["status", name] + state, confdir: false))
                #expect(
                    status.exitCode == 0 && status.standardOutput.contains("sites.toml"), "\(status.testDescription)")
            }
            for name in ["\(box.out)/a.other", "\(box.out)/b.conf", "sites[/s/b]", "other[/s/a]"] {
                let none = try await run(box.command(["status", name] + state, confdir: false))
                #expect(none.exitCode == 2, "\(none.testDescription)")
            }
            let refused = try await run(box.command(["clean", "sites"] + state))
            #expect(refused.exitCode == 2, "\(refused.testDescription)")
            #expect(refused.standardError.contains("sites.toml is in conf.d"))
            try FileManager.default.removeItem(atPath: "\(box.confdir)/conf.d/sites.toml")
            // Until the daemon has seen that the resource is gone.
            var cleaned = refused
            for _ in 0..<300 where cleaned.exitCode != 0 {
                try await Task.sleep(for: .milliseconds(200))
                cleaned = try await run(box.command(["clean", "sites.toml"] + state))
            }
            #expect(cleaned.exitCode == 0, "\(cleaned.testDescription)\n\(daemon.standardError)")
            #expect(try outputs(box) == ["other": "x"])
        }
    }

    /// A link in the place of a file that is gone leads to a file with the same bytes: neither is removed.
    @Test(.enabled(if: Machine.canBindMount, "needs a mount namespace")) func noLinkIsFollowed() async throws {
        try await withSandbox { box in
            try addSites(box)
            #expect(try await confd(box, ["a": "1", "b": "2"], isJailed: true).exitCode == 0)
            try box.write("victim", "a=1\n")
            unlink(box.path("out/a.conf"))
            #expect(symlink(box.path("victim"), box.path("out/a.conf")) == 0)
            let finished = try await confd(box, ["b": "2"], isJailed: true)
            #expect(finished.exitCode == 0, "\(finished.testDescription)")
            #expect(finished.standardError.contains("a.conf stays"))
            #expect(box.read("victim") == "a=1\n")
            #expect(try box.names("out") == ["a.conf", "b.conf"])
        }
    }

    /// A manifest that names files elsewhere, or by names that lead out of the directory, has nothing removed there.
    @Test(.enabled(if: Machine.canBindMount, "needs a mount namespace")) func aForgedManifestLeadsNowhere() async throws
    {
        try await withSandbox { box in
            try addSites(box)
            #expect(try await confd(box, ["a": "1"], isJailed: true).exitCode == 0)
            try box.write("victim", "other\n")
            let manifest = "state/resources/sites.toml.items"
            let text = try #require(box.read(manifest))
            let hash = String(repeating: "0", count: 64)
            let lines = ["..", ".", "../victim", "a/../../victim", ""].map { "written\t\(hash)\t\(box.out)\t\($0)\n" }
            try box.write(manifest, text + lines.joined() + "written\t\(hash)\t\(box.root)\tvictim\n")
            let finished = try await confd(box, ["b": "2"], isJailed: true)
            #expect(finished.exitCode == 0, "\(finished.testDescription)")
            #expect(box.read("victim") == "other\n")
            #expect(try outputs(box) == ["b.conf": "b=2\n"])
        }
    }

    /// Fault: `kill -9` before each system call of a pass with three files that are new, three that change and three that go.
    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults), arguments: [false, true])
    func killedAtEachStep(checksInPlace: Bool) async throws {
        var report = FaultReport(
            "14 items",
            "kill -9 before each system call from the 60th on\(checksInPlace ? ", with a check in place" : "")")
        try await withSandbox { box in
            let check = checksInPlace ? "check_cmd = \"true\"\n" : ""
            try addSites(
                box, fields: "prune = true\nmax_remove = 0\n\(check)reload_cmd = \"\(box.counting("reload"))\"")
            let old = ["c1": "1", "c2": "1", "c3": "1", "g1": "1", "g2": "1", "g3": "1", "s": "1"]
            let new = ["c1": "2", "c2": "2", "c3": "2", "n1": "2", "n2": "2", "n3": "2", "s": "1"]
            #expect(try await confd(box, old).exitCode == 0)
            for name in ["foreign.conf", "foreign"] { try box.write("out/\(name)", "x") }
            for name in ["out", "state"] {
                try FileManager.default.copyItem(atPath: box.path(name), toPath: box.path("saved-\(name)"))
            }
            var expected = Dictionary(uniqueKeysWithValues: new.map { ("\($0.key).conf", "\($0.key)=\($0.value)\n") })
            expected["foreign.conf"] = "x"
            expected["foreign"] = "x"
            var nth = 60
            while true {
                for name in ["out", "state"] {
                    try? FileManager.default.removeItem(atPath: box.path(name))
                    try FileManager.default.copyItem(atPath: box.path("saved-\(name)"), toPath: box.path(name))
                }
                try? FileManager.default.removeItem(atPath: box.path("reload.count"))
                let killed = try await confd(box, new, environment: ["CONFD_FAULTS": "*:\(nth)=kill"])
                if killed.exitCode != nil {
                    #expect(killed.exitCode == 0, "\(killed.testDescription)")
                    break
                }
                report.times += 1
                let healed = try await confd(box, new)
                // A child of the killed confd may still have a staged file open, which is not removed then.
                for _ in 0..<50 where try box.names("out").contains(where: { $0.hasPrefix(".") }) {
                    _ = try await confd(box, new)
                }
                let found = try outputs(box)
                if found != expected || healed.exitCode != 0 || box.runs(of: "reload") == 0 { report.lost += 1 }
                #expect(healed.exitCode == 0, "call \(nth): \(healed.testDescription)")
                #expect(found == expected, "call \(nth): \(killed.testDescription)\n\(healed.testDescription)")
                #expect(box.runs(of: "reload") > 0, "call \(nth): \(healed.testDescription)")
                nth += FaultScale.isFull ? 1 : 47
            }
            #expect(report.times > 0)
        }
        report.print()
    }

    /// confd 0.17 has no items: a template wrote the resource files.
    @Test func aTemplateThatWritesResourceFiles() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "s:\n  a: one\n")
            try box.write(
                "confdir/conf.d/generator.toml",
                """
                [template]
                src = "generator.tmpl"
                dest = "\(box.confdir)/conf.d/generated.toml"
                keys = ["/s"]

                """)
            try box.write(
                "confdir/templates/generator.tmpl",
                """
                {{range gets "/s/*"}}[[template]]
                src = "site.tmpl"
                dest = "\(box.out)/{{base .Key}}.conf"
                keys = ["{{.Key}}"]
                {{end}}
                """)
            try box.write("confdir/templates/site.tmpl", #"{{range gets "/s/*"}}{{base .Key}}={{.Value}}{{end}}"#)
            let daemon = try box.start("-backend", "file", "-file", box.path("keys.yaml"), "-watch", "-interval", "1")
            #expect(try await eventually { box.output("a.conf") == "a=one" }, "\(daemon.standardError)")
            try box.write("keys.yaml", "s:\n  a: one\n  b: two\n")
            #expect(try await eventually { box.output("b.conf") == "b=two" }, "\(daemon.standardError)")
            #expect(box.output("a.conf") == "a=one")
        }
    }
}

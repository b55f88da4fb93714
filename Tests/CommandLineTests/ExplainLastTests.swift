import Foundation
import Glibc
import TestSupport
import Testing

/// `confd explain -last`: what a daemon has applied.
@Suite(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
struct ExplainLastTests {
    @Test func saysWhatChanged() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "0")
            try rig.resource("app", key: "/app")
            let fixed = ["-node", rig.node, "-control-socket", rig.box.path("run/control"), "-state-dir", "none"]
            let daemon = try Child(rig.box.command(["-watch", "-interval", "0"] + fixed))
            #expect(try await rig.holds("app", "0"))
            let ask = ["explain", "-last", "app.toml"] + fixed
            // The daemon notes the change right after the file.
            let settled = ["wait", "-control-socket", rig.box.path("run/control")]
            #expect(try await run(rig.box.command(settled, confdir: false)).exitCode == 0)
            let first = try await run(rig.box.command(ask))
            #expect(first.standardOutput.contains("which of 1 changed is not known"), "\(first.testDescription)")
            try rig.client.put("/app", "1")
            #expect(try await rig.holds("app", "1"))
            let revision = try rig.client.revision()
            let wait = settled + ["-revision", "\(revision)"]
            #expect(try await run(rig.box.command(wait, confdir: false)).exitCode == 0)
            let done = try await run(rig.box.command(ask))
            #expect(done.exitCode == 0 && done.standardOutput.contains("set        /app"), "\(done.testDescription)")
            #expect(done.standardOutput.contains("revision   \(revision)\n"), "\(done.testDescription)")
            #expect(done.standardOutput.contains("/app   \(rig.box.out)/app:1\n"), "\(done.testDescription)")
            try await stop(daemon)
        }
    }

    /// Reported: of a resource with for_each it was always "before the daemon began", and the item counted for nothing.
    @Test func saysWhatChangedOfItems() async throws {
        try await withRig { rig in
            for name in ["a", "b"] { try rig.client.put("/app/\(name)", "0") }
            try rig.box.write("confdir/templates/sites.tmpl", "{{.value}}\n")
            try rig.box.write(
                "confdir/conf.d/sites.toml",
                """
                [template]
                for_each = "/app/*"
                src = "sites.tmpl"
                dest = "\(rig.box.out)/{{.name}}.conf"
                keys = ["/app"]
                prune = true
                """)
            let fixed = [
                "-node", rig.node, "-control-socket", rig.box.path("run/control"), "-state-dir", rig.box.path("state"),
            ]
            let daemon = try Child(rig.box.command(["-watch", "-interval", "0"] + fixed))
            #expect(try await rig.holds("b.conf", "0"))
            func says(_ arguments: [String], _ text: String) async throws -> Bool {
                try await eventually(answer: {
                    try await run(rig.box.command(["explain", "-last"] + arguments + fixed)).standardOutput.contains(
                        text)
                })
            }
            try rig.client.put("/app/a", "1")
            #expect(try await says(["sites.toml", "-item", "a"], "set        /app/a   \(rig.box.out)/a.conf:1\n"))
            #expect(try await says(["\(rig.box.out)/b.conf"], "which of 1 changed is not known"))
            #expect(try await says(["sites.toml"], "set        /app/a"))
            try rig.client.delete("/app/b")
            #expect(try await says(["sites.toml"], "delete     /app/b"))
            let status = try await run(
                rig.box.command(["status", "-json", "-control-socket", rig.box.path("run/control")], confdir: false))
            #expect(status.standardOutput.contains("files_removed") && status.standardOutput.contains("b.conf"))
            // The file exists, but belongs to no item.
            try rig.box.write("out/b.conf", "edited\n")
            let kept = try await run(rig.box.command(["explain", "\(rig.box.out)/b.conf:1"] + fixed))
            #expect(kept.exitCode == 2, "\(kept.testDescription)")
            #expect(kept.standardError.contains("no item of sites.toml has the file \(rig.box.out)/b.conf now"))
            try await stop(daemon)
        }
    }

    /// The line, its file and the key say when each key was changed last.
    @Test func namesTheRevisionsOfKeys() async throws {
        try await withRig { rig in
            for (key, value) in [("/app/a", "1"), ("/app/b", #"{"port": 2}"#), ("/other", "3")] {
                try rig.client.put(key, value)
            }
            try rig.client.put("/app/a", "4")
            let last = try rig.client.revision()
            let ofB = last - 2
            try rig.box.resource(
                "app", keys: ["/app"],
                template: #"{{getv "/app/a"}} {{(json (getv "/app/b")).port}}{{if exists "/no"}}{{end}}"#)
            func explain(_ arguments: String...) async throws -> Finished {
                try await run(rig.box.command(["explain"] + arguments + ["-node", rig.node]))
            }
            let line = try await explain("\(rig.box.out)/app:1")
            #expect(line.standardOutput.contains("4          /app/a   revision \(last)\n"), "\(line.testDescription)")
            #expect(
                line.standardOutput.contains("2          /app/b   (.port)   revision \(ofB)\n"),
                "\(line.testDescription)")
            let file = try await explain("app.toml")
            #expect(file.standardOutput.contains("/app/b   revision \(ofB)\n"), "\(file.testDescription)")
            let key = try await explain("-key", "/app/b")
            #expect(key.standardOutput.hasPrefix("/app/b   revision \(ofB)\n"), "\(key.testDescription)")
            let json = try await explain("\(rig.box.out)/app:1", "-json")
            #expect(json.standardOutput.contains(#""revision":\#(ofB)"#), "\(json.testDescription)")
        }
    }
}

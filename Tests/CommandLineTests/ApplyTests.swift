import Foundation
import TestSupport
import Testing

/// How a rendering becomes the file: in order, atomically, and only when something changed.
@Suite struct ApplyTests {
    // MARK: What runs when

    @Test func checkThenReplaceThenReload() async throws {
        try await withSandbox { box in
            let order = "\(box.root)/order"
            try box.resource(
                "app",
                fields: """
                    mode = "0640"
                    check_cmd = "cat {{.src}} {{.dest}} > \(order); stat -c %a {{.src}} >> \(order)"
                    reload_cmd = "cat {{.dest}} >> \(order)"
                    """, template: "new\n")
            try box.write("out/app", "old\n")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("order") == "new\nold\n640\nnew\n")
            #expect(try box.names("out") == ["app"])
        }
    }

    @Test func equalBytesReloadNothing() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "check_cmd = \"\(box.counting("check"))\"\nreload_cmd = \"\(box.counting("reload"))\"",
                template: #"{{getv "/app/name"}}"#)
            for (value, runs) in [("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 3)] {
                let before = box.output("app") == value ? try box.status("out/app").st_ino : 0
                let done = try await box.render(keys: ["/app/name": value])
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(box.output("app") == value)
                #expect(box.runs(of: "check") == runs)
                #expect(box.runs(of: "reload") == runs)
                if before != 0 { #expect(try box.status("out/app").st_ino == before, "nothing is written") }
            }
        }
    }

    @Test func onlyTheModeDiffers() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "mode = \"0600\"\nreload_cmd = \"\(box.counting("reload"))\"", template: "same")
            try box.write("out/app", "same", mode: 0o644)
            let before = try box.status("out/app").st_ino
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.mode("out/app") == 0o600)
            #expect(try box.status("out/app").st_ino != before, "who has the old file open keeps no rights")
            #expect(box.runs(of: "reload") == 0)
            try box.write("out/app", "same", mode: 0o400)
            let narrow = try box.status("out/app").st_ino
            #expect(try await box.render().exitCode == 0)
            #expect(try box.mode("out/app") == 0o600)
            #expect(try box.status("out/app").st_ino == narrow, "rights that only grow are changed in place")
        }
    }

    @Test(.enabled(if: Machine.isRoot, "only root may give files away"))
    func onlyTheOwnerDiffers() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "uid = 12345\ngid = 23456\nreload_cmd = \"\(box.counting("reload"))\"", template: "same")
            try box.write("out/app", "same", mode: 0o4755)
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.status("out/app").st_uid == 12_345)
            #expect(try box.status("out/app").st_gid == 23_456)
            #expect(try box.mode("out/app") == 0o755, "setuid was meant for the former owner")
            #expect(box.runs(of: "reload") == 0)
        }
    }

    /// Three files in one folder: the fourth `fsync` is that of the folder, and comes before the reload.
    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults)) func aFolderIsSyncedOnceForAllItsFiles()
        async throws
    {
        try await withSandbox { box in
            for name in ["a", "b", "c"] {
                try box.resource(name, fields: "reload_cmd = \"\(box.counting("reload"))\"", template: name)
            }
            let killed = try await box.render(environment: ["CONFD_FAULTS": "fsync:4=kill"])
            #expect(killed.ending == .signalled(SIGKILL), "\(killed.testDescription)")
            #expect(try box.names("out") == ["a", "b", "c"])
            #expect(box.runs(of: "reload") == 0)
            let again = try await box.render()
            #expect(again.exitCode == 0, "\(again.testDescription)")
            #expect(box.runs(of: "reload") == 1, "it was owed")
        }
    }

    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults), arguments: [(4, 1), (5, 0)])
    func aFolderThatCannotBeSyncedIsAWarning(_ nth: Int, _ count: Int)
        async throws
    {
        try await withSandbox { box in
            for name in ["a", "b", "c"] { try box.resource(name, template: name) }
            let done = try await box.render(environment: ["CONFD_FAULTS": "fsync:\(nth)=5"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.names("out") == ["a", "b", "c"])
            let warnings = done.standardError.components(separatedBy: "cannot sync the directory of").count - 1
            #expect(warnings == count, "\(done.testDescription)")
        }
    }

    /// All files of a pass are replaced first; then each distinct command runs once.
    @Test func oneReloadForSeveralFiles() async throws {
        try await withSandbox { box in
            let shared = "ls \(box.out) | wc -l >> \(box.root)/seen"
            for name in ["a", "b", "c"] { try box.resource(name, fields: "reload_cmd = \"\(shared)\"", template: name) }
            try box.resource("d", fields: "reload_cmd = \"\(box.counting("other"))\"", template: "d")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("seen") == "4\n")
            #expect(box.runs(of: "other") == 1)
        }
    }

    @Test func pathsAreQuotedForTheShell() async throws {
        try await withSandbox { box in
            let folder = box.path("a folder; touch oops $(touch oops) 'q'")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try box.write("confdir/templates/app.tmpl", "x")
            try box.write(
                "confdir/conf.d/app.toml",
                """
                [template]
                src = "app.tmpl"
                dest = "\(folder)/the file"
                check_cmd = "test -f {{.src}} && cp {{.src}} \(box.root)/checked"
                reload_cmd = "cp {{.dest}} \(box.root)/reloaded"
                """)
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("checked") == "x")
            #expect(box.read("reloaded") == "x")
            #expect(box.read("oops") == nil)
        }
    }

    @Test func commandsHaveAnEnvironment() async throws {
        try await withSandbox { box in
            let dump =
                "echo $CONFD_SRC $CONFD_DEST $CONFD_RESOURCE $HOME_MADE >> \(box.root)/dump; cat > \(box.root)/input"
            try box.resource("app", fields: "reload_cmd = \"\(dump)\"", template: "x")
            let done = try await box.render(environment: ["HOME_MADE": "inherited"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            let words = box.read("dump")?.split(separator: "\n")[0].split(separator: " ").map(String.init) ?? []
            #expect(words.contains("\(box.out)/app") && words.last == "inherited", "\(words)")
            #expect(box.read("input") == "", "standard input is /dev/null")
        }
    }

    /// A command may leave a daemon behind that keeps its output open; confd does not wait for it.
    @Test func daemonisedGrandchildHoldsNothing() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"sleep 1000 & echo $! > \(box.root)/pid\"", template: "x")
            let done = try await box.render()
            defer {
                if let pid = box.read("pid").flatMap({ pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
                    kill(pid, SIGKILL)
                }
            }
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
            // Report: a service that a script started was ended by its first line of output, without a word.
            let warning =
                "app.toml: reload_cmd has ended, and a process that it has left in the background still has its output"
            #expect(done.standardError.contains(warning), "\(done.testDescription)")
        }
    }

    @Test func reloadThatTakesTooLong() async throws {
        try await withSandbox { box in
            try box.resource(
                "app",
                fields: "reload_cmd = \"sh -c 'echo $$ > \(box.path("child")); exec sleep 1000' & wait\"\n"
                    + "reload_cmd_timeout = \"10s\"",
                template: "x")
            let done = try await box.confd("-onetime", "-backend", "env")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("timed out after 10s"), "\(done.testDescription)")
            let child = try #require(Int32(box.read("child")?.dropLast() ?? ""))
            #expect(try await eventually { kill(child, 0) != 0 }, "the whole group is ended")
        }
    }

    // MARK: Flags

    @Test func noop() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "check_cmd = \"\(box.counting("check"))\"\nreload_cmd = \"\(box.counting("reload"))\"",
                template: "new")
            try box.resource("fresh", template: "new")
            try box.write("out/app", "old", mode: 0o600)
            let done = try await box.render("-noop")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardError.contains("WARNING Noop mode enabled. \(box.out)/app will not be modified"))
            #expect(box.output("app") == "old")
            #expect(try box.mode("out/app") == 0o600)
            #expect(try box.names("out") == ["app"])
            #expect(box.runs(of: "check") == 0)
            #expect(box.runs(of: "reload") == 0)
        }
    }

    @Test func syncOnly() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "check_cmd = \"false\"\nreload_cmd = \"\(box.counting("reload"))\"", template: "new")
            var done = try await box.render("-sync-only")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "new")
            #expect(box.runs(of: "reload") == 0)
            done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 0, "a reload that was not wanted is not owed")
        }
    }

    /// The staged copy stays in every case: replaced, in sync, refused, noop.
    @Test(
        arguments: [
            ("replaced", "old", "", [], 0), ("in sync", "new", "", [], 0),
            ("refused", "old", "check_cmd = \"false\"", [], 1),
            ("noop", "old", "", ["-noop"], 0),
        ] as [(String, String, String, [String], Int32)])
    func keepStageFile(_ name: String, _ dest: String, _ fields: String, _ flags: [String], _ code: Int32) async throws
    {
        try await withSandbox { box in
            try box.resource("app", fields: fields, template: "new")
            try box.write("out/app", dest)
            let done = try await run(box.command(["-onetime", "-backend", "env", "-keep-stage-file"] + flags))
            #expect(done.exitCode == code, "\(done.testDescription)")
            let names = try box.names("out")
            #expect(names.count == 2, "\(name): \(names)")
            let staged = try #require(names.first { $0.hasPrefix(".app") })
            #expect(box.output(staged) == "new")
            #expect(done.standardError.contains("Keeping staged file: \(box.out)/\(staged)"), "\(done.testDescription)")
            #expect(box.output("app") == (name == "replaced" ? "new" : dest))
        }
    }

    // MARK: Unusual dests

    @Test func symbolicLink() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: #"{{getv "/app/name"}}"#)
            try box.write("real/target", "old", mode: 0o600)
            try FileManager.default.createSymbolicLink(
                atPath: box.path("out/app"), withDestinationPath: "../real/target")
            for _ in 0..<2 {
                let done = try await box.render(keys: ["/app/name": "new"])
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(try box.status("out/app").st_mode & S_IFMT == S_IFLNK, "the link stays")
                #expect(box.read("real/target") == "new")
                #expect(try box.mode("real/target") == 0o600)
                #expect(try box.names("real") == ["target"])
                #expect(try box.names("out") == ["app"])
                #expect(box.runs(of: "reload") == 1)
            }
        }
    }

    @Test func danglingSymbolicLink() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new")
            try box.write("real/other", "")
            try FileManager.default.createSymbolicLink(
                atPath: box.path("out/app"), withDestinationPath: box.path("real/target"))
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("real/target") == "new")
            #expect(try box.status("out/app").st_mode & S_IFMT == S_IFLNK)
        }
    }

    /// A file that is a mount point, as Docker makes them, cannot be replaced: it is written in place.
    @Test(.enabled(if: Machine.canBindMount, "needs root and the right to mount: not in every container"))
    func bindMount() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: #"{{getv "/app/name"}}"#)
            try box.write("outside", "old and longer than what follows", mode: 0o640)
            try box.write("out/app", "under the mount")
            let inode = try box.status("outside").st_ino
            for (value, runs) in [("new", 1), ("new", 1), ("newer", 2)] {
                var command = box.command(
                    ["-onetime", "-backend", "env"], environment: keyEnvironment(["/app/name": value]))
                let script = #"mount --bind "$1" "$2" && shift 2 && exec "$@""#
                command.arguments =
                    ["-m", "sh", "-c", script, "sh", box.path("outside"), box.path("out/app"), command.executable]
                    + command.arguments
                command.executable = "unshare"
                let done = try await run(command)
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(box.read("outside") == value)
                #expect(try box.status("outside").st_ino == inode)
                #expect(try box.mode("outside") == 0o640)
                #expect(box.runs(of: "reload") == runs)
                #expect(box.output("app") == "under the mount")
                #expect(try box.names("out") == ["app"], "neither a staged file nor a backup stays behind")
            }
        }
    }

    @Test func destRelativeToTheWorkingDirectory() async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/app.tmpl", "x")
            try box.write("confdir/conf.d/app.toml", "[template]\nsrc = \"app.tmpl\"\ndest = \"here\"\n")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("here") == "x")
        }
    }

    @Test func largeOutput() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "{{range seq 1 300000}}0123456789abcdef\n{{end}}")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.bytes("out/app")?.count == 300_000 * 17)
        }
    }
}

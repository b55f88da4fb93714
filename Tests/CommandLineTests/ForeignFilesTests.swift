import Foundation
import Glibc
import TestSupport
import Testing

/// Directories and files of other users, seen from outside.
@Suite struct ForeignFilesTests {
    /// Runs confd as user 1234, to whom everything in the sandbox belongs.
    private func start(_ box: Sandbox, _ arguments: String...) async throws -> Child {
        // The binary's own folder may be closed to others.
        try await box.install(Machine.confd, as: "confd")
        for path in ["."] + (FileManager.default.subpaths(atPath: box.root) ?? []) {
            chown(box.path(path), 1_234, 1_234)
        }
        var command = box.command(["-backend", "env"] + arguments)
        command.arguments =
            ["--reuid=1234", "--regid=1234", "--clear-groups", box.path("confd")] + command.arguments
        command.executable = "setpriv"
        return try Child(command)
    }

    /// Attack: an owner that confd may not set was two lines a pass, for ever.
    /// Report: an output that its user may not read was never written again; nor is it to be reloaded at each pass.
    @Test(.enabled(if: Machine.isRoot && Machine.hasSetpriv, "needs root, and setpriv to stop being root"))
    func saysOnceWhatItMayNotDo() async throws {
        try await withSandbox { box in
            try box.resource("owned", fields: "owner = \"root\"\ngroup = \"root\"\nmode = \"4755\"", template: "same")
            try box.resource(
                "hidden", fields: "mode = \"0200\"\nreload_cmd = \"\(box.counting("reload"))\"", template: "new")
            try box.resource("pass", fields: "", template: "{{datetime.UnixNano}}")
            try box.write("out/owned", "same")
            try box.write("out/hidden", "old", mode: 0o200)
            let child = try await start(box, "-interval", "1")
            var passes: Set<String> = []
            let wasPassed = try await eventually(seconds: 30) {
                box.output("pass").map { _ = passes.insert($0) }
                return passes.count >= 4
            }
            child.send(SIGTERM)
            let done = try await child.wait()
            #expect(wasPassed, "\(done)")
            let lines = done.errorLines.filter { $0.contains("out/owned") || $0.contains("out/hidden") }
            #expect(lines.count { $0.contains("not permitted to make uid 0 and gid 0 the owner") } == 1, "\(done)")
            #expect(lines.count { $0.contains("has mode") } == 1, "\(done)")
            #expect(!lines.contains { $0.contains("has UID") || $0.contains("has GID") }, "\(done)")
            #expect(lines.count { $0.contains("cannot read") } == 1, "\(done)")
            #expect(try box.mode("out/owned") == 0o755, "setuid was meant for root")
            #expect(box.output("hidden") == "new")
            #expect(box.runs(of: "reload") == 1)
        }
    }

    /// Attack: each try left a staged file behind, which nobody could remove.
    @Test(.enabled(if: Machine.makesAppendOnly, "needs root, and a file system with chattr +a"))
    func stagesNothingThatCannotBeRemoved() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new")
            try box.write("out/app", "old")
            #expect(try await run("chattr", "+a", box.out).exitCode == 0)
            let (done, names): (Finished, [String])
            do {
                (done, names) = (try await box.render(), try box.names("out"))
                _ = try await run("chattr", "-a", box.out)
            } catch {
                // Otherwise the folder could not be removed.
                _ = try await run("chattr", "-a", box.out)
                throw error
            }
            #expect(done.exitCode == 1)
            #expect(
                done.standardError.contains("cannot replace \(box.out)/app: the directory \(box.out) is append-only"))
            #expect(names == ["app"])
            #expect(try await box.render().exitCode == 0)
            #expect(box.output("app") == "new")
        }
    }

    /// Attack: 200 GB that take no room on the disk, wherever confd reads a file.
    @Test(arguments: ["out/app", "out/.app.confd-backup", "confdir/templates/app.tmpl", "confdir/conf.d/huge.toml"])
    func takesNoMemoryForAHugeFile(name: String) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "backup = true\nrollback = true\nreload_cmd = \"true\"", template: "new")
            try box.resource("neighbour", template: "new")
            try box.write(name, "")
            #expect(truncate(box.path(name), 200 << 30) == 0)
            let done = try await box.render()
            let isRefused = name.hasPrefix("confdir")
            #expect(done.exitCode == (isRefused ? 1 : 0), "\(done)")
            if isRefused { #expect(done.standardError.contains("file too large, more than "), "\(done)") }
            if !name.hasSuffix("tmpl") { #expect(box.output("app") == "new") }
            #expect(box.output("neighbour") == "new")
        }
    }
}

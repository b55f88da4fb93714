import Foundation
import TestSupport
import Testing

/// `-check`, `-noop -diff`: what would change, and the exit code that tells of it.
@Suite struct CheckDiffTests {
    /// Found by a newcomer: `-check` said what would change in a file that could not be written.
    @Test func aMissingDirectoryIsAnErrorInCheckToo() async throws {
        try await withSandbox { box in
            let fields = { (more: String) in "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.out)/none/app\"\n\(more)\n"
            }
            try box.write("confdir/templates/app.tmpl", "x\n")
            try box.write("confdir/conf.d/app.toml", fields(""))
            let check = try await box.confd("-check", "-backend", "env")
            #expect(check.exitCode == 1, "\(check.testDescription)")
            #expect(check.standardError.contains("no such file or directory: \(box.out)/none"))
            #expect(check.standardError.contains("hint: create it, or set make_dirs = true"))
            try box.write("confdir/conf.d/app.toml", fields("make_dirs = true"))
            let made = try await box.confd("-check", "-backend", "env")
            #expect(made.exitCode == 3, "\(made.testDescription)")
        }
    }

    @Test func inSyncAndDrift() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: "new\n")
            try box.write("out/app", "old\n")
            let drift = try await box.confd("-check", "-backend", "env")
            #expect(drift.exitCode == 3, "\(drift.testDescription)")
            #expect(
                drift.standardOutput == "--- \(box.out)/app\n+++ \(box.out)/app\n@@ -1 +1 @@\n-old\n+new\n",
                "\(drift.testDescription)")
            #expect(drift.standardError.contains("1 would change, 0 in sync, 0 failed, in "))
            #expect(box.output("app") == "old\n" && box.runs(of: "reload") == 0)
            #expect(try box.names("out") == ["app"])
            try box.write("out/app", "new\n")
            let same = try await box.confd("-check", "-backend", "env")
            #expect(same.exitCode == 0 && same.standardOutput.isEmpty, "\(same.testDescription)")
        }
    }

    /// A failure has its own exit code, also when other resources have drifted.
    @Test func failuresComeFirst() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new\n")
            try box.resource("bad", template: #"{{getv "/none"}}"#)
            let failed = try await box.confd("-check", "-backend", "env")
            #expect(failed.exitCode == 1, "\(failed.testDescription)")
            #expect(failed.standardOutput.contains("+new\n"))
            let away = try await box.confd(
                "-check", "-backend", "etcd", "-node", "http://127.0.0.1:\(try Ports.free())")
            #expect(away.exitCode == 4, "\(away.testDescription)")
            let none = try await box.confd("-check", "-backend", "env", "-confdir", box.path("none"), confdir: false)
            #expect(none.exitCode == 2, "\(none.testDescription)")
        }
    }

    /// GNU patch turns the old file into the new one with the printed diff, whatever its context.
    @Test(arguments: [0, 1, 3, 10])
    func patchTakesIt(_ context: Int) async throws {
        try await withSandbox { box in
            let old = (1...200).map { "line \($0)\n" }.joined() + "no newline"
            let new = (1...200).filter { $0 % 37 != 0 }.map { $0 % 50 == 0 ? "changed \($0)\n" : "line \($0)\n" }
                .joined()
            try box.resource("app", template: new)
            try box.write("out/app", old)
            let done = try await box.render("-noop", "-diff", "-diff-context", "\(context)")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardOutput.contains("\\ No newline at end of file\n"))
            let patched = try await run(
                "patch", "-s", box.path("out/app"), input: Array(done.standardOutput.utf8))
            #expect(patched.exitCode == 0, "\(patched.testDescription)")
            #expect(box.output("app") == new)
            let again = try await box.render("-noop", "-diff")
            #expect(again.standardOutput.isEmpty)
        }
    }

    @Test func newFile() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "one\ntwo\n")
            let done = try await box.confd("-check", "-backend", "env")
            #expect(done.exitCode == 3)
            #expect(done.standardOutput == "--- /dev/null\n+++ \(box.out)/app\n@@ -0,0 +1,2 @@\n+one\n+two\n")
            #expect(box.output("app") == nil)
        }
    }

    @Test func attributesAndBinaryFilesAreNamed() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "mode = \"0600\"", template: "same\n")
            try box.write("out/app", "same\n", mode: 0o644)
            try box.resource("blob", template: #"{{printf "%c" 0}}"#)
            try box.write("out/blob", "text")
            let done = try await box.confd("-check", "-backend", "env")
            #expect(done.exitCode == 3)
            #expect(
                done.standardOutput
                    == "\(box.out)/app: mode is 0644, should be 0600\n"
                    + "Binary files \(box.out)/blob and \(box.out)/blob differ\n", "\(done.testDescription)")
            #expect(try box.mode("out/app") == 0o644)
        }
    }

    /// Colour where it is asked for, on a terminal unless it is refused, and nowhere else.
    @Test(arguments: [
        (["-color", "always"], false, true), (["-color=always"], false, true), (["--color"], false, true),
        (["-color", "auto"], false, false), ([], false, false), (["-color", "never"], true, false), ([], true, true),
    ])
    func colours(_ flags: [String], _ onTerminal: Bool, _ expected: Bool) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new\n")
            var command = box.command(["-check", "-backend", "env"] + flags)
            if onTerminal { command = box.onTerminal(command) }
            let done = try await run(command)
            #expect(done.exitCode == 3, "\(done.testDescription)")
            #expect(done.standardOutput.contains("\u{1B}[32m+new") == expected, "\(done.testDescription)")
        }
    }

    @Test func colourIsRefusedByTheEnvironment() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new\n")
            let command = box.command(["-check", "-backend", "env"], environment: ["NO_COLOR": "1"])
            let done = try await run(box.onTerminal(command))
            #expect(done.standardOutput.contains("+new") && !done.standardOutput.contains("\u{1B}[32m"))
        }
    }

    /// Report: whoever asks for a diff does not expect that the files are written; the fork does it in silence.
    @Test func diffWithoutNoopIsAUsageError() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new\n")
            let done = try await box.render("-diff")
            #expect(done.exitCode == 2 && box.output("app") == nil, "\(done.testDescription)")
            #expect(done.standardError.contains("-diff: needs -check or -noop\nhint: "))
        }
    }
}

extension Sandbox {
    /// `command` on a terminal of its own; what it writes there comes on standard output.
    func onTerminal(_ command: ChildCommand) -> ChildCommand {
        let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        var command = command
        command.arguments = ["-c", script, command.executable] + command.arguments
        command.executable = "python3"
        return command
    }
}

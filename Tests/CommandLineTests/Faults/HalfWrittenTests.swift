import Foundation
import Glibc
import TestSupport
import Testing

/// Files that are being written, and what a kill leaves behind.
@Suite struct HalfWrittenTests {
    /// A template and the keys are written in place, slowly, while the other one changes: only whole ones are rendered.
    @Test(.enabled(if: Machine.hasEtcd)) func templateIsEditedInPlace() async throws {
        try await withRig { rig in
            let box = rig.box
            let recorder = Recorder(box, "seen")
            try box.resource(
                "app", keys: ["/app"], fields: "check_cmd = '''\(recorder.command("{{.src}}"))'''",
                template: "{{getv \"/app\"}} edition 0 end\n")
            try rig.client.put("/app", "v0")
            let daemon = try rig.daemon()
            #expect(try await eventually { box.output("app") == "v0 edition 0 end\n" }, "\(daemon.standardError)")
            var longest = Duration.zero
            for round in 1...3 {
                let (keptOn, pause) = await Self.onThread { Self.writeTemplate(round, rig) }
                longest = max(longest, pause)
                #expect(
                    keptOn || pause > .seconds(1.5),
                    "the last good version serves; the longest pause was \(pause)\n\(daemon.standardError)")
                #expect(
                    try await eventually { box.output("app") == "v\(round) 5 edition \(round) end\n" },
                    "\(daemon.standardError)")
            }
            // On a machine that let the writer stand for two seconds, a part of the file counts as complete.
            #expect(
                recorder.runs.allSatisfy { $0.content.hasSuffix(" end") } || longest > .seconds(1.5),
                "\(recorder.runs), the longest pause was \(longest)")
            try await stop(daemon)
        }
    }

    /// Writes the template in parts, with a new value after each. Returns whether the last value was rendered with the former
    /// template while this one was open, and the longest time between two writes.
    private static func writeTemplate(_ round: Int, _ rig: FaultRig) -> (keptOn: Bool, longest: Duration) {
        let descriptor = open(rig.box.path("confdir/templates/app.tmpl"), O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        var (longest, last) = (Duration.zero, ContinuousClock.now)
        func note() {
            longest = max(longest, ContinuousClock.now - last)
            last = .now
        }
        for part in ["{{getv \"/app\"}} ", "edition \(round)", " end\n"] {
            write(descriptor, part, part.utf8.count)
            note()
            do { try rig.client.put("/app", "v\(round) \(part.utf8.count)") } catch { return (false, longest) }
            usleep(250_000)
        }
        // The last byte is written again and again: two seconds after the last write the file counts as complete.
        let end = lseek(descriptor, 0, SEEK_CUR) - 1
        let keptOn = eventuallyBlocking {
            pwrite(descriptor, "\n", 1, end)
            note()
            return rig.box.output("app") == "v\(round) 5 edition \(round - 1) end\n"
                || longest > .seconds(1.5)
        }
        return (keptOn, longest)
    }

    /// Runs `body` on a thread of its own: a file that nobody writes for two seconds counts as complete, and a test's task may
    /// wait longer than that for a thread.
    private static func onThread<Result>(_ body: @escaping () -> Result) async -> Result {
        nonisolated(unsafe) let body = body
        return await withCheckedContinuation { continuation in
            Foundation.Thread.detachNewThread {
                nonisolated(unsafe) let result = body()
                continuation.resume(returning: result)
            }
        }
    }

    /// The file backend's file is written in two parts, without and with a file there before.
    @Test func keysAreWrittenSlowly() async throws {
        try await withSandbox { box in
            let recorder = Recorder(box, "seen")
            try box.write("keys.yaml", "app:\n  a: 0\n  b: 0\n")
            try box.resource(
                "app", fields: "check_cmd = '''\(recorder.command("{{.src}}"))'''",
                template: "{{range gets \"/app/*\"}}{{.Value}} {{end}}\n")
            let daemon = try Child(
                box.command(["-watch", "-interval", "100ms", "-backend", "file", "-file", box.path("keys.yaml")]))
            #expect(try await eventually { box.output("app") == "0 0 \n" }, "\(daemon.standardError)")
            var longest = Duration.zero
            for round in 1...4 {
                if round % 2 == 0 { unlink(box.path("keys.yaml")) }
                let pause = await Self.onThread {
                    Self.writeSlowly(box.path("keys.yaml"), ["app:\n  a: \(round)\n", "  b: \(round)\n"])
                }
                longest = max(longest, pause)
                let isNew = try await eventually { box.output("app") == "\(round) \(round) \n" }
                #expect(isNew, "\(daemon.standardError)")
            }
            let halves = recorder.runs.filter { run in Set(run.content.split(separator: " ")).count != 1 }
            // On a machine that let the writer stand for two seconds, half of the file counts as complete.
            #expect(halves.isEmpty || longest > .seconds(1.5), "\(halves), the longest pause was \(longest)")
            try await stop(daemon)
        }
    }

    /// Writes a file in parts, with 0.3 s between them; the longest time between two parts.
    private static func writeSlowly(_ path: String, _ parts: [String]) -> Duration {
        var (longest, last) = (Duration.zero, ContinuousClock.now)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(descriptor) }
        for part in parts {
            write(descriptor, part, part.utf8.count)
            usleep(300_000)
            longest = max(longest, ContinuousClock.now - last)
            last = .now
        }
        return longest
    }

    /// Temporary files that nobody uses any more are removed by the next start; all others stay.
    @Test(arguments: ["onetime", "daemon", "noop"]) func leftoversAreRemoved(_ mode: String) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"true\"", template: "x\n")
            let temporary = box.path("tmp")
            try box.write("tmp/confd-changes-abcdefgh12", "")
            try box.write("tmp/confd-changes-notours", "")
            for name in [".app.confd-abcdefgh12", ".other.confd-0123456789", ".app.abcdefgh12", ".app.confd-backup2"] {
                try box.write("out/\(name)", "left")
            }
            let held = open(box.path("out/.other.confd-0123456789"), O_RDONLY | O_CLOEXEC)
            flock(held, LOCK_EX)
            defer { close(held) }
            let environment = ["TMPDIR": temporary]
            if mode == "daemon" {
                let daemon = try box.start("-backend", "env", environment: environment)
                #expect(
                    try await eventually {
                        box.output("app") == "x\n" && box.read("tmp/confd-changes-abcdefgh12") == nil
                    })
                try await stop(daemon)
            } else {
                let flags = mode == "noop" ? ["-noop"] : []
                let done = try await run(
                    box.command(["-onetime", "-backend", "env"] + flags, environment: environment))
                #expect(done.exitCode == 0, "\(done.testDescription)")
            }
            let kept = [".app.abcdefgh12", ".app.confd-backup2", ".other.confd-0123456789"]
            if mode == "noop" {
                #expect(try box.names("out") == (kept + [".app.confd-abcdefgh12"]).sorted())
            } else {
                #expect(try box.names("out") == (kept + ["app"]).sorted())
                #expect(try box.names("tmp") == ["confd-changes-notours"])
            }
        }
    }

    /// A resource that was changed and whose reload failed is written and owed, neither failed nor in sync.
    @Test func summaryCountsEachResourceOnce() async throws {
        try await withSandbox { box in
            try box.resource("bad", fields: "reload_cmd = \"exit 3\"", template: "x")
            try box.resource("good", template: "x")
            let first = try await box.render()
            #expect(first.exitCode == 1)
            #expect(
                first.standardError.contains("2 written, 1 reload owed, 0 in sync, 0 failed"),
                "\(first.testDescription)")
            let second = try await box.render()
            #expect(second.exitCode == 1)
            #expect(
                second.standardError.contains("0 written, 1 reload owed, 1 in sync, 0 failed"),
                "\(second.testDescription)")
        }
    }

    /// Not only the bytes of a command's output are limited but also its lines.
    @Test func manyLinesOfOutput() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"yes | head -n 30000\"", template: "x")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription.prefix(2_000))")
            #expect(done.errorLines.filter { $0.hasSuffix("reload_cmd: y") }.count == 1_000)
            #expect(done.errorLines.count { $0.contains("58000 more bytes of output") } == 1, "said once")
        }
    }
}

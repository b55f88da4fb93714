import Foundation
import Glibc
import TestSupport
import Testing

/// Faults 10 and 11: as PID 1 of a container, and with a destination that is a mount point.
@Suite(.enabled(if: Machine.isRoot && Machine.hasEtcd)) struct FaultProcessTests {
    // MARK: 10 PID 1

    /// Reloads that leave orphans behind, beside checks that end with random codes.
    @Test func processOneAmongOrphansAndExitCodes() async throws {
        var report = FaultReport("10 PID 1", "reloads that double-fork an orphan, beside checks with random exit codes")
        try await withRig { rig in
            let box = rig.box
            try rig.resource(
                "reload", key: "/code",
                fields: """
                    reload_cmd = '''(sh -c 'sleep 0.0$(($$ % 9)) &') ; c=$(cat {{.dest}}); echo $c >> \(box.root)/reloads; exit $c'''
                    """)
            try rig.resource(
                "check", key: "/code",
                fields: "check_cmd = '''c=$(cat {{.src}}); echo $c >> \(box.root)/checks; exit $c'''")
            try rig.client.put("/code", "0")
            let script = """
                trap 'echo TERM >> \(box.root)/signals; kill $!; exit 9' TERM; trap 'echo HUP >> \(box.root)/signals' HUP
                echo $$ > \(box.root)/started; sleep 1000 & while :; do wait; done
                """
            let outer = try Child(
                ChildCommand(
                    executable: "unshare",
                    arguments: [
                        "--pid", "--fork", "--mount-proc", Machine.confd, "-watch", "-interval", "0", "-node", rig.node,
                        "-confdir", box.confdir, "--", "/bin/sh", "-c", script,
                    ], environment: Machine.environment))
            #expect(try await eventually { box.read("started") != nil }, "\(outer.standardError)")
            let confd = try #require(children(of: outer.processID).first)
            var random = SeededGenerator(seed: 10)
            // Each code as rarely as possible: confd does not log a line again that it has logged shortly before.
            let order = (1...199).shuffled(using: &random)
            for round in 0..<FaultScale.rounds(60, full: 1_000) {
                let line = "\(order[round % order.count])"
                try rig.client.put("/code", line)
                // Every change is to have its own commands.
                let ran = try await eventually {
                    lines(box, "checks").last == line && (lines(box, "reloads").last == line)
                }
                #expect(ran, "\(outer.standardError.suffix(2_000))")
            }
            try rig.client.put("/code", "0")
            #expect(try await eventually { lines(box, "reloads").last == "0" })
            for (field, file) in [("Config check failed: ", "checks"), ("reload_cmd failed: ", "reloads")] {
                // What failed is tried again after a pause. Where the test itself is that slow, a code comes twice, and is
                // reported once.
                let codes = withoutRepeats(lines(box, file).filter { $0 != "0" })
                let areReported = try await eventually { reportedCodes(field, outer) == codes }
                #expect(areReported, "\(field) \(codes) \(reportedCodes(field, outer))")
                report.times += codes.count
                if !areReported { report.lost += 1 }
            }
            let zombies = { children(of: confd).filter { state(of: $0) == "Z" }.count }
            let hasNone = try await eventually { zombies() == 0 }
            #expect(hasNone, "\(zombies()) zombies")
            if !hasNone { report.lost += zombies() }
            try await endsWithItsChild(box, outer, confd)
        }
        report.measured = "no zombie, every code as reported"
        report.print()
    }

    /// At rest confd uses no processor time; HUP is passed on and restarts nothing; TERM reaches the child once, and confd ends
    /// with the child's exit code.
    private func endsWithItsChild(_ box: Sandbox, _ outer: Child, _ confd: pid_t) async throws {
        let before = try #require(Usage(of: confd))
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(1))
        let after = try #require(Usage(of: confd))
        #expect(after.cpuSeconds - before.cpuSeconds < 0.1 * ((ContinuousClock.now - start) / .seconds(1)))
        kill(confd, SIGHUP)
        #expect(try await eventually { box.read("signals") == "HUP\n" })
        kill(confd, SIGTERM)
        let done = try await outer.wait()
        #expect(done.exitCode == 9, "\(done.testDescription.suffix(1_000))")
        #expect(box.read("signals") == "HUP\nTERM\n")
        #expect(lines(box, "started").count == 1, "the child was started once")
    }

    /// The exit codes of the lines of the log that begin with `field`.
    private func reportedCodes(_ field: String, _ confd: Child) -> [String] {
        let codes = confd.standardError.split(separator: "\n").compactMap { line in
            line.range(of: field + "exit status ").map { String(line[$0.upperBound...].prefix { $0.isNumber }) }
        }
        return withoutRepeats(codes)
    }

    /// `texts` without those that are the same as the one before.
    private func withoutRepeats(_ texts: [String]) -> [String] {
        zip(texts, [nil] + texts).compactMap { text, last in text == last ? nil : text }
    }

    private func lines(_ box: Sandbox, _ file: String) -> [String] {
        (box.read(file) ?? "").split(separator: "\n").map(String.init)
    }

    private func state(of process: pid_t) -> String {
        let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat").map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let stat, let end = stat.lastIndex(of: ")") else { return "" }
        return String(stat[end...].split(separator: " ").dropFirst().first ?? "")
    }

    // MARK: 11 Mount points

    /// Runs a shell script in a mount namespace of its own.
    private func inNamespace(_ box: Sandbox, _ script: String, _ environment: [String: String] = [:]) async throws
        -> Finished
    {
        try await run(
            ChildCommand(
                executable: "unshare", arguments: ["-m", "/bin/sh", "-c", script],
                environment: Machine.environment.merging(environment) { $1 }, directory: box.root), seconds: 120)
    }

    /// The command line of one pass, for scripts.
    private func pass(_ box: Sandbox) -> String { "\(Machine.confd) -onetime -backend env -confdir \(box.confdir)" }

    /// `kill -9` before each system call while a bind-mounted file is written in place.
    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults), .enabled(if: Machine.canBindMount))
    func killedWhileWritingInPlace() async throws {
        var report = FaultReport("11 bind mount", "kill -9 before each system call of a write in place")
        let old = String(repeating: "old ", count: 50_000)
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: newTemplate)
            try box.write("volume/app", "")
            try box.write("out/app", "")
            let inode = try box.status("volume/app").st_ino
            let new = String(repeating: "new ", count: 60_000)
            let mount = "mount --bind volume/app out/app"
            var nth = 1
            while true {
                for name in try box.names("out") where name != "app" { unlink(box.path("out/\(name)")) }
                try await overwrite(box, "volume/app", old)
                let killed = try await inNamespace(
                    box, "\(mount) && exec \(pass(box))", ["CONFD_FAULTS": "*:\(nth)=kill", "APP_NAME": "new"])
                if killed.exitCode == 0 { break }
                report.times += 1
                // A start without the store repairs the file, although it has nothing new to write.
                let away = "\(Machine.confd) -onetime -node 127.0.0.1:1 -confdir \(box.confdir)"
                let healed = try await inNamespace(box, "\(mount) && exec \(away)")
                #expect(healed.exitCode == 4, "\(healed.testDescription)")
                let content = box.read("volume/app")
                let isWhole = content == old || content == new
                if !isWhole { report.lost += 1 }
                #expect(isWhole, "call \(nth): \(content?.utf8.count ?? -1) bytes\n\(healed.testDescription)")
                let again = try await inNamespace(box, "\(mount) && exec \(pass(box))", ["APP_NAME": "new"])
                #expect(again.exitCode == 0 && box.read("volume/app") == new, "\(again.testDescription)")
                nth += FaultScale.isFull ? 1 : 9
            }
            #expect(try box.status("volume/app").st_ino == inode, "the container's side is the same file")
            #expect(box.read("volume/app") == new)
        }
        report.print()
    }

    /// 240 kB.
    private let newTemplate = #"{{range seq 1 60000}}{{getv "/app/name"}} {{end}}"#

    /// Writes the file in place, as the other side of a bind mount would: the inode stays.
    private func overwrite(_ box: Sandbox, _ path: String, _ text: String) async throws {
        let descriptor = open(box.path(path), O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw SupportError("cannot write \(path)") }
    }

    /// The disk is full when a file is written in place, or staged: the old content stays, and nothing is left behind.
    @Test(.enabled(if: Machine.canBindMount)) func diskIsFull() async throws {
        var report = FaultReport("11 bind mount", "disk full: in place and staged")
        try await withSandbox { box in
            try box.resource("app", template: newTemplate)
            try box.write("out/app", "")
            try box.write("small/x", "")
            let script = """
                mount -t tmpfs -o size=300k tmpfs small || exit 50
                echo old > small/app; head -c 200000 /dev/zero > small/fill
                mount --bind small/app out/app || exit 51
                \(pass(box)); echo $? > code1; cp small/app after1; stat -c %i small/app > inode1
                rm small/fill; \(pass(box)); echo $? > code2; cp small/app after2; stat -c %i small/app > inode2
                umount out/app; ls -A out > left
                rm small/app; echo old > small/app; head -c 200000 /dev/zero > small/fill
                mount --bind small out || exit 52
                \(pass(box)); echo $? > code3; cp small/app after3; ls -A small > left3
                rm small/fill; \(pass(box)); echo $? > code4; cp small/app after4; ls -A small > left4
                """
            let done = try await inNamespace(box, script, ["APP_NAME": "new"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            let new = String(repeating: "new ", count: 60_000)
            let results = [("after1", "old\n"), ("after2", new), ("after3", "old\n"), ("after4", new)]
            for (file, content) in results {
                report.times += 1
                if box.read(file) != content { report.lost += 1 }
                #expect(box.read(file) == content, "\(file)\n\(done.testDescription)")
            }
            #expect(["code1", "code2", "code3", "code4"].map { box.read($0) } == ["1\n", "0\n", "1\n", "0\n"])
            #expect(box.read("inode1") == box.read("inode2"))
            #expect(box.read("left") == "app\n" && box.read("left3") == "app\nfill\n" && box.read("left4") == "app\n")
        }
        report.print()
    }
}

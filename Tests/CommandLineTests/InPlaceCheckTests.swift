import Foundation
import Glibc
import TestSupport
import Testing

/// Checks that judge what is in place: `nginx -t` and its like.
@Suite struct InPlaceCheckTests {
    /// A check that refuses as a service would that reads all files of its directory.
    private func refusing(_ box: Sandbox, _ word: String = "BAD") -> String { "! cat \(box.out)/* | grep -q \(word)" }

    private func resource(_ box: Sandbox, _ name: String, check: String, fields: String = "") throws {
        try box.resource(
            name, keys: ["/\(name)"],
            fields: "check_cmd = '''\(check)'''\nreload_cmd = '''\(check) && \(box.counting("reload"))'''\n\(fields)",
            template: "{{getv \"/\(name)\"}}")
    }

    /// Report: with the README's quick start a bad value was installed, and then no good one ever was.
    @Test func aRefusedFileDoesNotLockOutTheNext() async throws {
        try await withSandbox { box in
            try resource(box, "a", check: refusing(box))
            for (value, code, content, reloads) in [
                ("one", 0, "one", 1), ("BAD", 1, "one", 1), ("two", 0, "two", 2), ("BAD", 1, "two", 2),
            ] as [(String, Int32, String, Int)] {
                let done = try await box.render(keys: ["/a": value])
                #expect(done.exitCode == code, "\(done.testDescription)")
                #expect(box.output("a") == content)
                #expect(box.runs(of: "reload") == reloads)
                #expect(try box.names("out") == ["a"])
                if code == 1 { #expect(done.standardError.contains("a.toml: Config check failed: exit status 1")) }
            }
        }
    }

    /// A bad file, such as confd 0.17 installed, does not keep a good one out.
    @Test func aBadFileThatIsThereAlreadyIsReplaced() async throws {
        try await withSandbox { box in
            try box.write("out/a", "BAD")
            try resource(box, "a", check: refusing(box))
            let done = try await box.render(keys: ["/a": "good"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("a") == "good")
        }
    }

    @Test func theFirstFileIsRemovedIfItIsRefused() async throws {
        try await withSandbox { box in
            try resource(box, "a", check: refusing(box), fields: "make_dirs = true")
            let done = try await box.render(keys: ["/a": "BAD"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(try box.names("out") == [])
        }
    }

    /// After a refusal the previous file itself is back, with its inode, mode and number of links.
    @Test func thePreviousFileComesBackAsItWas() async throws {
        try await withSandbox { box in
            try box.write("out/a", "old", mode: 0o640)
            let inode = try box.status("out/a").st_ino
            try resource(box, "a", check: refusing(box), fields: "mode = \"0600\"\nbackup = true")
            #expect(try await box.render(keys: ["/a": "BAD"]).exitCode == 1)
            #expect(try box.names("out") == ["a"])
            let status = try box.status("out/a")
            #expect(status.st_ino == inode && status.st_mode & 0o777 == 0o640 && status.st_nlink == 1)
            #expect(try await box.render(keys: ["/a": "good"]).exitCode == 0)
            #expect(box.output("a.bak") == "old")
            #expect(try box.status("out/a.bak").st_ino == inode)
            #expect(try box.names("out") == ["a", "a.bak"])
        }
    }

    /// A file with further names, as an earlier `backup` leaves it: kept as a copy.
    @Test func aFileWithTwoNamesComesBackToo() async throws {
        try await withSandbox { box in
            try box.write("out/a", "old", mode: 0o640)
            link(box.path("out/a"), box.path("other"))
            try resource(box, "a", check: refusing(box))
            #expect(try await box.render(keys: ["/a": "BAD"]).exitCode == 1)
            #expect(box.output("a") == "old" && box.read("other") == "old")
            #expect(try box.mode("out/a") == 0o640)
            #expect(try box.names("out") == ["a"])
            // Nothing is owed for it.
            let again = try await box.render(keys: ["/a": "old"])
            #expect(again.exitCode == 0 && box.runs(of: "reload") == 0, "\(again.testDescription)")
        }
    }

    // MARK: Batches

    @Test func filesOfOneCommandAreCheckedTogether() async throws {
        try await withSandbox { box in
            // Each is refused without the other.
            let check =
                "echo run >> \(box.root)/checks.count; test $(cat \(box.out)/* | grep -c new) = 0 -o "
                + "$(cat \(box.out)/* | wc -l) = 3"
            for name in ["a", "b", "c"] {
                try box.resource(
                    name, keys: [], fields: "check_cmd = '''\(check)'''", template: "new \(name)\n")
            }
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "checks") == 1)
            #expect(try box.names("out") == ["a", "b", "c"])
        }
    }

    @Test func oneBadFileKeepsNoOtherOut() async throws {
        try await withSandbox { box in
            for name in ["a", "b", "c"] { try resource(box, name, check: refusing(box)) }
            let done = try await box.render(keys: ["/a": "1", "/b": "BAD", "/c": "3"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.output("a") == "1" && box.output("b") == nil && box.output("c") == "3")
            #expect(done.standardError.contains("b.toml: Config check failed"))
            #expect(!done.standardError.contains("a.toml: Config check failed"))
            #expect(box.runs(of: "reload") == 1)
        }
    }

    /// Tried alone, the first needs the second: it is tried again after it.
    @Test func filesThatNeedEachOtherFindTogether() async throws {
        try await withSandbox { box in
            let check = refusing(box) + "; bad=$?; test $bad = 0 && { ! test -e \(box.out)/a || test -e \(box.out)/b; }"
            for name in ["a", "b", "c"] {
                try box.resource(
                    name, keys: ["/\(name)"], fields: "check_cmd = '''\(check)'''", template: "{{getv \"/\(name)\"}}")
            }
            let done = try await box.render(keys: ["/a": "1", "/b": "2", "/c": "BAD"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(try box.names("out") == ["a", "b"])
        }
    }

    @Test func aDaemonPutsBackAndGoesOn() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "a: one\nb: one\n")
            for name in ["a", "b"] { try resource(box, name, check: refusing(box)) }
            let daemon = try box.start("-watch", "-backend", "file", "-file", box.path("keys.yaml"))
            #expect(try await eventually { box.output("a") == "one" && box.output("b") == "one" })
            #expect(try await eventually { box.runs(of: "reload") == 1 }, "\(daemon.standardError)")
            try box.write("keys.yaml", "a: BAD\nb: two\n")
            #expect(try await eventually { box.output("b") == "two" }, "\(daemon.standardError)")
            #expect(try await eventually { daemon.standardError.contains("a.toml: Config check failed") })
            #expect(box.output("a") == "one")
            // Otherwise one reload would do for both.
            #expect(try await eventually { box.runs(of: "reload") == 2 }, "\(daemon.standardError)")
            try box.write("keys.yaml", "a: three\nb: two\n")
            #expect(try await eventually { box.output("a") == "three" }, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "reload") == 3 }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
            #expect(try box.names("out") == ["a", "b"])
        }
    }

    /// Report: files that waited for their check were kept open, so that few of many were written.
    @Test func manyFilesNeedFewDescriptors() async throws {
        try await withSandbox { box in
            for number in 1...200 {
                try box.resource("r\(number)", keys: [], fields: "check_cmd = \"true\"", template: "x")
            }
            var command = box.command(["-onetime", "-backend", "env"])
            command.arguments = ["-c", #"ulimit -n 64 && exec "$0" "$@""#, command.executable] + command.arguments
            command.executable = "/bin/sh"
            let done = try await run(command)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.names("out").count == 200)
        }
    }

    /// Report: a refused first file with an owner stayed in place.
    @Test(.enabled(if: Machine.isRoot, "needs files of two users"))
    func aFirstFileWithAnOwnerIsRemovedIfItIsRefused() async throws {
        try await withSandbox { box in
            try resource(box, "a", check: refusing(box), fields: "uid = 33\ngid = 33")
            let done = try await box.render(keys: ["/a": "BAD"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(try box.names("out") == [])
            #expect(box.runs(of: "reload") == 0)
        }
    }

    // MARK: Which kind of check

    @Test(arguments: [
        ("check_cmd = \"cat {{.src}} > ROOT/seen\"", ".a.confd-"),
        ("check_cmd = \"echo $CONFD_SRC > ROOT/seen\"", ".a.confd-"),
        ("check_cmd = \"env | grep ^CONFD_SR[C] > ROOT/seen\"", "out/a"),
        ("check_cmd = \"env | grep ^CONFD_SR[C] > ROOT/seen\"\ncheck = \"staged\"", ".a.confd-"),
        ("check_cmd = \"echo {{.src}} $CONFD_SRC > ROOT/seen\"\ncheck = \"in-place\"", "out/a"),
        ("check_cmd = \"echo {{.dest}} > ROOT/seen\"", "out/a"),
    ])
    func whatTheCheckIsToldToLookAt(_ fields: String, _ seen: String) async throws {
        try await withSandbox { box in
            let fields = fields.replacingOccurrences(of: "ROOT", with: box.root)
                .replacingOccurrences(of: "cat {{.src}}", with: "echo {{.src}}")
            try box.resource("a", keys: [], fields: fields, template: "x")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.read("seen")?.contains(seen) == true, "\(box.read("seen") ?? "nothing")")
        }
    }

    @Test func validateSaysSoWithoutCallingItWrong() async throws {
        try await withSandbox { box in
            try box.resource("a", keys: [], fields: "check_cmd = \"nginx -t\"", template: "x")
            let done = try await box.confd("-validate", "-strict", "-backend", "env")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardError.contains("note: check_cmd of \(box.out)/a"))
            #expect(done.standardError.contains("is run with the new file in place and before the reload"))
            #expect(done.standardError.contains("0 errors, 0 warnings"))
            // What goes to a pipe or device is checked before.
            try box.write(
                "confdir/conf.d/a.toml",
                "[template]\nsrc = \"a.tmpl\"\ndest = \"/dev/null\"\ncheck_cmd = \"nginx -t\"")
            let device = try await box.confd("-validate", "-strict", "-backend", "env")
            #expect(device.exitCode == 0, "\(device.testDescription)")
            #expect(!device.standardError.contains("with the new file in place"), "\(device.testDescription)")
        }
    }

    // MARK: Crashes

    /// Killed while the check runs; the next start has no backend.
    @Test(arguments: ["old", nil])
    func whatWasNotAcceptedIsTakenBackBeforeAnyBackendIsAsked(previous: String?) async throws {
        try await withSandbox { box in
            if let previous { try box.write("out/a", previous) }
            try box.resource("a", keys: ["/a"], fields: "check_cmd = \"kill -9 $PPID\"", template: "new")
            _ = try await box.render(keys: ["/a": "1"])
            #expect(box.output("a") == "new")
            for arguments in [["-check"], ["-onetime", "-noop"], ["-validate"]] {
                _ = try await run(box.command(arguments + ["-backend", "env"]))
                #expect(box.output("a") == "new", "\(arguments) mends nothing")
            }
            let healed = try await box.confd("-onetime", "-node", "127.0.0.1:1")
            #expect(healed.exitCode == 4, "\(healed.testDescription)")
            #expect(box.output("a") == previous)
            #expect(healed.standardError.contains("was in place for its check when confd ended"))
            #expect(try box.names("out") == (previous == nil ? [] : ["a"]))
        }
    }

    @Test func aDaemonTakesBackWhatWasNotAccepted() async throws {
        try await withSandbox { box in
            try box.write("out/a", "old")
            try box.resource("a", keys: ["/a"], fields: "check_cmd = \"kill -9 $PPID\"", template: "new")
            _ = try await box.render(keys: ["/a": "1"])
            #expect(box.output("a") == "new")
            let daemon = try box.start("-watch", "-node", "127.0.0.1:1")
            #expect(try await eventually { box.output("a") == "old" }, "\(daemon.standardError)")
            daemon.send(SIGKILL)
            _ = try await daemon.wait()
        }
    }

    /// Fault: `kill -9` before each system call of a pass with a check in place.
    @Test(
        .enabled(if: Machine.injectsFaults, Machine.needsFaults),
        arguments: [(accepts: true, previous: "old"), (true, nil), (false, "old"), (false, nil)])
    func killedAtEachStep(accepts: Bool, previous: String?) async throws {
        try await killAtEachStep(accepts: accepts, previous: previous)
    }

    /// The new file belongs to another user than the files that confd keeps during its check.
    @Test(
        .enabled(if: Machine.injectsFaults, Machine.needsFaults),
        .enabled(if: Machine.isRoot, "needs files of two users"),
        arguments: [(accepts: true, previous: "old"), (true, nil), (false, "old"), (false, nil)])
    func killedAtEachStepWithAnOwner(accepts: Bool, previous: String?) async throws {
        try await killAtEachStep(accepts: accepts, previous: previous, fields: "uid = 33\ngid = 33\n")
    }

    /// A mount point is written into, so bytes, owner and mode have to come back.
    @Test(
        .enabled(if: Machine.injectsFaults, Machine.needsFaults),
        .enabled(if: Machine.canBindMount, "needs a mount namespace"), arguments: [true, false])
    func killedAtEachStepOfAMountPoint(accepts: Bool) async throws {
        try await killAtEachStep(
            accepts: accepts, previous: "old", fields: "uid = 33\nmode = \"0644\"\n", isMounted: true)
    }

    private func killAtEachStep(
        accepts: Bool, previous: String?, fields: String = "", isMounted: Bool = false
    ) async throws {
        var report = FaultReport(
            "12 check in place",
            "kill -9 before each system call from the 40th on: \(accepts ? "accepted" : "refused"), "
                + (isMounted ? "mount point" : previous == nil ? "first file" : "replacement")
                + (fields.isEmpty ? "" : " with an owner"))
        try await withSandbox { box in
            try box.resource(
                "a", keys: ["/a"], fields: "\(fields)check_cmd = \"\(accepts)\"", template: "{{getv \"/a\"}}")
            let file = isMounted ? "mounted" : "out/a"
            var nth = 40
            while true {
                for name in try box.names("out") { unlink(box.path("out/\(name)")) }
                if isMounted { try box.write("out/a", "") }
                unlink(box.path(file))
                if let previous { try box.write(file, previous, mode: 0o600) }
                let killed = try await confd(box, faults: "*:\(nth)=kill", isMounted: isMounted)
                if killed.exitCode != nil {
                    #expect(killed.exitCode == (accepts ? 0 : 1), "\(killed.testDescription)")
                    break
                }
                report.times += 1
                let healed = try await confd(box, backend: ["-node", "127.0.0.1:1"], isMounted: isMounted)
                let content = box.read(file)
                let isPrevious = try content == previous && (previous == nil || box.mode(file) == 0o600)
                let isRight = isPrevious || accepts && content == "new"
                if !isRight { report.lost += 1 }
                #expect(isRight, "call \(nth): \(content ?? "no file")\n\(healed.testDescription)")
                let again = try await confd(box, isMounted: isMounted)
                #expect(again.exitCode == (accepts ? 0 : 1), "call \(nth): \(again.testDescription)")
                #expect(box.read(file) == (accepts ? "new" : previous), "call \(nth): \(again.testDescription)")
                let left = try box.names("out").filter { $0 != "a" }
                #expect(left.isEmpty, "call \(nth): \(left)\n\(healed.testDescription)")
                nth += FaultScale.isFull ? 1 : 9
            }
            #expect(report.times > 0)
        }
        report.print()
    }

    private func confd(
        _ box: Sandbox, faults: String? = nil, backend: [String] = ["-backend", "env"], isMounted: Bool
    ) async throws -> Finished {
        var environment = keyEnvironment(["/a": "new"])
        if let faults { environment["CONFD_FAULTS"] = faults }
        var command = box.command(["-onetime"] + backend, environment: environment)
        if isMounted {
            let script = #"mount --bind "$1" "$2" && shift 2 && exec "$@""#
            command.arguments =
                ["-m", "sh", "-c", script, "sh", box.path("mounted"), box.path("out/a"), command.executable]
                + command.arguments
            command.executable = "unshare"
        }
        return try await run(command)
    }
}

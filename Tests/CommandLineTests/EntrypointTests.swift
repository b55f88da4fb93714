import Foundation
import TestSupport
import Testing

/// `confd … -- COMMAND`: files first, then the command as confd's child, with its signals and its exit code.
@Suite struct EntrypointTests {
    private func start(_ box: Sandbox, _ script: String, _ arguments: String...) throws -> Child {
        try box.write("keys.yaml", "app: {name: one}\n")
        return try Child(
            box.command(
                ["-watch", "-backend", "file", "-file", box.path("keys.yaml")] + arguments + ["-confdir", box.confdir]
                    + ["--", "/bin/sh", "-c", script], confdir: false))
    }

    @Test(arguments: [("exit 7", Int32(7)), ("exit 0", 0), ("kill -KILL $$", 137), ("kill -USR1 $$", 138)])
    func returnsTheCodeOfItsChild(_ script: String, _ code: Int32) async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box, "test $(cat \(box.out)/app) = one || exit 99; \(script)")
            let done = try await daemon.wait()
            #expect(done.exitCode == code, "\(done.testDescription)")
        }
    }

    @Test func commandThatIsNotThere() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            for mode in ["-onetime", "-watch"] {
                let done = try await run(
                    box.command(
                        [mode, "-backend", "env", "-confdir", box.confdir, "--", "/no/such/command"], confdir: false))
                #expect(done.exitCode == 127, "\(done.testDescription)")
                #expect(done.standardError.contains("cannot start /no/such/command: no such file or directory"))
            }
        }
    }

    /// The first files need no reload: the child reads them as it starts. Later changes do.
    @Test func reloadsByCommandOrSignal() async throws {
        try await withSandbox { box in
            try box.resource(
                "command", fields: "reload_cmd = \"\(box.counting("command"))\"", template: #"{{getv "/app/name"}}"#)
            try box.resource("signal", fields: "reload_signal = \"HUP\"", template: #"{{getv "/app/name"}}"#)
            try box.resource("nothing", template: #"{{getv "/app/name"}}"#)
            let script = """
                trap 'echo hup >> \(box.root)/signals' HUP; trap 'exit 3' TERM
                touch \(box.root)/started; while :; do sleep 0.05; done
                """
            let daemon = try start(box, script)
            #expect(try await eventually { box.read("started") != nil }, "\(daemon.standardError)")
            #expect(box.runs(of: "command") == 0, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { box.read("signals") == "hup\n" }, "\(daemon.standardError)")
            #expect(try await eventually { box.runs(of: "command") == 1 })
            #expect(try await eventually { box.output("nothing") == "two" })
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 3, "\(done.testDescription)")
        }
    }

    @Test func signalsReachTheChildOnce() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let traps = ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH", "CONT"].map {
                "trap 'echo \($0) >> \(box.root)/signals' \($0)"
            }
            let script = """
                \(traps.joined(separator: "; ")); trap 'echo TERM >> \(box.root)/signals; exit 5' TERM
                touch \(box.root)/started; while :; do sleep 0.02; done
                """
            let daemon = try start(box, script)
            #expect(try await eventually { box.read("started") != nil }, "\(daemon.standardError)")
            var expected = ""
            for (signal, name) in [
                (SIGHUP, "HUP"), (SIGQUIT, "QUIT"), (SIGUSR1, "USR1"), (SIGUSR2, "USR2"), (SIGWINCH, "WINCH"),
                (SIGINT, "INT"), (SIGTERM, "TERM"),
            ] {
                daemon.send(signal)
                expected += "\(name)\n"
                #expect(try await eventually { box.read("signals") == expected }, "\(box.read("signals") ?? "")")
            }
            let done = try await daemon.wait()
            #expect(done.exitCode == 5, "\(done.testDescription)")
        }
    }

    @Test func killsAChildThatDoesNotEnd() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let daemon = try start(
                box, "trap '' TERM; touch \(box.root)/started; while :; do sleep 0.05; done", "-shutdown-timeout",
                "500ms")
            #expect(try await eventually { box.read("started") != nil }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 137, "\(done.testDescription)")
        }
    }

    /// Report: a second TERM had to wait for -shutdown-timeout.
    @Test func theSameSignalAgainKillsAtOnce() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let daemon = try start(
                box, "trap '' TERM; touch \(box.root)/started; while :; do sleep 0.05; done", "-shutdown-timeout", "10m"
            )
            #expect(try await eventually { box.read("started") != nil }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            #expect(try await eventually { daemon.standardError.contains("Captured terminated. Exiting...") })
            #expect(daemon.isRunning)
            // A second signal soon after the first counts as the same request, so it is repeated.
            #expect(
                try await eventually {
                    daemon.send(SIGTERM)
                    return !daemon.isRunning
                })
            let done = try await daemon.wait()
            #expect(done.exitCode == 137, "\(done.testDescription)")
        }
    }

    /// Report: images of nginx are stopped with QUIT, which was dropped as long as nginx had not been started.
    @Test(arguments: [(SIGQUIT, 131), (SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func endsBeforeTheFirstStart(_ signal: Int32, _ code: Int32) async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/late"}}"#)
            let daemon = try start(box, "touch \(box.root)/started")
            #expect(try await eventually { daemon.standardError.contains("key does not exist") })
            daemon.send(signal)
            let done = try await daemon.wait()
            #expect(done.exitCode == code, "\(done.testDescription)")
            #expect(box.read("started") == nil)
        }
    }

    /// Report: with a wrong -confdir a container waited for ever.
    @Test(arguments: [("none", "confdir does not exist"), ("out", "out/conf.d: there is no such directory\n")])
    func endsAtOnceWithoutResourceFiles(_ folder: String, _ says: String) async throws {
        try await withSandbox { box in
            let done = try await run(
                box.command(
                    ["-watch", "-backend", "env", "-confdir", box.path(folder), "--", "/bin/true"], confdir: false))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains(says), "\(done.testDescription)")
            #expect(done.standardError.contains("/bin/true is not started"), "\(done.testDescription)")
        }
    }

    /// A missing key: the child waits for it.
    @Test func childWaitsForAllFiles() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/late"}}"#)
            let daemon = try start(box, "exit 4")
            #expect(try await eventually { daemon.standardError.contains("key does not exist") })
            #expect(daemon.isRunning)
            try box.write("keys.yaml", "app: {late: here}\n")
            let done = try await daemon.wait()
            #expect(done.exitCode == 4, "\(done.testDescription)")
        }
    }

    /// Report: a container with a slip in a template never started, and never ended. No key can mend these.
    @Test(arguments: [
        ("conf.d/app.toml", "[template\n", "app.toml:1:"),
        ("conf.d/app.toml", "[template]\nsrc = \"none.tmpl\"\ndest = \"/nowhere/none\"\n", "Missing template"),
        ("templates/app.tmpl", "{{if}}", "app.tmpl:1:"), ("templates/app.tmpl", "{{getz \"/x\"}}", "getz"),
    ])
    func endsAtOnceForWhatNoKeyCanMend(_ file: String, _ content: String, _ named: String) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write("confdir/\(file)", content)
            // Not even the backend is waited for.
            let port = try Ports.free()
            let done = try await run(
                box.command(
                    ["-watch", "-node", "http://127.0.0.1:\(port)", "-confdir", box.confdir, "--", "/bin/true"],
                    confdir: false))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains(named), "\(done.testDescription)")
            #expect(
                done.standardError.contains("/bin/true is not started: no key in the store can mend these errors"),
                "\(done.testDescription)")
        }
    }

    /// `-onetime --` becomes the command: the same process, which inherits nothing odd.
    @Test func onetimeBecomesTheCommand() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: "x")
            let done = try await run(
                box.command(
                    [
                        "-onetime", "-backend", "env", "-confdir", box.confdir, "--", "/bin/sh", "-c",
                        "echo $$; cat \(box.out)/app; grep -E 'Sig(Blk|Ign)' /proc/self/status; exit 6",
                    ], confdir: false))
            #expect(done.exitCode == 6, "\(done.testDescription)")
            let lines = done.standardOutput.split(separator: "\n")
            #expect(lines.first == "\(done.processID)")
            #expect(done.standardOutput.contains("SigBlk:\t0000000000000000"), "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 0)
            let again = try await box.confd("-onetime", "-backend", "env")
            #expect(again.exitCode == 0)
            #expect(box.runs(of: "reload") == 0, "nothing is owed")
        }
    }

    @Test func onetimeFailureStartsNothing() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/none"}}"#)
            let done = try await run(
                box.command(
                    ["-onetime", "-backend", "env", "-confdir", box.confdir, "--", "touch", box.path("started")],
                    confdir: false))
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.read("started") == nil)
        }
    }

    /// As PID 1: orphans are collected, and the exit status of each of confd's own commands is still reported.
    @Test(.enabled(if: Machine.isRoot)) func reapsAsProcessOne() async throws {
        try await withSandbox { box in
            // Each reload leaves an orphan behind, and fails with a code that is reported.
            try box.resource(
                "app",
                fields: """
                    reload_cmd = '''(sleep 0.01 & ) ; (sh -c 'sleep 0.02 &') ; \(box.counting("reload")); \
                    cat {{.dest}} >\(box.root)/seen; exit $(cat {{.dest}})'''
                    """,
                template: #"{{getv "/app/code"}}"#)
            try box.write("keys.yaml", "app: {code: 0}\n")
            let script = """
                cd \(box.root)
                i=0; while [ $i -lt 28 ]; do
                  code=$((i % 7 + 1)); rm -f seen
                  echo "app: {code: $code}" > k; mv k keys.yaml
                  until [ "$(cat seen 2>/dev/null)" = $code ]; do sleep 0.02; done; i=$((i+1))
                done
                echo 'app: {code: 0}' > k; mv k keys.yaml
                until [ "$(cat seen)" = 0 ]; do sleep 0.02; done
                # The last orphans need time to end; one that is not collected stays for ever.
                for i in $(seq 600); do
                  zombies=$(grep -l 'State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l)
                  [ "$zombies" = 0 ] && ! pgrep -x sleep && break
                  sleep 0.05
                done
                echo "$zombies" > \(box.root)/zombies
                exit 9
                """
            let done = try await run(
                ChildCommand(
                    executable: "unshare",
                    arguments: [
                        "--pid", "--fork", "--mount-proc", Machine.confd, "-watch", "-backend", "file", "-file",
                        box.path("keys.yaml"), "-confdir", box.confdir, "--", "/bin/sh", "-c", script,
                    ], environment: Machine.environment), seconds: 300)
            #expect(done.exitCode == 9, "\(done.testDescription)")
            #expect(box.read("zombies")?.hasPrefix("0") ?? false, "\(box.read("zombies") ?? "nothing")")
            #expect(box.runs(of: "reload") > 20, "\(done.testDescription)")
            for code in 1...7 {
                #expect(done.standardError.contains("reload_cmd failed: exit status \(code);"), "\(code)")
            }
            #expect(!done.standardError.contains("cannot start"), "\(done.testDescription)")
        }
    }
}

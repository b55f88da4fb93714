import Foundation
import Glibc
import TestSupport
import Testing

/// `[service]` and `confd register`: a key is in the store exactly while the service is up.
@Suite(.enabled(if: Machine.hasEtcd)) struct ServiceTests {
    /// The keys, which are never none and never one where etcd does not answer.
    private func keys(_ rig: FaultRig) -> [String: String] {
        (try? rig.client.all("/s/")) ?? ["": "no answer", " ": "no answer"]
    }

    @Test func keyIsThereWhileItIsUp() async throws {
        let server = try HealthServer(500)
        try await withRig { rig in
            try rig.addService(server.port, ttl: "600s")
            let daemon = try rig.daemon()
            #expect(try await eventually { server.asked > 3 }, "\(daemon.standardError)")
            #expect(keys(rig).isEmpty)
            server.answer(200)
            #expect(
                try await eventually { keys(rig) == ["/s/a": "{\"port\": \(server.port)}"] }, "\(daemon.standardError)")
            server.answer(500)
            #expect(try await eventually { keys(rig).isEmpty }, "\(daemon.standardError)")
            server.answer(200)
            #expect(try await eventually { keys(rig).count == 1 }, "\(daemon.standardError)")
            #expect(daemon.standardError.contains("/s/a is registered"), "\(daemon.standardError)")
            try await stop(daemon)
            // By default a daemon's `on_stop` keeps the key, and the next daemon takes it over.
            #expect(keys(rig).count == 1)
        }
    }

    @Test func marksWhatIsDown() async throws {
        let server = try HealthServer()
        try await withRig { rig in
            try rig.addService(server.port, "on_fall = \"mark\"\non_stop = \"delete\"")
            let daemon = try rig.daemon()
            #expect(try await eventually { keys(rig).count == 1 }, "\(daemon.standardError)")
            server.answer(500)
            #expect(
                try await eventually { keys(rig)["/s/a"] == "{\"port\": \(server.port), \"down\": true}" },
                "\(keys(rig)) \(daemon.standardError)")
            server.answer(200)
            #expect(try await eventually { keys(rig)["/s/a"] == "{\"port\": \(server.port)}" })
            try await stop(daemon)
            #expect(keys(rig).isEmpty)
        }
    }

    /// A healthy service is registered again after the store was away, and nothing is removed meanwhile.
    @Test func comesBackAfterAnOutage() async throws {
        let server = try HealthServer()
        try await withRig { rig in
            try rig.addService(server.port)
            let daemon = try rig.daemon()
            #expect(try await eventually { keys(rig).count == 1 }, "\(daemon.standardError)")
            rig.proxy.refuse()
            // The lease ends in the store.
            #expect(try await eventually { keys(rig).isEmpty }, "\(daemon.standardError)")
            try rig.proxy.accept()
            #expect(try await eventually { keys(rig).count == 1 }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// A resolver that does not answer keeps back the service that asks it, and nothing else.
    @Test(.enabled(if: NameServer.isPossible, "needs dnsmasq, root and mount namespaces"))
    func aSlowResolverHoldsUpNothingElse() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "one")
            try rig.resource("app", key: "/app")
            try rig.box.write(
                "confdir/conf.d/service.toml",
                "[service]\nkey = \"/s/a\"\nvalue = '{{index (lookupIP \"node.example.test\") 0}}'\n")
            let names = try NameServer(in: rig.box, options: "timeout:30 attempts:5")
            let isThere = try await run(
                names.inside(ChildCommand(executable: "true", arguments: [], environment: Machine.environment)))
            #expect(isThere.exitCode == 0, "\(isThere.testDescription)")
            names.signal(SIGSTOP)
            let daemon = try Child(
                names.inside(rig.box.command(["-watch", "-interval", "0", "-node", rig.node])))
            #expect(try await rig.holds("app", "one"), "\(daemon.standardError)")
            try rig.client.put("/app", "two")
            #expect(try await rig.holds("app", "two"), "\(daemon.standardError)")
            let isEvaluated = daemon.standardError.contains("trying again") || !keys(rig).isEmpty
            #expect(!isEvaluated, "\(daemon.standardError)")
            names.signal(SIGCONT)
            #expect(try await eventually { keys(rig) == ["/s/a": "127.0.0.1"] }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    @Test func foreignKeyIsLeftAlone() async throws {
        let server = try HealthServer()
        try await withRig { rig in
            try rig.client.put("/s/a", "theirs")
            try rig.addService(server.port, "on_stop = \"delete\"")
            let daemon = try rig.daemon()
            let told = try await eventually { daemon.standardError.contains("/s/a is not registered") }
            #expect(told, "\(daemon.standardError)")
            #expect(keys(rig) == ["/s/a": "theirs"])
            try rig.client.delete("/s/a")
            #expect(try await eventually { keys(rig)["/s/a"]?.contains("port") == true }, "\(daemon.standardError)")
            try await stop(daemon)
            #expect(keys(rig).isEmpty)
        }
    }

    /// `confd register … -- COMMAND`: the command runs, is verified and registered; TERM removes the key first, waits, and then
    /// ends the command.
    @Test func registersACommand() async throws {
        let server = try HealthServer(500)
        try await withRig { rig in
            let box = rig.box
            let script = """
                trap 'echo TERM >> \(box.root)/log; exit 7' TERM
                echo start >> \(box.root)/log; while :; do sleep 0.1; done
                """
            let register = try Child(
                box.command(
                    [
                        "register", "/s/{{hostname}}", #"{"address": "{{address}}"}"#, "-check",
                        "http://:\(server.port)/health", "-check-interval", "1s", "-rise", "2", "-ttl", "2s",
                        "-drain", "5s", "-node", rig.node, "--", "/bin/sh", "-c", script,
                    ], confdir: false))
            let started = try await eventually { box.read("log") == "start\n" }
            #expect(started && keys(rig).isEmpty, "\(register.standardError)")
            // A newcomer: a check that never succeeded was never mentioned.
            let reason =
                "waits for its health check: 127.0.0.1:\(server.port) is down after 1 failure: http: status 500"
            #expect(try await eventually { register.standardError.contains(reason) }, "\(register.standardError)")
            server.answer(200)
            let isRegistered = try await eventually { keys(rig).values.first == #"{"address": "127.0.0.1"}"# }
            #expect(isRegistered, "\(register.standardError)")
            register.send(SIGTERM)
            let isRemoved = try await eventually { keys(rig).isEmpty }
            #expect(isRemoved && box.read("log") == "start\n", "\(register.standardError)")
            let done = try await register.wait()
            #expect(done.exitCode == 7, "\(done.testDescription)")
            #expect(box.read("log") == "start\nTERM\n")
        }
    }

    /// Report of a newcomer: QUIT, with which nginx's images are stopped, ended the command while its key was still there.
    @Test(arguments: [SIGTERM, SIGQUIT]) func endsTheCommandWithTheSignalGiven(_ signal: Int32) async throws {
        let server = try HealthServer(200)
        try await withRig { rig in
            let box = rig.box
            let script = """
                trap 'echo TERM >> \(box.root)/log' TERM
                trap 'echo QUIT >> \(box.root)/log; exit 7' QUIT
                echo start >> \(box.root)/log; while :; do sleep 0.1; done
                """
            let register = try Child(
                box.command(
                    [
                        "register", "/s/a", "x", "-check", "http://:\(server.port)/", "-check-interval", "1s", "-ttl",
                        "60s", "-drain", "2s", "-stop-signal", "QUIT", "-node", rig.node, "--", "/bin/sh", "-c", script,
                    ], confdir: false))
            let isRunning = try await eventually { box.read("log") == "start\n" && keys(rig)["/s/a"] == "x" }
            #expect(isRunning, "\(register.standardError)")
            register.send(signal)
            #expect(try await eventually { keys(rig).isEmpty }, "\(register.standardError)")
            let done = try await register.wait()
            #expect(done.exitCode == 7, "\(done.testDescription)")
            #expect(box.read("log") == "start\nQUIT\n")
            // In the order of the log: the key goes first, then the command.
            let log = done.standardError
            let removed = try #require(log.range(of: "/s/a is removed"), "\(log)")
            let ended = try #require(log.range(of: "/bin/sh ended with exit status 7"), "\(log)")
            #expect(removed.upperBound <= ended.lowerBound)
        }
    }

    /// Without the setting QUIT is the command's own: a JVM writes its threads then.
    @Test func quitIsTheCommandsOwn() async throws {
        try await withRig { rig in
            let box = rig.box
            let script = """
                trap 'echo QUIT >> \(box.root)/log' QUIT; trap 'exit 0' TERM
                echo start >> \(box.root)/log; while :; do sleep 0.1; done
                """
            let register = try Child(
                box.command(
                    ["register", "/s/a", "x", "-ttl", "60s", "-node", rig.node, "--", "/bin/sh", "-c", script],
                    confdir: false))
            let isRunning = try await eventually { box.read("log") == "start\n" && keys(rig)["/s/a"] == "x" }
            #expect(isRunning, "\(register.standardError)")
            register.send(SIGQUIT)
            #expect(try await eventually { box.read("log") == "start\nQUIT\n" }, "\(register.standardError)")
            let warning = "Captured quit: the command gets it at once, before its services are removed"
            #expect(try await eventually { register.standardError.contains(warning) }, "\(register.standardError)")
            #expect(keys(rig)["/s/a"] == "x")
            register.send(SIGTERM)
            #expect(try await register.wait().exitCode == 0)
        }
    }

    /// The key of a command that ends is deleted at once, and confd ends with the command's exit code.
    @Test func commandThatEndsIsRemoved() async throws {
        try await withRig { rig in
            let script = "while ! test -e \(rig.box.root)/end; do sleep 0.05; done; exit 3"
            let register = try Child(
                rig.box.command(
                    [
                        "register", "/s/a", "x", "-ttl", "60s", "-drain", "10m", "-node", rig.node, "--", "/bin/sh",
                        "-c",
                        script,
                    ], confdir: false))
            #expect(try await eventually { keys(rig).count == 1 }, "\(register.standardError)")
            try rig.box.write("end", "")
            let done = try await register.wait()
            #expect(done.exitCode == 3, "\(done.testDescription)")
            #expect(keys(rig).isEmpty)
        }
    }

    @Test func conflictThatIsNotWaitedForEndsRegister() async throws {
        try await withRig { rig in
            try rig.client.put("/s/a", "theirs")
            let done = try await run(
                rig.box.command(
                    ["register", "/s/a", "x", "-on-conflict", "fail", "-node", rig.node], confdir: false))
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("/s/a is not registered"), "\(done.testDescription)")
            #expect(keys(rig) == ["/s/a": "theirs"])
        }
    }

    /// Report: the status of a service that waits for its key said "not registered yet", and no reason.
    @Test func statusTellsOfAConflict() async throws {
        try await withRig { rig in
            try rig.client.put("/s/a", "theirs")
            let socket = ["-control-socket", rig.box.path("control")]
            let register = try Child(
                rig.box.command(["register", "/s/a", "x", "-node", rig.node] + socket, confdir: false))
            let reason = "/s/a is not registered: the key is there without a lease"
            #expect(try await eventually { register.standardError.contains(reason) }, "\(register.standardError)")
            let status = try await run(rig.box.command(["status"] + socket, confdir: false))
            #expect(status.standardOutput.contains(": \(reason)\n"), "\(status.testDescription)")
            try await stop(register)
        }
    }

    /// Report: what becomes of the command was neither logged nor documented; one that ends well on TERM hid the failure.
    @Test func conflictThatIsNotWaitedForEndsTheCommand() async throws {
        try await withRig { rig in
            try rig.client.put("/s/a", "theirs")
            let done = try await run(
                rig.box.command(
                    [
                        "register", "/s/a", "x", "-on-conflict", "fail", "-node", rig.node, "--", "sh", "-c",
                        "trap 'exit 0' TERM; while :; do sleep 0.1; done",
                    ], confdir: false))
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(
                done.standardError.contains("ERROR sh is ended: its key is somebody else's"), "\(done.testDescription)")
            #expect(keys(rig) == ["/s/a": "theirs"])
        }
    }

    /// Report: `confd status` had no answer for a running `confd register`.
    @Test func registerAnswersStatusAtASocketOfItsOwn() async throws {
        try await withRig { rig in
            let socket = rig.box.path("register.sock")
            let register = try Child(
                rig.box.command(
                    ["register", "/s/a", "x", "-node", rig.node, "-control-socket", socket], confdir: false))
            #expect(try await eventually { keys(rig).count == 1 }, "\(register.standardError)")
            // The store has the key before its answer has reached confd.
            let told = try await eventually {
                let done = try await run(rig.box.command(["status", "-control-socket", socket], confdir: false))
                #expect(done.exitCode == 0, "\(done.testDescription)")
                return done.standardOutput.contains("/s/a") && done.standardOutput.contains("registered")
                    && !done.standardOutput.contains("not registered")
            }
            #expect(told, "\(register.standardError)")
            try await stop(register)
        }
    }

    @Test func noopWritesNothing() async throws {
        let server = try HealthServer()
        try await withRig { rig in
            try rig.addService(server.port)
            let daemon = try rig.daemon("-noop")
            let told = try await eventually { daemon.standardError.contains("/s/a will not be registered") }
            #expect(told, "\(daemon.standardError)")
            #expect(try await eventually { server.asked > 3 })
            #expect(keys(rig).isEmpty)
            try await stop(daemon)
        }
    }

    @Test func onetimeLeavesServicesAlone() async throws {
        let server = try HealthServer()
        try await withRig { rig in
            try rig.addService(server.port)
            let done = try await run(rig.box.command(["-onetime", "-node", rig.node]))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardError.contains("-onetime registers no service"), "\(done.testDescription)")
            #expect(server.asked == 0 && keys(rig).isEmpty)
        }
    }

    /// `-preflight` tells whether the user may write the key, and writes nothing.
    @Test func preflightTellsTheRight() async throws {
        try await withRig { rig in
            try rig.box.write("confdir/conf.d/s.toml", "[service]\nkey = \"/s/a\"\nvalue = \"x\"\n")
            let flags = ["-preflight", "-node", rig.etcd.endpoint]
            let open = try await run(rig.box.command(flags))
            #expect(open.exitCode == 0, "\(open.testDescription)")
            #expect(open.standardError.contains("s.toml: /s/a may be written\n"), "\(open.testDescription)")
            #expect(keys(rig).isEmpty)
            try await rig.etcd.addReader("reader", password: "secret", prefix: "/s/")
            try await rig.etcd.enableAuthentication(password: "root")
            let user = ["-basic-auth", "-username", "reader", "-password", "secret"]
            let closed = try await run(rig.box.command(flags + user))
            #expect(closed.exitCode == 4, "\(closed.testDescription)")
            #expect(closed.standardError.contains("s.toml: /s/a: "), "\(closed.testDescription)")
        }
    }

    /// HUP never deletes the key of a service.
    @Test func hangUpKeepsTheKey() async throws {
        try await withRig { rig in
            try rig.box.write("confdir/conf.d/s.toml", "[service]\nkey = \"/s/a\"\nvalue = \"x\"\n")
            let daemon = try rig.daemon()
            #expect(try await eventually { keys(rig).count == 1 }, "\(daemon.standardError)")
            let created = try #require(try rig.client.origin(of: "/s/a")?.created)
            daemon.send(SIGHUP)
            #expect(try await eventually { daemon.standardError.contains("Captured hangup") })
            // A changed value is written in place of the old one; a key that was deleted in between would be a new one.
            try rig.box.write("confdir/conf.d/s.toml", "[service]\nkey = \"/s/a\"\nvalue = \"y\"\n")
            daemon.send(SIGHUP)
            #expect(try await eventually { keys(rig) == ["/s/a": "y"] }, "\(daemon.standardError)")
            #expect(try rig.client.origin(of: "/s/a")?.created == created)
            try await stop(daemon)
        }
    }
}

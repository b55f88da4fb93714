import Foundation
import Glibc
import TestSupport
import Testing

/// What confd reports is right: output of commands, summary, metrics, readiness, signals.
@Suite struct ReportTests {
    /// Report: with `-log-level error` the reason why a command failed was lost.
    @Test func whatAFailedCommandWroteIsAnError() async throws {
        try await withSandbox { box in
            let output = "echo one; echo two >&2;"
            try box.resource("check", keys: [], fields: "check_cmd = \"\(output) exit 3\"", template: "x")
            try box.resource("staged", keys: [], fields: "check_cmd = \"\(output) test ! -e {{.src}}\"", template: "x")
            try box.resource("reload", keys: [], fields: "reload_cmd = \"\(output) exit 4\"", template: "x")
            try box.resource("late", keys: [], fields: "reload_cmd = \"\(output) kill $$\"", template: "x")
            try box.resource("good", keys: [], fields: "reload_cmd = \"echo fine\"", template: "x")
            let done = try await box.render("-log-level", "error")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            for (name, field) in [
                ("check", "check_cmd"), ("staged", "check_cmd"), ("reload", "reload_cmd"), ("late", "reload_cmd"),
            ] {
                for line in ["one", "two"] {
                    #expect(
                        done.standardError.contains("ERROR \(name).toml: \(field): \(line)\n"),
                        "\(done.testDescription)")
                }
            }
            #expect(!done.standardError.contains("fine"))
        }
    }

    @Test func theSummarySaysWrittenAndOwed() async throws {
        try await withSandbox { box in
            try box.resource("a", keys: [], fields: "reload_cmd = \"test -e \(box.root)/up\"", template: "x")
            try box.resource("b", keys: [], template: "x")
            let first = try await box.render()
            #expect(first.exitCode == 1, "\(first.testDescription)")
            #expect(first.standardError.contains("2 written, 1 reload owed, 0 in sync, 0 failed, in "))
            let second = try await box.render()
            #expect(second.exitCode == 1, "\(second.testDescription)")
            #expect(second.standardError.contains("0 written, 1 reload owed, 1 in sync, 0 failed, in "))
            try box.write("up", "")
            let third = try await box.render()
            #expect(third.exitCode == 0, "\(third.testDescription)")
            #expect(third.standardError.contains("0 changed, 2 in sync, 0 failed, in "))
        }
    }

    private func daemon(_ box: Sandbox, _ port: UInt16) throws -> Child {
        try box.start(
            "-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml"), "-metrics-addr",
            "127.0.0.1:\(port)")
    }

    @Test func aReloadThatIsOwedIsAMetric() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: 1\n")
            try box.resource("a", fields: "reload_cmd = \"test -e \(box.root)/up\"", template: "x")
            let port = try Ports.free()
            let daemon = try daemon(box, port)
            let sample = { (value: Int) in "confd_reload_owed{dest=\"\(box.out)/a\"} \(value)\n" }
            #expect(
                try await eventually { daemon.standardError.contains("it stays owed") }, "\(daemon.standardError)")
            #expect(httpBody(port: port, path: "/metrics")?.contains(sample(1)) == true)
            try box.write("up", "")
            #expect(
                try await eventually { httpBody(port: port, path: "/metrics")?.contains(sample(0)) == true },
                "\(daemon.standardError)")
        }
    }

    /// `/ready` fails while a file was never written; a file from an earlier run is enough.
    @Test func readyOnlyWhenEveryFileIsThere() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {a: 1}\n")
            try box.resource("good", template: "x")
            try box.resource("bad", template: "{{getv \"/app/none\"}}")
            try box.resource("old", template: "{{getv \"/app/none\"}}")
            try box.write("out/old", "from before")
            try box.write("confdir/conf.d/broken.toml", "[template]\n")
            let port = try Ports.free()
            let daemon = try daemon(box, port)
            let ready = { http(port: port, path: "/ready") }
            #expect(
                try await eventually { ready().contains("\(box.out)/bad was never written: ") }, "\(ready())")
            #expect(ready().hasPrefix("HTTP/1.1 503") && ready().contains("/app/none"))
            #expect(!ready().contains("\(box.out)/old"))
            try box.resource("bad", template: "y")
            #expect(try await eventually { ready().contains("broken.toml cannot be used") }, "\(ready())")
            unlink(box.path("confdir/conf.d/broken.toml"))
            #expect(try await eventually { ready().hasPrefix("HTTP/1.1 200") }, "\(ready())")
            #expect(daemon.isRunning)
        }
    }

    @Test func signalsLeaveALine() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {a: 1}\n")
            try box.resource("good", template: "x")
            try box.resource("bad", template: "{{getv \"/app/none\"}}")
            try box.resource("owed", fields: "reload_cmd = \"false\"", template: "x")
            let daemon = try box.start("-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml"))
            #expect(try await eventually { daemon.standardError.contains("it stays owed") }, "\(daemon.standardError)")
            daemon.send(SIGHUP)
            #expect(try await eventually { daemon.standardError.contains("INFO Captured hangup") })
            daemon.send(SIGUSR1)
            #expect(try await eventually { daemon.standardError.contains("\(box.out)/bad was never written: ") })
            #expect(daemon.standardError.contains("INFO State: not ready, "))
            #expect(daemon.standardError.contains("INFO State: backend file \(box.path("keys.yaml")): connected"))
            #expect(daemon.standardError.contains("INFO State: \(box.out)/owed is owed a reload"))
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// Attack: 200 connections that say nothing delayed `/health` by 19.7 s.
    @Test func silentAndSlowCallersDelayNobody() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: 1\n")
            try box.resource("app", template: "x")
            let port = try Ports.free()
            let daemon = try daemon(box, port)
            #expect(try await eventually { httpBody(port: port, path: "/ready") == "ok" })
            let script = """
                import socket, time
                held = [socket.create_connection(("127.0.0.1", \(port))) for _ in range(200)]
                for s in held[100:150]: s.sendall(b"GET /hea")
                for s in held[150:]: s.sendall(b"GET /metrics HTTP/1.1\\r\\n\\r\\n")
                for _ in range(20):
                    start = time.time()
                    s = socket.create_connection(("127.0.0.1", \(port)), timeout=30)
                    s.sendall(b"GET /health HTTP/1.1\\r\\n\\r\\n")
                    answer = s.recv(12).decode()
                    print(answer, "in time" if time.time() - start < 10 else "late")
                """
            let done = try await run("python3", "-c", script)
            let lines = Set(done.standardOutput.split(separator: "\n").map(String.init))
            #expect(lines == ["HTTP/1.1 200 in time"], "\(done.testDescription)")
            #expect(daemon.isRunning)
        }
    }

    // MARK: What commands inherit

    /// Attack: a command prints its environment.
    @Test func secretsAreNotInherited() async throws {
        try await withSandbox { box in
            try box.write("secret", "s3cret")
            let secrets = [
                "CONFD_PASSWORD": "s3cret", "CONFD_AUTH_TOKEN": "s3cret", "CONFD_CLIENT_KEY": box.path("secret"),
                "CONFD_PASSWORD_FILE": box.path("secret"), "CONFD_AUTH_TOKEN_FILE": box.path("secret"),
            ]
            let environment = secrets.merging(["OTHER": "inherited", "APP": "1"]) { $1 }
            try box.resource(
                "a", keys: [],
                fields: "check_cmd = \"env > \(box.root)/check\"\nreload_cmd = \"env > \(box.root)/reload\"",
                template: "x")
            for (arguments, file) in [
                (["-onetime", "-backend", "env"], "once"), (["-watch", "-backend", "env"], "child"),
            ] {
                let command = arguments + ["-confdir", box.confdir, "--", "/bin/sh", "-c", "env > \(box.root)/\(file)"]
                let done = try await run(box.command(command, environment: environment, confdir: false))
                #expect(done.exitCode == 0, "\(done.testDescription)")
            }
            unlink(box.path("out/a"))
            #expect(
                try await run(box.command(["-onetime", "-backend", "env"], environment: environment)).exitCode == 0)
            for file in ["check", "reload", "once", "child"] {
                let text = try #require(box.read(file), "\(file)")
                #expect(text.contains("OTHER=inherited"), "\(file)")
                for name in secrets.keys { #expect(!text.contains(name + "="), "\(file): \(name)") }
            }
        }
    }

    // MARK: Files for commands

    /// Report: where `TMPDIR` cannot be written, each command had a warning of its own.
    @Test func oneWarningWithoutATemporaryDirectory() async throws {
        try await withSandbox { box in
            for name in ["a", "b", "c"] {
                try box.resource(
                    name, fields: "check_cmd = \"cat $CONFD_CHANGES > \(box.root)/\(name).changes; test -f {{.src}}\"",
                    template: "x")
            }
            let done = try await box.render(keys: ["/app/a": "1"], environment: ["TMPDIR": box.path("none")])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardError.components(separatedBy: "WARNING").count == 2, "\(done.testDescription)")
            #expect(done.standardError.contains("cannot write to \(box.path("none"))"))
            for name in ["a", "b", "c"] { #expect(box.read("\(name).changes")?.contains("/app/a") == true) }
            #expect(try box.names("out") == ["a", "b", "c"])
        }
    }

    // MARK: The child

    @Test(arguments: [
        ("exit 3", "ERROR /bin/sh ended with exit status 3"), ("exit 0", "INFO /bin/sh ended with exit status 0"),
    ])
    func aChildThatEndsWithAnErrorIsAnError(_ script: String, _ line: String) async throws {
        try await withSandbox { box in
            try box.resource("a", keys: [], template: "x")
            let arguments = ["-watch", "-backend", "env", "-confdir", box.confdir, "--", "/bin/sh", "-c", script]
            let done = try await run(box.command(arguments, confdir: false))
            #expect(done.standardError.contains(line), "\(done.testDescription)")
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// Commands as lists, and `[template.reload]`: as users see them.
@Suite struct ReloadActionTests {
    private func daemon(_ box: Sandbox, _ arguments: String...) throws -> Child {
        let all = ["-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml")] + arguments
        return try Child(box.command(all))
    }

    private func stop(_ daemon: Child) async throws {
        daemon.send(SIGTERM)
        #expect(try await daemon.wait().exitCode == 0, "\(daemon.standardError)")
    }

    /// The programs of the machine are hidden, the shell too; those that the commands need are in the sandbox.
    @Test(.enabled(if: Machine.canBindMount)) func listsNeedNoShell() async throws {
        try await withSandbox { box in
            for tool in ["test", "touch"] {
                try await box.install("/usr/bin/\(tool)", as: tool)
            }
            try box.resource(
                "a",
                fields: """
                    check_cmd = ["\(box.path("test"))", "-s", "{{.src}}"]
                    reload_cmd = ["touch", "\(box.root)/reloaded it's $HOME"]
                    """, template: "x\n")
            try box.resource("b", fields: "reload_cmd = \"true\"", template: "x\n")
            try box.resource(
                "c", fields: "check_cmd = [\"\(box.path("test"))\", \"-d\", \"{{.src}}\"]", template: "x\n")
            let script = "mount -t tmpfs none /usr/bin && export PATH=\"$1\" && shift && exec \"$@\""
            var command = box.command(
                ["-onetime", "-backend", "env"], environment: keyEnvironment(["/app/name": "one"]))
            command.arguments = ["-m", "sh", "-c", script, "sh", box.root, command.executable] + command.arguments
            command.executable = "unshare"
            let done = try await run(command)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.output("a") == "x\n" && box.read("reloaded it's $HOME") == "", "\(done.testDescription)")
            #expect(
                done.standardError.contains(
                    "b.toml: reload_cmd failed: cannot start /bin/sh: no such file or directory"),
                "\(done.testDescription)")
            #expect(
                done.standardError.contains("hint: there is no shell here: write the command as a list"),
                "\(done.testDescription)")
            #expect(
                done.standardError.contains("c.toml: Config check failed: exit status 1"), "\(done.testDescription)")
            #expect(box.output("c") == nil)
        }
    }

    /// The service starts later than its file is written: the reload is owed, reported once, and sent when the process is there.
    @Test func aSignalWaitsForItsProcess() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "a",
                fields: """
                    [template.reload]
                    signal = "USR1"
                    pid_file = "\(box.path("p.pid"))"
                    process = "sh"
                    """, template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            let line = "a.toml: reload.signal failed: there is no \(box.path("p.pid")); it stays owed"
            #expect(try await eventually { daemon.standardError.contains(line) }, "\(daemon.standardError)")
            let script =
                "trap 'echo got >> \(box.root)/signals' USR1; echo $$ > \(box.root)/p.pid; "
                + "while [ ! -e \(box.root)/end ]; do sleep 0.05; done"
            let service = try Child(
                ChildCommand(executable: "/bin/sh", arguments: ["-c", script], environment: Machine.environment))
            #expect(try await eventually { box.read("signals") == "got\n" }, "\(daemon.standardError)")
            #expect(daemon.standardError.components(separatedBy: line).count == 2, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { box.read("signals") == "got\ngot\n" }, "\(daemon.standardError)")
            #expect(box.output("a") == "two")
            try box.write("end", "")
            _ = try await service.wait()
            try await stop(daemon)
        }
    }

    /// A request that fails says what the server said, and is sent again until it succeeds.
    @Test func aRequestIsOwedUntilItSucceeds() async throws {
        try await withSandbox { box in
            let server = try HTTPServer { [root = box.root] call in
                access("\(root)/ready", F_OK) == 0 ? .init(204) : .init(503, "not \u{7}yet: \(call.body)")
            }
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "a",
                fields: """
                    [template.reload]
                    http = { url = "\(server.url)/-/reload", body_file = "{{.dest}}" }
                    """, template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            let line = "reload.http failed: POST \(server.url)/-/reload: status 503: not \\x07yet: one; it stays owed"
            #expect(
                try await eventually { daemon.standardError.contains("status 503: not") }, "\(daemon.standardError)")
            #expect(daemon.standardError.contains(line), "\(daemon.standardError)")
            let asked = server.calls.count
            try box.write("ready", "")
            #expect(try await eventually { server.calls.count > asked }, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { server.calls.last?.body == "two" }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// A service whose certificate is signed by an authority that the system does not know.
    @Test(.enabled(if: Machine.hasOpenssl, "openssl is not installed")) func aRequestKnowsItsAuthority() async throws {
        try await withSandbox { box in
            let (file, port) = (box.path("server.pem"), try Ports.free())
            let made = try await run(
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=app", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", box.path("server.key"), "-out", file)
            try #require(made.exitCode == 0, "\(made.testDescription)")
            let server = try BackgroundProcess(
                "openssl s_server -accept 127.0.0.1:\(port) -quiet -www -cert \(file) -key \(box.path("server.key"))")
            func render(_ fields: String) async throws -> Finished {
                try box.resource(
                    "a",
                    fields: "reload = { http = { method = \"GET\", url = \"https://127.0.0.1:\(port)/\"\(fields) } }",
                    template: "x\n")
                return try await box.render(keys: ["/app/name": "one"])
            }
            let isThere = try await eventually {
                try await render("").standardError.contains("server certificate not accepted: ")
            }
            #expect(isThere)
            let missing = try await render(", ca_file = \"/nowhere/ca.pem\"")
            #expect(
                missing.exitCode == 1 && missing.standardError.contains("CA file cannot be used"),
                "\(missing.testDescription)")
            let done = try await render(", ca_file = \"\(file)\"")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            withExtendedLifetime(server) {}
        }
    }

    /// Resources with one request send it once, and one that nobody answers leaves the reload to the next start.
    @Test func equalRequestsAreOne() async throws {
        try await withSandbox { box in
            let socket = box.path("s")
            for name in ["a", "b", "c"] {
                try box.resource(
                    name, fields: "reload = { http = { url = \"unix://\(socket):/kill?signal=HUP\" } }", template: "x\n"
                )
            }
            let absent = try await box.render(keys: ["/app/name": "one"])
            #expect(absent.exitCode == 1, "\(absent.testDescription)")
            #expect(
                absent.standardError.components(separatedBy: "\(socket): no such file or directory").count == 2,
                "\(absent.testDescription)")
            #expect(absent.standardError.contains("3 written, 3 reloads owed"), "\(absent.testDescription)")
            let server = try HTTPServer(path: socket) { _ in .init(204) }
            let done = try await box.render(keys: ["/app/name": "one"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(server.calls.map(\.path) == ["/kill?signal=HUP"])
            let last = try await box.render(keys: ["/app/name": "one"])
            #expect(last.exitCode == 0 && server.calls.count == 1, "\(last.testDescription)")
        }
    }

    /// A service that is not there has refused nothing, so that `rollback` keeps the new file.
    @Test func whoWasNotAskedRefusesNothing() async throws {
        try await withSandbox { box in
            try box.write("out/a", "old\n")
            try box.resource(
                "a",
                fields: """
                    rollback = true
                    [template.reload]
                    signal = "HUP"
                    pid_file = "\(box.path("p.pid"))"
                    """, template: "new\n")
            let done = try await box.render(keys: ["/app/name": "one"])
            #expect(done.exitCode == 1 && box.output("a") == "new\n", "\(done.testDescription)")
            try box.resource(
                "a", fields: "rollback = true\nreload_cmd = [\"false\"]", template: "newer\n")
            let refused = try await box.render(keys: ["/app/name": "one"])
            #expect(refused.exitCode == 1 && box.output("a") == "new\n", "\(refused.testDescription)")
        }
    }

    @Test func validationNamesThePlace() async throws {
        try await withSandbox { box in
            try box.resource("a", fields: "check_cmd = []\n[template.reload]\nsignal = \"HUPP\"", template: "x")
            let done = try await box.confd("-validate", "-backend", "env")
            #expect(done.exitCode == 2, "\(done.testDescription)")
            for place in ["a.toml:5:13: check_cmd: is an empty array", "a.toml:7:10: signal: \"HUPP\" is not a signal"]
            {
                #expect(done.testDescription.contains(place), "\(done.testDescription)")
            }
        }
    }

    // MARK: - What commands are told

    /// The content that was replaced can be read until the service has taken the new one.
    @Test(arguments: ["", "check_cmd = \"true\"\n", "backup = true\n", "check_cmd = \"true\"\nbackup = true\n"])
    func theReplacedFileIsKeptForTheReload(_ fields: String) async throws {
        try await withSandbox { box in
            try box.resource(
                "a",
                fields: fields
                    + "reload_cmd = \"cat $CONFD_PREVIOUS /dev/null > \(box.root)/seen; test -e \(box.root)/ready\"",
                template: #"{{getv "/app/name"}}"#)
            let first = try await box.render(keys: ["/app/name": "one"])
            #expect(first.exitCode == 1 && box.read("seen") == "", "\(first.testDescription)")
            try box.write("ready", "")
            let second = try await box.render(keys: ["/app/name": "one"])
            #expect(second.exitCode == 0, "\(second.testDescription)")
            try FileManager.default.removeItem(atPath: box.path("ready"))
            for name in ["two", "three"] {
                // CONFD_PREVIOUS has the content that the service last took, not that of a reload that failed.
                let refused = try await box.render(keys: ["/app/name": name])
                #expect(refused.exitCode == 1 && box.read("seen") == "one", "\(refused.testDescription)")
            }
            #expect(try box.names("out").contains(".a.confd-replaced"))
            try box.write("ready", "")
            let done = try await box.render(keys: ["/app/name": "three"])
            #expect(done.exitCode == 0 && box.read("seen") == "one", "\(done.testDescription)")
            #expect(try !box.names("out").contains(".a.confd-replaced"))
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// `confd status`, the control socket and the state directory.
@Suite struct StatusTests {
    private func start(_ box: Sandbox, _ flags: String...) throws -> Child {
        try Child(
            box.command(
                [
                    "-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml"), "-control-socket",
                    box.path("run/control"), "-state-dir", box.path("state"),
                ] + flags))
    }

    private func status(_ box: Sandbox, _ flags: String...) async throws -> Finished {
        try await run(
            box.command(["status", "-control-socket", box.path("run/control")] + flags, confdir: false))
    }

    private func statusWhenReady(_ box: Sandbox) async throws -> String {
        var shown = ""
        for _ in 0..<1_000 {
            shown = try await status(box).standardOutput
            if !shown.isEmpty, !shown.contains("the first pass is not complete") { return shown }
            try await Task.sleep(for: .milliseconds(10))
        }
        return shown
    }

    @Test func showsEachResource() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.resource("bad", template: #"{{getv "/app/none"}}"#)
            let daemon = try start(box)
            let shown = try await statusWhenReady(box)
            let lines = shown.split(separator: "\n").map(String.init)
            #expect(
                lines.first?.wholeMatch(of: /confd [0-9.]+: not ready, 1 in sync, 1 not, 0 reloads owed/) != nil
                    && lines[1].hasPrefix("not ready: \(box.out)/bad was never written: "), "\(shown)")
            #expect(lines.contains { $0.hasPrefix("file \(box.path("keys.yaml")): connected, revision ") }, "\(shown)")
            #expect(
                lines.contains { $0.hasPrefix("app.toml  in sync") && $0.hasSuffix("  \(box.out)/app") }, "\(shown)")
            #expect(lines.contains { $0.hasPrefix("bad.toml  failed") }, "\(shown)")
            #expect(lines.contains { $0.hasPrefix("bad.toml: ") && $0.contains("key does not exist") }, "\(shown)")
            let json = try await status(box, "-json")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) as? [String: Any])
            let resources = try #require(object["resources"] as? [[String: Any]])
            #expect(resources.map { $0["resource"] as? String } == ["app.toml", "bad.toml"])
            #expect(resources.map { $0["state"] as? String } == ["in sync", "failed"])
            #expect(resources[0]["changed"] is String && resources[0]["error"] is NSNull)
            #expect(object["ready"] as? Bool == false && object["unready_reason"] is String)
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// Report: a template that did not parse any more was `in sync`, because its last good version is used.
    @Test func aBrokenTemplateIsNamed() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            #expect(try await statusWhenReady(box).contains(": ready, 1 in sync"))
            try box.write("confdir/templates/app.tmpl", #"{{if true}}{{getv "/app/name"}}"#)
            #expect(
                try await eventually(answer: {
                    let shown = try await status(box).standardOutput
                    return shown.contains(": ready, 0 in sync, 1 not") && shown.contains("app.toml  failed")
                        && shown.contains("unexpected EOF; the last good version is used\n")
                }), "\(daemon.standardError)")
            try box.write("confdir/templates/app.tmpl", #"{{getv "/app/name"}}"#)
            #expect(
                try await eventually(answer: { try await status(box).standardOutput.contains(": ready, 1 in sync") }))
            try await stop(daemon)
        }
    }

    /// Report of a newcomer: `dset` in a resource file was an error in the log, and in sync for `confd status`.
    @Test func aBrokenResourceFileIsNamed() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            #expect(try await statusWhenReady(box).contains(": ready, 1 in sync"))
            let good = try #require(box.read("confdir/conf.d/app.toml"))
            try box.write("confdir/conf.d/app.toml", good.replacing("dest", with: "dset"))
            #expect(
                try await eventually(answer: {
                    let shown = try await status(box).standardOutput
                    return shown.contains(": ready, 0 in sync, 1 not") && shown.contains("app.toml  failed")
                        && shown.contains("dest: is required and must not be empty; the last good version is used\n")
                }), "\(daemon.standardError)")
            try box.write("confdir/conf.d/app.toml", good)
            #expect(
                try await eventually(answer: { try await status(box).standardOutput.contains(": ready, 1 in sync") }))
            try await stop(daemon)
        }
    }

    /// What a check writes may hold values, and more people may see the status page than the log.
    @Test func tellsWhereTheReasonOfACheckIs() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource(
                "app", fields: "check_cmd = \"cat {{.src}}; exit 1\"", template: #"value {{getv "/app/name"}}"#)
            let daemon = try start(box)
            let shown = try await statusWhenReady(box)
            let message = "app.toml: Config check failed: exit status 1\nhint: the log has what the check wrote\n"
            #expect(shown.contains(message), "\(shown)")
            #expect(!shown.contains("value one") && daemon.standardError.contains("value one"))
            try await stop(daemon)
        }
    }

    /// A restart that finds everything in sync knows when the file was replaced.
    @Test func remembersTheLastChange() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let first = try start(box)
            let changed = /app\.toml +in sync .* (\d{4}-\d\d-\d\dT[0-9:]+Z)/
            let before = try #require(try await statusWhenReady(box).firstMatch(of: changed)).1
            #expect(try await eventually { (try? box.names("state/resources")) == ["app.toml.json"] })
            first.send(SIGTERM)
            #expect(try await first.wait().exitCode == 0)
            let second = try start(box)
            #expect(try #require(try await statusWhenReady(box).firstMatch(of: changed)).1 == before)
            second.send(SIGTERM)
            #expect(try await second.wait().exitCode == 0)
        }
    }

    @Test func saysThatNobodyAnswers() async throws {
        try await withSandbox { box in
            let none = try await status(box)
            #expect(none.exitCode == 4, "\(none.testDescription)")
            #expect(
                none.standardError == """
                    confd: error: no confd answers at \(box.path("run/control")): no such file or directory
                    hint: is a daemon running, with this -control-socket? without root, and of confd register, it has one only if it is given

                    """)
        }
    }

    /// A daemon that stops removes its socket; for one that a killed daemon has left behind there is a hint.
    @Test(arguments: [SIGTERM, SIGKILL]) func saysThatTheDaemonHasEnded(_ signal: Int32) async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            _ = try await statusWhenReady(box)
            daemon.send(signal)
            _ = try await daemon.wait()
            #expect((access(box.path("run/control"), F_OK) == 0) == (signal == SIGKILL))
            let done = try await status(box)
            #expect(done.exitCode == 4)
            let reason = signal == SIGKILL ? "connection refused" : "no such file or directory"
            #expect(done.standardError.contains(": \(reason)\n"), "\(done.testDescription)")
            let hint = "hint: the daemon that made this socket has ended, and none is running there: start it again"
            #expect(done.standardError.contains(hint) == (signal == SIGKILL), "\(done.testDescription)")
        }
    }

    /// Attack: what listens there is no confd.
    @Test(
        arguments: [
            (#"c.sendall(b"SSH-2.0-x\r\n\r\n"); c.close()"#, "is no confd of this version"),
            ("s.accept()", "does not answer"),
            (#"while True: c.sendall(b"x" * 65536)"#, "is no confd of this version"),
            (
                #"c.sendall(b"HTTP/1.1 200 OK\r\n\r\n"); x = [c.sendall(b"x" * 65536) for _ in iter(int, 1)]"#,
                "is no confd of this version"
            ),
        ])
    func isNotHeldUpByOthers(_ answer: String, _ message: String) async throws {
        try await withSandbox { box in
            try FileManager.default.createDirectory(atPath: box.path("run"), withIntermediateDirectories: true)
            let other = try Child(
                ChildCommand(
                    executable: "/usr/bin/python3",
                    arguments: [
                        "-c",
                        """
                        import socket
                        s = socket.socket(socket.AF_UNIX); s.bind("\(box.path("run/control"))"); s.listen()
                        c = s.accept()[0]
                        \(answer)
                        s.accept()[0].recv(1)
                        """,
                    ], environment: Machine.environment))
            #expect(try await eventually { access(box.path("run/control"), F_OK) == 0 })
            var done = try await status(box)
            // Until it listens.
            for _ in 0..<1_000 where done.standardError.contains("connection refused") { done = try await status(box) }
            #expect(
                done.exitCode == 4 && done.standardError.contains(message),
                "\(done.testDescription)")
            other.send(SIGKILL)
            _ = try await other.wait()
        }
    }

    /// A second daemon warns that the socket and the state directory are in use, and does its work.
    @Test func theSecondDaemonGoesOn() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let first = try start(box)
            _ = try await statusWhenReady(box)
            let second = try start(box)
            #expect(
                try await eventually {
                    second.standardError.contains("WARNING -control-socket \(box.path("run/control")) is in use")
                        && second.standardError.contains("WARNING -state-dir \(box.path("state")) is in use")
                }, "\(second.standardError)")
            unlink(box.path("out/app"))
            try box.write("keys.yaml", "app: {name: two}\n")
            #expect(try await eventually { box.output("app") == "two" })
            for daemon in [first, second] { daemon.send(SIGTERM) }
            for daemon in [first, second] { #expect(try await daemon.wait().exitCode == 0) }
        }
    }

    /// Metrics are for everybody who reaches the port, the state of resources is not.
    @Test func accessIsLimited() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let port = try Ports.free()
            let daemon = try start(box, "-metrics-addr", "127.0.0.1:\(port)", "-status-allow", "10.0.0.0/8")
            _ = try await statusWhenReady(box)
            #expect(httpBody(port: port, path: "/metrics")?.contains("confd_ready 1") == true)
            let refused = http(port: port, path: "/status.json")
            #expect(refused.hasPrefix("HTTP/1.1 403 Forbidden\r\n") && refused.hasSuffix("not in -status-allow\n"))
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// The page is complete, and its policy lets it load nothing else.
    @Test func servesThePage() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let port = try Ports.free()
            let daemon = try start(box, "-metrics-addr", "127.0.0.1:\(port)")
            _ = try await statusWhenReady(box)
            let page = http(port: port, path: "/")
            #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(page)")
            for field in [
                "Content-Type: text/html; charset=utf-8", "X-Content-Type-Options: nosniff", "Cache-Control: no-store",
                "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
            ] { #expect(page.contains("\r\n" + field), "\(field)") }
            #expect(page.contains("data-resource=\"app.toml\"") && page.hasSuffix("</html>\n"))
            #expect(!httpBody(port: port, path: "/?paused")!.contains("http-equiv"))
            #expect(http(port: port, path: "/wait").hasPrefix("HTTP/1.1 404"), "only at the control socket")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// What happened, the newest first, with the keys and never the values.
    @Test func listsEvents() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: secret-one}\n")
            try box.resource("app", fields: "reload_cmd = \"true\"", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            _ = try await statusWhenReady(box)
            try box.write("keys.yaml", "app: {name: secret-two}\n")
            #expect(try await eventually { box.output("app") == "secret-two" })
            var kinds: [String] = []
            var text = ""
            let end = Date().addingTimeInterval(60)
            while kinds.count(where: { $0 == "reloaded" }) < 2, Date() < end {
                text = try await status(box, "-json").standardOutput
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
                let events = try #require(object["events"] as? [[String: Any]])
                kinds = events.compactMap { $0["event"] as? String }
            }
            #expect(kinds == ["reloaded", "changed", "reloaded", "changed", "started"], "\(text)")
            #expect(text.contains("\"detail\":\"/app/name\""), "\(text)")
            let resource = try #require(
                (try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])?["resources"]
                    as? [[String: Any]])[0]
            #expect(resource["keys"] as? Int == 1 && resource["bytes"] as? Int == 10, "\(resource)")
            let reload = try #require(resource["reload"] as? [String: Any])
            #expect(reload["result"] as? String == "exit status 0" && reload["succeeded"] as? Bool == true)
            let shown = try await status(box).standardOutput + text
            #expect(!shown.contains("secret"), "\(shown)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// Colours only where they were asked for: standard output is no terminal here.
    @Test func colours() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            let plain = try await statusWhenReady(box)
            #expect(!plain.contains("\u{1B}"))
            let coloured = try await status(box, "-color", "always").standardOutput
            #expect(coloured.contains("\u{1B}[32min sync\u{1B}[0m"), "\(coloured)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// For another user than the daemon's, the error is the missing permission, not that no daemon runs.
    @Test(.enabled(if: Machine.isRoot && Machine.hasSetpriv, "needs root, and setpriv to stop being root"))
    func saysThatItMayNotAsk() async throws {
        try await withSandbox { box in
            try await box.install(Machine.confd, as: "confd")
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try start(box)
            _ = try await statusWhenReady(box)
            var command = box.command(["status", "-control-socket", box.path("run/control")], confdir: false)
            command.arguments =
                ["--reuid=65534", "--regid=65534", "--clear-groups", box.path("confd")] + command.arguments
            command.executable = "setpriv"
            let done = try await run(command)
            #expect(done.exitCode == 4, "\(done.testDescription)")
            let hint = "permission denied\nhint: only the user of the daemon and root may ask\n"
            #expect(done.standardError.hasSuffix(hint), "\(done.standardError)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    @Test(arguments: [
        (["-json"], "-json: needs status"), (["status", "--", "x"], "status starts no command"),
        (["status", "-control-socket", "none"], "-control-socket: status needs one"),
        (["-status-allow", "10.0.0.0/99"], #"-status-allow: "10.0.0.0/99" is not an address range"#),
        (["statsu"], #"did you mean "status"?"#), (["-onetime", "status"], #"unexpected argument: "status""#),
    ])
    func usageErrors(_ arguments: [String], _ says: String) async throws {
        try await withSandbox { box in
            let done = try await run(box.command(arguments, confdir: false))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains(says), "\(done.testDescription)")
        }
    }
}

import Foundation
import TestSupport
import Testing

/// Keys that one resource may not read, or that no node serves: the other resources are rendered, and confd does not keep
/// the machine busy.
@Suite(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
struct EtcdRefusalTests {
    private static let user = ["-username", "reader", "-password", "pass1234word"]

    private func start(_ box: Sandbox) async throws -> Etcd {
        let etcd = try await Etcd.start(in: box)
        try await etcd.put(["/app/name": "found", "/other/name": "closed", "/third/name": "closed too"])
        try await etcd.addReader("reader", password: "pass1234word", prefix: "/app")
        try await etcd.enableAuthentication(password: "root1234word")
        try box.resource("app", template: #"{{getv "/app/name"}}"#)
        try box.resource("other", keys: ["/app", "/other"], template: #"{{getv "/other/name"}}"#)
        try box.resource("third", keys: ["/third"], template: #"{{getv "/third/name"}}"#)
        try box.resource("none", keys: [], template: "no keys")
        return etcd
    }

    @Test func onePassGoesOnWithoutWhatIsRefused() async throws {
        try await withSandbox { box in
            let etcd = try await start(box)
            let done = try await run(box.command(["-onetime", "-node", etcd.endpoint] + Self.user))
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(box.output("app") == "found")
            #expect(box.output("none") == "no keys")
            #expect(box.output("other") == nil)
            #expect(box.output("third") == nil)
            for path in ["/other", "/third"] {
                // Report: nothing said which resource reads the key.
                #expect(
                    done.standardError.contains("WARNING \(path.dropFirst()).toml: its keys may not be read"),
                    "\(done.testDescription)")
                #expect(done.standardError.contains("range \"\(path)\": permission denied"), "\(done.testDescription)")
                #expect(done.standardError.contains("etcdctl role grant-permission ROLE read \(path)"))
            }
        }
    }

    /// Report: of a misspelled group `rollout status` said no more than that the right to read all groups is missing.
    @Test func aGroupThatIsNotThereNeedsNoFurtherRight() async throws {
        try await withSandbox { box in
            let etcd = try await start(box)
            try await etcd.permit("reader", prefix: "/_confd/rollout/shop")
            let done = try await run(box.command(["rollout", "status", "shop", "-node", etcd.endpoint] + Self.user))
            #expect(
                done.exitCode == 2
                    && done.standardError == "confd: error: no host takes part in rollouts of \"shop\"\n",
                "\(done.testDescription)")
        }
    }

    @Test func daemonGoesOnAndTakesUpWhatIsPermittedLater() async throws {
        try await withSandbox { box in
            let etcd = try await start(box)
            let daemon = try Child(
                box.command(
                    ["-watch", "-interval", "0", "-control-socket", box.path("run/control"), "-node", etcd.endpoint]
                        + Self.user))
            #expect(try await eventually { box.output("app") == "found" }, "\(daemon.standardError)")
            try await etcd.put("/app/name", "changed")
            #expect(try await eventually { box.output("app") == "changed" }, "\(daemon.standardError)")
            #expect(box.output("other") == nil)
            // Report: a key that may not be read was `pending`, and its backend answered again.
            #expect(!daemon.standardError.contains("answers again"), "\(daemon.standardError)")
            let status = try await run(
                box.command(["status", "-control-socket", box.path("run/control")], confdir: false))
            #expect(status.standardOutput.contains("other.toml  failed"), "\(status.testDescription)")
            #expect(
                status.standardOutput.contains("other.toml: its keys cannot be read: "), "\(status.testDescription)")
            try await etcd.permit("reader", prefix: "/other")
            #expect(try await eventually(seconds: 30) { box.output("other") == "closed" }, "\(daemon.standardError)")
            try await etcd.put("/other/name", "open")
            #expect(try await eventually(seconds: 30) { box.output("other") == "open" }, "\(daemon.standardError)")
            #expect(box.output("third") == nil)
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// Report: a right that was revoked while confd ran left its resource "in sync", and `confd wait` waited for ever.
    @Test func aRightThatIsRevokedIsTold() async throws {
        try await withSandbox { box in
            let etcd = try await start(box)
            try await etcd.permit("reader", prefix: "/other")
            try await etcd.permit("reader", prefix: "/third")
            let control = ["-control-socket", box.path("run/control")]
            let daemon = try Child(
                box.command(["-watch", "-interval", "0", "-node", etcd.endpoint] + control + Self.user))
            #expect(try await eventually { box.output("other") == "closed" }, "\(daemon.standardError)")
            let line = "other.toml: its keys may not be read"
            for times in 1...2 {
                try await etcd.forbid("reader", prefix: "/other")
                daemon.send(SIGHUP)
                let isTold = try await eventually {
                    try await run(box.command(["status"] + control, confdir: false)).standardOutput
                        .contains("other.toml  failed")
                }
                #expect(isTold, "\(daemon.standardError)")
                let isNamed = try await eventually {
                    daemon.standardError.split(separator: "\n").count { $0.contains(line) } == times
                }
                #expect(isNamed, "\(daemon.standardError)")
                let waited = try await run(box.command(["wait", "-timeout", "60s"] + control, confdir: false))
                #expect(waited.exitCode == 1, "\(waited.testDescription)")
                #expect(waited.standardError.contains("other.toml: its keys cannot be read: "))
                // The others go on.
                try await etcd.put("/app/name", "round \(times)")
                #expect(try await eventually { box.output("app") == "round \(times)" }, "\(daemon.standardError)")
                try await etcd.put("/other/name", "new \(times)")
                try await etcd.permit("reader", prefix: "/other")
                #expect(try await eventually { box.output("other") == "new \(times)" }, "\(daemon.standardError)")
                let done = try await run(box.command(["wait", "-timeout", "60s"] + control, confdir: false))
                #expect(done.exitCode == 0, "\(done.testDescription)")
            }
            let status = try await run(box.command(["status", "-json", "other"] + control, confdir: false))
            for event in ["failed", "recovered"] {
                let count = status.standardOutput.components(separatedBy: "\"event\":\"\(event)\"").count - 1
                #expect(count == 2, "\(event): \(status.testDescription)")
            }
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// The same where there is no other resource that could go on.
    @Test func aRightThatIsRevokedFromAllIsTold() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try await etcd.addReader("reader", password: "pass1234word", prefix: "/app")
            try await etcd.enableAuthentication(password: "root1234word")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let control = ["-control-socket", box.path("run/control")]
            let daemon = try Child(
                box.command(["-watch", "-interval", "0", "-node", etcd.endpoint] + control + Self.user))
            #expect(try await eventually { box.output("app") == "found" }, "\(daemon.standardError)")
            try await etcd.forbid("reader", prefix: "/app")
            daemon.send(SIGHUP)
            let line = "app.toml: its keys may not be read any more"
            #expect(try await eventually { daemon.standardError.contains(line) }, "\(daemon.standardError)")
            let waited = try await run(
                box.command(["wait", "-revision", "1000000", "-timeout", "60s"] + control, confdir: false))
            #expect(
                waited.exitCode == 1 && waited.standardError.contains("app.toml: its keys cannot be read: "),
                "\(waited.testDescription)")
            try await etcd.permit("reader", prefix: "/app")
            try await etcd.put("/app/name", "new")
            #expect(try await eventually { box.output("app") == "new" }, "\(daemon.standardError)")
            let done = try await run(box.command(["wait", "-timeout", "60s"] + control, confdir: false))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// Two nodes that refuse, from the start or later: hardly any work, and a line now and then.
    @Test(arguments: [false, true]) func isQuietWhileAllNodesAreAway(_ wasThere: Bool) async throws {
        try await withSandbox { box in
            var etcd: Etcd? = wasThere ? try await Etcd.start(in: box) : nil
            try await etcd?.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let node = try etcd?.endpoint ?? "http://127.0.0.1:\(Ports.free())"
            let away = "http://127.0.0.1:\(try Ports.free())"
            let daemon = try Child(box.command(["-watch", "-interval", "0", "-node", node, "-node", away]))
            if wasThere { #expect(try await eventually { box.output("app") == "found" }, "\(daemon.standardError)") }
            etcd = nil
            #expect(try await eventually { daemon.standardError.contains("connection refused") })
            let start = ContinuousClock.now
            let before = (lines: daemon.standardError.split(separator: "\n").count, time: daemon.processorTime)
            try await Task.sleep(for: .seconds(5))
            let after = (lines: daemon.standardError.split(separator: "\n").count, time: daemon.processorTime)
            // A debug build takes 1 to 2 % of a processor for this, one that tries without a pause all that it gets, which is
            // a third of one beside four busy processes.
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(after.time - before.time <= 0.1 * seconds, "seconds of processor time in \(seconds)")
            // An error and its hint, once more at most as the other node comes first.
            #expect(after.lines - before.lines <= 4, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }
}

extension Child {
    /// The seconds of processor time that it has used.
    fileprivate var processorTime: Double {
        let text = (try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)) ?? ""
        // Behind the name, which may hold anything, the 12th and 13th fields are user and system time in ticks.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return .infinity
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

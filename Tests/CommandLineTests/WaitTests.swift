import Foundation
import Glibc
import TestSupport
import Testing

/// `confd wait`: is my change live on this host?
@Suite(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
struct WaitTests {
    private func daemon(_ rig: FaultRig, _ flags: String...) throws -> Child {
        let fixed = ["-node", rig.node, "-control-socket", rig.box.path("run/control"), "-state-dir", "none"]
        return try Child(rig.box.command(["-watch", "-interval", "0"] + fixed + flags))
    }

    private func waiting(_ box: Sandbox, _ flags: String...) -> ChildCommand {
        box.command(["wait", "-control-socket", box.path("run/control")] + flags, confdir: false)
    }

    private func wait(_ rig: FaultRig, _ flags: String...) async throws -> Finished {
        try await run(
            rig.box.command(["wait", "-control-socket", rig.box.path("run/control")] + flags, confdir: false))
    }

    private func listens(_ rig: FaultRig) async throws -> Bool {
        // The socket's file exists a moment before the daemon accepts connections.
        let status = ["status", "-control-socket", rig.box.path("run/control")]
        return try await eventually { try await run(rig.box.command(status, confdir: false)).exitCode == 0 }
    }

    /// `wait` right after a put, whatever confd is doing at the time: when it ends, the file has the value of the revision.
    @Test func endsWhenTheRevisionIsApplied() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "0")
            try rig.resource("app", key: "/app", fields: "reload_cmd = \"sleep 0.1\"")
            let daemon = try daemon(rig)
            #expect(try await listens(rig))
            for number in 1...10 {
                try rig.client.put("/app", "\(number)")
                let done = try await wait(rig, "-revision", "\(try rig.client.revision())")
                #expect(done.exitCode == 0 && done.standardError.isEmpty, "\(done.testDescription)")
                #expect(rig.box.output("app") == "\(number)\n")
            }
            try await stop(daemon)
        }
    }

    /// `wait` waits for a revision that does not exist yet, even if it comes from a key that no resource reads, and for which the
    /// watch has no event.
    @Test func waitsForARevisionToCome() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "0")
            try rig.resource("app", key: "/app")
            let daemon = try daemon(rig)
            #expect(try await rig.holds("app", "0"))
            let next = try rig.client.revision() + 1
            let early = try await wait(rig, "-revision", "\(next)", "-timeout", "2s")
            #expect(early.exitCode == 5, "\(early.testDescription)")
            let says =
                "confd: error: not applied within 2s\n  etcd \(rig.node) is at revision \(next - 1), not yet \(next)\n"
            #expect(early.standardError == says)
            let waiter = try Child(waiting(rig.box, "-revision", "\(next)"))
            try rig.client.put("/other", "x")
            let done = try await waiter.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            try await stop(daemon)
        }
    }

    /// `wait` reports a failure at the revision at once. A resource that failed before is tried again at the revision.
    @Test func tellsFailures() async throws {
        try await withRig { rig in
            try rig.client.put("/app/x", "0")
            try rig.box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(rig)
            #expect(try await listens(rig))
            let failed = try await wait(rig, "-revision", "\(try rig.client.revision())")
            #expect(failed.exitCode == 1, "\(failed.testDescription)")
            #expect(
                failed.standardError.hasPrefix("confd: error: not applied\n  app.toml: "), "\(failed.standardError)")
            #expect(failed.standardError.contains("key does not exist: /app/name"), "\(failed.standardError)")
            try rig.client.put("/app/name", "found")
            let done = try await wait(rig, "-revision", "\(try rig.client.revision())")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(rig.box.output("app") == "found")
            try await stop(daemon)
        }
    }

    @Test func tellsThatTheServiceDidNotTakeIt() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "0")
            try rig.resource("app", key: "/app", fields: "reload_cmd = \"exit 7\"")
            let daemon = try daemon(rig)
            #expect(try await listens(rig))
            let done = try await wait(rig)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            let says = "  app.toml: reload_cmd failed: exit status 7\n"
            #expect(done.standardError.hasSuffix(says), "\(done.standardError)")
            try await stop(daemon)
        }
    }

    /// The previous file is back after the third failure: the revision counts as not applied.
    @Test func aRolledBackFileIsNotApplied() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "good")
            let check = "grep -q good \(rig.box.out)/app"
            try rig.resource("app", key: "/app", fields: "rollback = true\nreload_cmd = \"\(check)\"")
            let daemon = try daemon(rig)
            #expect(try await rig.holds("app", "good"))
            try rig.client.put("/app", "bad")
            #expect(try await eventually { daemon.standardError.contains("putting the previous") })
            let done = try await wait(rig, "-revision", "\(try rig.client.revision())")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(rig.box.output("app") == "good\n")
            try await stop(daemon)
        }
    }

    /// Without -watch the daemon reads once each -interval, but at once when `wait` asks for a revision.
    @Test func readsForAWaiterWithoutWatch() async throws {
        try await withRig { rig in
            try rig.client.put("/app", "0")
            try rig.resource("app", key: "/app")
            let daemon = try Child(
                rig.box.command([
                    "-interval", "3600", "-node", rig.node, "-control-socket", rig.box.path("run/control"),
                    "-state-dir", "none",
                ]))
            #expect(try await rig.holds("app", "0"))
            try rig.client.put("/app", "1")
            let done = try await wait(rig, "-revision", "\(try rig.client.revision())")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(rig.box.output("app") == "1\n")
            try await stop(daemon)
        }
    }

    @Test func needsADaemon() async throws {
        try await withSandbox { box in
            let none = try await run(waiting(box))
            #expect(none.exitCode == 4, "\(none.testDescription)")
            let says = "confd: error: no confd answers at \(box.path("run/control")): no such file or directory\n"
            #expect(none.standardError.hasPrefix(says), "\(none.standardError)")
        }
    }

    /// A file has no revisions.
    @Test func needsRevisions() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try box.start(
                "-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml"), "-control-socket",
                box.path("run/control"), "-state-dir", "none")
            #expect(try await eventually { try await run(waiting(box)).exitCode == 0 }, "\(daemon.standardError)")
            let refused = try await run(waiting(box, "-revision", "3"))
            #expect(refused.exitCode == 2, "\(refused.testDescription)")
            #expect(refused.standardError.contains("-revision: the daemon's backend has no revisions"))
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    @Test(arguments: [
        (["wait", "-revision", "0"], "-revision: 0 is not a revision"),
        (["wait", "--", "x"], "wait starts no command"),
        (["wait", "-control-socket", "none"], "-control-socket: wait needs one"),
        (["-revision", "3"], "flag provided but not defined: -revision"),
        (["wait", "-timeout", "soon"], "is not a time"),
        (["wait", "-json"], "-json: needs status"),
    ])
    func usageErrors(_ arguments: [String], _ says: String) async throws {
        try await withSandbox { box in
            let done = try await run(box.command(arguments, confdir: false))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains(says), "\(done.testDescription)")
        }
    }
}

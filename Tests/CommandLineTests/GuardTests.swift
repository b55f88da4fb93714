import Foundation
import Glibc
import TestSupport
import Testing

/// `[template.guard]`: a store that looks empty does not empty a service. There is a resource with a guard and one without,
/// which shows that the outage does change a file.
@Suite(.enabled(if: Machine.hasEtcd)) struct GuardTests {
    private static let template = #"{{range gets "/s/*"}}{{base .Key}} {{end}}"# + "\n"
    private static let all = "a b c d e "
    private static let keys = ["a", "b", "c", "d", "e"]

    private func addResources(_ box: Sandbox, _ guardFields: String, fields: String = "") throws {
        try box.resource(
            "app", keys: ["/s"], fields: "\(fields)\n[template.guard]\n\(guardFields)", template: Self.template)
        try box.resource("bare", keys: ["/s"], fields: fields, template: Self.template)
    }

    private func fill(_ client: EtcdClient) throws {
        try client.putTogether(Self.keys.map { ("/s/\($0)", "1") })
    }

    private func daemon(_ rig: FaultRig, _ flags: String...) throws -> Child {
        try Child(rig.box.command(["-watch", "-interval", "0", "-node", rig.node] + daemonFlags(rig.box) + flags))
    }

    private func daemonFlags(_ box: Sandbox) -> [String] {
        ["-state-dir", box.path("state"), "-control-socket", box.path("run/control")]
    }

    /// Waits until both files show all servers.
    private func bothAreFull(_ rig: FaultRig, _ daemon: Child) async throws {
        for name in ["app", "bare"] { #expect(try await rig.holds(name, Self.all), "\(daemon.standardError)") }
    }

    /// Waits until the resource without a guard shows `left`, and expects that the other one is held.
    private func onlyTheGuardHolds(
        _ rig: FaultRig, _ daemon: Child, _ reason: String, left: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isEmpty = try await rig.holds("bare", left)
        let isHeld = try await eventually { daemon.standardError.contains("app.toml: held by guard: \(reason)") }
        #expect(isEmpty && isHeld, "\(daemon.standardError)", sourceLocation: sourceLocation)
        #expect(rig.box.output("app") == Self.all + "\n", sourceLocation: sourceLocation)
    }

    /// etcd comes back from a backup of before there were any keys.
    @Test func etcdIsRestoredEmpty() async throws {
        try await withSandbox { box in
            let memory = try MemoryDirectory()
            let etcd = try await Etcd.start(in: box, folder: memory.path + "/data")
            let client = EtcdClient(port: etcd.port)
            try fill(client)
            try addResources(box, "max_drop = \"50%\"")
            let daemon = try Child(
                box.command(["-watch", "-interval", "1", "-node", etcd.endpoint] + daemonFlags(box)))
            for name in ["app", "bare"] {
                #expect(try await eventually { box.output(name) == Self.all + "\n" }, "\(daemon.standardError)")
            }
            etcd.kill()
            try FileManager.default.removeItem(atPath: memory.path + "/data")
            try await etcd.start()
            #expect(try await eventually { box.output("bare") == "\n" }, "\(daemon.standardError)")
            let held = "app.toml: held by guard: 5 of 5 keys would be gone (max_drop 50%)"
            #expect(try await eventually { daemon.standardError.contains(held) }, "\(daemon.standardError)")
            #expect(box.output("app") == Self.all + "\n")
            // The keys are back, as from the right backup.
            try fill(client)
            let end = "app.toml: held no longer"
            #expect(try await eventually { daemon.standardError.contains(end) }, "\(daemon.standardError)")
            #expect(daemon.standardError.components(separatedBy: held).count == 2, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// The leases of all servers end, one after the other: `max_drop` sees only small steps, `min_keys` is the floor.
    @Test func leasesEnd() async throws {
        try await withRig { rig in
            var leases: [String] = []
            for key in Self.keys {
                let id = try #require(try rig.client.call("lease/grant", ["TTL": 600])["ID"] as? String)
                leases.append(id)
                let pair = ["key": Data("/s/\(key)".utf8).base64EncodedString(), "value": "MQ=="]
                _ = try rig.client.call("kv/put", pair.merging(["lease": id]) { $1 })
            }
            try addResources(rig.box, "min_keys = 2\nmax_drop = \"80%\"")
            let daemon = try daemon(rig)
            try await bothAreFull(rig, daemon)
            for id in leases { _ = try rig.client.call("lease/revoke", ["ID": id]) }
            #expect(try await rig.holds("bare", ""), "\(daemon.standardError)")
            #expect(
                try await eventually { daemon.standardError.contains("app.toml: held by guard: there would be ") },
                "\(daemon.standardError)")
            let left = rig.box.output("app")?.split(separator: " ").filter { $0 != "\n" } ?? []
            #expect(left.count >= 2, "\(left) \(daemon.standardError)")
            // Servers that register again.
            try fill(rig.client)
            #expect(try await rig.holds("app", Self.all), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// confd starts anew with a prefix that is misspelled.
    @Test func aWrongPrefix() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "max_drop = \"50%\"")
            let first = try daemon(rig)
            try await bothAreFull(rig, first)
            try await stop(first)
            let second = try daemon(rig, "-prefix", "/wrong")
            try await onlyTheGuardHolds(rig, second, "5 of 5 keys would be gone (max_drop 50%)")
            try await stop(second)
        }
    }

    /// Somebody deletes all keys, and a script fills in fewer, other ones.
    @Test func theStoreIsWipedAndReseeded() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "min_keys = { \"/s\" = 4 }\nmax_change = \"50%\"\nhold = 0")
            let daemon = try daemon(rig)
            try await bothAreFull(rig, daemon)
            _ = try rig.client.call("kv/deleterange", ["key": "AA==", "range_end": "AA=="])
            try await onlyTheGuardHolds(
                rig, daemon, "1 of 1 line would change (max_change 50%), /s would have 0 keys (min_keys 4)")
            try rig.client.putTogether([("/s/x", "1"), ("/s/y", "1")])
            #expect(try await rig.holds("bare", "x y "), "\(daemon.standardError)")
            #expect(rig.box.output("app") == Self.all + "\n")
            try fill(rig.client)
            try rig.client.delete("/s/x")
            try rig.client.delete("/s/y")
            #expect(
                try await eventually { daemon.standardError.contains("app.toml: held no longer") },
                "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// What is held shows in status and metrics, and confd is ready, for there is a file.
    @Test func isSeenInStatusAndMetrics() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "max_drop = \"50%\"")
            let port = try Ports.free()
            let daemon = try daemon(rig, "-metrics-addr", "127.0.0.1:\(port)")
            try await bothAreFull(rig, daemon)
            for key in Self.keys { try rig.client.delete("/s/\(key)") }
            #expect(try await rig.holds("bare", ""), "\(daemon.standardError)")
            let isShown = try await eventually {
                let metrics = httpBody(port: port, path: "/metrics") ?? ""
                return metrics.contains("confd_resources{state=\"held\"} 1\n")
                    && metrics.contains("confd_resources{state=\"in_sync\"} 1\n")
            }
            #expect(isShown, "\(daemon.standardError)")
            #expect(httpBody(port: port, path: "/ready") == "ok")
            let text = try #require(httpBody(port: port, path: "/status"))
            #expect(text.contains("app.toml   held, applied in "), "\(text)")
            #expect(text.contains("app.toml: held by guard since "), "\(text)")
            #expect(text.contains(", 1 in sync, 0 not, 1 held, "), "\(text)")
            let json = try #require(httpBody(port: port, path: "/status.json"))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let resources = try #require(object["resources"] as? [[String: Any]])
            #expect(object["held"] as? Int == 1 && resources.first?["state"] as? String == "held")
            try await stop(daemon)
        }
    }

    /// Without a file there is nothing to start a service with.
    @Test func isNotReadyWithoutAFile() async throws {
        try await withRig { rig in
            try rig.box.resource(
                "app", keys: ["/s"], fields: "[template.guard]\nmin_keys = 2", template: Self.template)
            try rig.client.put("/s/a", "1")
            let port = try Ports.free()
            let daemon = try daemon(rig, "-metrics-addr", "127.0.0.1:\(port)")
            let reason = "app was never written: held by guard since "
            let isUnready = try await eventually { http(port: port, path: "/ready").contains(reason) }
            #expect(isUnready, "\(http(port: port, path: "/ready")) \(daemon.standardError)")
            #expect(http(port: port, path: "/ready").hasPrefix("HTTP/1.1 503"))
            try rig.client.put("/s/b", "1")
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            #expect(try await eventually { httpBody(port: port, path: "/ready") == "ok" })
            try await stop(daemon)
        }
    }

    /// A failed health check takes servers out of the file, not out of the store: `max_change` and `max_drop` do not count it.
    @Test func verdictsAreNotHeld() async throws {
        let (one, two) = (try HealthServer(), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try rig.box.resource(
                "app", keys: ["/s"],
                fields: """
                    [[template.health_check]]
                    keys = "/s/*"
                    type = "http"
                    path = "/health"
                    interval = "1s"
                    timeout = "1s"
                    fall = 3
                    [template.guard]
                    max_drop = "10%"
                    max_change = "10%"
                    min_keys = 2
                    """, template: Self.template)
            let daemon = try daemon(rig)
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            one.answer(503)
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            #expect(!daemon.standardError.contains("held by guard"), "\(daemon.standardError)")
            // A deleted key does count.
            try rig.client.delete("/s/b")
            let held = "app.toml: held by guard: there would be 1 key (min_keys 2), 1 of 2 keys would be gone"
            #expect(try await eventually { daemon.standardError.contains(held) }, "\(daemon.standardError)")
            #expect(rig.box.output("app") == "b \n")
            try await stop(daemon)
        }
    }

    @Test func onetimeAndCheck() async throws {
        try await withRig { rig in
            let box = rig.box
            try fill(rig.client)
            try addResources(box, "max_drop = \"50%\"", fields: "reload_cmd = \"\(box.counting("reload"))\"")
            let flags = ["-node", rig.node, "-state-dir", box.path("state")]
            // -check makes no directory.
            let first = try await run(box.command(["-check"] + flags))
            #expect(first.exitCode == 3 && !FileManager.default.fileExists(atPath: box.path("state")))
            let full = try await run(box.command(["-onetime"] + flags))
            #expect(full.exitCode == 0, "\(full.testDescription)")
            for key in Self.keys { try rig.client.delete("/s/\(key)") }
            let checked = try await run(box.command(["-check"] + flags))
            #expect(checked.exitCode == 3, "\(checked.testDescription)")
            #expect(checked.standardError.contains("app.toml: held by guard: 5 of 5 keys would be gone"))
            #expect(checked.standardOutput.contains("-\(Self.all)\n"))
            let runs = box.runs(of: "reload")
            let held = try await run(box.command(["-onetime"] + flags))
            #expect(held.exitCode == 1, "\(held.testDescription)")
            #expect(held.standardError.contains("1 changed, 0 in sync, 1 held, 0 failed"), "\(held.testDescription)")
            #expect(box.output("app") == Self.all + "\n" && box.output("bare") == "\n")
            // The reload of the resource without a guard.
            #expect(box.runs(of: "reload") == runs + 1)
            try fill(rig.client)
            let back = try await run(box.command(["-onetime"] + flags))
            #expect(back.exitCode == 0, "\(back.testDescription)")
            #expect(back.standardError.contains("app.toml: held no longer"))
        }
    }

    /// `-onetime` beside a daemon reads the daemon's record of what was applied, and does not change it.
    @Test func onetimeBesideADaemon() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "max_drop = \"50%\"")
            let daemon = try daemon(rig)
            try await bothAreFull(rig, daemon)
            let isKept = try await eventually {
                rig.box.read("state/resources/app.toml.json")?.contains("\"keys\":5") ?? false
            }
            #expect(isKept)
            let command = rig.box.command(
                ["-onetime", "-prefix", "/wrong", "-node", rig.node, "-state-dir", rig.box.path("state")])
            let held = try await run(command)
            #expect(held.exitCode == 1, "\(held.testDescription)")
            #expect(held.standardError.contains("held by guard: 5 of 5 keys"), "\(held.testDescription)")
            #expect(rig.box.read("state/resources/app.toml.json")?.contains("held_since") == false)
            try await stop(daemon)
        }
    }

    private func release(_ box: Sandbox, _ words: String...) async throws -> Finished {
        try await run(box.command(["release"] + words + daemonFlags(box), confdir: false))
    }

    /// `confd release` asks the daemon, which applies what it holds at once, and holds the next loss again.
    @Test func releaseAsksTheDaemon() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "max_drop = \"50%\"\nhold = 0")
            let daemon = try daemon(rig)
            try await bothAreFull(rig, daemon)
            let early = try await release(rig.box, "app.toml")
            #expect(early.exitCode == 0 && early.standardOutput == "app.toml is not held\n", "\(early.testDescription)")
            try rig.client.putTogether([("/s/z", "1")])
            // All at once: one by one they may be small steps.
            _ = try rig.client.call(
                "kv/deleterange",
                ["key": Data("/s/b".utf8).base64EncodedString(), "range_end": Data("/s/f".utf8).base64EncodedString()])
            #expect(
                try await eventually { daemon.standardError.contains("app.toml: held by guard") },
                "\(daemon.standardError)")
            #expect(try await rig.holds("bare", "a z "), "\(daemon.standardError)")
            let unknown = try await release(rig.box, "ap.toml")
            #expect(unknown.exitCode == 2)
            #expect(
                unknown.standardError
                    == "confd: error: no resource is called \"ap.toml\"\nhint: did you mean \"app.toml\"?\n")
            let near = try await release(rig.box, "appp")
            #expect(near.standardError.hasSuffix("hint: did you mean \"app.toml\"?\n"), "\(near.testDescription)")
            let done = try await release(rig.box, "app")
            #expect(done.exitCode == 0 && done.standardOutput == "app is released\n", "\(done.testDescription)")
            #expect(try await rig.holds("app", "a z "), "\(daemon.standardError)")
            #expect(
                try await eventually { daemon.standardError.contains("app.toml: released: ") },
                "\(daemon.standardError)")
            // A release is valid only for the change that was held at the time.
            try rig.client.delete("/s/a")
            try rig.client.delete("/s/z")
            #expect(try await rig.holds("bare", ""), "\(daemon.standardError)")
            #expect(
                try await eventually {
                    daemon.standardError.components(separatedBy: "app.toml: held by guard").count == 3
                }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Without a daemon the record is marked, and the next run applies what was held.
    @Test func releaseMarksTheRecord() async throws {
        try await withRig { rig in
            let box = rig.box
            try fill(rig.client)
            try addResources(box, "max_drop = \"50%\"\nhold = 0")
            let none = try await release(box, "app.toml")
            #expect(none.exitCode == 4, "\(none.testDescription)")
            #expect(none.standardError.contains("state cannot be used: no such file"), "\(none.testDescription)")
            let flags = ["-onetime", "-node", rig.node, "-state-dir", box.path("state")]
            #expect(try await run(box.command(flags)).exitCode == 0)
            for key in Self.keys { try rig.client.delete("/s/\(key)") }
            let held = try await run(box.command(flags))
            #expect(held.exitCode == 1, "\(held.testDescription)")
            let unknown = try await release(box, "app.tomll")
            #expect(unknown.exitCode == 2 && unknown.standardError.contains("did you mean \"app.toml\"?"))
            let done = try await release(box, "app.toml")
            #expect(done.exitCode == 0 && done.standardOutput == "app.toml is released\n", "\(done.testDescription)")
            let after = try await run(box.command(flags))
            #expect(after.exitCode == 0, "\(after.testDescription)")
            #expect(after.standardError.contains("app.toml: released: 5 of 5 keys would be gone (max_drop 50%)"))
            #expect(box.output("app") == "\n")
        }
    }

    /// A service can start with the file that is kept.
    @Test func aCommandStartsWithTheOldFile() async throws {
        try await withRig { rig in
            let box = rig.box
            try fill(rig.client)
            try addResources(box, "max_drop = \"50%\"")
            let full = try await run(
                box.command(["-onetime", "-node", rig.node, "-state-dir", box.path("state")]))
            #expect(full.exitCode == 0, "\(full.testDescription)")
            for key in Self.keys { try rig.client.delete("/s/\(key)") }
            let done = try await run(
                box.command(
                    ["-watch", "-interval", "0", "-node", rig.node, "-confdir", box.confdir] + daemonFlags(box)
                        + ["--", "cp", "\(box.out)/app", box.path("seen")], confdir: false))
            #expect(done.exitCode == 0 && box.read("seen") == Self.all + "\n", "\(done.testDescription)")
            #expect(done.standardError.contains("app.toml: held by guard"), "\(done.testDescription)")
        }
    }

    /// Only clients of the control socket can release anything.
    @Test func isNotReleasedOverTheNetwork() async throws {
        try await withRig { rig in
            try fill(rig.client)
            try addResources(rig.box, "max_drop = \"50%\"")
            let port = try Ports.free()
            let daemon = try daemon(rig, "-metrics-addr", "127.0.0.1:\(port)")
            try await bothAreFull(rig, daemon)
            let answer = try await run("curl", "-si", "-X", "POST", "http://127.0.0.1:\(port)/release/app.toml")
            #expect(answer.standardOutput.hasPrefix("HTTP/1.1 405"), "\(answer.testDescription)")
            try await stop(daemon)
        }
    }
}

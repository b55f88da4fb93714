import Foundation
import Glibc
import TestSupport
import Testing

/// `[[template.health_check]]`: what is down leaves the file, and comes back.
@Suite(.enabled(if: Machine.hasEtcd)) struct HealthCheckTests {
    private static let template = #"{{range gets "/s/*"}}{{base .Key}} {{end}}"# + "\n"

    /// A resource of the servers below `/s`. Each is probed once in `interval`, and has that long to answer.
    private func addResource(
        _ rig: FaultRig, _ fields: String = "", interval: String = "1s", template: String = Self.template
    ) throws {
        try rig.box.resource(
            "app", keys: ["/s"],
            fields: """

                [[template.health_check]]
                keys = "/s/*"
                type = "http"
                path = "/health"
                interval = "\(interval)"
                timeout = "\(interval)"
                rise = 2
                fall = 2
                \(fields)
                """, template: template)
    }

    @Test func whatIsDownLeavesTheFileAndComesBack() async throws {
        let (one, two) = (try HealthServer(), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try addResource(rig)
            let daemon = try rig.daemon("-control-socket", rig.box.path("run/control"))
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            one.answer(503)
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            // Of two failures the second one may be an answer that was too late.
            let line = "127.0.0.1:\(one.port) is down after 2 failures: http: "
            #expect(daemon.standardError.contains(line), "\(daemon.standardError)")
            // Report: the log named the key as if it had changed, and `explain` knew of no hidden servers.
            let cause = "has been updated (/s/a is hidden by its health check, revision"
            #expect(try await eventually { daemon.standardError.contains(cause) }, "\(daemon.standardError)")
            let why = try await run(
                rig.box.command([
                    "explain", "\(rig.box.out)/app:1", "-node", rig.node, "-control-socket",
                    rig.box.path("run/control"),
                ]))
            #expect(
                why.standardOutput.contains("/s/a   127.0.0.1:\(one.port)   http: status 503"), "\(why.testDescription)"
            )
            // With all of them down all are shown.
            two.answer(500)
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            #expect(daemon.standardError.contains("too few servers of /s are up"), "\(daemon.standardError)")
            two.answer(200)
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            one.answer(200)
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            // The server of a deleted key is not probed any more: the pause is longer than two intervals.
            try rig.client.delete("/s/a")
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            let asked = one.asked
            try await Task.sleep(for: .milliseconds(2_500))
            #expect(one.asked <= asked + 1)
            try await stop(daemon)
        }
    }

    /// Found by reading: a resource whose checks are taken away had its servers probed until the end.
    @Test func withoutItsChecksNothingIsProbed() async throws {
        let one = try HealthServer()
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try addResource(rig)
            let daemon = try rig.daemon()
            #expect(try await rig.holds("app", "a "), "\(daemon.standardError)")
            try rig.box.resource("app", keys: ["/s"], template: "without\n")
            daemon.send(SIGHUP)
            #expect(try await rig.holds("app", "without"), "\(daemon.standardError)")
            let asked = one.asked
            // Longer than two intervals of the check.
            try await Task.sleep(for: .milliseconds(2_500))
            #expect(one.asked <= asked + 1)
            try await stop(daemon)
        }
    }

    /// The first probe decides before the file is written for the first time: a restart does not put dead servers back.
    @Test func firstRenderingWaitsForTheFirstProbe() async throws {
        let (one, two) = (try HealthServer(500), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try addResource(rig, interval: "20s", template: Self.template + "{{healthy \"/s/a\"}}\n")
            let daemon = try rig.daemon()
            #expect(try await eventually { rig.box.output("app") != nil }, "\(daemon.standardError)")
            #expect(rig.box.output("app") == "b \nfalse\n", "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// With `hide = false` the functions tell, and a verdict renders the template although no key has changed.
    @Test func functionsTell() async throws {
        let one = try HealthServer()
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try addResource(
                rig, "hide = false",
                template: #"{{with health "/s/a"}}{{.Status}} {{.Type}} {{.Error}}{{end}}"# + "\n")
            let daemon = try rig.daemon()
            #expect(try await rig.holds("app", "up http "), "\(daemon.standardError)")
            one.answer(404)
            #expect(try await rig.holds("app", "down http http: status 404"), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// `-onetime` probes nothing: it takes what a daemon knows, and without one counts servers as up.
    @Test func onetimeAsksTheDaemon() async throws {
        let (one, two) = (try HealthServer(500), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try addResource(rig)
            let flags = ["-onetime", "-node", rig.node, "-control-socket", rig.box.path("control")]
            let alone = try await run(rig.box.command(flags))
            #expect(alone.exitCode == 0 && rig.box.output("app") == "a b \n", "\(alone.testDescription)")
            #expect(alone.standardError.contains("Health checks are not run: no daemon answers"))
            #expect(one.asked == 0)
            let daemon = try rig.daemon("-control-socket", rig.box.path("control"))
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            unlink("\(rig.box.out)/app")
            let beside = try await run(rig.box.command(flags))
            #expect(beside.exitCode == 0 && rig.box.output("app") == "b \n", "\(beside.testDescription)")
            try await stop(daemon)
        }
    }

    /// Items are keys of the store, whatever templates see of them: the file of one whose server is down stays.
    @Test func itemsOfHiddenServersStay() async throws {
        let (one, two) = (try HealthServer(), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try addResource(rig, template: Self.template)
            let text = try #require(rig.box.read("confdir/conf.d/app.toml"))
            try rig.box.write(
                "confdir/conf.d/app.toml",
                text.replacing(
                    "dest = \"\(rig.box.out)/app\"", with: "dest = \"\(rig.box.out)/{{.name}}\"\nfor_each = \"/s/*\""))
            let daemon = try rig.daemon("-state-dir", rig.box.path("state"))
            #expect(try await rig.holds("b", "a b "), "\(daemon.standardError)")
            one.answer(503)
            for name in ["a", "b"] { #expect(try await rig.holds(name, "b "), "\(daemon.standardError)") }
            one.answer(200)
            #expect(try await rig.holds("a", "a b "), "\(daemon.standardError)")
            #expect(!daemon.standardError.contains("has been removed"), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Found by a newcomer: the server of a new key was down, so that the file had it for a moment. The update that took it out
    /// named "something that its template asks for besides keys", and `reload_cmd` was said to have changed the template.
    @Test func aNewServerThatIsDownIsNamed() async throws {
        let one = try HealthServer()
        let closed = try Ports.free()
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try addResource(rig, interval: "5s")
            // The reload of the first file is the only one: those of the next two files stay owed.
            let text = try #require(rig.box.read("confdir/conf.d/app.toml"))
            try rig.box.write(
                "confdir/conf.d/app.toml",
                text.replacing("[template]", with: "[template]\nreload_cmd = \"true\"\nmin_reload_interval = \"1h\""))
            let daemon = try rig.daemon("-control-socket", rig.box.path("run/control"))
            /// What `confd status` says of replacements or reloads, the newest first.
            func events(_ kind: String) async throws -> [String] {
                let done = try await run(
                    rig.box.command(["status", "-json", "-control-socket", rig.box.path("run/control")]))
                guard done.exitCode == 0 else { return [] }
                let status = try JSONSerialization.jsonObject(with: Data(done.standardOutput.utf8)) as? [String: Any]
                return (status?["events"] as? [[String: Any]] ?? []).filter { $0["event"] as? String == kind }
                    .compactMap { ($0["detail"] as? String)?.split(separator: ",").first.map(String.init) }
            }
            #expect(try await eventually { try await !events("reloaded").isEmpty }, "\(daemon.standardError)")
            try rig.client.put("/s/c", "127.0.0.1:\(closed)")
            let arrived = try await eventually { try await events("changed").count == 3 }
            let changes = try await events("changed")
            #expect(arrived && changes == ["/s/c is hidden by its health check", "/s/c", "/s/a"], "\(changes)")
            #expect(!daemon.standardError.contains("right after its"), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Found by newcomers: a key whose `target` was wrong, a pattern without a key and a group that was shown as a whole stood
    /// in the log only, so that the status looked healthy.
    @Test func whatIsNotCheckedOrNotHiddenIsInTheStatus() async throws {
        let server = try HealthServer(500)
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(server.port)")
            try rig.client.put("/s/b", "no address")
            try addResource(
                rig,
                "group = \"all of {{dir .Key}}\"\nmin_healthy = 2\n[[template.health_check]]\nkeys = \"/none/*\"\ntype = \"tcp\""
            )
            let daemon = try rig.daemon("-control-socket", rig.box.path("run/control"))
            func status(_ flags: [String] = []) async throws -> String {
                try await run(
                    rig.box.command(["status", "-control-socket", rig.box.path("run/control")] + flags)
                ).standardOutput
            }
            let problems = [
                "no key matches /none/*, so its health check has no server",
                "/s/b is not checked: it gives no HOST:PORT",
                "too few servers of all of /s are up, so all of them are shown (min_healthy)",
            ]
            #expect(try await rig.holds("app", "a b "), "\(daemon.standardError)")
            #expect(try await eventually { daemon.standardError.contains(problems[2]) }, "\(daemon.standardError)")
            let text = try await status()
            let json = try await status(["-json", "app"])
            for problem in problems {
                #expect(text.contains("app.toml: \(problem)\n"), "\(text)")
                #expect(json.contains("{\"resource\":\"app.toml\",\"error\":\"\(problem)\"}"), "\(json)")
            }
            server.answer(200)
            #expect(
                try await eventually { daemon.standardError.contains("enough servers of all of /s are up again") },
                "\(daemon.standardError)")
            #expect(try await !status().contains("too few servers"))
            try await stop(daemon)
        }
    }

    @Test func isSeenInStatusAndMetrics() async throws {
        let (one, two) = (try HealthServer(500), try HealthServer())
        try await withRig { rig in
            try rig.client.put("/s/a", "127.0.0.1:\(one.port)")
            try rig.client.put("/s/b", "127.0.0.1:\(two.port)")
            try addResource(rig)
            let port = try Ports.free()
            let daemon = try rig.daemon("-metrics-addr", "127.0.0.1:\(port)")
            #expect(try await rig.holds("app", "b "), "\(daemon.standardError)")
            // The file is there a moment before the engine knows.
            #expect(
                try await eventually {
                    httpBody(port: port, path: "/status.json")?.contains("\"generation\":0") == false
                })
            let json = try #require(httpBody(port: port, path: "/status.json"))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let servers = try #require(object["servers"] as? [String: Any])
            // More than one where the test's server once answered too late.
            #expect(servers["total"] as? Int == 2 && (servers["generation"] as? Int ?? 0) >= 1)
            let list = try #require(servers["server"] as? [[String: Any]])
            #expect(
                Set(list.compactMap { $0["name"] as? String })
                    == ["127.0.0.1:\(one.port)", "127.0.0.1:\(two.port)"])
            let down = try #require(list.first { $0["status"] as? String == "down" })
            #expect(down["port"] as? Int == Int(one.port) && down["upstream"] as? String == "/s")
            #expect(down["type"] as? String == "http" && (down["fall"] as? Int ?? 0) >= 1)
            let metrics = try #require(httpBody(port: port, path: "/metrics"))
            #expect(
                metrics.contains("confd_check_up{resource=\"app.toml\",target=\"127.0.0.1:\(one.port)\"} 0\n"),
                "\(metrics)")
            #expect(metrics.contains("confd_check_problems{resource=\"app.toml\"} 0\n"), "\(metrics)")
            #expect(metrics.contains("confd_check_duration_seconds_count{type=\"http\"} "))
            try await stop(daemon)
        }
    }
}

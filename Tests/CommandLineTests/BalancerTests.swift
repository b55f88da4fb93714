import Foundation
import Glibc
import TestSupport
import Testing

/// `[template.apply]`: a running haproxy or Caddy follows the keys.
@Suite(.enabled(if: Machine.hasEtcd && Machine.hasHAProxy)) struct BalancerTests {
    private static let template = """
        {{range gets "/web/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}
        {{end}}
        """

    /// A resource that lists the servers below `/web`.
    private func addResource(
        _ rig: FaultRig, _ haproxy: Haproxy, backend: String = "web", fields: String = "", more: String = "",
        template: String = Self.template
    ) throws {
        try rig.box.resource(
            "web", keys: ["/web"],
            fields: """
                \(fields)
                [template.apply]
                driver = "haproxy"
                socket = "\(haproxy.socket)"
                backend = "\(backend)"
                timeout = "30s"
                \(more)
                """, template: template)
    }

    private func has(
        _ haproxy: Haproxy, _ servers: [String], _ daemon: Child, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isThere = try await eventually { haproxy.servers() == servers }
        #expect(
            isThere, "\(haproxy.servers()) \(daemon.standardError)", sourceLocation: sourceLocation)
    }

    private func logs(
        _ text: String, _ daemon: Child, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isThere = try await eventually { daemon.standardError.contains(text) }
        #expect(isThere, "\(daemon.standardError)", sourceLocation: sourceLocation)
    }

    @Test func serversComeAndGo() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy, more: "drain = \"100ms\"")
            try rig.client.put("/web/a", "127.0.0.1:1")
            let daemon = try rig.daemon()
            try await has(haproxy, ["a 1 ready"], daemon)
            try rig.client.put("/web/b", "127.0.0.1:2")
            try await has(haproxy, ["a 1 ready", "b 1 ready"], daemon)
            try rig.client.delete("/web/a")
            try await has(haproxy, ["b 1 ready"], daemon)
            #expect(!daemon.standardError.contains("ERROR"), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Dynamic servers are gone after haproxy's restart; no key changes.
    @Test func aRestartedHaproxyGetsItsServersBack() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy, more: "reconcile = \"1h\"")
            try rig.client.put("/web/a", "127.0.0.1:1")
            let daemon = try rig.daemon()
            try await has(haproxy, ["a 1 ready"], daemon)
            // By this line confd has read the servers back. If haproxy ended before it, the first apply would fail, and the
            // line of success would be the one of the file.
            try await logs("has been updated", daemon)
            haproxy.kill()
            try await logs("web.toml: [template.apply] failed: haproxy \(haproxy.socket) web: ", daemon)
            try await haproxy.start()
            try await has(haproxy, ["a 1 ready"], daemon)
            try await logs("web has the 1 server of", daemon)
            try await stop(daemon)
        }
    }

    @Test func aRestartedConfdFindsWhatHasChangedMeanwhile() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy)
            try rig.client.put("/web/a", "127.0.0.1:1")
            try rig.client.put("/web/b", "127.0.0.1:2")
            let first = try rig.daemon()
            try await has(haproxy, ["a 1 ready", "b 1 ready"], first)
            first.send(SIGKILL)
            _ = try await first.wait()
            // Changes in the store and in haproxy.
            try rig.client.delete("/web/a")
            try rig.client.put("/web/c", "127.0.0.1:3")
            _ = haproxy.say("set server web/b weight 7")
            let second = try rig.daemon()
            try await has(haproxy, ["b 1 ready", "c 1 ready"], second)
            second.send(SIGKILL)
            _ = try await second.wait()
            // Nothing differs: nothing is added twice, and the file is not written.
            let inode = try rig.box.status("out/web").st_ino
            let third = try rig.daemon()
            try await logs("web has the 2 servers of", third)
            #expect(haproxy.servers() == ["b 1 ready", "c 1 ready"])
            #expect(try rig.box.status("out/web").st_ino == inode)
            try await stop(third)
        }
    }

    @Test func withoutASocketItIsOwed() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try addResource(rig, haproxy)
            try rig.client.put("/web/a", "127.0.0.1:1")
            let socket = rig.box.path("control.sock")
            let daemon = try rig.daemon("-control-socket", socket)
            let message =
                "web.toml: [template.apply] failed: haproxy \(haproxy.socket) web: no such file or directory; it stays owed"
            try await logs(message, daemon)
            let status = try await rig.box.confd("status", "-control-socket", socket, confdir: false)
            #expect(status.standardOutput.contains("reload owed"), "\(status.testDescription)")
            #expect(status.standardOutput.contains("not as desired"), "\(status.testDescription)")
            // Another backend's resource is not held up.
            try rig.box.resource("other", keys: ["/other"], template: "{{getv \"/other/x\"}}\n")
            try rig.client.put("/other/x", "1")
            #expect(try await rig.holds("other", "1"), "\(daemon.standardError)")
            try await haproxy.start()
            try await has(haproxy, ["a 1 ready"], daemon)
            let told = daemon.standardError.components(separatedBy: "[template.apply] failed").count - 1
            // haproxy's socket may be there before it listens.
            #expect(told <= 2, "\(daemon.standardError)")
            let isEqual = try await eventually {
                let answer = try Shell.run("\(Machine.confd) status -control-socket \(socket)")
                return answer.contains(" as desired ") && !answer.contains("not as desired")
            }
            #expect(isEqual)
            try await stop(daemon)
        }
    }

    @Test func anUnknownBackendIsNamed() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy, backend: "wep")
            try rig.client.put("/web/a", "127.0.0.1:1")
            let once = try await rig.box.confd("-onetime", "-node", rig.node)
            #expect(once.exitCode == 1)
            let message = "[template.apply] failed: haproxy \(haproxy.socket) wep: no such backend; it stays owed"
            #expect(once.standardError.contains(message), "\(once.standardError)")
            #expect(once.standardError.contains("did you mean \"web\"?"), "\(once.standardError)")
        }
    }

    @Test func onetimeWaitsUntilHaproxyIsAsDesired() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy, more: "drain = \"50ms\"\nmin_up = 0")
            try rig.client.put("/web/a", "127.0.0.1:1")
            let noop = try await rig.box.confd("-onetime", "-noop", "-node", rig.node)
            #expect(noop.exitCode == 0 && haproxy.servers().isEmpty, "\(noop.standardError)")
            #expect(noop.standardError.contains("Noop mode enabled. haproxy"), "\(noop.standardError)")
            let first = try await rig.box.confd("-onetime", "-node", rig.node)
            #expect(first.exitCode == 0 && haproxy.servers() == ["a 1 ready"], "\(first.standardError)")
            try rig.client.delete("/web/a")
            let second = try await rig.box.confd("-onetime", "-node", rig.node)
            #expect(second.exitCode == 0, "\(second.standardError)")
            #expect(haproxy.servers().filter { !$0.hasSuffix("maint") }.isEmpty)
        }
    }

    /// The backend `fixed` takes no servers at run time, so `reload_cmd` runs, once for each change.
    @Test func whatHaproxyCannotChangeIsLeftToTheCommand() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(
                rig, haproxy, backend: "fixed", fields: "reload_cmd = \"\(rig.box.counting("reload"))\"",
                more: "fallback = true")
            try rig.client.put("/web/a", "127.0.0.1:1")
            let daemon = try rig.daemon()
            try await logs("Target config \(rig.box.out)/web has been updated", daemon)
            #expect(rig.box.runs(of: "reload") == 1)
            try rig.client.put("/web/b", "127.0.0.1:2")
            let isRun = try await eventually { rig.box.runs(of: "reload") == 2 }
            #expect(isRun, "\(daemon.standardError)")
            #expect(!daemon.standardError.contains("ERROR"), "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    @Test func whatIsNoListIsNamedWithItsLine() async throws {
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            try addResource(rig, haproxy)
            try rig.client.put("/web/a", "127.0.0.1:1")
            try rig.client.put("/web/b", "nonsense")
            let once = try await rig.box.confd("-onetime", "-node", rig.node)
            #expect(once.exitCode == 1)
            let message = "web.toml: \(rig.box.out)/web:2:1: not an address: \"nonsense\""
            #expect(once.standardError.contains(message), "\(once.standardError)")
            #expect(rig.box.output("web") == nil && haproxy.servers().isEmpty)
        }
    }

    @Test(.enabled(if: Machine.hasCaddy && Machine.hasNginx)) func caddyFollowsTheKeys() async throws {
        try await withRig { rig in
            let (port, site, server) = (try Ports.free(), try Ports.free(), try Ports.free())
            try rig.box.write(
                "caddy.json",
                """
                {"admin": {"listen": "127.0.0.1:\(port)"}, "apps": {"http": {"servers": {"main": {
                  "listen": ["127.0.0.1:\(site)"], "automatic_https": {"disable": true},
                  "routes": [{"handle": [{"@id": "web", "handler": "reverse_proxy"}]}]
                }}}}}

                """)
            let servers = try await startWebServers([server], in: rig.box)
            let root = rig.box.root
            let caddy = try BackgroundProcess(
                "env HOME=\(root) XDG_DATA_HOME=\(root) XDG_CONFIG_HOME=\(root) caddy run --config \(root)/caddy.json")
            try rig.box.resource(
                "web", keys: ["/web"],
                fields: """
                    [template.apply]
                    driver = "caddy"
                    url = "http://127.0.0.1:\(port)"
                    backend = "web"
                    """, template: Self.template)
            try rig.client.put("/web/a", "127.0.0.1:\(server)")
            let daemon = try rig.daemon()
            let serves = try await eventually {
                (try? Shell.run("curl -s http://127.0.0.1:\(site)/")) == "ok"
            }
            #expect(serves, "\(daemon.standardError)")
            try rig.client.put("/web/b", "127.0.0.1:9")
            try rig.client.delete("/web/a")
            let isThere = try await eventually {
                (try? Shell.run("curl -s http://127.0.0.1:\(port)/id/web/upstreams"))?
                    .filter { !$0.isWhitespace } == #"[{"dial":"127.0.0.1:9"}]"#
            }
            #expect(isThere, "\(daemon.standardError)")
            try await stop(daemon)
            withExtendedLifetime((servers, caddy)) {}
        }
    }
}

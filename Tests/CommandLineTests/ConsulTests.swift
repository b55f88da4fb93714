import TestSupport
import Testing

/// The program with a stand-in for consul.
@Suite struct ConsulTests {
    @Test func rendersOnce() async throws {
        try await withSandbox { box in
            let consul = try ConsulStandIn(token: "s3cret-token")
            consul.write([("app/name", "shop"), ("app/db/host", "10.0.0.7"), ("top", "t")])
            let node = "127.0.0.1:\(consul.port)"
            try box.resource(
                "app", keys: ["/app", "/top"],
                template:
                    "{{getv \"/app/name\"}} {{getv \"/top\"}} {{range gets \"/app/db/*\"}}{{.Key}}={{.Value}}{{end}}\n")
            let done = try await box.confd(
                "consul", "-onetime", "-node", node, environment: ["CONSUL_HTTP_TOKEN": "s3cret-token"])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "shop t /app/db/host=10.0.0.7\n")
            for arguments in [["-auth-token", "s3cret-guess"], []] {
                let done = try await run(
                    box.command(["-onetime", "-backend", "consul", "-node", node] + arguments))
                #expect(done.exitCode == 4, "\(done.testDescription)")
                #expect(done.standardError.contains("consul: http://\(node): read \"/app\" and 1 more: ACL not found"))
                #expect(!done.standardError.contains("s3cret"))
            }
        }
    }

    /// The server goes away and comes back empty, and asks for another token.
    @Test func survivesWhatHappensToTheServer() async throws {
        try await withSandbox { box in
            let port = try Ports.free()
            var consul: ConsulStandIn? = try ConsulStandIn(port: port, token: "s3cret-1")
            consul?.write([("app/name", "one")])
            try box.write("token", "s3cret-1\n")
            try box.resource("app", keys: ["/app"], template: "{{getv \"/app/name\" \"none\"}}\n")
            let daemon = try box.start(
                "-watch", "-backend", "consul", "-node", "127.0.0.1:\(port)", "-auth-token-file", box.path("token"))
            #expect(try await eventually { box.output("app") == "one\n" })
            consul?.write([("app/name", "two")])
            #expect(try await eventually { box.output("app") == "two\n" })
            consul = nil
            #expect(try await eventually { daemon.standardError.contains("connection refused") })
            #expect(box.output("app") == "two\n")
            consul = try ConsulStandIn(port: port, token: "s3cret-2")
            #expect(try await eventually { daemon.standardError.contains("ACL not found (HTTP status 403)") })
            #expect(box.output("app") == "two\n")
            try box.write("token", "s3cret-2\n")
            #expect(try await eventually { box.output("app") == "none\n" })
            consul?.write([("app/name", "three")])
            #expect(try await eventually { box.output("app") == "three\n" })
            #expect(!daemon.standardError.contains("s3cret"))
        }
    }
}

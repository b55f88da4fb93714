import Posix
import TestSupport
import Testing

@testable import Appliers

/// The driver against a real Caddy.
@Suite struct CaddyTests {
    private final class RunningCaddy: Sendable {
        let directory: TemporaryDirectory
        let port: UInt16
        private let process: BackgroundProcess

        init() throws {
            directory = try TemporaryDirectory()
            port = try Ports.free()
            let site = try Ports.free()
            try directory.write(
                "caddy.json",
                """
                {"admin": {"listen": "127.0.0.1:\(port)"}, "apps": {"http": {"servers": {"main": {
                  "listen": ["127.0.0.1:\(site)"], "automatic_https": {"disable": true},
                  "routes": [{"handle": [
                    {"@id": "web", "handler": "reverse_proxy", "upstreams": [{"dial": "127.0.0.1:9", "max_requests": 7}]},
                    {"@id": "new", "handler": "reverse_proxy"},
                    {"@id": "file", "handler": "file_server"}
                  ]}]
                }}}}}

                """)
            process = try BackgroundProcess(
                "env HOME=\(directory.path) XDG_DATA_HOME=\(directory.path) XDG_CONFIG_HOME=\(directory.path) "
                    + "caddy run --config \(directory("caddy.json"))")
            try Shell.run(
                """
                for try in $(seq 400); do curl -sf http://127.0.0.1:\(port)/config/ >/dev/null && exit 0; sleep 0.05; done
                exit 1
                """)
        }

        func upstreams(_ id: String) throws -> String {
            try Shell.run("curl -s http://127.0.0.1:\(port)/id/\(id)/upstreams").filter { $0 != "\n" }
        }

        func target(_ id: String) throws -> CaddyDriver.Target {
            try #require(CaddyDriver.Target(try HTTPEndpoint("http://127.0.0.1:\(port)"), id: id))
        }
    }

    @Test func upstreamsComeChangeAndGo() throws {
        let caddy = try RunningCaddy()
        let target = try caddy.target("web")
        let test = try TestSession { CaddyDriver(target) }
        let words = [ServerWord("max_requests", .number("5"))]
        let servers: [DesiredServer] = [
            .local("old", 9), .local("a", 8001, words: words), .local("d", 8004, isDrained: true),
            DesiredServer(id: "u", address: .unix(path: "/run/u.sock")),
        ]
        #expect(test.apply(servers).isEqual)
        #expect(
            try caddy.upstreams("web")
                == #"[{"dial":"127.0.0.1:9","max_requests":7},{"dial":"127.0.0.1:8001","max_requests":5},"#
                + #"{"dial":"unix//run/u.sock"}]"#)
        let more = [ServerWord("max_requests", .number("6"))]
        #expect(test.apply([.local("a", 8001, words: more), .local("d", 8004)]).isEqual)
        #expect(
            try caddy.upstreams("web") == #"[{"dial":"127.0.0.1:8001","max_requests":6},{"dial":"127.0.0.1:8004"}]"#)
        // A target given by its path in the configuration, with a handler that has no list of upstreams yet.
        let path = "apps/http/servers/main/routes/0/handle/1"
        let second = try #require(
            CaddyDriver.Target(try HTTPEndpoint("http://127.0.0.1:\(caddy.port)/"), configurationPath: path))
        let other = try TestSession { CaddyDriver(second) }
        #expect(other.apply([.local("n", 8009)]).isEqual)
        #expect(try caddy.upstreams("new") == #"[{"dial":"127.0.0.1:8009"}]"#)
    }

    @Test func somebodyElsesChangeIsNotOverwritten() throws {
        let caddy = try RunningCaddy()
        var driver = CaddyDriver(try caddy.target("web"))
        let patience = try patience()
        _ = try driver.read(patience)
        try Shell.run(
            "curl -sf -H 'Content-Type: application/json' -d '{\"dial\": \"127.0.0.1:7\"}' http://127.0.0.1:\(caddy.port)/id/web/upstreams"
        )
        let error = #expect(throws: ApplierError.self) { try driver.perform([.add(.local("a", 8))], patience) }
        guard case .status("PATCH /id/web/upstreams", 412, _)? = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try driver.read(patience).map(\.key) == ["127.0.0.1:9", "127.0.0.1:7"])
        #expect(throws: Never.self) { try driver.perform([.add(.local("a", 8))], patience) }
        #expect(try driver.read(patience).count == 3)
    }

    @Test func whatIsNoHandlerOfUpstreamsIsNamed() throws {
        let caddy = try RunningCaddy()
        var file = CaddyDriver(try caddy.target("file"))
        let wrong = #expect(throws: ApplierError.self) { try file.read(try patience()) }
        #expect(wrong?.kind == .malformed("GET /id/file", "no reverse_proxy handler"))
        var none = CaddyDriver(try caddy.target("nobody"))
        let missing = #expect(throws: ApplierError.self) { try none.read(try patience()) }
        #expect(missing?.wantsReload == true)
        #expect(throws: ApplierError.self) { try none.check([.local("a", 1, weight: 2)]) }
        #expect(throws: ApplierError.self) { try none.check([.local("a", 1, isBackup: true)]) }
    }
}

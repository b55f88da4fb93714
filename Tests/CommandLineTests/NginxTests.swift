import Foundation
import TestSupport
import Testing

/// The main job: keys in a real etcd become the configuration of a real nginx.
@Suite(.enabled(if: Machine.hasEtcd && Machine.hasNginx, "etcd, etcdctl or nginx is not installed"))
struct NginxTests {
    private static let template = """
        {{ $services := ls "/services" }}
        {{ range $service := $services }}
        {{ $servers := getvs (printf "/services/%s/servers/*" $service) }}
        {{ if $servers }}
        upstream {{ $service }} {
          {{ range $server := $servers }}
          {{ $data := json $server }}
          server {{ $data.host }}:{{ $data.port }} max_fails=0;
          {{ end }}
        }
        {{ end }}
        {{ end }}
        server {
          listen 127.0.0.1:PORT;
          {{ range $service := $services }}
          {{ if getvs (printf "/services/%s/servers/*" $service) }}
          location /{{ $service }}/ {
            proxy_pass http://{{ $service }};
          }
          {{ end }}
          {{ end }}
        }

        """

    /// Three services, five tiny servers, and an nginx in front of them that confd configures.
    private final class Scene {
        let box: Sandbox
        let etcd: Etcd
        let nginx: Nginx
        let ports: [String: UInt16]

        init(_ box: Sandbox) async throws {
            self.box = box
            var ports: [String: UInt16] = [:]
            for server in ["auth-1", "mail-1", "shop-1", "shop-2", "shop-3"] { ports[server] = try Ports.free() }
            self.ports = ports
            let port = try Ports.free()
            try box.write("out/services.conf", "# nothing rendered yet\n")
            etcd = try await Etcd.start(in: box)
            nginx = try await Nginx.start(
                in: box, port: port, including: box.path("out/services.conf"),
                upstreams: Dictionary(uniqueKeysWithValues: ports.map { ($1, $0) }))
            try box.resource(
                "services.conf", keys: ["/services"],
                fields: """
                    mode = "0644"
                    check_cmd = '''\(nginx.testing("{{.src}}"))'''
                    reload_cmd = '''\(nginx.reloading) && \(box.counting("reload"))'''
                    """,
                template: template.replacingOccurrences(of: "PORT", with: String(port)))
        }

        func add(_ server: String) async throws {
            let service = server.prefix { $0 != "-" }
            let value = "{\"host\": \"127.0.0.1\", \"port\": \(ports[server, default: 0])}"
            try await etcd.put("/services/\(service)/servers/\(server)", value)
        }

        func remove(_ server: String) async throws {
            try await etcd.delete("/services/\(server.prefix { $0 != "-" })/servers/\(server)")
        }

        func confd() async throws -> Finished {
            try await box.confd("-onetime", "-backend", "etcd", "-node", etcd.endpoint)
        }

        /// Whether exactly these servers answer for a service, once nginx has taken up its configuration.
        func serves(_ service: String, by servers: Set<String>) async throws -> Bool {
            try await eventually {
                var seen: Set<String> = []
                for _ in 0..<6 { seen.insert(httpBody(port: self.nginx.port, path: "/\(service)/") ?? "none") }
                return seen == servers
            }
        }
    }

    @Test func addAServerAndTakeItAway() async throws {
        try await withSandbox { box in
            let scene = try await Scene(box)
            for server in ["auth-1", "mail-1", "shop-1", "shop-2"] { try await scene.add(server) }

            var done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try await scene.serves("auth", by: ["auth-1"]))
            #expect(try await scene.serves("mail", by: ["mail-1"]))
            #expect(try await scene.serves("shop", by: ["shop-1", "shop-2"]))
            #expect(box.runs(of: "reload") == 1)

            try await scene.add("shop-3")
            done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try await scene.serves("shop", by: ["shop-1", "shop-2", "shop-3"]))

            try await scene.remove("shop-1")
            done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try await scene.serves("shop", by: ["shop-2", "shop-3"]))
            #expect(box.runs(of: "reload") == 3)

            done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 3, "nothing changed, so nothing is reloaded")
        }
    }

    @Test func nginxRefusesTheCandidate() async throws {
        try await withSandbox { box in
            let scene = try await Scene(box)
            for server in ["auth-1", "mail-1", "shop-1"] { try await scene.add(server) }
            var done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try await scene.serves("shop", by: ["shop-1"]))
            let before = box.output("services.conf")

            try await scene.etcd.put("/services/shop/servers/shop-9", #"{"host": "127.0.0.1", "port": 99999}"#)
            done = try await scene.confd()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("invalid port in upstream"), "what nginx -t said is in the log")
            #expect(done.standardError.contains("services.conf"))
            #expect(box.output("services.conf") == before)
            #expect(try box.names("out") == ["services.conf"], "no staged file stays behind")
            #expect(box.runs(of: "reload") == 1)
            #expect(try await scene.serves("shop", by: ["shop-1"]))

            try await scene.etcd.delete("/services/shop/servers/shop-9")
            try await scene.add("shop-2")
            done = try await scene.confd()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try await scene.serves("shop", by: ["shop-1", "shop-2"]))
        }
    }

    /// A daemon with `-interval` does all of it by itself.
    @Test func daemonFollowsTheKeys() async throws {
        try await withSandbox { box in
            let scene = try await Scene(box)
            try await scene.add("shop-1")
            let daemon = try box.start("-interval", "1", "-backend", "etcd", "-node", scene.etcd.endpoint)
            #expect(try await scene.serves("shop", by: ["shop-1"]))
            try await scene.add("shop-2")
            #expect(try await scene.serves("shop", by: ["shop-1", "shop-2"]))
            try await scene.remove("shop-1")
            #expect(try await scene.serves("shop", by: ["shop-2"]))
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }
}

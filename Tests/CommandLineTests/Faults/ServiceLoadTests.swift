import Foundation
import Glibc
import TestSupport
import Testing

/// Services that register, drain and stop, behind a real nginx whose configuration follows, while wrk asks: no request fails.
@Suite(.enabled(if: Machine.hasWrk && Machine.hasNginx && Machine.hasEtcd)) struct ServiceLoadTests {
    /// The balancer: confd renders nginx's configuration from the keys, with health checks, and starts it.
    private func startBalancer(_ rig: FaultRig, port: UInt16) throws -> Child {
        let box = rig.box
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(box.root)/\($0);" }.joined(separator: " ")
        try box.resource(
            "nginx.conf", keys: ["/s"],
            fields: """
                reload_signal = "SIGHUP"
                check_cmd = "nginx -t -q -c {{.src}}"
                [[template.health_check]]
                keys = "/s/*"
                type = "tcp"
                interval = "1s"
                """,
            template: """
                daemon off; worker_processes 1; pid \(box.root)/nginx.pid; error_log \(box.root)/error.log;
                events { worker_connections 4096; }
                http { access_log off; \(temporary)
                  upstream shop {
                {{range getvs "/s/*"}}    server {{.}};
                {{else}}    server 127.0.0.1:1 down;
                {{end}}  }
                  server { listen 127.0.0.1:\(port); location / { proxy_pass http://shop; } } }

                """)
        return try Child(
            box.command(
                [
                    "-watch", "-interval", "0", "-node", rig.node, "-confdir", box.confdir, "--", "nginx", "-c",
                    "\(box.out)/nginx.conf",
                ], confdir: false))
    }

    /// A server, started, registered and drained by `confd register`.
    private func startServer(_ rig: FaultRig, _ name: String, _ port: UInt16) throws -> Child {
        let box = rig.box
        let folder = box.path(name)
        try box.write(
            "\(name)/nginx.conf",
            """
            daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/error.log; events {}
            http { access_log off;
              client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
              fastcgi_temp_path \(folder)/fastcgi; uwsgi_temp_path \(folder)/uwsgi; scgi_temp_path \(folder)/scgi;
              server { listen 127.0.0.1:\(port) backlog=4096; location / { return 200 "\(name)"; } } }

            """)
        return try Child(
            box.command(
                [
                    "register", "/s/\(name)", "127.0.0.1:\(port)", "-check", "tcp://:\(port)", "-check-interval", "1s",
                    "-rise", "1", "-drain", "1s", "-node", rig.node, "--", "nginx", "-c",
                    box.path("\(name)/nginx.conf"),
                ], confdir: false))
    }

    @Test func stopsUnderLoadLoseNothing() async throws {
        var report = FaultReport("stop under load", "a registered server is stopped and started, under wrk")
        try await withRig { rig in
            let port = try Ports.free()
            let ports = [try Ports.free(), try Ports.free()]
            let names = ["a", "b"]
            var servers: [Child] = []
            for (name, port) in zip(names, ports) { servers.append(try startServer(rig, name, port)) }
            let areThere = try await eventually { (try? rig.client.all("/s/").count) == 2 }
            try #require(areThere, "\(servers[0].standardError)")
            let balancer = try startBalancer(rig, port: port)
            let file = "nginx.conf"
            let answers = try await eventually { httpBody(port: port, path: "/") != nil }
            try #require(answers, "\(balancer.standardError)")
            let wrk = try await WebLoad.start(["-c8", "-H", "Connection: close"], port: port)
            for round in 0..<FaultScale.rounds(4, full: 200) {
                let index = round % 2
                servers[index].send(SIGTERM)
                let done = try await servers[index].wait()
                #expect(done.exitCode == 0, "\(done.testDescription)")
                let isOut = try await eventually {
                    rig.box.output(file)?.contains("127.0.0.1:\(ports[index])") == false
                }
                try #require(isOut, "\(balancer.standardError)")
                servers[index] = try startServer(rig, names[index], ports[index])
                let isBack = try await eventually {
                    rig.box.output(file)?.contains("127.0.0.1:\(ports[index])") == true
                }
                try #require(isBack, "\(servers[index].standardError)")
                // The other one may leave only when nginx, too, has this one.
                let answers = try await eventually { httpBody(port: port, path: "/") == names[index] }
                try #require(answers, "\(balancer.standardError)")
                report.times += 1
            }
            wrk.send(SIGINT)
            let asked = try await wrk.wait()
            let failed =
                asked.standardOutput.contains("Socket errors") || asked.standardOutput.contains("Non-2xx")
            #expect(!failed && asked.standardOutput.contains("requests in"), "\(asked.testDescription)")
            if failed { report.lost += 1 }
            report.measured =
                asked.standardOutput.split(separator: "\n").first { $0.contains("requests in") }
                .map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
            balancer.send(SIGTERM)
            _ = try await balancer.wait(seconds: 20)
            for server in servers {
                server.send(SIGTERM)
                _ = try await server.wait()
            }
        }
        report.print()
    }
}

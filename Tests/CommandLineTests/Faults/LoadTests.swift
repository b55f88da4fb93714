import Foundation
import Glibc
import TestSupport
import Testing

/// Real servers that confd has started and reloads by signal, while wrk sends requests as fast as it can: no request fails.
@Suite(.enabled(if: Machine.hasWrk)) struct LoadTests {
    private func daemon(_ box: Sandbox, _ command: String...) throws -> Child {
        try Child(
            box.command(
                ["-watch", "-backend", "file", "-file", box.path("keys.yaml"), "-confdir", box.confdir, "--"] + command,
                confdir: false))
    }

    /// Changes the value again and again while wrk runs; each version is served in the end, and no request failed.
    private func load(_ box: Sandbox, _ daemon: Child, port: UInt16, _ name: String) async throws {
        var report = FaultReport("reload under load", "\(name) reloaded by signal under wrk")
        #expect(try await eventually { httpBody(port: port, path: "/") == "v0" }, "\(daemon.standardError)")
        let seconds = Int(FaultScale.seconds(4, full: 30))
        // Connections that are kept have a race between request and close in every HTTP/1.1 server.
        let wrk = try Child(
            ChildCommand(
                executable: "wrk",
                arguments: [
                    "-t1", "-c8", "-d\(seconds)s", "--timeout", "60s", "-H", "Connection: close",
                    "http://127.0.0.1:\(port)/",
                ],
                environment: Machine.environment))
        while wrk.isRunning {
            report.times += 1
            try box.write("keys.yaml", "app: {name: v\(report.times)}\n")
            let isNew = try await eventually(seconds: 30) { httpBody(port: port, path: "/") == "v\(report.times)" }
            if !isNew { report.lost += 1 }
            #expect(isNew, "\(daemon.standardError)")
            try await Task.sleep(for: .milliseconds(200))
        }
        let done = try await wrk.wait()
        #expect(!done.standardOutput.contains("Socket errors"), "\(done.testDescription)")
        #expect(!done.standardOutput.contains("Non-2xx"), "\(done.testDescription)")
        let requests = done.standardOutput.split(separator: "\n").first { $0.contains("requests in") }
        #expect(requests != nil, "\(done.testDescription)")
        if done.standardOutput.contains("errors") || done.standardOutput.contains("Non-2xx") { report.lost += 1 }
        report.measured = requests.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        report.print()
    }

    @Test(.enabled(if: Machine.hasNginx)) func nginx() async throws {
        try await withSandbox { box in
            let port = try Ports.free()
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(box.root)/\($0);" }.joined(separator: " ")
            try box.resource(
                "nginx.conf", fields: "reload_signal = \"SIGHUP\"\ncheck_cmd = \"nginx -t -q -c {{.src}}\"",
                template: """
                    daemon off; worker_processes 1; pid \(box.root)/nginx.pid; error_log \(box.root)/error.log;
                    events { worker_connections 4096; }
                    http { access_log off; \(temporary)
                      server { listen 127.0.0.1:\(port); location / { return 200 "{{getv "/app/name"}}"; } } }
                    """)
            try box.write("keys.yaml", "app: {name: v0}\n")
            let daemon = try daemon(box, "nginx", "-c", "\(box.out)/nginx.conf")
            try await load(box, daemon, port: port, "nginx")
            daemon.send(SIGTERM)
            let done = try await daemon.wait(seconds: 20)
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    @Test(.enabled(if: Machine.hasHAProxy)) func haproxy() async throws {
        try await withSandbox { box in
            let port = try Ports.free()
            try box.resource(
                "haproxy.cfg", fields: "reload_signal = \"USR2\"\ncheck_cmd = \"haproxy -c -q -f {{.src}}\"",
                template: """
                    global
                      stats socket \(box.root)/admin.sock mode 600 level admin expose-fd listeners
                      hard-stop-after 5s
                    defaults
                      mode http
                      timeout connect 2s
                      timeout client 5s
                      timeout server 5s
                    frontend web
                      bind 127.0.0.1:\(port)
                      http-request return status 200 content-type text/plain string "{{getv "/app/name"}}"

                    """)
            try box.write("keys.yaml", "app: {name: v0}\n")
            let daemon = try daemon(box, "haproxy", "-W", "-f", "\(box.out)/haproxy.cfg")
            try await load(box, daemon, port: port, "haproxy")
            daemon.send(SIGTERM)
            let done = try await daemon.wait(seconds: 20)
            // 128 + TERM is what its master ends with.
            #expect(done.exitCode == 0 || done.exitCode == 143, "\(done.testDescription)")
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// `-metrics-addr`: what a scraper and an orchestrator see.
@Suite struct MetricsTests {
    private func start(_ box: Sandbox, _ port: UInt16) throws -> Child {
        try box.start(
            "-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml"), "-metrics-addr",
            "127.0.0.1:\(port)")
    }

    /// The value of a sample, by its name and labels as they are printed.
    private func value(_ sample: String, _ port: UInt16) -> Double? {
        httpBody(port: port, path: "/metrics")?.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Double($0.dropFirst(sample.count + 1)) }
    }

    @Test func countsAndStates() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {a: 1, b: 2}\nother: 3\n")
            try box.resource("app", fields: "reload_cmd = \"true\"", template: #"{{getv "/app/a"}}"#)
            try box.resource("bad", template: #"{{getv "/app/none"}}"#)
            let port = try Ports.free()
            let daemon = try start(box, port)
            #expect(try await eventually { value(#"confd_resources{state="in_sync"}"#, port) == 1 })
            let bad = #"confd_template_process_total{dest="\#(box.out)/bad",status="error"}"#
            #expect(try await eventually { value(bad, port) ?? 0 >= 1 })
            #expect(value("confd_ready", port) == 0, "a file was never written")
            let source = #"{backend="file",source="\#(box.path("keys.yaml"))"}"#
            let app = "\(box.out)/app"
            #expect(value(#"confd_resources{state="dirty"}"#, port) == 1)
            #expect(value("confd_templates_loaded", port) == 2)
            #expect(value("confd_backend_healthy\(source)", port) == 1)
            #expect(value("confd_backend_stale\(source)", port) == 0)
            #expect(value("confd_watched_keys\(source)", port) == 2)
            #expect(value("confd_snapshot_revision\(source)", port) != nil)
            #expect(value("confd_file_changed_total", port) == 1)
            #expect(value(#"confd_file_sync_total{dest="\#(app)"}"#, port) == 1)
            #expect(
                try await eventually {
                    value(#"confd_command_total{type="reload",dest="\#(app)",status="success"}"#, port) == 1
                })
            #expect(value(#"confd_template_process_total{dest="\#(app)",status="success"}"#, port) == 1)
            let now = Date().timeIntervalSince1970
            #expect(abs((value("confd_last_success_timestamp_seconds", port) ?? 0) - now) < 60)
            #expect(abs((value("confd_backend_last_contact_timestamp_seconds\(source)", port) ?? 0) - now) < 60)

            try FileManager.default.removeItem(atPath: box.path("keys.yaml"))
            #expect(try await eventually { value("confd_backend_healthy\(source)", port) == 0 })
            #expect(try await eventually { value("confd_backend_errors_total\(source)", port) ?? 0 >= 1 })
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// The form that Prometheus reads: each name has its help and type before its samples, and stands once.
    @Test func textForm() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {a: 1}\n")
            try box.resource("app", template: "x")
            let port = try Ports.free()
            let daemon = try start(box, port)
            #expect(try await eventually { value("confd_ready", port) == 1 })
            let answer = http(port: port, path: "/metrics")
            #expect(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            var families: Set<String> = []
            var current = ""
            for line in try #require(httpBody(port: port, path: "/metrics")).split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 3).map(String.init)
                if line.hasPrefix("# HELP ") {
                    current = words[2]
                    #expect(families.insert(current).inserted, "\(line)")
                } else if line.hasPrefix("# TYPE ") {
                    #expect(words[2] == current && ["counter", "gauge"].contains(words[3]), "\(line)")
                } else {
                    #expect(line.wholeMatch(of: /[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.]+/) != nil, "\(line)")
                    #expect(line.hasPrefix(current), "\(line)")
                }
            }
            #expect(families.count >= 13)
            #expect(daemon.isRunning)
        }
    }

    @Test func healthAndReadiness() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let port = try Ports.free()
            let daemon = try start(box, port)
            #expect(try await eventually { httpBody(port: port, path: "/health") == "ok" })
            // The file with the keys is missing, and the first pass waits for it.
            #expect(http(port: port, path: "/ready").hasPrefix("HTTP/1.1 503"))
            #expect(http(port: port, path: "/ready/detailed").contains("\"status\":\"unready\""))
            try box.write("keys.yaml", "app: {a: 1}\n")
            #expect(try await eventually(seconds: 20) { httpBody(port: port, path: "/ready") == "ok" })
            #expect(httpBody(port: port, path: "/ready/detailed")?.contains("\"in_sync\":1") == true)
            #expect(http(port: port, path: "/none").hasPrefix("HTTP/1.1 404"))
            #expect(daemon.isRunning)
        }
    }

    /// Callers that say nothing, or nonsense, keep nobody else from an answer.
    @Test func hostileCallers() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {a: 1}\n")
            try box.resource("app", template: "x")
            let port = try Ports.free()
            let daemon = try start(box, port)
            #expect(try await eventually { httpBody(port: port, path: "/health") == "ok" })
            let script = """
                import socket
                idle = [socket.create_connection(("127.0.0.1", \(port))) for _ in range(20)]
                def ask(data):
                    s = socket.create_connection(("127.0.0.1", \(port)), timeout=10)
                    s.sendall(data)
                    return s.recv(64).split(b"\\r")[0].decode()
                print(ask(b"nonsense\\r\\n\\r\\n"))
                print(ask(b"POST /metrics HTTP/1.1\\r\\n\\r\\n"))
                print(ask(b"GET /" + b"x" * 20000 + b"\\r\\n\\r\\n"))
                print(ask(b"GET /health HTTP/1.1\\r\\n\\r\\n"))
                """
            let done = try await run("python3", "-c", script)
            #expect(
                done.standardOutput == """
                    HTTP/1.1 400 Bad Request
                    HTTP/1.1 405 Method Not Allowed
                    HTTP/1.1 400 Bad Request
                    HTTP/1.1 200 OK

                    """, "\(done.testDescription)")
            #expect(daemon.isRunning)
        }
    }

    @Test func addressesThatCannotBeUsed() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            for address in ["9100", "localhost", "::1:9100", "127.0.0.1:99999"] {
                let done = try await box.confd("-watch", "-backend", "env", "-metrics-addr", address)
                #expect(done.exitCode == 2, "\(done.testDescription)")
                #expect(done.standardError.contains("-metrics-addr: \"\(address)\" is not HOST:PORT"))
            }
            // An address that is in use is an error in the log, and confd goes on.
            let taken = try await withTaken { port in
                let daemon = try box.start("-watch", "-backend", "env", "-metrics-addr", "127.0.0.1:\(port)")
                #expect(try await eventually { box.output("app") == "x" })
                return daemon.standardError
            }
            #expect(taken.contains("ERROR -metrics-addr: bind 127.0.0.1:") && taken.contains("address already in use"))
        }
    }

    private func withTaken(_ body: (UInt16) async throws -> String) async throws -> String {
        let port = try Ports.Silent()
        let log = try await body(port.number)
        // Taken until here.
        return withExtendedLifetime(port) { log }
    }
}

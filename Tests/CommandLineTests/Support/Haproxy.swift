import Foundation
import TestSupport

/// A real haproxy with an empty backend `web`, which takes servers at run time, and a backend `fixed`, whose algorithm
/// (`static-rr`) takes no new ones.
final class Haproxy {
    /// The port of its frontend.
    let port: UInt16
    let socket: String
    private let configuration: String
    private var process: BackgroundProcess?

    /// One that is not started yet.
    init(in box: Sandbox) throws {
        port = try Ports.free()
        socket = box.path("admin.sock")
        configuration = box.path("haproxy.cfg")
        try box.write(
            "haproxy.cfg",
            """
            global
              stats socket \(socket) mode 600 level admin expose-fd listeners
              nbthread 1
              maxconn 500
            defaults
              mode http
              timeout connect 2s
              timeout client 20s
              timeout server 20s
              timeout queue 20s
              retries 3
              option redispatch
            frontend front
              bind 127.0.0.1:\(port)
              default_backend web
            backend web
              balance roundrobin
            backend fixed
              balance static-rr

            """)
    }

    /// Starts it, and waits until it answers.
    func start() async throws {
        process = try BackgroundProcess("haproxy -db -f \(configuration)")
        let answers = try await eventually { self.say("show info").contains("Pid: ") }
        guard answers else { throw SupportError("haproxy did not start") }
    }

    func kill() { process = nil }

    /// What it says to a command; empty if it does not answer.
    func say(_ command: String) -> String {
        (try? Shell.run("echo '\(command)' | socat -t 10 - UNIX-CONNECT:\(socket)")) ?? ""
    }

    /// The servers of a backend: `NAME WEIGHT ready|drain|maint`, sorted.
    func servers(_ backend: String = "web") -> [String] {
        say("show servers state \(backend)").split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.count > 20, fields[0] != "#", let admin = Int(fields[6]) else { return nil }
            return "\(fields[3]) \(fields[7]) \(admin & 1 != 0 ? "maint" : admin & 8 != 0 ? "drain" : "ready")"
        }.sorted()
    }
}

/// A tiny web server on each of `ports`, in one process.
func startWebServers(_ ports: [UInt16], in box: Sandbox) async throws -> BackgroundProcess {
    let folder = box.path("web")
    let listens = ports.map { "listen 127.0.0.1:\($0) backlog=4096;" }.joined(separator: " ")
    try box.write(
        "web/nginx.conf",
        """
        daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/error.log;
        events { worker_connections 4096; }
        http { access_log off; keepalive_requests 1000000;
          client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
          fastcgi_temp_path \(folder)/fastcgi; uwsgi_temp_path \(folder)/uwsgi; scgi_temp_path \(folder)/scgi;
          server { \(listens) location / { return 200 "ok"; } } }

        """)
    let process = try BackgroundProcess("nginx -p \(folder) -c \(folder)/nginx.conf")
    let first = ports[0]
    let answers = try await eventually { httpBody(port: first, path: "/") == "ok" }
    guard answers else { throw SupportError("nginx did not start") }
    return process
}

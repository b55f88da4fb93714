import Glibc
import Posix
import TestSupport
import Testing

@testable import Appliers

/// Servers are added, changed and removed at random in a real haproxy while wrk sends requests: no request fails that a
/// healthy server could have answered, and after each round haproxy has the servers that are desired.
@Suite(.serialized) struct HaproxyLoadTests {
    private static let ids = FaultScale.rounds(50, full: 500)
    private static let rounds = FaultScale.rounds(30, full: 200)

    @Test func nothingFailsWhileServersComeAndGo() throws {
        let ports = try (0..<Self.ids + 10).map { _ in try Ports.free() }
        let directory = try TemporaryDirectory()
        let origin = try Self.nginx(ports, directory)
        defer { withExtendedLifetime(origin) {} }
        let haproxy = try RunningHaproxy(defaults: "retries 0")
        let target = haproxy.target
        let test = try TestSession { HaproxyDriver(target) }
        var random = SeededGenerator(seed: 42)
        #expect(test.apply(Self.servers(ports, &random)).isEqual)
        let load = directory("load")
        // wrk starts when the first servers are there, and is interrupted before haproxy ends. It prints its report on
        // SIGINT, which the script unblocks, as tests run with all signals blocked.
        try directory.write(
            "wrk",
            """
            import os, signal, sys
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            print(os.getpid(), file=open(sys.argv[1], "w"))
            os.dup2(os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT), 1)
            os.execvp("wrk", ["wrk"] + sys.argv[3:])

            """)
        let wrk = try BackgroundProcess(
            "python3 \(directory("wrk")) \(directory("wrk.pid")) \(load) "
                + "-t1 -c8 -d600s http://127.0.0.1:\(haproxy.port)/")
        try Self.waitForRequests(haproxy, more: 100)
        for round in 0..<Self.rounds {
            let servers = Self.servers(ports, &random)
            let status = test.apply(servers)
            #expect(status.isEqual, "round \(round): \(status)")
            #expect(try haproxy.servers() == servers.asStates, "round \(round)")
            try Self.waitForRequests(haproxy, more: 50)
        }
        try Shell.run(
            """
            kill -INT $(cat \(directory("wrk.pid")))
            for try in $(seq 200); do grep -q 'Requests/sec' \(load) && exit 0; sleep 0.05; done
            exit 1
            """)
        withExtendedLifetime((wrk, haproxy, test)) {}
        let report = directory.text("load") ?? ""
        #expect(report.contains("requests in"))
        #expect(!report.contains("Non-2xx") && !report.contains("Socket errors"), "\(report)")
    }

    /// A server on each of `ports`.
    private static func nginx(_ ports: [UInt16], _ directory: TemporaryDirectory) throws -> BackgroundProcess {
        let listens = ports.map { "listen 127.0.0.1:\($0);" }.joined(separator: "\n")
        try directory.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(directory("nginx.pid")); error_log \(directory("error.log"));
            events { worker_connections 4096; }
            http {
              access_log off;
              keepalive_requests 1000000;
              client_body_temp_path \(directory("body")); proxy_temp_path \(directory("proxy"));
              fastcgi_temp_path \(directory("fastcgi")); uwsgi_temp_path \(directory("uwsgi"));
              scgi_temp_path \(directory("scgi"));
              server { \(listens) location / { return 200 "ok"; } }
            }

            """)
        let nginx = try BackgroundProcess("nginx -p \(directory.path) -c \(directory("nginx.conf"))")
        try Shell.run(
            """
            for try in $(seq 400); do curl -sf http://127.0.0.1:\(ports[0])/ >/dev/null && exit 0; sleep 0.05; done
            exit 1
            """)
        return nginx
    }

    /// Waits until haproxy has got so many more requests.
    private static func waitForRequests(_ haproxy: RunningHaproxy, more: Int) throws {
        try Shell.run(
            """
            count() {
              echo 'show stat front 1 -1' | socat -t 5 - UNIX-CONNECT:\(haproxy.socket) |
                awk -F, '$1 == "front" { print $49 }'
            }
            first=$(count)
            for try in $(seq 400); do [ "$(count)" -ge $((first + \(more))) ] && exit 0; sleep 0.02; done
            exit 1
            """)
    }

    /// A random part of all servers, each at one of the ports; a few are drained, but at least one serves.
    private static func servers(_ ports: [UInt16], _ random: inout SeededGenerator) -> [DesiredServer] {
        let count = Int.random(in: 2...min(ids, ports.count), using: &random)
        let names = (0..<ids).shuffled(using: &random).prefix(count)
        let places = ports.shuffled(using: &random)
        return zip(names, places).enumerated().map { index, pair in
            let isServing = index == 0
            return .local(
                "s\(pair.0)", pair.1, weight: Int.random(in: isServing ? 1...3 : 0...3, using: &random),
                isDrained: !isServing && Int.random(in: 0...5, using: &random) == 0,
                words: pair.0 % 2 == 0 ? [ServerWord("check", .flag(true)), ServerWord("inter", .text("1s"))] : [])
        }
    }
}

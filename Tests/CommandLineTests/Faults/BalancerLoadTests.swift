import Foundation
import Glibc
import TestSupport
import Testing

/// Servers come and go in a running haproxy while wrk asks it, and confd and haproxy are killed in between: no request fails that
/// a healthy server could have answered, and in the end haproxy has what the keys say.
@Suite(.enabled(if: Machine.hasWrk && Machine.hasNginx && Machine.hasEtcd && Machine.hasHAProxy))
struct BalancerLoadTests {
    private static let servers = FaultScale.rounds(8, full: 500)
    private static let template = """
        {{range gets "/web/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}
        {{end}}
        """

    @Test func killsUnderLoadLoseNothing() async throws {
        var report = FaultReport(
            "balancer under load", "confd is killed at random while servers come and go, under wrk")
        try await withRig { rig in
            let haproxy = try Haproxy(in: rig.box)
            try await haproxy.start()
            let ports = try (0..<Self.servers).map { _ in try Ports.free() }
            let web = try await startWebServers(ports, in: rig.box)
            try rig.box.resource(
                "web", keys: ["/web"],
                fields: """
                    [template.apply]
                    driver = "haproxy"
                    socket = "\(haproxy.socket)"
                    backend = "web"
                    drain = "20ms"
                    """, template: Self.template)
            var present = Set<Int>([0])
            try rig.client.put("/web/s0", "127.0.0.1:\(ports[0])")
            var daemon = try rig.daemon()
            let answers = try await eventually { httpBody(port: haproxy.port, path: "/") == "ok" }
            try #require(answers, "\(daemon.standardError)")
            var wrk = try await startLoad(haproxy)
            for round in 0..<FaultScale.rounds(12, full: 300) {
                try change(&present, rig, ports)
                if round % 3 == 1 {
                    // A random pause, so that the kill meets confd at any step.
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...80)))
                    daemon.send(SIGKILL)
                    _ = try await daemon.wait()
                    try change(&present, rig, ports)
                    daemon = try rig.daemon()
                }
                if round % 6 == 5 {
                    // Requests fail while haproxy is down, so the load pauses. haproxy comes back without servers.
                    report.lost += try await endLoad(wrk)
                    haproxy.kill()
                    try await haproxy.start()
                    let isBack = try await eventually { httpBody(port: haproxy.port, path: "/") == "ok" }
                    try #require(isBack, "\(daemon.standardError)")
                    wrk = try await startLoad(haproxy)
                }
                let wanted = present.map { "s\($0) 1 ready" }.sorted()
                let isEqual = try await eventually {
                    haproxy.servers().filter { !$0.hasSuffix("maint") } == wanted
                }
                try #require(isEqual, "round \(round): \(haproxy.servers()) \(wanted) \(daemon.standardError)")
                report.times += 1
            }
            report.lost += try await endLoad(wrk)
            #expect(report.lost == 0)
            try await stop(daemon)
            withExtendedLifetime(web) {}
        }
        report.print()
    }

    private func startLoad(_ haproxy: Haproxy) async throws -> Child {
        try await WebLoad.start(["-c4"], port: haproxy.port)
    }

    /// Ends wrk, and returns 1 if any request has failed, otherwise 0.
    private func endLoad(_ wrk: Child) async throws -> Int {
        wrk.send(SIGINT)
        let done = try await wrk.wait()
        let text = done.standardOutput
        #expect(text.contains("requests in"), "\(done.testDescription)")
        let hasFailed = text.contains("Socket errors") || text.contains("Non-2xx")
        #expect(!hasFailed, "\(done.testDescription)")
        return hasFailed ? 1 : 0
    }

    /// Adds or removes a few servers at random; one stays at least, and it is one that was there.
    private func change(_ present: inout Set<Int>, _ rig: FaultRig, _ ports: [UInt16]) throws {
        for _ in 0..<Int.random(in: 1...3) {
            let index = Int.random(in: 0..<ports.count)
            if present.contains(index) {
                guard present.count > 1 else { continue }
                try rig.client.delete("/web/s\(index)")
                present.remove(index)
            } else {
                try rig.client.put("/web/s\(index)", "127.0.0.1:\(ports[index])")
                present.insert(index)
            }
        }
    }
}

import Foundation
import TestSupport
import Testing

/// A healthy service whose cluster of etcd has trouble.
@Suite(.enabled(if: Machine.hasEtcd)) struct ServiceClusterTests {
    /// Leaders that are lost, a member that is cut off and a compaction: the key is never removed.
    @Test func troubleOfTheClusterRemovesNothing() async throws {
        let server = try HealthServer()
        try await withSandbox { box in
            let cluster = try await EtcdCluster.start(in: box)
            try box.write(
                "confdir/conf.d/service.toml",
                """
                [service]
                key = "/s/a"
                value = "here"
                ttl = "15s"
                [[service.health_check]]
                type = "http"
                port = \(server.port)
                interval = "1s"
                timeout = "1s"

                """)
            let nodes = cluster.endpoints.flatMap { ["-node", $0] }
            let daemon = try Child(box.command(["-watch", "-interval", "0"] + nodes))
            // The last member is never cut off.
            let client = EtcdClient(port: cluster.members[2].port)
            #expect(try await eventually { try client.origin(of: "/s/a") != nil }, "\(daemon.standardError)")
            let origin = try #require(try client.origin(of: "/s/a"))
            // Each member in turn, so that the leader is killed at least once.
            for member in cluster.members {
                member.kill()
                try member.launch()
                try await member.waitUntilHealthy()
            }
            try await isRenewed(origin.lease, client, daemon)
            cluster.isolate(0)
            try await isRenewed(origin.lease, client, daemon)
            cluster.heal()
            #expect(try await eventually { (try? client.compactAndDefragment()) != nil })
            try await isRenewed(origin.lease, client, daemon)
            // A key that had been removed and written again would have another revision of creation.
            #expect(try client.origin(of: "/s/a")?.created == origin.created, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Waits until the lease is kept alive once more.
    private func isRenewed(_ lease: String, _ client: EtcdClient, _ daemon: Child) async throws {
        var least = Int.max
        let isRenewed = try await eventually {
            // Without a leader there is no answer.
            guard let left = try? client.timeLeft(ofLease: lease) else { return false }
            defer { least = min(least, left) }
            return left > least
        }
        #expect(isRenewed, "\(daemon.standardError)")
    }
}

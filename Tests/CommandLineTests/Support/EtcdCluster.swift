import Foundation
import Glibc
import TestSupport

/// A real cluster of three, whose members reach each other through proxies.
final class EtcdCluster {
    let members: [Etcd]
    private let folder: MemoryDirectory
    private let peers: EtcdPeers
    private var names: [String] = []

    static func start(in box: Sandbox) async throws -> EtcdCluster {
        let cluster = try EtcdCluster(box)
        for member in cluster.members { try member.launch() }
        for member in cluster.members { try await member.waitUntilHealthy() }
        cluster.names = try cluster.members.map { try EtcdClient(port: $0.port).memberID() }
        return cluster
    }

    private init(_ box: Sandbox) throws {
        let (peers, folder) = (try EtcdPeers(), try MemoryDirectory())
        self.peers = peers
        self.folder = folder
        members = try peers.members.map { member in
            var options = Etcd.Options()
            options.folder = folder.path
            options.member = member
            return try Etcd(in: box, options)
        }
    }

    deinit {
        for member in members { member.kill() }
    }

    var endpoints: [String] { members.map(\.endpoint) }

    /// Cuts this member off from the others, in both directions.
    func isolate(_ index: Int) {
        peers.isolate(index, identity: names[index])
    }

    /// Ends all isolation.
    func heal() { peers.heal() }
}

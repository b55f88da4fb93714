import Foundation
import Glibc
import TestSupport

/// A real cluster of three, whose members reach each other through proxies.
final class EtcdCluster {
    let members: [Etcd]
    private let folder: MemoryDirectory
    private let proxies: [Proxy]
    private var names: [String] = []

    static func start(in box: Sandbox) async throws -> EtcdCluster {
        let cluster = try EtcdCluster(box)
        for member in cluster.members { try member.launch() }
        for member in cluster.members { try await member.waitUntilHealthy() }
        cluster.names = try cluster.members.map { try EtcdClient(port: $0.port).memberID() }
        return cluster
    }

    private init(_ box: Sandbox) throws {
        let ports = try (0..<3).map { _ in try Ports.free() }
        let proxies = try ports.map { try Proxy(to: $0) }
        let folder = try MemoryDirectory()
        self.proxies = proxies
        self.folder = folder
        let cluster = proxies.enumerated().map { "m\($0)=http://127.0.0.1:\($1.port)" }.joined(separator: ",")
        members = try ports.indices.map { index in
            var options = Etcd.Options()
            options.folder = "\(folder.path)/m\(index)"
            options.peers = Etcd.Peers(
                name: "m\(index)", port: ports[index], advertisedPort: proxies[index].port, cluster: cluster)
            return try Etcd(in: box, options)
        }
    }

    deinit {
        for member in members { member.kill() }
    }

    var endpoints: [String] { members.map(\.endpoint) }

    /// Nothing goes between this member and the others any more, in neither direction.
    func isolate(_ index: Int) {
        for (other, proxy) in proxies.enumerated() {
            if other == index { proxy.hold() } else { proxy.hold(source: names[index]) }
        }
    }

    /// Ends all isolation.
    func heal() {
        for proxy in proxies { proxy.release() }
    }
}

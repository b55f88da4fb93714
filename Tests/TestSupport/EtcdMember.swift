/// The name of one member of an etcd cluster, and its ports on 127.0.0.1.
package struct EtcdMember: Sendable {
    let name: String
    /// Where it listens for the other members.
    package let peerPort: UInt16
    /// The port that the other members connect to: `peerPort`, or that of a proxy in front of it.
    let advertisedPort: UInt16
    /// `name=URL` of all members.
    package let cluster: String

    /// Where the other members reach it.
    package var url: String { "http://127.0.0.1:\(advertisedPort)" }

    /// The only member of its cluster.
    package static func alone() throws -> EtcdMember {
        let port = try Ports.free()
        return EtcdMember(
            name: "default", peerPort: port, advertisedPort: port, cluster: "default=http://127.0.0.1:\(port)")
    }

    /// The arguments that every etcd needs; clients reach it at `clientURL`, and its data are in `directory`.
    package func arguments(directory: String, clientURL: String) -> [String] {
        [
            "--name", name, "--data-dir", "\(directory)/\(name)",
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            "--initial-advertise-peer-urls", url, "--initial-cluster", cluster,
        ]
    }
}

/// The members of a cluster, which reach each other through proxies.
package final class EtcdPeers: Sendable {
    package let members: [EtcdMember]
    private let proxies: [Proxy]

    package init(count: Int = 3) throws {
        let ports = try (0..<count).map { _ in try Ports.free() }
        let proxies = try ports.map { try Proxy(to: $0) }
        let cluster = proxies.enumerated().map { "m\($0)=http://127.0.0.1:\($1.port)" }.joined(separator: ",")
        members = ports.indices.map {
            EtcdMember(
                name: "m\($0)", peerPort: ports[$0], advertisedPort: proxies[$0].port, cluster: cluster)
        }
        self.proxies = proxies
    }

    /// Holds back all data between this member and the others, in both directions. `identity` is the member's id in
    /// hexadecimal, which it sends as `X-Server-From` when it connects to another member.
    package func isolate(_ index: Int, identity: String) {
        for (other, proxy) in proxies.enumerated() {
            if other == index { proxy.hold() } else { proxy.hold(source: identity) }
        }
    }

    /// Ends all isolation.
    package func heal() {
        for proxy in proxies { proxy.release() }
    }
}

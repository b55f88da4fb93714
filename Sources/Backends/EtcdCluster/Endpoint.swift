import Posix

extension ServerProgram {
    static let etcd = ServerProgram(
        name: "etcd", port: 2379, encryptedPort: 2379, loginHint: "use -username and -password",
        addressHint: "write http://HOST:2379 or https://HOST:2379", schemeHint: "use http or https")
}

/// Where one etcd member listens for clients.
struct Endpoint: ServerNode, Equatable {
    private let node: HTTPNode
    /// `http://HOST:PORT`, the URL of requests.
    let url: String
    /// `HOST:PORT` to connect to, where the URL has the host name of the certificate.
    let connectTo: String?

    var name: String { node.name }
    var address: HostPort { node.address }
    var isEncrypted: Bool { node.isEncrypted }

    /// Reads `[http://|https://]HOST[:PORT][/]`; an IPv6 host stands in brackets.
    init(_ text: String, encryptedByDefault: Bool, serverName: String?) throws(BackendError) {
        node = try HTTPNode(text, of: .etcd, encryptedByDefault: encryptedByDefault)
        if node.isEncrypted, let serverName, !serverName.isEmpty {
            url = "https://\(serverName):\(node.address.port)"
            connectTo = node.address.text
        } else {
            url = node.url
            connectTo = nil
        }
    }
}

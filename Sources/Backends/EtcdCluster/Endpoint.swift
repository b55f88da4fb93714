/// Where one etcd member listens for clients.
struct Endpoint: ServerNode, Equatable {
    /// `http://HOST:PORT`, the URL of requests.
    let url: String
    /// `HOST:PORT` to connect to, where the URL has the host name of the certificate.
    let connectTo: String?
    /// The node in messages.
    let name: String
    let isEncrypted: Bool
    let port: String

    private static let defaultPort = "2379"

    /// Reads `[http://|https://]HOST[:PORT][/]`; an IPv6 host stands in brackets.
    init(_ node: String, encryptedByDefault: Bool, serverName: String?) throws(BackendError) {
        let (scheme, rest) = try Endpoint.scheme(of: node)
        isEncrypted = scheme.map { $0 == "https" } ?? encryptedByDefault
        var address = rest[...]
        if address.last == "/" { address.removeLast() }
        guard !address.utf8.contains(UInt8(ascii: "@")) else {
            throw ClusterProblem.credentialsInNode.backendError
        }
        let allowed = address.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_:[]%".utf8.contains(byte)
            }
        }
        guard allowed, let (host, port) = Endpoint.split(address) else {
            throw ClusterProblem.notANode(node).backendError
        }
        self.port = port
        let prefix = isEncrypted ? "https://" : "http://"
        name = prefix + host + ":" + port
        if isEncrypted, let serverName, !serverName.isEmpty {
            url = prefix + serverName + ":" + port
            connectTo = host + ":" + port
        } else {
            url = name
            connectTo = nil
        }
    }

    private static func scheme(of node: String) throws(BackendError) -> (scheme: String?, rest: String) {
        for scheme in ["http", "https"] where node.lowercased().hasPrefix(scheme + "://") {
            return (scheme, String(node.dropFirst(scheme.count + 3)))
        }
        if let colon = node.firstIndex(of: ":"), node[colon...].hasPrefix("://") {
            throw ClusterProblem.unknownScheme(String(node[..<colon])).backendError
        }
        return (nil, node)
    }

    private static func split(_ address: Substring) -> (host: String, port: String)? {
        var host = address
        var port = Substring(defaultPort)
        let afterBracket = address.lastIndex(of: "]").map { address.index(after: $0) } ?? address.startIndex
        if let colon = address[afterBracket...].firstIndex(of: ":") {
            host = address[..<colon]
            port = address[address.index(after: colon)...]
        }
        let isBracketed = host.first == "[" && host.last == "]" && host.count > 2
        let plain = host.allSatisfy { !":[]%".contains($0) }
        guard !host.isEmpty, isBracketed || plain, let number = UInt16(port), number > 0 else { return nil }
        return (String(host), String(number))
    }
}

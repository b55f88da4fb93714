import HTTP
import KeyValue
import Posix

extension ServerProgram {
    static let redis = ServerProgram(
        name: "redis", port: 6379, encryptedPort: 6379, loginHint: "use -username and -password-file",
        addressHint: "write HOST:6379, HOST:6379/DATABASE or the path of a Unix socket",
        schemeHint: "use redis, or rediss for TLS")
}

/// Where a redis server listens, and which of its databases is read.
struct RedisNode: ServerNode, Equatable {
    /// In messages and logs.
    let name: String
    /// Of the URL alone; files of TLS come later.
    let target: Connection.Target
    let isEncrypted: Bool
    let database: Int

    static let standard = "127.0.0.1:6379"

    /// Reads `[redis://|rediss://]HOST[:PORT][/DATABASE]`, as confd's `HOST:PORT/DATABASE`, or the path of a Unix socket.
    init(_ node: String, encryptedByDefault: Bool = false) throws(BackendError) {
        let (scheme, rest) = node.schemeAndRest.map { ($0.scheme.lowercased(), $0.rest) } ?? ("", node[...])
        guard !rest.contains("@") else { throw ServerProgram.redis.error(.credentials) }
        if scheme == "unix" || scheme.isEmpty && rest.hasPrefix("/") {
            name = String(rest)
            isEncrypted = false
            database = 0
            var target = Connection.Target(url: "http://localhost")
            target.unixSocket = name
            self.target = target
            return
        }
        guard ["", "redis", "rediss"].contains(scheme) else {
            throw ServerProgram.redis.error(.unknownScheme(scheme))
        }
        isEncrypted = scheme == "rediss" || scheme.isEmpty && encryptedByDefault
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count < 2 || parts[1].isEmpty ? 0 : Int(parts[1])
        guard let address = ServerProgram.redis.address(parts[0], isEncrypted: isEncrypted), let number, number >= 0
        else { throw ServerProgram.redis.error(.notANode(node)) }
        database = number
        name = (isEncrypted ? "rediss://" : "") + address.text + (database == 0 ? "" : "/\(database)")
        target = Connection.Target(url: (isEncrypted ? "https://" : "http://") + address.text)
    }
}

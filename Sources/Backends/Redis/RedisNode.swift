import HTTP
import KeyValue
import Posix

/// Where a redis server listens, and which of its databases is read.
struct RedisNode: Equatable, Sendable {
    /// In messages and logs.
    let name: String
    /// Of the URL alone; files of TLS come later.
    let target: Connection.Target
    let isEncrypted: Bool
    let database: Int

    static let standard = "127.0.0.1:6379"
    private static let defaultPort: UInt16 = 6379

    /// Reads `[redis://|rediss://]HOST[:PORT][/DATABASE]`, as confd's `HOST:PORT/DATABASE`, or the path of a Unix socket.
    init(_ node: String, encryptedByDefault: Bool = false) throws(BackendError) {
        let (scheme, rest) = node.schemeAndRest.map { ($0.scheme.lowercased(), $0.rest) } ?? ("", node[...])
        guard !rest.contains("@") else { throw RedisProblem.credentialsInNode.backendError }
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
            throw RedisProblem.unknownScheme(scheme).backendError
        }
        isEncrypted = scheme == "rediss" || scheme.isEmpty && encryptedByDefault
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count < 2 || parts[1].isEmpty ? 0 : Int(parts[1])
        guard let host = Self.address(parts[0]), let number, number >= 0 else {
            throw RedisProblem.notANode(node).backendError
        }
        database = number
        name = (isEncrypted ? "rediss://" : "") + host + (database == 0 ? "" : "/\(database)")
        target = Connection.Target(url: (isEncrypted ? "https://" : "http://") + host)
    }

    /// `HOST:PORT`, nil if `text` is no address.
    private static func address(_ text: Substring) -> String? {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_:[]".utf8.contains(byte)
            }
        }
        let hasPort = text.split(separator: "]", omittingEmptySubsequences: false).last?.contains(":") == true
        guard isAllowed, let address = HostPort(hasPort ? String(text) : "\(text):\(defaultPort)"),
            !address.host.isEmpty, address.port > 0
        else { return nil }
        return address.host.contains(":") ? "[\(address.host)]:\(address.port)" : "\(address.host):\(address.port)"
    }
}

import HTTP
import Posix

/// How to reach ZooKeeper.
package struct ZookeeperOptions: Sendable {
    var nodes: [ZookeeperNode] = []
    var credentials: ZookeeperCredentials?
    var tls = TLSOptions()
    /// For a connection and the beginning of the session.
    var dialTimeout = ServerOption.standardDialTimeout
    /// The longest message that is accepted, in bytes: a value, or the names of all children of a node.
    var messageLimit = MemoryLimit.bounded(64 << 20, to: 8)
    /// The most memory for all nodes that are read, in bytes.
    var memoryLimit = MemoryLimit.bounded(1 << 30, to: 3)
    /// The server ends the session after this long without a sign of life; confd leaves a server that is silent for half of it.
    var sessionTimeout = Duration.seconds(10)
    /// Everything is read again after this time: since 3.8.4 and 3.9.2 ZooKeeper does not report changes of a node whose ACL
    /// no longer lets us read it, nor what is changed after it does again.
    var trust = Duration.seconds(600)
}

/// A user of the scheme digest.
struct ZookeeperCredentials: Sendable {
    let username: String
    /// Called for each session: the file may change.
    let secret: @Sendable () throws(BackendError) -> [UInt8]
}

extension ZookeeperOptions {
    /// The values of `options`.
    init(_ options: BackendOptions) throws(BackendError) {
        tls = options.tls
        let isEncrypted = Self.isEncrypted(options)
        for node in options.list(ZookeeperOption.node) {
            let node = try ZookeeperNode(node, isEncrypted: isEncrypted)
            if !nodes.contains(node) { nodes.append(node) }
        }
        dialTimeout = options.duration(ServerOption.dialTimeout) ?? dialTimeout
        if let username = options.text(ServerOption.username),
            let secret = options.secret(ServerOption.password, ServerOption.passwordFile, .password)
        {
            credentials = ZookeeperCredentials(username: username, secret: secret)
        }
    }

    /// ZooKeeper's addresses have no schemes: there is TLS if there are certificates for it.
    static func isEncrypted(_ options: BackendOptions) -> Bool {
        options.has(ServerOption.authority) || options.has(ServerOption.certificate)
    }
}

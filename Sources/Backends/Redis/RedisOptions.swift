import HTTP
import Posix

/// How to reach redis, and how its keys are called.
package struct RedisOptions: Sendable {
    /// In the order in which they are tried.
    var nodes: [RedisNode] = []
    var credentials: RedisCredentials?
    var tls = TLSOptions()
    var separator = ""
    var dialTimeout = Duration.seconds(5)
    /// The longest value that is accepted, in bytes.
    var valueLimit = MemoryLimit.bounded(64 << 20, to: 8)
    /// What the answers to one read may take in all, in bytes.
    var memoryLimit = MemoryLimit.bounded(1 << 30, to: 3)
    /// With more keys in the database, redis is not asked to go through them in one go.
    var mostKeysAtOnce = 50_000
    /// The pause between reads where redis does not report changes.
    var unwatchedPause = Duration.seconds(2)
    /// Logs a warning.
    var warn: @Sendable (String) -> Void = { _ in }
}

/// A password, with a user's name since redis 6.
struct RedisCredentials: Sendable {
    let username: String?
    /// Called at each login: the file may change.
    let secret: @Sendable () throws(BackendError) -> [UInt8]
}

extension RedisOptions {
    /// The values of `options`.
    init(_ options: BackendOptions, warn: @escaping @Sendable (String) -> Void) throws(BackendError) {
        tls = options.tls
        let isEncrypted = tls.authorityFile != nil || tls.certificateFile != nil
        for node in options.list(RedisOption.node) {
            let node = try RedisNode(node, encryptedByDefault: isEncrypted)
            if !nodes.contains(node) { nodes.append(node) }
        }
        separator = options.text(RedisOption.separator) ?? ""
        dialTimeout = options.duration(ServerOption.dialTimeout) ?? dialTimeout
        credentials = RedisCredentials(options)
        self.warn = warn
    }
}

extension RedisCredentials {
    /// Of the file before the text; `-client-key` is the password as in confd 0.17, where it is not the key of a
    /// certificate. Nil without a password.
    fileprivate init?(_ options: BackendOptions) {
        username = options.text(ServerOption.username)
        let password =
            options.has(ServerOption.password) || options.has(ServerOption.certificate)
            ? ServerOption.password : RedisOption.key
        guard let secret = options.secret(password, ServerOption.passwordFile, .password) else { return nil }
        self.secret = secret
    }
}

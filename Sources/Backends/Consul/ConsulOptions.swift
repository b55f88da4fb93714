import HTTP
import Posix

/// How to reach consul.
package struct ConsulOptions: Sendable {
    typealias Secret = @Sendable () throws(BackendError) -> [UInt8]

    /// In the order in which they are tried.
    var nodes: [HTTPNode] = []
    var tls = TLSOptions()
    var dialTimeout = ServerOption.standardDialTimeout
    /// Of consul's access lists; read for each request, because files may change.
    var token: Secret?
    /// For a proxy before consul, which itself has no users.
    var user: (name: String, password: Secret)?
    /// The longest answer that is accepted, in bytes: consul has no pages, so one holds all keys of a prefix.
    var answerLimit = MemoryLimit.bounded(512 << 20, to: 4)
    /// How long consul waits for a change before it answers that there was none.
    var longestWait = Duration.seconds(30)
    /// Logs a warning.
    var warn: @Sendable (String) -> Void = { _ in }
}

extension ConsulOptions {
    /// The values of `options`.
    init(_ options: BackendOptions, warn: @escaping @Sendable (String) -> Void) throws(BackendError) {
        tls = options.tls
        let isEncrypted = Self.encryptsByDefault(options)
        for node in options.list(ConsulOption.node) {
            nodes.append(try HTTPNode(node, of: .consul, encryptedByDefault: isEncrypted))
        }
        dialTimeout = options.duration(ServerOption.dialTimeout) ?? dialTimeout
        token = options.secret(ConsulOption.token, ServerOption.tokenFile, .token)
        if options.flag(ServerOption.basicAuth) != false, let name = options.text(ServerOption.username) {
            // Not with `??`: Swift 6.3.1 aborts on a closure there that throws a type.
            if let password = options.secret(ServerOption.password, ServerOption.passwordFile, .password) {
                user = (name, password)
            } else {
                user = (name, { () throws(BackendError) in [] })
            }
        }
        self.warn = warn
    }

    /// Whether nodes without a scheme are asked over TLS: as `-scheme` says, or if there are certificates for it.
    static func encryptsByDefault(_ options: BackendOptions) -> Bool {
        if options.has(ServerOption.scheme) { return options.text(ServerOption.scheme) == "https" }
        return options.has(ServerOption.authority) || options.has(ServerOption.certificate)
    }
}

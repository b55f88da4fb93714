import HTTP
import Posix

/// How to reach an etcd cluster, for either API.
package struct EtcdOptions: Sendable {
    static let defaultEndpoint = "http://127.0.0.1:2379"

    /// `[http://|https://]HOST[:PORT]`, at least one.
    package var endpoints = [EtcdOptions.defaultEndpoint]
    /// Where the members are looked up, in place of `endpoints`.
    package var discovery: Discovery?
    package var credentials: EtcdCredentials?
    package var tls = TLSOptions()
    /// The name in the members' certificates, where it is not the host of the endpoint.
    package var serverName: String?
    package var dialTimeout = ServerOption.standardDialTimeout
    /// The most keys in the first page of a read; further pages grow. Of the v3 API.
    package var pageSize = 10_000
    /// The largest answer that is accepted, in bytes; a page that is larger is asked for again in smaller ones. Of the v3 API.
    package var messageLimit = MemoryLimit.bounded(64 << 20, to: 8)
    /// Logs a warning.
    package var warn: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// A user and password, or a token.
package struct EtcdCredentials: Sendable {
    /// nil for a token issued elsewhere.
    let username: String?
    /// The password, or the token.
    let secret: @Sendable () throws(BackendError) -> [UInt8]

    /// `password` is called before every authentication: it may come from a file that changes.
    package init(username: String, password: @escaping @Sendable () throws(BackendError) -> [UInt8]) {
        self.username = username
        secret = password
    }

    /// `token` is called first of all, and again when the last token was refused.
    package init(token: @escaping @Sendable () throws(BackendError) -> [UInt8]) {
        username = nil
        secret = token
    }
}

import HTTP
import KeyValue
import Posix

extension EtcdOptions {
    /// The values of `options`, which have no problems (`BackendKind.problems`).
    init(_ options: BackendOptions, warn: @escaping @Sendable (String) -> Void) {
        let isEncrypted = options.text(ServerOption.scheme) == "https"
        endpoints = options.list(ClusterOption.node).map { node in
            isEncrypted && !node.contains(text: "://") ? "https://\(node)" : node
        }
        discovery = options.text(ClusterOption.serviceRecord).map { record in
            Discovery(record: record, scheme: isEncrypted ? "https" : "http")
        }
        tls = options.tls
        dialTimeout = options.duration(ServerOption.dialTimeout) ?? dialTimeout
        credentials = EtcdCredentials(options)
        self.warn = warn
    }
}

extension EtcdCredentials {
    /// A token before a user and password; nil for neither, and with `-basic-auth=false` for a user too. Files are read again
    /// at each use, because they may change.
    fileprivate init?(_ options: BackendOptions) {
        if let path = options.text(ServerOption.tokenFile) {
            self.init { () throws(BackendError) in
                let token = try SecretFile.token.read(path)
                if BearerToken.isValid(token) { return token }
                throw ClusterProblem.notAToken(path: path).backendError
            }
        } else if options.flag(ServerOption.basicAuth) != false, let username = options.text(ServerOption.username) {
            let password = Array((options.text(ServerOption.password) ?? "").utf8)
            let path = options.text(ServerOption.passwordFile)
            self.init(username: username) { () throws(BackendError) in
                try path.map { (path) throws(BackendError) in try SecretFile.password.read(path) } ?? password
            }
        } else {
            return nil
        }
    }
}

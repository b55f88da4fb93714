import Backends
import Configuration
import HTTP
import KeyValue
import Posix
import Synchronization

/// Makes backends from their configurations, one for each distinct configuration.
package final class BackendPool: Sendable {
    private let environment: @Sendable () -> [(name: [UInt8], value: [UInt8])]
    private let warn: @Sendable (String) -> Void
    private let made = Mutex<[BackendConfiguration: any Backend]>([:])

    /// `environment` is what the env backend reads, once; `warn` takes what a backend has to say without failing.
    package init(
        environment: @autoclosure @escaping @Sendable () -> [(name: [UInt8], value: [UInt8])],
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.warn = warn
    }

    /// The backend of `configuration`.
    package func backend(for configuration: BackendConfiguration) throws(BackendError) -> any Backend {
        if let backend = made.withLock({ $0[configuration] }) { return backend }
        let backend = try make(configuration)
        made.withLock { $0[configuration] = backend }
        return backend
    }
}

// MARK: - Making backends

extension BackendPool {
    private func make(_ configuration: BackendConfiguration) throws(BackendError) -> any Backend {
        switch configuration.kind {
        case .etcd: try EtcdBackend(etcdOptions(configuration))
        case .etcdv2: try EtcdV2Backend(etcdOptions(configuration))
        case .file: FileBackend(paths: configuration.files, filter: configuration.filter, warn: warn)
        case .env: EnvironmentBackend(variables: environment(), warn: warn)
        }
    }

    private func etcdOptions(_ configuration: BackendConfiguration) -> EtcdOptions {
        var options = EtcdOptions()
        if !configuration.nodes.isEmpty {
            options.endpoints = configuration.nodes.map { node in
                configuration.scheme == "https" && !node.contains(text: "://") ? "https://\(node)" : node
            }
        }
        options.discovery = configuration.serviceRecord.map { Discovery(record: $0, scheme: configuration.scheme) }
        options.tls.authorityFile = configuration.clientCA
        options.tls.certificateFile = configuration.clientCertificate
        options.tls.keyFile = configuration.clientKey
        options.tls.verifies = !configuration.clientInsecure
        options.dialTimeout = configuration.dialTimeout
        options.warn = warn
        if let tokenFile = configuration.tokenFile {
            options.credentials = EtcdCredentials { () throws(BackendError) in
                let token = try Self.readSecret(tokenFile, "token file")
                if EtcdCredentials.isToken(token) { return token }
                throw BackendError(
                    .configuration, "token file \(tokenFile): it holds no token", hint: "a token is one visible word")
            }
        } else if let username = configuration.username {
            options.credentials = EtcdCredentials(username: username) { () throws(BackendError) in
                try configuration.readPassword()
            }
        }
        return options
    }
}

extension BackendPool {
    /// What the file at `path` holds, without the end of the line.
    fileprivate static func readSecret(_ path: String, _ what: String) throws(BackendError) -> [UInt8] {
        do {
            var bytes = try Files.read(path, limit: FileLimit.secret)
            while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
            return bytes
        } catch {
            throw BackendError(.configuration, "\(what): \(error.message)")
        }
    }
}

extension BackendConfiguration {
    /// The password, from its file if there is one: read anew each time, so that it may change.
    fileprivate func readPassword() throws(BackendError) -> [UInt8] {
        guard let passwordFile else { return Array((password ?? "").utf8) }
        return try BackendPool.readSecret(passwordFile, "password file")
    }
}

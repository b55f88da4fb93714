import Backends
import KeyValue

/// Which backend, and how to reach it: equal configurations share one backend and one snapshot a pass.
package struct BackendConfiguration: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case etcd, etcdv2, file, env

        /// The backend of a name that `-backend` takes; nil if it is not built.
        package init?(name: String) {
            switch name {
            case "etcd", "etcdv3": self = .etcd
            case "etcdv2": self = .etcdv2
            case "file": self = .file
            case "env": self = .env
            default: return nil
            }
        }
    }

    package var kind: Kind
    package var nodes: [String] = []
    package var scheme = "http"
    /// The name of the service records that tell the nodes, in place of `nodes`.
    package var serviceRecord: String?
    package var files: [String] = []
    package var filter = "*"
    package var clientCA: String?
    package var clientCertificate: String?
    package var clientKey: String?
    package var clientInsecure = false
    package var username: String?
    package var password: String?
    package var passwordFile: String?
    /// A file with the token that takes the place of user and password.
    package var tokenFile: String?
    package var dialTimeout = Duration.seconds(5)

    package init(kind: Kind) { self.kind = kind }

    /// The global backend.
    package init?(_ settings: Settings) {
        guard let kind = Kind(name: settings.backend) else { return nil }
        self.kind = kind
        nodes = settings.nodes
        scheme = settings.scheme
        serviceRecord = kind == .etcd || kind == .etcdv2 ? settings.serviceRecord : nil
        files = settings.files
        filter = settings.filter
        clientCA = settings.clientCA
        clientCertificate = settings.clientCertificate
        clientKey = settings.clientKey
        clientInsecure = settings.clientInsecure
        if settings.basicAuth != false {
            username = settings.username
            password = settings.password
            passwordFile = settings.passwordFile
        }
        tokenFile = settings.tokenFile
        dialTimeout = settings.dialTimeout
    }

    /// The `[backend]` table of a resource file. What is wrong is noted in `table`; then it must not be used.
    init(_ table: inout TableReader) {
        let name = table.text("backend")
        // Something to go on with: the other keys may be wrong too.
        kind = name.flatMap { Kind(name: $0) } ?? .env
        if let name, let unknown = UnknownBackend(name) {
            table.note("backend", .unknownBackend(unknown))
        } else if table.value("backend") == nil {
            table.note("backend", .noBackendName)
        }
        nodes = BackendConfiguration.nodes(&table, of: kind)
        scheme = table.text("scheme") ?? scheme
        files = table.texts("file")?.map(\.text) ?? []
        filter = table.text("filter") ?? filter
        clientCA = table.text("client_cakeys")
        clientCertificate = table.text("client_cert")
        clientKey = table.text("client_key")
        clientInsecure = table.flag("client_insecure") ?? false
        username = table.text("username")
        password = table.text("password")
        passwordFile = table.text("password_file")
        if table.flag("basic_auth") == false {
            username = nil
            password = nil
            passwordFile = nil
        }
        tokenFile = table.text("auth_token_file")
        dialTimeout = table.duration("dial_timeout") ?? dialTimeout
        if kind == .file, files.isEmpty { table.note("file", .noFiles) }
    }

    /// The nodes that `table` names; those that no etcd can have are noted there.
    private static func nodes(_ table: inout TableReader, of kind: Kind) -> [String] {
        let nodes = table.texts("nodes") ?? []
        guard kind == .etcd || kind == .etcdv2 else { return nodes.map(\.text) }
        for (node, position) in nodes {
            do {
                try NodeAddress.check(node)
            } catch {
                table.note("nodes", at: position, .node(error))
            }
        }
        return nodes.map(\.text)
    }
}

extension BackendConfiguration {
    /// A node as it may be logged: a user and password before `@` are left out.
    private static func withoutCredentials(_ node: String) -> String {
        guard let at = node.utf8.lastIndex(of: UInt8(ascii: "@")) else { return node }
        let scheme = node.contains(text: "://") ? String(node.prefix { $0 != ":" }) + "://" : ""
        return scheme + node[node.utf8.index(after: at)...]
    }

    /// What confd logs as the backend's sources: endpoints or files.
    package var sources: [String] {
        switch kind {
        case .etcd, .etcdv2:
            if let serviceRecord {
                ["SRV \(serviceRecord)"]
            } else {
                nodes.isEmpty ? ["http://127.0.0.1:2379"] : nodes.map(Self.withoutCredentials)
            }
        case .file: files
        case .env: ["environment variables"]
        }
    }
}

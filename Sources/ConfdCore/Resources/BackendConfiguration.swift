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
    package var basicAuth = false
    package var username: String?
    package var password: String?
    package var passwordFile: String?
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
        basicAuth = settings.basicAuth
        username = settings.username
        password = settings.password
        passwordFile = settings.passwordFile
        dialTimeout = settings.dialTimeout
    }

    /// The `[backend]` table of a resource file.
    init(_ table: inout TableReader) throws(ResourceError) {
        guard let name = try table.text("backend") else {
            throw table.invalid("backend", "the [backend] table must name its backend")
        }
        guard let kind = Kind(name: name) else {
            let isKnown = BackendName.all.contains(name)
            throw table.invalid(
                "backend", "\"\(name)\" is \(isKnown ? "not built into this confd" : "not a backend")",
                hint: "backends built: \(BackendName.built.joined(separator: ", "))")
        }
        self.kind = kind
        nodes = try table.texts("nodes")?.map(\.text) ?? []
        scheme = try table.text("scheme") ?? scheme
        files = try table.texts("file")?.map(\.text) ?? []
        filter = try table.text("filter") ?? filter
        clientCA = try table.text("client_cakeys")
        clientCertificate = try table.text("client_cert")
        clientKey = try table.text("client_key")
        clientInsecure = try table.flag("client_insecure") ?? false
        basicAuth = try table.flag("basic_auth") ?? false
        username = try table.text("username")
        password = try table.text("password")
        passwordFile = try table.text("password_file")
        dialTimeout = try table.duration("dial_timeout") ?? dialTimeout
        if kind == .file, files.isEmpty { throw table.invalid("file", "the file backend needs the files to read") }
    }
}

extension BackendConfiguration {
    /// A node as it may be logged: a user and password before `@` are left out.
    private static func withoutCredentials(_ node: String) -> String {
        guard let at = node.lastIndex(of: "@") else { return node }
        let scheme = node.contains("://") ? String(node.prefix { $0 != ":" }) + "://" : ""
        return scheme + node[node.index(after: at)...]
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
        case .env: []
        }
    }
}

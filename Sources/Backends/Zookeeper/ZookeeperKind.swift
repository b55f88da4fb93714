import HTTP

extension ServerProgram {
    static let zookeeper = ServerProgram(
        name: "zookeeper", port: 2181, encryptedPort: 2181, loginHint: "use -username and -password-file",
        addressHint: "write HOST:2181; a folder of it (chroot) is named with -prefix",
        schemeHint: "write HOST:2181; there is TLS where -client-ca-keys or -client-cert is given")
}

/// Where a ZooKeeper server listens.
struct ZookeeperNode: ServerNode, Equatable {
    /// In messages and logs.
    let name: String
    /// Of the address alone; files of TLS come later.
    let target: Connection.Target
    let isEncrypted: Bool

    /// Reads `HOST[:PORT]`.
    init(_ node: String, isEncrypted: Bool = false) throws(BackendError) {
        guard !node.contains("@") else { throw ServerProgram.zookeeper.error(.credentials) }
        if let scheme = node.schemeAndRest?.scheme {
            throw ServerProgram.zookeeper.error(.unknownScheme(String(scheme)))
        }
        guard let address = ServerProgram.zookeeper.address(node[...], isEncrypted: isEncrypted) else {
            throw ServerProgram.zookeeper.error(.notANode(node))
        }
        name = address.text
        self.isEncrypted = isEncrypted
        target = Connection.Target(url: (isEncrypted ? "https://" : "http://") + name)
    }
}

/// The options of ZooKeeper.
enum ZookeeperOption {
    static let all = [node] + ServerOption.tls + ServerOption.login + [ServerOption.dialTimeout]

    static let node = ServerOption.node("127.0.0.1:2181")
}

/// `-backend zookeeper`.
struct ZookeeperKind: BackendKind {
    let name = ServerProgram.zookeeper.name
    let summary = "nodes of ZooKeeper 3.4 and later"
    let watching = "watches"
    let options = ZookeeperOption.all
    let isCached = true

    func problems(of options: BackendOptions) -> [BackendProblem] {
        var problems = options.problems(ofNodes: ZookeeperOption.node) { node throws(BackendError) in
            try ZookeeperNode(node)
        }
        problems += options.certificateProblems
        let hasPassword = options.has(ServerOption.password) || options.has(ServerOption.passwordFile)
        if hasPassword, !options.has(ServerOption.username) {
            problems.append(.warning("-password sends nothing without a user", hint: "add -username"))
        } else if !hasPassword, options.has(ServerOption.username) {
            problems.append(.warning("-username sends nothing without a password", hint: "add -password-file"))
        }
        return problems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] { options.insecureNotices }

    func sources(of options: BackendOptions) -> [String] {
        options.names(ofNodes: ZookeeperOption.node) { node throws(BackendError) in try ZookeeperNode(node) }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        ZookeeperBackend(try ZookeeperOptions(options))
    }
}

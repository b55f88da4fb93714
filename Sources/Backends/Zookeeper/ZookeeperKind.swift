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
    static let all = [
        node, authority, certificate, key, insecure, username, password, passwordFile, dialTimeout,
    ]

    static let node = ServerOption.node("127.0.0.1:2181")
    static let authority = ServerOption.authority
    static let certificate = ServerOption.certificate
    static let key = ServerOption.key
    static let insecure = ServerOption.insecure
    static let username = ServerOption.username
    static let password = ServerOption.password
    static let passwordFile = ServerOption.passwordFile
    static let dialTimeout = ServerOption.dialTimeout
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
            _ = try ZookeeperNode(node)
        }
        problems += options.certificateProblems
        let hasPassword = options.has(ZookeeperOption.password) || options.has(ZookeeperOption.passwordFile)
        if hasPassword, !options.has(ZookeeperOption.username) {
            problems.append(.warning("-password sends nothing without a user", hint: "add -username"))
        } else if !hasPassword, options.has(ZookeeperOption.username) {
            problems.append(.warning("-username sends nothing without a password", hint: "add -password-file"))
        }
        return problems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] { options.insecureNotices }

    func sources(of options: BackendOptions) -> [String] {
        options.list(ZookeeperOption.node).map { node in
            do throws(BackendError) { return try ZookeeperNode(node).name } catch { return "an invalid node" }
        }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        ZookeeperBackend(try ZookeeperOptions(options))
    }
}

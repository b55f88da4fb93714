import KeyValue

/// The options of all backends that read from an etcd cluster.
enum ClusterOption {
    static let all =
        [node, ServerOption.scheme, serviceDomain, serviceRecord] + ServerOption.tls + [ServerOption.basicAuth]
        + ServerOption.login + [ServerOption.tokenFile, ServerOption.dialTimeout]

    static let node = ServerOption.node(
        EtcdOptions.defaultEndpoint, fallbackVariables: ["ETCDCTL_PEERS", "ETCDCTL_ENDPOINTS"])
    static let serviceDomain = BackendOption(
        "srv-domain", .details, "NAME", help: "find the nodes in DNS, at _BACKEND._tcp.NAME", .text)
    static let serviceRecord = BackendOption(
        "srv-record", .details, "NAME", help: "find the nodes in DNS, in these SRV records", .text)
}

/// A backend that reads from an etcd cluster, by either API.
protocol ClusterKind: BackendKind {
    func open(_ options: EtcdOptions) throws(BackendError) -> any Backend
}

extension ClusterKind {
    package var options: [BackendOption] { ClusterOption.all }
    package var takesRegistrations: Bool { true }
    package var isCached: Bool { true }

    /// A domain stands for the SRV record that confd looks up there.
    package func complete(_ options: inout BackendOptions, for name: String) {
        if !options.has(ClusterOption.serviceRecord), let domain = options.text(ClusterOption.serviceDomain) {
            let record = "_\(name)._tcp.\(domain)" + (domain.hasSuffix(".") ? "" : ".")
            options[ClusterOption.serviceRecord.name] = .text(record)
        }
    }

    package func problems(of options: BackendOptions) -> [BackendProblem] {
        // Service records replace the nodes.
        let nodes =
            options.has(ClusterOption.serviceRecord)
            ? []
            : options.problems(ofNodes: ClusterOption.node) { node throws(BackendError) in
                try Endpoint(node, encryptedByDefault: false, serverName: nil)
            }
        return nodes + options.certificateProblems + options.basicAuthProblems
    }

    package func notices(of options: BackendOptions) -> [BackendNotice] {
        let record = options.text(ClusterOption.serviceRecord)
        return options.insecureNotices + (record.map { [.information("SRV record set to \($0)")] } ?? [])
    }

    package func sources(of options: BackendOptions) -> [String] {
        if let record = options.text(ClusterOption.serviceRecord) { return ["SRV \(record)"] }
        return options.list(ClusterOption.node).map(withoutCredentials)
    }

    /// `node` for logs: a user and password before `@` are left out.
    private func withoutCredentials(_ node: String) -> String {
        guard let at = node.utf8.lastIndex(of: UInt8(ascii: "@")) else { return node }
        let scheme = node.contains(text: "://") ? String(node.prefix { $0 != ":" }) + "://" : ""
        return scheme + node[node.utf8.index(after: at)...]
    }

    package func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        try open(EtcdOptions(options, warn: context.warn))
    }
}

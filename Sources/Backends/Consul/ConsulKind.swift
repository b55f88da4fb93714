extension ServerProgram {
    static let consul = ServerProgram(
        name: "consul", port: 8500, encryptedPort: 8501,
        loginHint: "use -auth-token-file, or -username and -password-file",
        addressHint: "write http://HOST:8500 or https://HOST:8501", schemeHint: "use http or https")
}

/// The options of consul.
enum ConsulOption {
    static let all =
        [node, ServerOption.scheme] + ServerOption.tls + [ServerOption.basicAuth] + ServerOption.login
        + [token, ServerOption.tokenFile, ServerOption.dialTimeout]

    static let node = ServerOption.node("127.0.0.1:8500")
    static let token = ServerOption.token(fallbackVariables: ["CONSUL_HTTP_TOKEN"])
}

/// `-backend consul`.
struct ConsulKind: BackendKind {
    let name = ServerProgram.consul.name
    let summary = "the KV store of Consul"
    let watching = "blocking queries"
    let options = ConsulOption.all

    func problems(of options: BackendOptions) -> [BackendProblem] {
        options.problems(ofNodes: ConsulOption.node) { node throws(BackendError) in
            try HTTPNode(node, of: .consul)
        } + options.certificateProblems + options.basicAuthProblems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] { options.insecureNotices }

    func sources(of options: BackendOptions) -> [String] {
        options.names(ofNodes: ConsulOption.node) { node throws(BackendError) in
            try HTTPNode(node, of: .consul, encryptedByDefault: ConsulOptions.encryptsByDefault(options))
        }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        ConsulBackend(try ConsulOptions(options, warn: context.warn))
    }
}

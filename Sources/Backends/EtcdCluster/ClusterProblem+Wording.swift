extension ClusterProblem {
    /// The problem as the program shows it.
    var backendError: BackendError { BackendError(kind, message, hint: hint) }

    private var kind: BackendError.Kind {
        switch self {
        case .lookUp, .noRecord: .unreachable
        case .credentialsInNode, .notANode, .unknownScheme, .noNode, .incompleteCertificate, .notAToken,
            .noToken:
            .configuration
        }
    }

    private var message: String {
        switch self {
        case .credentialsInNode: "etcd: a node address must not hold a user name or password"
        case .notANode(let node): "etcd: not a node address: \"\(node)\""
        case .unknownScheme(let scheme): "etcd: unknown scheme in a node address: \"\(scheme)\""
        case .noNode: "etcd: no node given"
        case .incompleteCertificate: "etcd: a client certificate and its key belong together"
        case .lookUp(let record, let error): "etcd: SRV record \"\(record)\": \(error.reason)"
        case .noRecord(let record): "etcd: SRV record \"\(record)\": no such record"
        case .notAToken(let path): "token file \(path): it holds no token"
        case .noToken: "etcd: no token given"
        }
    }

    private var hint: String? {
        switch self {
        case .credentialsInNode: "use -username and -password"
        case .notANode(let node) where node.utf8.contains { "\"' \t".utf8.contains($0) }:
            "write it without quotes and spaces, several with commas between them: http://HOST:2379,http://HOST2:2379"
        case .notANode: "write http://HOST:2379 or https://HOST:2379"
        case .unknownScheme: "use http or https"
        case .incompleteCertificate: "give both -client-cert and -client-key, or neither"
        case .lookUp(let record, _), .noRecord(let record):
            "see whether the name server knows it: dig SRV \(record)"
        case .notAToken: "a token is one visible word"
        case .noNode, .noToken: nil
        }
    }
}

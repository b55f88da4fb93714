extension ClusterProblem {
    /// The problem as the program shows it.
    var backendError: BackendError { BackendError(kind, message, hint: hint) }

    private var kind: BackendError.Kind {
        switch self {
        case .lookUp, .noRecord: .unreachable
        case .noNode, .incompleteCertificate, .notAToken, .noToken: .configuration
        }
    }

    private var message: String {
        switch self {
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
        case .incompleteCertificate: "give both -client-cert and -client-key, or neither"
        case .lookUp(let record, _), .noRecord(let record):
            "see whether the name server knows it: dig SRV \(record)"
        case .notAToken: "a token is one visible word"
        case .noNode, .noToken: nil
        }
    }
}

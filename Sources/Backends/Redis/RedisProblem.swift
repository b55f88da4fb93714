/// Why redis cannot be asked at all: the addresses of its nodes.
enum RedisProblem: Error, Equatable {
    /// A node address holds a user name or a password, so it is not repeated.
    case credentialsInNode
    case notANode(String)
    /// The scheme before `://`.
    case unknownScheme(String)

    /// The problem as the program shows it.
    var backendError: BackendError { BackendError(.configuration, message, hint: hint) }

    private var message: String {
        switch self {
        case .credentialsInNode: "redis: a node address must not hold a user name or password"
        case .notANode(let node): "redis: not a node address: \"\(node)\""
        case .unknownScheme(let scheme): "redis: unknown scheme in a node address: \"\(scheme)\""
        }
    }

    private var hint: String {
        switch self {
        case .credentialsInNode: "use -username and -password-file"
        case .notANode: "write HOST:6379, HOST:6379/DATABASE or the path of a Unix socket"
        case .unknownScheme: "use redis, or rediss for TLS"
        }
    }
}

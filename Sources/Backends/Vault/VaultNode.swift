import Posix

/// Where vault listens: `[http://|https://]HOST[:PORT]`, without a scheme over TLS if that is asked for.
struct VaultNode: Equatable, Sendable {
    static let standard = "http://127.0.0.1:8200"
    private static let defaultPort: UInt16 = 8200

    /// The URL, without a slash at its end; also in messages.
    let url: String
    let isEncrypted: Bool

    init(_ node: String, encryptedByDefault: Bool = false) throws(VaultProblem) {
        let (scheme, text) = node.schemeAndRest.map { ($0.scheme.lowercased(), $0.rest) } ?? ("", node[...])
        var rest = text
        if rest.last == "/" { rest.removeLast() }
        guard !rest.contains("@") else { throw .credentialsInNode }
        guard ["", "http", "https"].contains(scheme) else { throw .unknownScheme(scheme) }
        isEncrypted = scheme == "https" || scheme.isEmpty && encryptedByDefault
        let isAllowed = rest.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_:[]".utf8.contains(byte)
            }
        }
        let hasPort = rest.split(separator: "]", omittingEmptySubsequences: false).last?.contains(":") == true
        guard isAllowed, let address = HostPort(hasPort ? String(rest) : "\(rest):\(Self.defaultPort)"),
            !address.host.isEmpty, address.port > 0
        else { throw .notANode(node) }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        url = (isEncrypted ? "https://" : "http://") + "\(host):\(address.port)"
    }
}

/// Why vault cannot be asked at all: the addresses of its nodes, or what is needed to log in.
enum VaultProblem: Error, Equatable {
    /// A node address holds a user name or a password, so it is not repeated.
    case credentialsInNode
    case notANode(String)
    /// The scheme before `://`.
    case unknownScheme(String)
    case noAuthType
    /// An option that the way to log in needs.
    case missing(BackendOption, authType: VaultAuthType)
    /// What stands in a URL or a header cannot stand there.
    case notAWord(BackendOption)

    /// The problem as the program shows it.
    var backendError: BackendError { BackendError(.configuration, message, hint: hint) }

    private var message: String {
        switch self {
        case .credentialsInNode: "vault: a node address must not hold a user name or password"
        case .notANode(let node): "vault: not a node address: \"\(node)\""
        case .unknownScheme(let scheme): "vault: unknown scheme in a node address: \"\(scheme)\""
        case .noAuthType: "vault: no way to log in was given"
        case .missing(let option, let type): "vault: -auth-type \(type.rawValue) needs -\(option.name)"
        case .notAWord(let option): "vault: -\(option.name) holds characters that are not allowed there"
        }
    }

    private var hint: String {
        switch self {
        case .credentialsInNode: "log in with -auth-type"
        case .notANode: "write http://HOST:8200 or https://HOST:8200"
        case .unknownScheme: "use http or https"
        case .noAuthType: "-auth-type is one of \(VaultAuthType.allCases.map(\.rawValue).joined(separator: ", "))"
        case .missing(let option, _): "give -\(option.name)"
        case .notAWord: "letters, digits, dots, dashes, slashes and underscores"
        }
    }
}

/// How to log in: what confd calls `auth-type`.
enum VaultAuthType: String, CaseIterable, Sendable {
    case appRole = "app-role"
    case token
    case userpass
    case github
    case kubernetes
    case cert

    /// Where the method is mounted below `auth/` unless `-path` says so.
    var standardPath: String { self == .appRole ? "approle" : rawValue }
}

extension ServerProgram {
    static let vault = ServerProgram(
        name: "vault", port: 8200, encryptedPort: 8200, loginHint: "log in with -auth-type",
        addressHint: "write http://HOST:8200 or https://HOST:8200", schemeHint: "use http or https")
}

/// Why vault cannot be asked at all: the addresses of its nodes, or what is needed to log in.
enum VaultProblem: Error, Equatable {
    case node(BackendError)
    case noAuthType
    /// An option that the way to log in needs.
    case missing(BackendOption, authType: VaultAuthType)
    /// The option's value becomes part of a URL or a header, and has characters that are not allowed there.
    case notAWord(BackendOption)

    /// The problem as the program shows it.
    var backendError: BackendError {
        switch self {
        case .node(let error): error
        case .noAuthType:
            problem(
                "no way to log in was given",
                hint: "-auth-type is one of \(VaultAuthType.allCases.map(\.rawValue).joined(separator: ", "))")
        case .missing(let option, let type):
            problem("-auth-type \(type.rawValue) needs -\(option.name)", hint: "give -\(option.name)")
        case .notAWord(let option):
            problem(
                "-\(option.name) holds characters that are not allowed there",
                hint: "letters, digits, dots, dashes, slashes and underscores")
        }
    }

    private func problem(_ message: String, hint: String) -> BackendError {
        BackendError(.configuration, "vault: " + message, hint: hint)
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

/// The options of vault.
enum VaultOption {
    static let all =
        [node, path, namespace] + ServerOption.tls + [authType, roleID, secretID, secretIDFile] + ServerOption.login
        + [token, ServerOption.tokenFile, ServerOption.dialTimeout]

    static let node = ServerOption.node("http://127.0.0.1:8200")
    static let path = BackendOption(
        "path", .details, "PATH", help: "vault: where the way to log in is mounted, below auth/", .text)
    static let namespace = BackendOption(
        "namespace", .details, "NAME", help: "vault: the namespace", fallbackVariables: ["VAULT_NAMESPACE"], .text)
    static let authType = BackendOption(
        "auth-type", .security, "NAME", help: "vault: how to log in",
        .choice(VaultAuthType.allCases.map(\.rawValue)))
    static let roleID = BackendOption(
        "role-id", .security, "ID", help: "vault: role of app-role or kubernetes", .text)
    static let secretID = BackendOption(
        "secret-id", .security, "ID", help: "vault: secret of app-role", secrecy: .value, .text)
    static let secretIDFile = BackendOption(
        "secret-id-file", .security, "FILE", help: "vault: file that holds it", secrecy: .path, .text)
    static let token = ServerOption.token()
}

/// `-backend vault`.
struct VaultKind: BackendKind {
    let name = "vault"
    let holdsSecrets = true
    let summary = "secrets of Vault and OpenBao, KV version 1 and 2"
    let watching = "read at each `-interval`"
    let options = VaultOption.all

    func problems(of options: BackendOptions) -> [BackendProblem] {
        options.problems(ofNodes: VaultOption.node) { node throws(BackendError) in
            try HTTPNode(node, of: .vault)
        } + options.certificateProblems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] {
        let type = options.text(VaultOption.authType)
        return options.insecureNotices
            + (type.map { [.information("Vault authentication backend set to \($0)")] } ?? [])
    }

    func sources(of options: BackendOptions) -> [String] {
        options.names(ofNodes: VaultOption.node) { node throws(BackendError) in try HTTPNode(node, of: .vault) }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        do throws(VaultProblem) {
            return VaultBackend(try VaultOptions(options, warn: context.warn))
        } catch {
            throw error.backendError
        }
    }
}

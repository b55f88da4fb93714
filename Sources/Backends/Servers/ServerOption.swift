import HTTP

/// Options that the backends that ask servers share.
enum ServerOption {
    static let standardDialTimeout = Duration.seconds(5)

    /// The endpoints. Each backend has its own `standard` one.
    static func node(_ standard: String, fallbackVariables: [String] = []) -> BackendOption {
        BackendOption(
            "node", .backend, "URL", help: "endpoint, repeatable", default: .list([standard]), aliases: ["n"],
            keys: ["nodes"], tableKey: "nodes", fallbackVariables: fallbackVariables, .list(commas: true))
    }

    static let scheme = BackendOption(
        "scheme", .details, "NAME", help: "http or https, for nodes that name none", default: .text("http"),
        .choice(["http", "https"]))
    static let authority = BackendOption(
        "client-ca-keys", .security, "FILE", help: "CA certificates", keys: ["client_cakeys"],
        tableKey: "client_cakeys", variables: ["CONFD_CLIENT_CAKEYS"], .text)
    static let certificate = BackendOption("client-cert", .security, "FILE", help: "client certificate", .text)
    static let key = BackendOption("client-key", .security, "FILE", help: "client key", secrecy: .path, .text)
    static let insecure = BackendOption(
        "client-insecure", .security, help: "do not verify the server's certificate", .flag)
    static let tls = [authority, certificate, key, insecure]

    static let username = BackendOption("username", .security, "NAME", help: "user", .text)
    static let password = BackendOption("password", .security, "TEXT", help: "password", secrecy: .value, .text)
    static let passwordFile = BackendOption(
        "password-file", .security, "FILE", help: "file that holds the password", secrecy: .path, .text)
    static let login = [username, password, passwordFile]

    static let basicAuth = BackendOption(
        "basic-auth", .security, help: "send -username and -password (true if there is a user)", .flag)
    static func token(fallbackVariables: [String] = []) -> BackendOption {
        BackendOption(
            "auth-token", .security, "TOKEN", help: "token of consul, and of vault's types token and github",
            fallbackVariables: fallbackVariables, secrecy: .value, .text)
    }
    static let tokenFile = BackendOption(
        "auth-token-file", .security, "FILE", help: "file with a token, in place of user and password", secrecy: .path,
        .text)
    static let dialTimeout = BackendOption(
        "dial-timeout", .timing, "TIME", help: "limit of one connect", default: .duration(standardDialTimeout),
        .duration)
}

// What their values say.
extension BackendOptions {
    /// The files of TLS, and whether the server is verified. A key counts with its certificate alone.
    var tls: TLSOptions {
        var tls = TLSOptions()
        tls.authorityFile = text(ServerOption.authority)
        tls.certificateFile = text(ServerOption.certificate)
        if tls.certificateFile != nil { tls.keyFile = text(ServerOption.key) }
        tls.verifies = flag(ServerOption.insecure) != true
        return tls
    }

    /// The nodes in `option`, each read by `read`, for logs.
    func names(
        ofNodes option: BackendOption, _ read: (String) throws(BackendError) -> some ServerNode
    ) -> [String] {
        list(option).map { node in
            // Not repeated: it may hold a password.
            do throws(BackendError) { return try read(node).name } catch { return "an invalid node" }
        }
    }

    /// The problems of the nodes in `option`, each read by `read`.
    func problems(
        ofNodes option: BackendOption, _ read: (String) throws(BackendError) -> some ServerNode
    ) -> [BackendProblem] {
        var problems: [BackendProblem] = []
        for (index, node) in list(option).enumerated() {
            do throws(BackendError) { _ = try read(node) } catch {
                problems.append(.element(of: option, index: index, error))
            }
        }
        return problems
    }

    /// A certificate and its key go together.
    var certificateProblems: [BackendProblem] {
        has(ServerOption.certificate) == has(ServerOption.key)
            ? [] : [.incomplete(ServerOption.certificate, ServerOption.key)]
    }

    var basicAuthProblems: [BackendProblem] {
        guard flag(ServerOption.basicAuth) == true, !has(ServerOption.username) else { return [] }
        return [.warning("-basic-auth sends nothing without a user", hint: "add -username and -password-file")]
    }

    var insecureNotices: [BackendNotice] {
        flag(ServerOption.insecure) == true
            ? [.warning("-client-insecure: the certificates of the backend are not verified")] : []
    }

    /// The secret of `file` before that of `option`; nil without either. The file is read at each call, because it may change.
    func secret(
        _ option: BackendOption, _ file: BackendOption, _ kind: SecretFile
    ) -> (@Sendable () throws(BackendError) -> [UInt8])? {
        if let path = text(file) { return { () throws(BackendError) in try kind.read(path) } }
        guard let bytes = text(option).map({ Array($0.utf8) }) else { return nil }
        return { () throws(BackendError) in bytes }
    }
}

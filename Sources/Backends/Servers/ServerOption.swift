/// Options that the backends that ask servers share.
enum ServerOption {
    static let standardDialTimeout = Duration.seconds(5)

    /// The endpoints. Each backend has its own `standard` one.
    static func node(_ standard: String, fallbackVariables: [String] = []) -> BackendOption {
        BackendOption(
            "node", .backend, "URL", help: "endpoint, repeatable", default: .list([standard]), aliases: ["n"],
            keys: ["nodes"], tableKey: "nodes", fallbackVariables: fallbackVariables, .list(commas: true))
    }

    static let authority = BackendOption(
        "client-ca-keys", .security, "FILE", help: "CA certificates", keys: ["client_cakeys"],
        tableKey: "client_cakeys", variables: ["CONFD_CLIENT_CAKEYS"], .text)
    static let certificate = BackendOption("client-cert", .security, "FILE", help: "client certificate", .text)
    static let key = BackendOption("client-key", .security, "FILE", help: "client key", secrecy: .path, .text)
    static let insecure = BackendOption(
        "client-insecure", .security, help: "do not verify the server's certificate", .flag)
    static let username = BackendOption("username", .security, "NAME", help: "user", .text)
    static let password = BackendOption("password", .security, "TEXT", help: "password", secrecy: .value, .text)
    static let passwordFile = BackendOption(
        "password-file", .security, "FILE", help: "file that holds the password", secrecy: .path, .text)
    static let tokenFile = BackendOption(
        "auth-token-file", .security, "FILE", help: "file with a token, in place of user and password", secrecy: .path,
        .text)
    static let dialTimeout = BackendOption(
        "dial-timeout", .timing, "TIME", help: "limit of one connect", default: .duration(standardDialTimeout),
        .duration)
}

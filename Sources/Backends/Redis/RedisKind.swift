/// The options of redis.
enum RedisOption {
    static let all = [
        node, separator, authority, certificate, key, insecure, username, password, passwordFile, dialTimeout,
    ]

    static let node = ServerOption.node(RedisNode.standard)
    static let separator = BackendOption(
        "separator", .details, "TEXT", help: "redis: what stands between the parts of a key", default: .text("/"), .text
    )
    static let authority = ServerOption.authority
    static let certificate = ServerOption.certificate
    /// As in confd 0.17 the password itself, where there is no certificate.
    static let key = ServerOption.key.with(secrecy: .value)
    static let insecure = ServerOption.insecure
    static let username = ServerOption.username
    static let password = ServerOption.password
    static let passwordFile = ServerOption.passwordFile
    static let dialTimeout = ServerOption.dialTimeout
}

/// `-backend redis`.
struct RedisKind: BackendKind {
    let name = "redis"
    let summary = "strings and hashes of redis 4 and later"
    let watching = "keyspace notifications"
    let options = RedisOption.all
    let isCached = true

    func problems(of options: BackendOptions) -> [BackendProblem] {
        var problems = options.problems(ofNodes: RedisOption.node) { node throws(BackendError) in
            _ = try RedisNode(node)
        }
        if options.has(RedisOption.certificate), !options.has(RedisOption.key) {
            problems.append(.incomplete(RedisOption.certificate, RedisOption.key))
        }
        let passwords = [RedisOption.password, RedisOption.passwordFile, RedisOption.key]
        if options.has(RedisOption.username), !passwords.contains(where: options.has) {
            problems.append(.warning("-username sends nothing without a password", hint: "add -password-file"))
        }
        return problems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] { options.insecureNotices }

    func sources(of options: BackendOptions) -> [String] {
        options.list(RedisOption.node).map { node in
            do throws(BackendError) { return try RedisNode(node).name } catch { return "an invalid node" }
        }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        RedisBackend(try RedisOptions(options, warn: context.warn))
    }
}

/// The options of redis.
enum RedisOption {
    static let all =
        [node, separator, ServerOption.authority, ServerOption.certificate, key, ServerOption.insecure]
        + ServerOption.login + [ServerOption.dialTimeout]

    static let node = ServerOption.node(RedisNode.standard)
    static let separator = BackendOption(
        "separator", .details, "TEXT", help: "redis: what stands between the parts of a key", default: .text("/"), .text
    )
    /// As in confd 0.17 the password itself, where there is no certificate.
    static let key = ServerOption.key.with(secrecy: .value)
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
            try RedisNode(node)
        }
        if options.has(ServerOption.certificate), !options.has(RedisOption.key) {
            problems.append(.incomplete(ServerOption.certificate, RedisOption.key))
        }
        let passwords = [ServerOption.password, ServerOption.passwordFile, RedisOption.key]
        if options.has(ServerOption.username), !passwords.contains(where: options.has) {
            problems.append(.warning("-username sends nothing without a password", hint: "add -password-file"))
        }
        return problems
    }

    func notices(of options: BackendOptions) -> [BackendNotice] { options.insecureNotices }

    func sources(of options: BackendOptions) -> [String] {
        options.names(ofNodes: RedisOption.node) { node throws(BackendError) in try RedisNode(node) }
    }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend {
        RedisBackend(try RedisOptions(options, warn: context.warn))
    }
}

/// The backends that are built.
package enum BackendRegistry {
    /// In the order of help and docs. A new backend is a directory and a line here.
    package static let all: [any BackendKind] = [
        EtcdKind(), EtcdV2Kind(), FileKind(), EnvironmentKind(), RedisKind(), VaultKind(), ConsulKind(),
        ZookeeperKind(),
    ]

    /// The backend without `-backend`.
    package static let standard: any BackendKind = all[0]

    /// The backend with this name or alias; nil if none is built.
    package static func kind(named name: String) -> (any BackendKind)? {
        all.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// All names and aliases.
    package static let names = all.flatMap { [$0.name] + $0.aliases }

    /// The options of all backends, each name once: as the first backend has it that reads it.
    package static let options: [BackendOption] = all.reduce(into: []) { options, kind in
        options += kind.options.filter { option in !options.contains { $0.name == option.name } }
    }

    /// Backends of confd 0.17 and its fork that are not built.
    package static let unbuiltNames = [
        "dynamodb", "ssm", "rancher", "acm", "secretsmanager", "imds",
    ]
}

import Diagnostics

/// The names of backends.
package enum BackendName {
    /// Those that are built.
    package static let built = ["etcd", "etcdv3", "etcdv2", "file", "env"]
    /// Those of confd 0.17 and its fork that are not.
    package static let unbuilt = [
        "consul", "vault", "redis", "zookeeper", "dynamodb", "ssm", "rancher", "acm", "secretsmanager",
        "imds",
    ]
    package static let all = built + unbuilt
}

/// A name that is not one of a backend that is built.
package struct UnknownBackend: Equatable, Sendable {
    package let name: String
    /// Whether confd 0.17 or its fork has such a backend.
    package let isUnbuilt: Bool
    /// The nearest backend that is built.
    package let suggestion: String?

    /// Nil if `name` is one of a backend that is built.
    init?(_ name: String) {
        guard !BackendName.built.contains(name) else { return nil }
        self.name = name
        isUnbuilt = BackendName.unbuilt.contains(name)
        suggestion = isUnbuilt ? nil : Suggestion.nearest(to: name, among: BackendName.built)
    }
}

import Posix

/// The environment that commands and the supervised child get: ours, without what is secret.
package enum ChildEnvironment {
    /// Variables that hold a password or a token of ours, or say in which file one is; those of other backends too, for
    /// one environment may serve several programs.
    package static let secretVariables: Set<String> = [
        "CONFD_PASSWORD", "CONFD_PASSWORD_FILE", "CONFD_AUTH_TOKEN", "CONFD_AUTH_TOKEN_FILE", "CONFD_CLIENT_KEY",
        "CONFD_SECRET_ID", "CONFD_SECRET_KEYRING", "CONFD_IDENTITY_FILE",
    ]

    /// Every entry `NAME=VALUE` that is handed on.
    static func entries() -> [[UInt8]] {
        Environment.entries().filter { entry in
            let name = entry.prefix { $0 != UInt8(ascii: "=") }
            return !secretVariables.contains(String(decoding: name, as: UTF8.self))
        }
    }

    /// Removes what is secret from our own environment, before we become another program.
    static func forgetSecrets() {
        for name in secretVariables { Environment.remove(name) }
    }
}

import Configuration
import Posix

/// The environment of commands and of the supervised child: that of confd, without secrets.
package enum ChildEnvironment {
    /// Every entry `NAME=VALUE` that is passed on.
    package static func entries() -> [[UInt8]] {
        Environment.entries().filter { entry in
            let name = entry.prefix { $0 != UInt8(ascii: "=") }
            return !OptionTable.secretVariables.contains(String(decoding: name, as: UTF8.self))
        }
    }

    /// Removes the secrets from the environment of this process, before it becomes another program.
    package static func removeSecretsOfThisProcess() {
        for name in OptionTable.secretVariables { Environment.remove(name) }
    }
}

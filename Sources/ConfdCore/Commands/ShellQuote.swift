/// Quoting for `/bin/sh`.
package enum ShellQuote {
    /// `text` as one word of the shell, quoted only if it needs to be.
    package static func quote(_ text: String) -> String { preconditionFailure("sketch") }

    /// `bytes` as one word of the shell, quoted only if they need to be.
    package static func quote(_ bytes: [UInt8]) -> [UInt8] { preconditionFailure("sketch") }
}

import KeyValue

/// A key-value store.
package protocol Backend: Sendable {
    /// Reads all keys that `ranges` cover, at one revision, within `timeout`.
    /// A read that fails half-way is no snapshot: it throws.
    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot
}

/// Why a backend could not be read.
package struct BackendError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Not reached, or refused us: exit code 4.
        case unreachable
        /// What the operator configured cannot work: a file that is not YAML, a bad node address.
        case configuration
    }
    package let kind: Kind
    /// The whole message: endpoint or file, the call, the cause. Never a secret.
    package let message: String
    /// What to do about it, if we know.
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}

import KeyValue

/// A key-value store.
package protocol Backend: Sendable {
    /// Reads all keys that `ranges` cover, at one revision, within `timeout`.
    /// A read that fails half-way is no snapshot: it throws.
    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot

    /// Hands a snapshot of `ranges` to `deliver`, and then each newer one as soon as there is one, until it is cancelled.
    ///
    /// With `start`, an earlier snapshot of the same ranges, it may go on from there; it is then delivered again once the
    /// backend is reached. What is delivered is whole and never older than what was delivered before. Throws when the
    /// connection is lost: call again with the last snapshot.
    func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError)
}

extension Backend {
    /// Reads once and waits: for backends that do not tell of changes, or where nobody wants to hear of them.
    package func readAndWait(
        _ ranges: [KeyRange], timeout: Duration, cancellation: Cancellation, deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        deliver(try snapshot(of: ranges, timeout: timeout))
        try cancellation.wait()
    }

    /// Not followed, unless the backend has its own way.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        try readAndWait(ranges, timeout: timeout, cancellation: cancellation, deliver: deliver)
    }
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
    /// What may not be read, if it is that: without it the rest can be.
    package let refused: KeyRange?

    package init(_ kind: Kind, _ message: String, hint: String? = nil, refused: KeyRange? = nil) {
        self.refused = refused
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    /// The message, and the hint on a line of its own.
    package var text: String { message + (hint.map { "\nhint: \($0)" } ?? "") }
}

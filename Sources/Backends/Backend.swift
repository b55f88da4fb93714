import KeyValue
import Posix

/// A key-value store.
package protocol Backend: Sendable {
    /// Reads all keys that `ranges` cover, at one revision, within `timeout`.
    /// A read that fails half-way throws.
    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot

    /// Passes a snapshot of `ranges` to `deliver`, and then a newer one after each change, until it is cancelled.
    ///
    /// With `start`, an earlier snapshot of the same ranges, it may continue from there; that one is then delivered again once
    /// the backend is reached. Each snapshot is complete and never older than the one before. Throws when the connection is
    /// lost: call again with the last snapshot.
    func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError)
}

extension Backend {
    /// Reads once and waits until it is cancelled: for backends and stores that do not report changes.
    package func readAndWait(
        _ ranges: [KeyRange], timeout: Duration, cancellation: Cancellation, deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        deliver(try snapshot(of: ranges, timeout: timeout))
        try cancellation.wait()
    }

    /// Reads once, unless the backend implements following.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        try readAndWait(ranges, timeout: timeout, cancellation: cancellation, deliver: deliver)
    }
}

extension Cancellation {
    /// Waits until it is cancelled, or for `time` (nil: for ever).
    package func wait(_ time: Duration? = nil) throws(BackendError) {
        do {
            _ = try Poll.wait([descriptor], timeout: time)
        } catch {
            throw BackendError(.unreachable, error.message)
        }
    }
}

/// Why a backend could not be read, in words. The directories of the backends have the failures as values
/// (`ServerFailure`, `ClusterProblem`, `FileError`), each with its words in one place.
package struct BackendError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// No connection, or a refusal: exit code 4.
        case unreachable
        /// The configuration cannot work: a file that is not YAML, a bad node address.
        case configuration
    }
    package let kind: Kind
    /// The whole message: endpoint or file, the call, the cause. Never a secret.
    package let message: String
    /// How to fix it, nil if there is nothing to say.
    package let hint: String?
    /// The range without permission, if that is the cause: the others can be read.
    package let refused: KeyRange?
    /// Whether the store was reached and has refused us.
    package let isRefusal: Bool

    package init(
        _ kind: Kind, _ message: String, hint: String? = nil, refused: KeyRange? = nil, isRefusal: Bool = false
    ) {
        self.refused = refused
        self.isRefusal = isRefusal || refused != nil
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}

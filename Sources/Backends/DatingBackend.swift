import Posix

/// A store that knows for each key when it was changed last.
package protocol DatingBackend: Backend {
    /// The revisions of the last changes of `keys`, as far as they are there; of more than 100 keys, of the first 100. Ends
    /// within `timeout`, and within 100 ms of `cancellation`.
    func revisions(
        of keys: [[UInt8]], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> [[UInt8]: Int64]
}

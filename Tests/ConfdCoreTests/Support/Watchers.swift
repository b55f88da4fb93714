import Backends
import KeyValue
import Posix
import Synchronization

/// The followers of a store in the memory of a test.
final class Watchers: Sendable {
    private let waiting = Mutex<[Cancellation]>([])

    /// Wakes all followers; to be called after the store has changed.
    func wake() {
        let watchers = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for watcher in watchers { watcher.cancel() }
    }

    /// Delivers what `read` gives, and again after each change, until `cancellation`.
    func follow(
        until cancellation: Cancellation, read: () throws(BackendError) -> Snapshot, deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        while !cancellation.isCancelled {
            // Before it is read, so that no change is missed.
            let change = try watch()
            deliver(try read())
            do {
                _ = try Poll.wait([cancellation.descriptor, change.descriptor], timeout: nil)
            } catch {
                throw BackendError(.unreachable, error.message)
            }
        }
    }

    /// What the next change cancels.
    private func watch() throws(BackendError) -> Cancellation {
        do {
            let change = try Cancellation()
            waiting.withLock { $0.append(change) }
            return change
        } catch {
            throw BackendError(.unreachable, error.message)
        }
    }
}

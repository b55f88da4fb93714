import KeyValue
import Posix
import Synchronization

/// What other threads report to the daemon's own.
enum Message: Sendable {
    case applied(ResourceID, Outcome, over: VersionedSnapshot)
    /// A file is to be put in its place and checked there.
    case awaitsCheck(ResourceID, Trial, over: VersionedSnapshot)
    /// A rendering that was not begun, because we are about to end.
    case skipped(ResourceID)
    case reloaded([ResourceID], [ResourceID: ReloadOutcome])
    /// Files below confdir changed.
    case filesChanged
    case childEnded(TerminationStatus)
    case statusWanted(StatusRequest)
}

/// A snapshot of one backend, numbered in the order of delivery.
package struct VersionedSnapshot: Sendable {
    let snapshot: Snapshot
    let version: Int
}

/// Messages to the daemon's thread, in the order in which they came.
final class Inbox: Sendable {
    private let messages = Mutex<[Message]>([])
    private let wake: @Sendable () -> Void

    /// `wake` ends the wait of the daemon's thread.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        wake()
    }

    func take() -> [Message] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

import KeyValue
import Posix
import Synchronization

/// What other threads tell the daemon's own.
enum Message: Sendable {
    case applied(Agenda.ID, Outcome, on: Edition)
    /// A file is to be put in its place and checked there.
    case awaitsCheck(Agenda.ID, Trial, on: Edition)
    /// A rendering that was not begun, because we are about to end.
    case skipped(Agenda.ID)
    case reloaded([Agenda.ID], failed: Set<Agenda.ID>)
    /// Files below confdir changed.
    case filesChanged
    case childEnded(TerminationStatus)
    /// Somebody wants to know how things are.
    case surveyWanted(SurveyRequest)
}

/// A snapshot of one backend, and which it is of those that it delivered.
package struct Edition: Sendable {
    let snapshot: Snapshot
    let number: Int
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

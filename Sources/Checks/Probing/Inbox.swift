import Posix
import Synchronization

/// What other threads have for that of the probes.
final class Inbox: Sendable {
    struct Mail {
        /// Host names that were looked up.
        var lookups: [(host: String, outcome: Result<[ResolvedAddress], LookupError>)] = []
        /// Probes that ended elsewhere, by serial.
        var results: [(serial: UInt64, result: ProbeResult)] = []
        /// Probes whose targets are gone.
        var cancelled: [CheckSchedule.ProbeID] = []
        var stops = false
    }

    private let mail = Mutex(Mail())
    private let wakeUp: WakeUp

    /// Throws if the process has no descriptors left.
    init() throws(SystemError) { wakeUp = try WakeUp() }

    /// Readable while something may have come.
    var descriptor: Int32 { wakeUp.descriptor }

    /// Changes the mail and wakes the thread.
    func post(_ change: (inout Mail) -> Void) {
        mail.withLock { change(&$0) }
        wakeUp.wake()
    }

    /// What has come since the last call.
    func take() -> Mail {
        wakeUp.clear()
        return mail.withLock { mail in
            defer { mail = Mail(stops: mail.stops) }
            return mail
        }
    }
}

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

    /// Waits for `time`, and says whether all is to stop; for a thread that has begun nothing yet. What else came is not lost by
    /// it: targets are in the schedule, and nothing was begun that could be cancelled.
    func stops(within time: Duration) -> Bool {
        let end = Clock.monotonic() + time
        while true {
            let left = end - Clock.monotonic()
            if take().stops { return true }
            if left <= .zero { return false }
            // A wait that fails is one that is over at once.
            _ = try? Poll.wait([descriptor], timeout: left)
        }
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

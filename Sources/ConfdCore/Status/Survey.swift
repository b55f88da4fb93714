import Configuration
import Posix
import Synchronization

/// Point-in-time status of the daemon.
struct Survey: Sendable {
    struct Source: Sendable {
        let configuration: BackendConfiguration
        let contact: BackendContact
        let revision: Int64
        let keyCount: Int
    }

    var inSync = 0
    var dirty = 0
    var isReady = false
    /// Whether each destination that is reloaded is owed a reload.
    var owed: [(destination: String, isOwed: Bool)] = []
    /// Destinations that have never been written, and why.
    var neverWritten: [(destination: String, reason: String)] = []
    /// Resource files that have never been usable.
    var unusable: [String] = []
    var sources: [Source] = []
    /// All resources, by name.
    var resources: [ResourceStatus] = []
}

/// The last contact with a backend.
struct BackendContact: Equatable, Sendable {
    /// Whether the last attempt succeeded.
    var isConnected = false
    /// When the backend answered last, nil if it never did.
    var lastHeard: WallTime?
    /// Whether that is longer ago than it may be.
    var isStale = false
}

/// A request to the daemon's thread for its status.
final class SurveyRequest: Sendable {
    private let survey = Mutex<Survey?>(nil)
    private let wakeUp: WakeUp

    init() throws(SystemError) { wakeUp = try WakeUp() }

    func answer(_ survey: Survey) {
        self.survey.withLock { $0 = survey }
        wakeUp.wake()
    }

    /// Readable once there is an answer.
    var descriptor: Int32 { wakeUp.descriptor }

    /// The answer, nil as long as the daemon has given none.
    var result: Survey? { survey.withLock { $0 } }
}

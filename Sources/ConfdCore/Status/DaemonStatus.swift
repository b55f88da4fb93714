import Checks
import Configuration
import Posix
import Rollout

/// Point-in-time status of the daemon.
struct DaemonStatus: Sendable {
    struct BackendState: Sendable {
        let configuration: BackendConfiguration
        let contact: BackendContact
        let revision: Int64
        let keyCount: Int
        /// Why the last attempt failed, nil if it did not.
        let failure: String?
        /// Whether the resources that read it do without.
        var isOptional = false
    }

    /// The name of the machine.
    var host = ""
    /// When this confd started.
    var started = WallTime(seconds: 0)
    /// When it was like this.
    var time = WallTime(seconds: 0)
    var inSync = 0
    /// Those that are not, but for held and waiting ones.
    var dirty = 0
    /// Resources whose guard keeps the old file.
    var held = 0
    /// Resources that wait for other hosts, or have their turn, in a rollout.
    var waiting = 0
    var isReady = false
    /// Whether each destination that is reloaded is owed a reload.
    var owed: [(destination: String, isOwed: Bool)] = []
    /// Destinations that have never been written, and why.
    var neverWritten: [(destination: String, reason: String)] = []
    /// Resource files that have never been usable.
    var unusable: [String] = []
    var sources: [BackendState] = []
    /// Servers that are probed for resources.
    var servers: [ServerStatus] = []
    /// Counters of probes; nil where nothing is probed.
    var statistics: CheckStatistics?
    /// Services that are registered here, by key.
    var services: [ServiceStatus] = []
    /// Running balancers whose servers are kept, by resource.
    var balancers: [BalancerStatus] = []
    /// Of the resources with a rollout, how far they are.
    var rollouts: [(destination: String, state: RolloutState)] = []
    /// How often something that is rendered has changed.
    var generation = 0
    /// All resources, by name.
    var resources: [ResourceStatus] = []
    /// What happened lately, the newest first.
    var events: [StatusEvent] = []

    /// For a line that counts: `2 held, 1 waiting, `, or nothing.
    var heldText: String { (held > 0 ? "\(held) held, " : "") + (waiting > 0 ? "\(waiting) waiting, " : "") }
}

/// The last contact with a backend.
struct BackendContact: Equatable, Sendable {
    /// Whether the last attempt succeeded.
    var isConnected = false
    /// The time of the last contact, nil if there was none.
    var lastHeard: WallTime?
    /// Whether that is too long ago: then confd is not ready.
    var isStale = false
    /// Whether it was reached the last time, and has refused us.
    var hasRefused = false

    /// What is said of one from which no keys have ever come.
    var never: String { hasRefused ? "refuses us, and has given no keys yet" : "never reached" }

    /// Since when nothing has come from it, as the end of a sentence.
    var silence: String {
        if let lastHeard { return "has not been heard of since \(Clock.rfc3339(lastHeard))" }
        return hasRefused ? "has refused us from the start" : "has never been reached"
    }
}

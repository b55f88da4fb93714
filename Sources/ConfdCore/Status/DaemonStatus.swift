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
    /// The time of this status.
    var time = WallTime(seconds: 0)
    var inSync = 0
    /// Resources that are not in sync, without held and waiting ones.
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
    /// What is wrong with the health checks of resources, with the name of each: servers that are not probed, or not hidden.
    var checkProblems: [(resource: String, problem: CheckProblem)] = []
    /// Counters of probes; nil where nothing is probed.
    var statistics: CheckStatistics?
    /// Services that are registered here, by key.
    var services: [ServiceStatus] = []
    /// Running balancers whose servers are kept, by resource.
    var balancers: [BalancerStatus] = []
    /// The state of each resource with a rollout.
    var rollouts: [(destination: String, state: RolloutState)] = []
    /// How often a file was replaced since the start.
    var generation = 0
    /// All resources, by name.
    var resources: [ResourceStatus] = []
    /// What the command after `--` waits for before it is started; nil if it does not, or there is none.
    var commandObstacle: String?
    /// What happened lately, the newest first.
    var events: [StatusEvent] = []

    /// For a line that counts: `2 held, 1 waiting, `, or nothing.
    var heldText: String { (held > 0 ? "\(held) held, " : "") + (waiting > 0 ? "\(waiting) waiting, " : "") }
}

extension DaemonStatus {
    /// The status with what concerns one resource only, which is named as in the log, with or without `.toml`, or by its
    /// `dest`; nil if there is none.
    func only(_ name: String) -> DaemonStatus? {
        let found = resources.filter { ResourceName.isMeant($0.name, by: name) || $0.destination == name }
        if found.isEmpty { return nil }
        let names = Set(found.map(\.name))
        var copy = self
        copy.resources = found
        copy.unusable = []
        copy.services = []
        copy.servers = servers.filter { names.contains($0.resource) }
        copy.checkProblems = checkProblems.filter { names.contains($0.resource) }
        copy.balancers = balancers.filter { names.contains($0.resource) }
        copy.events = events.filter { names.contains($0.subject) }
        return copy
    }

    /// The name or `dest` of a resource that was probably meant by `name`.
    func nearest(to name: String) -> String? {
        ResourceName.nearest(to: name, among: resources.flatMap { [$0.name, $0.destination] })
    }
}

/// The last contact with a backend.
struct BackendContact: Equatable, Sendable {
    /// Whether the last attempt succeeded.
    var isConnected = false
    /// The time of the last contact, nil if there was none.
    var lastHeard: WallTime?
    /// Whether the last contact is too long ago: then confd is not ready.
    var isStale = false
    /// Whether the last attempt reached it, and it refused the request.
    var hasRefused = false

    /// The wording for a backend that has never given keys.
    var never: String { hasRefused ? "refuses us, and has given no keys yet" : "never reached" }

    /// Since when there was no contact, as the end of a sentence.
    var silence: String {
        if let lastHeard { return "has not been heard of since \(Clock.rfc3339(lastHeard))" }
        return hasRefused ? "has refused us from the start" : "has never been reached"
    }
}

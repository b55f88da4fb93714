import Applying
import Backends
import Configuration
import KeyValue
import Rendering

/// The keys of a resource as its template sees them now, for commands that render and apply nothing.
struct ResourceView {
    /// What health checks leave of the keys.
    let visible: Snapshot
    let health: (any HealthSource)?

    /// Nothing is probed: servers are as a daemon on this machine found out, or as `initial` says.
    init(
        of resource: Resource, _ store: Snapshot, _ settings: Settings, _ logger: Logger,
        _ environment: any Rendering.Environment
    ) {
        var pass = OnePass()
        var health = ResourceHealth(resource, environment: environment)
        if health != nil { health?.known = pass.verdicts(of: resource, settings, logger) }
        _ = health?.update(VersionedSnapshot(snapshot: store, version: 1), at: .zero) { _ in nil }
        visible = health?.visible?.snapshot ?? store
        self.health = health?.source(nil)
    }
}

extension BackendPool {
    /// The keys of `resource`; a backend that it needs nothing of is not asked.
    func keys(of resource: Resource, timeout: Duration) throws(BackendError) -> Snapshot {
        if resource.ranges.isEmpty { return Snapshot([]) }
        return try backend(for: resource.backend).snapshot(of: resource.ranges, timeout: timeout)
    }
}

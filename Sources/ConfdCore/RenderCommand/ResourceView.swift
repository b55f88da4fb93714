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

    /// The keys by the names that the template of `resource` knows.
    func keys(of resource: Resource) -> Snapshot { visible.view(of: resource.ranges, strippingPrefix: resource.prefix) }
}

extension BackendPool {
    /// The keys of `resource`; a backend that it needs nothing of is not asked. What fails is logged; nil if that was a backend
    /// that must be there.
    func keys(of resource: Resource, timeout: Duration, _ logger: Logger) -> Snapshot? {
        var snapshots: [Snapshot?] = []
        for layer in resource.layers {
            do throws(BackendError) {
                let isNeeded = !layer.ranges.isEmpty
                snapshots.append(
                    isNeeded
                        ? try backend(for: layer.backend).snapshot(of: layer.ranges, timeout: timeout) : Snapshot([]))
            } catch {
                logger.log(error, of: layer.backend, isOptional: layer.isOptional)
                guard layer.isOptional else { return nil }
                snapshots.append(nil)
            }
        }
        return BackendLayer.merged(resource.layers, snapshots)
    }
}

extension Logger {
    /// Logs that a backend could not be read: as a warning if it may be missing.
    func log(_ error: BackendError, of backend: BackendConfiguration, isOptional: Bool) {
        let fields = error.logFields(backend)
        if isOptional { warning(error.message, fields) } else { self.error(error.message, fields) }
    }
}

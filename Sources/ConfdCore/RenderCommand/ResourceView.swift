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
    /// Servers whose keys are left out.
    let hidden: [HiddenServer]
    /// Groups whose servers are all shown because too few are up.
    let groupsShownAsWhole: [[UInt8]]

    /// Nothing is probed: servers are as a daemon on this machine found out, or as `initial` says.
    init(
        of resource: Resource, _ store: Snapshot, _ settings: Settings, _ logger: Logger,
        _ environment: any Rendering.Environment
    ) {
        var pass = OnePass()
        var health = ResourceHealth(resource, environment: environment)
        let verdicts = health == nil ? [:] : pass.verdicts(of: resource, settings, logger)
        health?.known = verdicts.mapValues(\.isUp)
        _ = health?.update(VersionedSnapshot(snapshot: store, version: 1), at: .zero) { _ in nil }
        visible = health?.visible?.snapshot ?? store
        self.health = health?.source(nil)
        hidden = (health?.hiddenTargets ?? []).map { key, target in
            HiddenServer(key: key, target: "\(target)", verdict: verdicts["\(target)"])
        }
        groupsShownAsWhole = health?.groupsShownAsWhole ?? []
    }

    /// The keys by the names that the template of `resource` knows.
    func keys(of resource: Resource) -> Snapshot { visible.view(of: resource.ranges, strippingPrefix: resource.prefix) }
}

/// A server whose key a health check hides.
struct HiddenServer {
    /// By the store's name.
    let key: [UInt8]
    let target: String
    /// Why, in words.
    let reason: String

    /// `verdict` is nil for a server that nobody has probed.
    init(key: [UInt8], target: String, verdict: DaemonVerdicts.Verdict?) {
        self.key = key
        self.target = target
        reason = verdict.map { $0.error ?? "down" } ?? "not probed, and initial = \"down\""
    }
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

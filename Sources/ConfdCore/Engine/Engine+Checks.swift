import Checks
import Configuration
import Diagnostics
import KeyValue
import Posix

// Health checks of servers that keys name: keys and verdicts in, what is probed and what templates see out.
extension Engine {
    /// Has the servers among the newest keys probed, and marks the resources whose template sees something else now.
    func updateHealth(at now: Duration) {
        for state in table.resources where !state.resource.healthChecks.isEmpty {
            guard let snapshot = state.keys?.snapshot, state.pendingDefinition == nil else { continue }
            let before = state.snapshot
            if state.health == nil { state.health = newHealth(of: state) }
            guard state.health?.update(snapshot, at: now, health: monitor.health(of:)) == true else { continue }
            if mode == .follow { monitor.set(state.health?.targets ?? [], for: .resource(state.id), at: now) }
            reportProblems(of: state)
            noteChange(of: state, from: before.snapshot, at: now)
        }
    }

    private func newHealth(of state: ResourceState) -> ResourceHealth? {
        var health = ResourceHealth(state.resource, environment: applier.renderer.environment)
        if mode == .once { health?.known = pass.verdicts(of: state.resource, settings, logger).mapValues(\.isUp) }
        return health
    }

    /// Whether the first rendering of a resource need not wait for its health checks any longer.
    func isHealthDecided(of state: ResourceState, at now: Duration) -> Bool {
        if state.resource.healthChecks.isEmpty || state.resource.ranges.isEmpty { return true }
        return state.health?.isDecided(at: now) ?? false
    }

    /// When the next of those renderings stops waiting; nil if none waits. Times in the past are left out: a resource that still
    /// waits then waits for something else.
    var healthDeadline: Duration? {
        let now = clock()
        return table.resources.lazy.filter { !$0.isScheduled }.compactMap { $0.health?.deadline }.filter { $0 > now }
            .min()
    }

    /// Takes a verdict of a health check.
    func take(_ change: VerdictChange, at now: Duration) {
        // What counts as down until it is up would else never be mentioned if it never is.
        let isDownFromTheStart = change.isFirst && !change.health.isUp
        let hasFailed = isDownFromTheStart && change.health.fall > 0
        let waiting = hasFailed ? services.names(waitingFor: change.target) : []
        if waiting.isEmpty, change.isTransition || isDownFromTheStart { logger.info(change.message) }
        for name in waiting {
            logger.warning("\(PrintableText.line(name)) waits for its health check: \(change.message)")
        }
        note(change)
        for state in table.resources {
            let before = state.snapshot.snapshot
            guard state.health?.take(change) ?? false else { continue }
            reportPanic(of: state)
            noteChange(of: state, from: before, at: now)
            if change.isTransition, state.inputs.readsHealth {
                table.update(state, at: now) { $0.changed(at: now) }
            }
            if change.isTransition, state.items != nil { refreshItems(of: state, at: now) { $0.inputs.readsHealth } }
        }
        services.take(change)
    }

    /// The servers that are probed for resources, in the order of resources, groups and targets.
    var serverStatuses: [ServerStatus] {
        table.resources.sorted { $0.resource.name < $1.resource.name }.flatMap { state in
            state.health?.servers { monitor.health(of: $0) } ?? []
        }
    }

    /// Marks a resource whose template saw `old` before, if its last rendering read something that is different now.
    /// One that is being rendered is looked at when it is done.
    func noteChange(of state: ResourceState, from old: Snapshot, at now: Duration) {
        if state.items != nil { return noteChange(ofItemsOf: state, from: old, at: now) }
        guard state.isScheduled, !state.isRendering else { return }
        let new = state.snapshot.snapshot
        if state.isConcerned(from: old, to: new) {
            table.update(state, at: now) { $0.changed(at: now) }
        } else if state.isInStep {
            // So that old snapshots are not held for ever.
            state.applied = new
        }
    }

    private func reportProblems(of state: ResourceState) {
        let resource = state.resource
        for pattern in state.health?.takeUnmatched() ?? [] {
            let prefix = String(decoding: resource.prefix, as: UTF8.self)
            let reason = pattern.hasPrefix(prefix + "/") ? " (the prefix \(prefix) is left out there)" : ""
            logger.warning(
                "\(resource.name): no key matches \(pattern)\(reason), so its health check has no server", resource)
        }
        for (key, reason) in state.health?.takeProblems() ?? [] {
            let key = String(decoding: key, as: UTF8.self)
            logger.warning("\(resource.name): \(key) is not checked: \(reason)", resource)
        }
        reportPanic(of: state)
    }

    private func reportPanic(of state: ResourceState) {
        let resource = state.resource
        guard let (began, ended) = state.health?.takePanics() else { return }
        for group in began {
            let group = String(decoding: group, as: UTF8.self)
            logger.warning(
                "\(resource.name): too few servers of \(group) are up, so all of them are shown (min_healthy)", resource
            )
        }
        for group in ended {
            let group = String(decoding: group, as: UTF8.self)
            logger.info("\(resource.name): enough servers of \(group) are up again", resource)
        }
    }
}

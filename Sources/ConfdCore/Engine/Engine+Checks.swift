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
            // What is checked is probably the command after `--`.
            let command = supervisor.flatMap { $0.hasStarted ? nil : " (\($0.name) is not started yet)" } ?? ""
            logger.warning("\(PrintableText.line(name)) waits for its health check: \(change.message)\(command)")
        }
        note(change)
        for state in table.resources {
            let before = state.snapshot.snapshot
            guard state.health?.take(change) ?? false else { continue }
            reportProblems(of: state)
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
        checkedResources.flatMap { state in
            state.health?.servers { monitor.health(of: $0) } ?? []
        }
    }

    /// What is wrong with the health checks of resources, in the same order.
    var checkProblems: [(resource: String, problem: CheckProblem)] {
        checkedResources.flatMap { state in
            (state.health?.problems ?? []).map { (state.resource.name, $0) }
        }
    }

    private var checkedResources: [ResourceState] {
        table.resources.filter { $0.health != nil }.sorted { $0.resource.name < $1.resource.name }
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
        guard let (began, ended) = state.health?.takeProblems() else { return }
        for problem in began { logger.warning("\(resource.name): \(problem.message)", resource) }
        for group in ended {
            let group = String(decoding: group, as: UTF8.self)
            logger.info("\(resource.name): enough servers of \(group) are up again", resource)
        }
    }
}

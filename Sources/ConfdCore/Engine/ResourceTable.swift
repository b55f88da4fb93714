import Applying
import Configuration
import KeyValue
import Posix

/// The resources that there are, and what is due of them.
///
/// Events and time in, actions out. A record is made by `insert` and dropped by `remove`, nowhere else.
package final class ResourceTable {
    /// What is to be done.
    package enum Action: Equatable, Sendable {
        case render(ResourceID)
        /// Reload these: they have the same command, which runs once.
        case reload([ResourceID])
    }

    private var byID: [ResourceID: ResourceState] = [:]
    private var lastID = 0
    private var groups = ReloadGroups()
    private var isStopping = false

    package init() {}

    package subscript(id: ResourceID) -> ResourceState? { byID[id] }

    var states: Dictionary<ResourceID, ResourceState>.Values { byID.values }

    /// In the order in which they were inserted: that of their files, at first.
    var inOrder: [ResourceState] { byID.values.sorted { $0.id < $1.id } }

    /// The resources by their names.
    var byName: [String: ResourceState] {
        Dictionary(byID.values.map { ($0.resource.name, $0) }) { first, _ in first }
    }

    /// Whether reloads wait: for the command that is to be reloaded, or until every file is in place.
    package var holdsReloads: Bool {
        get { groups.areHeld }
        set { groups.areHeld = newValue }
    }

    /// Whether no reload begins for now, because files are in place that no check has accepted yet.
    package var pausesReloads: Bool {
        get { groups.arePaused }
        set { groups.arePaused = newValue }
    }

    /// Adds a resource, of which nothing is known yet.
    @discardableResult
    package func insert(_ resource: Resource) -> ResourceState {
        lastID += 1
        let state = ResourceState(lastID, resource)
        byID[lastID] = state
        return state
    }

    /// Drops a resource with all that is known of it. Nothing may run for it.
    package func remove(_ state: ResourceState) {
        groups.remove(state)
        byID[state.id] = nil
    }

    /// From now on the resource is rendered and reloaded as `scheduler` says.
    package func schedule(_ state: ResourceState, _ scheduler: Scheduler) {
        state.scheduler = scheduler
        groups.add(state)
    }

    /// Replaces the definition of a resource for which nothing runs. False if it has other keys now: then it begins anew
    /// when they are there.
    func redefine(_ state: ResourceState, as new: Resource) -> Bool {
        let old = state.resource
        let hasSameChecks =
            old.healthChecks == new.healthChecks && (new.healthChecks.isEmpty || old.prefix == new.prefix)
        let hasSameKeys = old.ranges == new.ranges && old.backend == new.backend && hasSameChecks
        groups.remove(state)
        guard state.isScheduled, hasSameKeys else {
            state.beginAnew(new)
            return false
        }
        state.redefine(new)
        groups.add(state)
        return true
    }
}

// MARK: - Events

extension ResourceTable {
    /// Changes the scheduler of a resource, if it has one yet.
    package func update(_ state: ResourceState, at now: Duration, _ event: (inout Scheduler) -> Void) {
        guard var scheduler = state.scheduler else { return }
        event(&scheduler)
        if isStopping { scheduler.stop(at: now) }
        if isStopping, holdsReloads { scheduler.reloadDone() }
        state.scheduler = scheduler
    }

    /// Takes the outcome of a rendering over `snapshot`.
    func applied(_ state: ResourceState, _ outcome: Outcome, over snapshot: VersionedSnapshot, at now: Duration) {
        let keysChanged = state.applied.map { state.isConcerned(from: $0, to: snapshot.snapshot) } ?? true
        state.take(outcome, over: snapshot.snapshot)
        update(state, at: now) { scheduler in
            scheduler.rendered(Scheduler.RenderOutcome(outcome), keysChanged: keysChanged, at: now)
        }
        // What came while it was rendered.
        let newest = state.snapshot
        if newest.version != snapshot.version, state.isConcerned(from: snapshot.snapshot, to: newest.snapshot) {
            update(state, at: now) { $0.changed(at: now) }
        }
    }

    /// Takes the outcome of a reload that was begun; nil if it was found that none is owed.
    func reloaded(_ state: ResourceState, _ outcome: ReloadOutcome?, at now: Duration) {
        if let outcome { state.take(outcome) }
        update(state, at: now) { $0.reloaded(succeeded: outcome?.state != .owed, at: now) }
    }

    /// Starts nothing more but the reloads that are owed and may be run.
    package func stop(at now: Duration) {
        isStopping = true
        for state in states { update(state, at: now) { _ in } }
    }
}

// MARK: - Actions

extension ResourceTable {
    /// Whether a reload is under way.
    package var isReloading: Bool { states.contains { $0.isRunning && !$0.isRendering } }

    /// Whether a rendering is due or under way, but for those whose file waits for a check in place.
    var isRendering: Bool {
        states.contains { state in
            state.scheduler.map { $0.isRendering && state.waitingTrial == nil || $0.owesRendering } ?? false
        }
    }

    /// Nothing runs, and nothing is due.
    package var isInStep: Bool { states.allSatisfy { $0.scheduler?.isInStep ?? true } }

    /// The actions that are due, which count as begun. Renderings come first: what reloads together is rendered before.
    package func begin(at now: Duration) -> [Action] {
        let due = states.compactMap { state in state.scheduler?.action(at: now).map { (state, $0) } }
            .sorted { $0.0.id < $1.0.id }
        var actions: [Action] = []
        for (state, action) in due where action == .render {
            state.scheduler?.begin(.render, at: now)
            actions.append(.render(state.id))
        }
        for (state, action) in due where action == .reload && mayReload(state) {
            let members = groups.members(with: state).compactMap { byID[$0] }
                .filter { $0.scheduler?.owesReload ?? false }.sorted { $0.id < $1.id }
            for member in members { member.scheduler?.begin(.reload, at: now) }
            actions.append(.reload(members.map(\.id)))
        }
        return actions
    }

    /// When `begin` has to be called next, if nothing happens before.
    package var deadline: Duration? {
        var earliest: Duration?
        for state in states {
            guard let scheduler = state.scheduler else { continue }
            let countsReload = scheduler.owesReload && mayReload(state)
            guard let deadline = scheduler.deadline(countsReload: countsReload) else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    /// Whether nothing is under way that a reload of `state` has to wait for.
    private func mayReload(_ state: ResourceState) -> Bool {
        !holdsReloads && !pausesReloads
            && groups.members(with: state).allSatisfy { !(byID[$0]?.isRunning ?? false) }
    }
}

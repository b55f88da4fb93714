import Applying
import Configuration
import KeyValue
import Posix

/// All resources, and what is due for them.
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
    /// The resources that conf.d defines: all but items.
    private var written: [ResourceID: ResourceState] = [:]
    /// The number of units of each resource with items.
    private var unitCounts: [ResourceID: Int] = [:]
    private var lastID = 0
    private var isStopping = false
    let agenda = Agenda()
    /// Whether reloads wait: for the command that is to be reloaded, or until every file is in place.
    package var holdsReloads = false
    /// Whether no reload begins for now, because files are in place that no check has accepted yet.
    package var pausesReloads = false

    package init() {}

    package subscript(id: ResourceID) -> ResourceState? { byID[id] }

    /// All of them, units of items too: a loop over them takes long where there are many items.
    var states: Dictionary<ResourceID, ResourceState>.Values { byID.values }

    /// The resources that conf.d defines.
    var resources: Dictionary<ResourceID, ResourceState>.Values { written.values }

    /// Whether there are units for items of `owner`.
    func hasUnits(of owner: ResourceState) -> Bool { unitCounts[owner.id] != nil }

    /// In the order in which they were inserted: that of their files, at first.
    var inOrder: [ResourceState] { byID.values.sorted { $0.id < $1.id } }

    /// The resources by their names, without items.
    var byName: [String: ResourceState] {
        Dictionary(written.values.map { ($0.resource.name, $0) }) { first, _ in first }
    }

    /// Adds a resource, or the unit of one of `owner`'s items, of which nothing is known yet.
    @discardableResult
    package func insert(_ resource: Resource, owner: ResourceState? = nil) -> ResourceState {
        lastID += 1
        let state = ResourceState(lastID, resource, agenda, owner: owner)
        byID[lastID] = state
        if let owner { unitCounts[owner.id, default: 0] += 1 } else { written[lastID] = state }
        return state
    }

    /// Drops a resource with all that is known of it. Nothing may run for it.
    package func remove(_ state: ResourceState) {
        state.leaveAgenda()
        byID[state.id] = nil
        written[state.id] = nil
        guard let owner = state.owner, let count = unitCounts[owner.id] else { return }
        unitCounts[owner.id] = count == 1 ? nil : count - 1
    }

    /// From now on the resource is rendered and reloaded as `scheduler` says.
    package func schedule(_ state: ResourceState, _ scheduler: Scheduler) {
        state.scheduler = scheduler
    }

    /// Replaces the definition of a resource for which nothing runs. False if it has other keys now: then it begins anew
    /// when they are there.
    func redefine(_ state: ResourceState, as new: Resource) -> Bool {
        let old = state.resource
        let hasSameChecks =
            old.healthChecks == new.healthChecks && (new.healthChecks.isEmpty || old.prefix == new.prefix)
        let hasSameKeys = old.ranges == new.ranges && old.layers == new.layers && hasSameChecks
        guard state.isScheduled, hasSameKeys else {
            state.beginAnew(new)
            return false
        }
        state.redefine(new)
        return true
    }
}

extension ResourceTable {
    /// Replaces the definition of a resource that has items, or has them from now on; nothing may run for it, and there may be
    /// no units. It begins anew.
    func redefineItems(_ state: ResourceState, as new: Resource) { state.beginAnew(new) }
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
        // Files of items are removed because their keys are gone.
        let keysChanged =
            !outcome.removed.isEmpty
            || state.fileKeys.map { state.isConcerned(from: $0, to: snapshot.snapshot) } ?? true
        state.take(outcome, over: snapshot.snapshot)
        update(state, at: now) { scheduler in
            scheduler.rendered(Scheduler.RenderOutcome(outcome), keysChanged: keysChanged, at: now)
        }
        // Keys that came while it was rendered.
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
    package var isReloading: Bool { agenda.isReloading }

    /// Whether a rendering is due or under way, but for those whose file waits for a check in place.
    var isRendering: Bool { agenda.isRendering }

    /// Nothing runs, and nothing is due.
    package var isInStep: Bool { agenda.isInStep }

    /// The actions that are due, which count as begun. Renderings come first: what reloads together is rendered before.
    package func begin(at now: Duration) -> [Action] {
        let rendered = agenda.renderings.filter { byID[$0]?.scheduler?.action(at: now) == .render }.sorted()
        for id in rendered { byID[id]?.scheduler?.begin(.render, at: now) }
        if holdsReloads || pausesReloads { return rendered.map { .render($0) } }
        let groups = agenda.reloads.values.compactMap { members in
            members.filter { byID[$0]?.scheduler?.action(at: now) == .reload }.min().map {
                (first: $0, members: members)
            }
        }
        let reloaded = groups.sorted { $0.first < $1.first }.map { $0.members.sorted() }
        for id in reloaded.joined() { byID[id]?.scheduler?.begin(.reload, at: now) }
        return rendered.map { .render($0) } + reloaded.map { .reload($0) }
    }

    /// When `begin` has to be called next, if nothing happens before.
    package var deadline: Duration? {
        var earliest = agenda.renderings.lazy.compactMap { self.deadline(of: $0, countsReload: false) }.min()
        if holdsReloads || pausesReloads { return earliest }
        for id in agenda.reloads.values.joined() {
            guard let deadline = deadline(of: id, countsReload: true) else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    private func deadline(of id: ResourceID, countsReload: Bool) -> Duration? {
        byID[id]?.scheduler?.deadline(countsReload: countsReload)
    }
}

/// What is due of all resources: a scheduler for each, and the reload commands that several of them share.
///
/// Events and time in, actions out; whoever performs an action tells how it went.
package struct Agenda: Sendable {
    /// A resource, by a number that its owner chose.
    package typealias ID = Int

    /// What is to be done.
    package enum Action: Equatable, Sendable {
        case render(ID)
        /// Reload these: they have the same command, which runs once.
        case reload([ID])
    }

    private struct Item {
        var scheduler: Scheduler
        /// What reloads together.
        var group: String?
    }

    private var items: [ID: Item] = [:]
    private var groups: [String: Set<ID>] = [:]
    private var isStopping = false
    /// Whether reloads wait, because what is to be reloaded has not been started.
    package var holdsReloads = false
    /// Whether no reload begins for now, because files are in place that no check has accepted yet.
    package var pausesReloads = false

    package init() {}

    /// Adds a resource; those of the same `group` share one run of their reload command.
    package mutating func add(_ id: ID, _ scheduler: Scheduler, group: String?) {
        items[id] = Item(scheduler: scheduler, group: group)
        if let group { groups[group, default: []].insert(id) }
    }

    /// Changes what an operator chose for a resource.
    package mutating func update(_ id: ID, _ policy: Scheduler.Policy, group: String?) {
        guard var scheduler = items[id]?.scheduler else { return }
        scheduler.policy = policy
        remove(id)
        add(id, scheduler, group: group)
    }

    /// Forgets a resource: what runs for it must be over.
    package mutating func remove(_ id: ID) {
        guard let group = items.removeValue(forKey: id)?.group else { return }
        groups[group]?.remove(id)
        if groups[group]?.isEmpty ?? false { groups[group] = nil }
    }

    /// The scheduler of a resource, to look at.
    package subscript(id: ID) -> Scheduler? { items[id]?.scheduler }

    /// Tells the scheduler of a resource what happened.
    package mutating func tell(_ id: ID, at now: Duration, _ event: (inout Scheduler) -> Void) {
        guard var item = items[id] else { return }
        event(&item.scheduler)
        if isStopping { item.scheduler.stop(at: now) }
        if isStopping, holdsReloads { item.scheduler.settleReload() }
        items[id] = item
    }

    /// Starts nothing more but the reloads that are owed and may be run.
    package mutating func stop(at now: Duration) {
        isStopping = true
        for id in items.keys {
            items[id]?.scheduler.stop(at: now)
            if holdsReloads { items[id]?.scheduler.settleReload() }
        }
    }

    /// Whether a reload is under way.
    package var isReloading: Bool { items.values.contains { $0.scheduler.isRunning && !$0.scheduler.isRendering } }

    /// Nothing runs, and nothing is due.
    package var isInStep: Bool { items.values.allSatisfy { $0.scheduler.isInStep } }

    /// The actions that are due, which count as begun. Renderings come first: what reloads together is rendered before.
    package mutating func begin(at now: Duration) -> [Action] {
        let due = items.compactMap { id, item in item.scheduler.action(at: now).map { (id, $0) } }
            .sorted { $0.0 < $1.0 }
        var actions: [Action] = []
        for (id, action) in due where action == .render {
            items[id]?.scheduler.begin(.render, at: now)
            actions.append(.render(id))
        }
        for (id, action) in due where action == .reload && mayReload(id) {
            let members = members(with: id).filter { items[$0]?.scheduler.owesReload ?? false }.sorted()
            for member in members { items[member]?.scheduler.begin(.reload, at: now) }
            actions.append(.reload(members))
        }
        return actions
    }

    /// When `begin` has to be called next, if nothing happens before.
    package var deadline: Duration? {
        var earliest: Duration?
        for (id, item) in items {
            let countsReload = item.scheduler.owesReload && mayReload(id)
            guard let deadline = item.scheduler.deadline(countsReload: countsReload) else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    private func members(with id: ID) -> Set<ID> { items[id]?.group.flatMap { groups[$0] } ?? [id] }

    /// Whether nothing is under way that a reload of `id` has to wait for.
    private func mayReload(_ id: ID) -> Bool {
        !holdsReloads && !pausesReloads && members(with: id).allSatisfy { !(items[$0]?.scheduler.isRunning ?? false) }
    }
}

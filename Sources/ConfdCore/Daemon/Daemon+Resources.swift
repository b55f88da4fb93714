import Backends
import KeyValue
import Posix

extension Daemon {
    /// A resource as the daemon knows it.
    struct Entry {
        var resource: Resource
        /// What its file was made from last.
        var inputs = Inputs()
        /// The snapshot that file and service are in step with.
        var applied: Snapshot?
        /// The reload that is owed.
        var reload: Outcome.Reload?
        /// From this reading on its backend's snapshots hold all keys of the resource.
        var firstReading = 0
        var isScheduled = false
        /// What comes when that which runs for it is over.
        var successor: Successor?

        enum Successor {
            case removed
            case redefined(Resource)
        }

        /// The service has the files that its reload was owed for.
        mutating func noteReload() {
            applied = reload?.changes.snapshot
            reload = nil
        }

        /// Whether a rendering over `new` may differ from the last one, which was over `old` or one like it.
        func isConcerned(from old: Snapshot, to new: Snapshot) -> Bool {
            guard let reads = inputs.reads else { return true }
            let before = old.view(of: resource.ranges, strippingPrefix: resource.prefix)
            let after = new.view(of: resource.ranges, strippingPrefix: resource.prefix)
            return reads.intersects(after.difference(from: before))
        }
    }

    /// A backend as the daemon knows it.
    struct Source {
        let follower: Follower
        /// The number of the reading that was asked for last.
        var reading = 0
        /// The newest snapshot, and the reading that it belongs to.
        var edition: Edition?
        var delivered = 0
        /// All resources are rendered when this reading is delivered.
        var refreshesAt: Int?
    }

    /// The keys that a resource is rendered over now.
    func edition(for resource: Resource) -> Edition {
        // Resources without keys need no backend: confd renders them over an empty store.
        let edition = resource.ranges.isEmpty ? nil : sources[resource.backend]?.edition
        return edition ?? Edition(snapshot: Snapshot([]), number: 0)
    }
}

// MARK: - Files below confdir

extension Daemon {
    /// Looks at all resources and templates anew: those that are new, changed or gone are taken up, the others are let
    /// be. With `readsAnew`, all backends are read again too.
    func takeInventory(readsAnew: Bool) throws(SystemError) {
        let now = Clock.monotonic()
        inventory.reload()
        let names = Set(inventory.resources.map(\.name))
        for (name, id) in ids where !names.contains(name) { replace(id, by: .removed, at: now) }
        for resource in inventory.resources {
            if let id = ids[resource.name] {
                lookAgain(id, resource, at: now)
            } else {
                pipeline.heal(resource)
                let id = makeID()
                ids[resource.name] = id
                entries[id] = Entry(resource: resource)
            }
        }
        try updateSources(readsAnew: readsAnew)
    }

    private func lookAgain(_ id: Agenda.ID, _ resource: Resource, at now: Duration) {
        guard let entry = entries[id] else { return }
        if entry.successor != nil || entry.resource != resource {
            replace(id, by: .redefined(resource), at: now)
        } else if agenda[id]?.isRendering == false, !entry.inputs.sourcesAreCurrent {
            // One that is being rendered is looked at when it is done.
            refresh(id, at: now)
        }
    }

    /// Lets another definition take the place of a resource, once nothing runs for it.
    private func replace(_ id: Agenda.ID, by successor: Entry.Successor, at now: Duration) {
        entries[id]?.successor = successor
        succeed(id, at: now)
    }

    /// Takes up what waited for the end of that which ran.
    func succeed(_ id: Agenda.ID, at now: Duration) {
        guard let entry = entries[id], let successor = entry.successor, !(agenda[id]?.isRunning ?? false) else {
            return
        }
        entries[id]?.successor = nil
        sourcesAreStale = true
        switch successor {
        case .removed: forget(id)
        case .redefined(let resource): redefine(id, entry, resource, at: now)
        }
    }

    /// Has a resource rendered at once, unless the pass that starts will do so with newer keys.
    private func refresh(_ id: Agenda.ID, at now: Duration) {
        if passIsStarting { return }
        agenda.tell(id, at: now) { $0.refresh(at: now) }
    }

    private func redefine(_ id: Agenda.ID, _ entry: Entry, _ resource: Resource, at now: Duration) {
        if entry.resource == resource { return refresh(id, at: now) }
        let hasSameKeys = entry.resource.ranges == resource.ranges && entry.resource.backend == resource.backend
        guard entry.isScheduled, hasSameKeys else {
            // Other keys: it begins anew with a snapshot that has them.
            agenda.remove(id)
            entries[id] = Entry(resource: resource)
            return
        }
        entries[id]?.resource = resource
        // A reload that is owed is found by its mark, and is then that of the new definition.
        entries[id]?.reload = nil
        agenda.update(id, resource.policy, group: resource.reloadGroup)
        agenda.tell(id, at: now) { $0.settleReload() }
        refresh(id, at: now)
    }
}

// MARK: - Backends

extension Daemon {
    /// Has each backend followed for the keys of all its resources.
    func updateSources(readsAnew: Bool) throws(SystemError) {
        sourcesAreStale = false
        var ranges: [BackendConfiguration: [KeyRange]] = [:]
        for entry in entries.values where !entry.resource.ranges.isEmpty {
            ranges[entry.resource.backend, default: []] += entry.resource.ranges
        }
        for (configuration, source) in sources where ranges[configuration] == nil {
            source.follower.stop()
            sources[configuration] = nil
        }
        for (configuration, ranges) in ranges {
            var source = sources[configuration] ?? Source(follower: makeFollower(configuration))
            if readsAnew || Set(source.follower.ranges) != Set(ranges) {
                source.reading = try source.follower.read(Array(Set(ranges)))
            }
            sources[configuration] = source
        }
        for (id, entry) in entries where !entry.isScheduled && entry.firstReading == 0 {
            entries[id]?.firstReading = sources[entry.resource.backend]?.reading ?? 0
        }
    }

    /// Takes the newest snapshots, and marks the resources that they concern.
    func takeDeliveries(at now: Duration) {
        for (configuration, source) in sources {
            guard let delivery = source.follower.take() else { continue }
            let previous = source.edition
            sources[configuration]?.edition = Edition(
                snapshot: delivery.snapshot, number: (previous?.number ?? 0) + 1)
            sources[configuration]?.delivered = delivery.reading
            let refreshes = source.refreshesAt.map { delivery.reading >= $0 } ?? false
            if refreshes { sources[configuration]?.refreshesAt = nil }
            if refreshes { refresh(configuration, at: now) }
            if let previous, !refreshes { mark(configuration, from: previous.snapshot, to: delivery.snapshot, at: now) }
        }
        scheduleNew(at: now)
    }

    /// Begins with resources whose keys are there now. Those without keys need no backend.
    private func scheduleNew(at now: Duration) {
        for (id, entry) in entries where !entry.isScheduled && entry.successor == nil {
            let source = sources[entry.resource.backend]
            let hasKeys = source.map { $0.edition != nil && $0.delivered >= entry.firstReading } ?? false
            guard entry.resource.ranges.isEmpty || hasKeys else { continue }
            entries[id]?.isScheduled = true
            agenda.add(id, Scheduler(entry.resource.policy, now: now), group: entry.resource.reloadGroup)
        }
    }

    private func refresh(_ configuration: BackendConfiguration, at now: Duration) {
        for (id, entry) in entries where entry.resource.backend == configuration && !entry.resource.ranges.isEmpty {
            agenda.tell(id, at: now) { $0.refresh(at: now) }
        }
    }

    /// Marks exactly the resources whose last rendering read something that is different now. Those that are being
    /// rendered are looked at when they are done.
    private func mark(_ configuration: BackendConfiguration, from old: Snapshot, to new: Snapshot, at now: Duration) {
        let changes = new.difference(from: old)
        if changes.isEmpty { return }
        for (id, entry) in entries where entry.resource.backend == configuration && entry.isScheduled {
            guard let scheduler = agenda[id], !scheduler.isRendering else { continue }
            let isInRange = changes.contains { change in
                entry.resource.ranges.contains { $0.contains(change.key.bytes) }
            }
            if isInRange, entry.isConcerned(from: old, to: new) {
                agenda.tell(id, at: now) { $0.changed(at: now) }
            } else if scheduler.isInStep {
                // So that old snapshots are not held for ever.
                entries[id]?.applied = new
            }
        }
    }
}

import Backends
import Configuration
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
        /// Whether it has a follower of its own, because some of its keys may not be read.
        var isSeparate = false
        /// What comes when that which runs for it is over.
        var successor: Successor?

        enum Successor {
            case removed
            case redefined(Resource)
        }

        /// Where its keys come from.
        var source: Source.Key {
            Source.Key(backend: resource.backend, separate: isSeparate ? resource.ranges : nil)
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
        struct Key: Hashable {
            let backend: BackendConfiguration
            /// The ranges of resources that wait by themselves; nil for all others.
            let separate: [KeyRange]?
        }

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
    func edition(for entry: Entry) -> Edition {
        // Resources without keys need no backend: confd renders them over an empty store.
        let edition = entry.resource.ranges.isEmpty ? nil : sources[entry.source]?.edition
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
        pipeline.keepClaims(of: inventory.resources)
        let included = entries.values.flatMap { $0.inputs.sources.keys }
        confdirWatch?.watch(inventory.templates.union(included))
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
                records.read(resource.name)
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
        var ranges: [Source.Key: [KeyRange]] = [:]
        for entry in entries.values where !entry.resource.ranges.isEmpty {
            ranges[entry.source, default: []] += entry.resource.ranges
        }
        let previous = sources
        for (key, source) in sources where ranges[key] == nil {
            source.follower.stop()
            sources[key] = nil
        }
        for (key, ranges) in ranges {
            var source = sources[key] ?? Source(follower: makeFollower(key.backend))
            if key.separate != nil, sources[key] == nil {
                // What is rendered already goes on with the keys that there were.
                source.edition = previous[Source.Key(backend: key.backend, separate: nil)]?.edition
            }
            if readsAnew || Set(source.follower.ranges) != Set(ranges) {
                source.reading = try source.follower.read(Array(Set(ranges)))
            }
            sources[key] = source
        }
        for (id, entry) in entries where !entry.isScheduled && entry.firstReading == 0 {
            entries[id]?.firstReading = sources[entry.source]?.reading ?? 0
        }
    }

    /// Lets resources with keys that may not be read wait by themselves, so that the others of their backend go on.
    func separateRefused() {
        for (key, source) in sources where key.separate == nil {
            guard let refused = source.follower.failure?.refused else { continue }
            let dependents = entries.filter { $0.value.source == key && !$0.value.resource.ranges.isEmpty }
            let concerned = dependents.filter { $0.value.resource.needs(refused) }
            guard concerned.count < dependents.count else { continue }
            for id in concerned.keys {
                entries[id]?.isSeparate = true
                entries[id]?.firstReading = 0
                // The service need not wait for it to be called ready.
                awaited.remove(id)
                sourcesAreStale = true
            }
        }
    }

    /// Takes the newest snapshots, and marks the resources that they concern.
    func takeDeliveries(at now: Duration) {
        for (key, source) in sources {
            guard let delivery = source.follower.take() else { continue }
            let previous = source.edition
            sources[key]?.edition = Edition(snapshot: delivery.snapshot, number: (previous?.number ?? 0) + 1)
            sources[key]?.delivered = delivery.reading
            let refreshes = source.refreshesAt.map { delivery.reading >= $0 } ?? false
            if refreshes { sources[key]?.refreshesAt = nil }
            if refreshes { refresh(key, at: now) }
            if let previous, !refreshes { mark(key, from: previous.snapshot, to: delivery.snapshot, at: now) }
        }
        scheduleNew(at: now)
    }

    /// Begins with resources whose keys are there now. Those without keys need no backend.
    private func scheduleNew(at now: Duration) {
        for (id, entry) in entries where !entry.isScheduled && entry.successor == nil {
            let source = sources[entry.source]
            let hasKeys = source.map { $0.edition != nil && $0.delivered >= entry.firstReading } ?? false
            guard entry.resource.ranges.isEmpty || hasKeys else { continue }
            entries[id]?.isScheduled = true
            agenda.add(id, Scheduler(entry.resource.policy, now: now), group: entry.resource.reloadGroup)
        }
    }

    private func refresh(_ key: Source.Key, at now: Duration) {
        for (id, entry) in entries where entry.source == key && !entry.resource.ranges.isEmpty {
            agenda.tell(id, at: now) { $0.refresh(at: now) }
        }
    }

    /// Marks exactly the resources whose last rendering read something that is different now. Those that are being
    /// rendered are looked at when they are done.
    private func mark(_ key: Source.Key, from old: Snapshot, to new: Snapshot, at now: Duration) {
        let changes = new.difference(from: old)
        if changes.isEmpty { return }
        for (id, entry) in entries where entry.source == key && entry.isScheduled {
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

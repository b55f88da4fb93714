import Backends
import Configuration
import KeyValue
import Posix

/// A backend, or a part of one, that is followed for the resources that read it.
struct Source {
    /// Which one.
    struct Key: Hashable {
        let backend: BackendConfiguration
        /// The ranges of resources that wait by themselves; nil for all others.
        let separate: [KeyRange]?
    }

    let follower: Follower
    /// The generation that was asked for last.
    var requestedGeneration = 0
    /// The generation of the newest snapshot.
    var deliveredGeneration = 0
    /// The newest snapshot, nil until there is one.
    var snapshot: VersionedSnapshot?
    /// When this generation is delivered, all resources are rendered.
    var refreshGeneration: Int?
}

extension Daemon {
    /// The keys that a resource is rendered over now.
    func snapshot(for state: ResourceState) -> VersionedSnapshot {
        // Resources without keys need no backend: confd renders them over an empty store.
        let snapshot = state.resource.ranges.isEmpty ? nil : sources[state.source]?.snapshot
        return snapshot ?? VersionedSnapshot(snapshot: Snapshot([]), version: 0)
    }
}

// MARK: - Files below confdir

extension Daemon {
    /// Loads all resources and looks at all templates anew: what is new, changed or gone is taken up. With `readsAnew`,
    /// all backends are read again too.
    func takeInventory(readsAnew: Bool) throws(SystemError) {
        let now = Clock.monotonic()
        inventory.reload()
        applier.claims.keep(of: inventory.resources)
        let included = table.states.flatMap { $0.inputs.sources.keys }
        confdirWatch?.watch(inventory.templates.union(included))
        let known = table.byName
        let names = Set(inventory.resources.map(\.name))
        for (name, state) in known where !names.contains(name) {
            state.pendingDefinition = .removed
            applyPendingDefinition(state, at: now)
        }
        for resource in inventory.resources {
            if let state = known[resource.name] {
                update(state, to: resource, at: now)
            } else {
                let state = table.insert(resource)
                state.withHistory { applier.restore(resource, &$0) }
                state.record = stateDirectory?.record(of: resource)
            }
        }
        try updateSources(readsAnew: readsAnew)
    }

    private func update(_ state: ResourceState, to resource: Resource, at now: Duration) {
        if state.pendingDefinition != nil || state.resource != resource {
            state.pendingDefinition = .redefined(resource)
            applyPendingDefinition(state, at: now)
        } else if state.isScheduled, !state.isRendering, !state.inputs.sourcesAreCurrent {
            // The inputs of one that is being rendered are looked at when it is done.
            refresh(state, at: now)
        }
    }

    /// Applies the pending definition once nothing runs for the resource.
    func applyPendingDefinition(_ state: ResourceState, at now: Duration) {
        guard let pending = state.pendingDefinition, !state.isRunning else { return }
        state.pendingDefinition = nil
        sourcesAreStale = true
        switch pending {
        case .removed:
            table.remove(state)
        case .redefined(let resource):
            if state.resource == resource || table.redefine(state, as: resource) { refresh(state, at: now) }
        }
    }

    /// Has a resource rendered at once, unless the pass that starts will do so with newer keys.
    private func refresh(_ state: ResourceState, at now: Duration) {
        if passIsStarting { return }
        table.update(state, at: now) { $0.refresh(at: now) }
    }
}

// MARK: - Backends

extension Daemon {
    /// Has each backend followed for the keys of all its resources.
    func updateSources(readsAnew: Bool) throws(SystemError) {
        sourcesAreStale = false
        var ranges: [Source.Key: [KeyRange]] = [:]
        for state in table.states where !state.resource.ranges.isEmpty {
            ranges[state.source, default: []] += state.resource.ranges
        }
        let previous = sources
        for (key, source) in sources where ranges[key] == nil {
            source.follower.stop()
            sources[key] = nil
        }
        for (key, ranges) in ranges {
            var source = sources[key] ?? Source(follower: makeFollower(key.backend))
            if key.separate != nil, sources[key] == nil {
                // Until its own snapshot arrives, the resource keeps the shared one.
                source.snapshot = previous[Source.Key(backend: key.backend, separate: nil)]?.snapshot
            }
            if readsAnew || Set(source.follower.ranges) != Set(ranges) {
                source.requestedGeneration = try source.follower.read(Array(Set(ranges)))
            }
            sources[key] = source
        }
        for state in table.states where !state.isScheduled && state.neededGeneration == 0 {
            state.neededGeneration = sources[state.source]?.requestedGeneration ?? 0
        }
    }

    /// Lets resources with keys that may not be read wait by themselves, so that the others of their backend go on.
    func separateRefused() {
        for (key, source) in sources where key.separate == nil {
            guard let refused = source.follower.failure?.refused else { continue }
            let dependents = table.states.filter { $0.source == key && !$0.resource.ranges.isEmpty }
            let concerned = dependents.filter { $0.resource.needs(refused) }
            guard concerned.count < dependents.count else { continue }
            for state in concerned {
                state.isSeparate = true
                state.neededGeneration = 0
                // The service need not wait for it to be called ready.
                state.isAwaited = false
                sourcesAreStale = true
            }
        }
    }

    /// Takes the newest snapshots, and marks the resources that they concern.
    func takeDeliveries(at now: Duration) {
        for (key, source) in sources {
            guard let delivery = source.follower.take() else { continue }
            let previous = source.snapshot
            sources[key]?.snapshot = VersionedSnapshot(
                snapshot: delivery.snapshot, version: (previous?.version ?? 0) + 1)
            sources[key]?.deliveredGeneration = delivery.generation
            let refreshes = source.refreshGeneration.map { delivery.generation >= $0 } ?? false
            if refreshes { sources[key]?.refreshGeneration = nil }
            if refreshes { refresh(key, at: now) }
            if let previous, !refreshes { mark(key, from: previous.snapshot, to: delivery.snapshot, at: now) }
        }
        scheduleNew(at: now)
    }

    /// Begins with resources whose keys are there now. Those without keys need no backend.
    private func scheduleNew(at now: Duration) {
        for state in table.states where !state.isScheduled && state.pendingDefinition == nil {
            let source = sources[state.source]
            let hasKeys =
                source.map { $0.snapshot != nil && $0.deliveredGeneration >= state.neededGeneration } ?? false
            guard state.resource.ranges.isEmpty || hasKeys else { continue }
            table.schedule(state, Scheduler(state.resource.policy, now: now))
        }
    }

    private func refresh(_ key: Source.Key, at now: Duration) {
        for state in table.states where state.source == key && !state.resource.ranges.isEmpty {
            table.update(state, at: now) { $0.refresh(at: now) }
        }
    }

    /// Marks exactly the resources whose last rendering read something that is different now. Those that are being
    /// rendered are looked at when they are done.
    private func mark(_ key: Source.Key, from old: Snapshot, to new: Snapshot, at now: Duration) {
        let changes = new.difference(from: old)
        if changes.isEmpty { return }
        for state in table.states where state.isScheduled && !state.isRendering && state.source == key {
            let isInRange = changes.contains { change in
                state.resource.ranges.contains { $0.contains(change.key.bytes) }
            }
            if isInRange, state.isConcerned(from: old, to: new) {
                table.update(state, at: now) { $0.changed(at: now) }
            } else if state.isInStep {
                // So that old snapshots are not held for ever.
                state.applied = new
            }
        }
    }
}

import Backends
import Configuration
import KeyValue
import Posix

// MARK: - Files below confdir

extension Engine {
    /// Reads all resource files again, and takes up what has changed.
    func takeInventory(_ backends: Rereading) throws(SystemError) {
        inventory.reload()
        try takeUpInventory(backends)
    }

    /// Takes up what is new, changed or gone since the last look, and reads `backends` again.
    func takeUpInventory(_ backends: Rereading) throws(SystemError) {
        let now = clock()
        logger.debug("Retrieving keys from store")
        applier.claims.keep(of: inventory.resources + table.states.filter { $0.owner != nil }.map(\.resource))
        let included = table.states.flatMap { $0.inputs.sources.keys }
        confdirWatch?.watch(inventory.templates.union(included))
        let known = table.byName
        let names = Set(inventory.resources.map(\.name))
        for (name, state) in known where !names.contains(name) {
            state.pendingDefinition = .removed
            applyPendingDefinition(state, at: now)
        }
        var new: [ResourceState] = []
        for resource in inventory.resources {
            if let state = known[resource.name] {
                update(state, to: resource, at: now)
            } else {
                new.append(insert(resource, at: now))
            }
        }
        for state in table.states where state.owner == nil {
            let before = state.definitionError?.summary
            state.definitionError = inventory.brokenDefinitions[state.resource.name]
            if let error = state.definitionError {
                state.hasFailed = true
                if error.summary != before { note(.failed, state.resource.name, error.summary) }
            }
            // A definition that is rendered now, or in the pass that starts, is in sync once that has succeeded.
            if before != nil, !passIsStarting { noteRecovery(of: state, hasFailed: false) }
        }
        try updateSources(backends)
        updateServices(at: now)
        // Templates are compiled while the followers read keys.
        for state in new { state.withHistory { applier.prepare(state.resource, &$0) } }
    }

    private func insert(_ resource: Resource, at now: Duration) -> ResourceState {
        let state = table.insert(resource)
        rolloutsAreStale = true
        // At the start all are new.
        if isReady { note(.added, resource.name) }
        // Even if the backend cannot be read: a file that was never accepted must not stay.
        if resource.checksInPlace, !resource.isGroup { state.withHistory { applier.restore(resource, &$0) } }
        if resource.isGroup { takeItems(state) }
        takeRecord(of: state, at: now)
        state.keysBefore = stateDirectory?.keys(of: resource)
        return state
    }

    /// Makes the group of a resource with items, which are not there yet.
    private func takeItems(_ state: ResourceState) {
        guard let rule = state.resource.items else { return }
        let group = ItemGroup(rule, environment: applier.renderer.environment, journal: journal(of: state.resource))
        state.items = group
        guard state.resource.checksInPlace, let manifest = group.journal?.manifest else { return }
        state.withHistory { history in
            for file in manifest.files.keys { applier.restore(file, of: state.resource, &history) }
        }
    }

    private func update(_ state: ResourceState, to resource: Resource, at now: Duration) {
        if state.pendingDefinition != nil || state.resource != resource {
            state.pendingDefinition = .redefined(resource)
            applyPendingDefinition(state, at: now)
        } else if state.resource.isGroup {
            if passIsStarting { return }
            var seen: [String: FileStatus?] = [:]
            refreshItems(of: state, at: now) { unit in
                !unit.isRendering
                    && !unit.inputs.sourcesAreCurrent { path in
                        if let known = seen[path] { return known }
                        let status = try? Files.status(path)
                        seen[path] = .some(status)
                        return status
                    }
            }
        } else if state.isScheduled, !state.isRendering, !state.inputs.sourcesAreCurrent {
            // The inputs of one that is being rendered are looked at when it is done.
            refresh(state, at: now)
        }
    }

    /// Applies the pending definition once nothing runs for the resource.
    func applyPendingDefinition(_ state: ResourceState, at now: Duration) {
        guard let pending = state.pendingDefinition, !state.isRunning, endItems(of: state, at: now) else { return }
        if state.owner != nil {
            // Nobody else would run its reload; that of another definition is found by its mark.
            if state.scheduler?.owesReload ?? false, state.owner?.pendingDefinition == nil {
                state.owner?.items?.lingering.insert(state.id)
                return
            }
            table.remove(state)
            return unitIsGone(state, at: now)
        }
        state.pendingDefinition = nil
        sourcesAreStale = true
        rolloutsAreStale = true
        switch pending {
        case .removed:
            note(.removed, state.resource.name)
            monitor.remove(.resource(state.id))
            dropBalancer(of: state, unlessIn: nil)
            applier.metrics.forget(state.resource)
            table.remove(state)
        case .redefined(let resource):
            dropBalancer(of: state, unlessIn: resource)
            // Targets of other checks take the place of these when there are keys.
            if resource.healthChecks.isEmpty { monitor.remove(.resource(state.id)) }
            if resource.rollout == nil { state.rollout = .free }
            if state.resource.destination != resource.destination { applier.metrics.forget(state.resource) }
            if state.resource.isGroup || resource.isGroup {
                table.redefineItems(state, as: resource)
                if resource.isGroup { takeItems(state) }
            } else if state.resource == resource || table.redefine(state, as: resource) {
                refresh(state, at: now)
            }
        }
    }

    /// Has a resource rendered at once, unless the pass that starts will do so with newer keys.
    private func refresh(_ state: ResourceState, at now: Duration) {
        if passIsStarting { return }
        table.update(state, at: now) { $0.refresh(at: now) }
    }
}

// MARK: - Backends

extension Engine {
    /// Which backends are read again although their ranges are the same.
    enum Rereading {
        case none
        /// Those that are not being read at the moment: at intervals, a read that takes longer than one would never end.
        case allButReading
        case all

        fileprivate func includes(_ source: Source) -> Bool {
            switch self {
            case .none: false
            case .allButReading: !source.isReading
            case .all: true
            }
        }
    }

    /// Sees to it that each resource has its source, and takes what they have delivered.
    func updateKeys(at now: Duration) throws(SystemError) {
        separateRefused()
        if sourcesAreStale { try updateSources(.none) }
        takeDeliveries(at: now)
        updateHealth(at: now)
    }

    /// Has each backend followed for the keys of all its resources.
    private func updateSources(_ backends: Rereading) throws(SystemError) {
        sourcesAreStale = false
        var readers: [Source.Key: [BackendLayer]] = [:]
        let states = table.resources.sorted { $0.id < $1.id }
        for state in states { for (layer, key) in state.sourceKeys { readers[key, default: []].append(layer) } }
        let previous = sources
        for (key, source) in sources where readers[key] == nil {
            source.follower.stop()
            sources[key] = nil
        }
        for (key, layers) in readers {
            let source = sources[key] ?? makeSource(key, besides: previous)
            sources[key] = source
            var seen: Set<KeyRange> = []
            let ranges = layers.flatMap(\.ranges).filter { seen.insert($0).inserted }
            source.isOptional = layers.allSatisfy(\.isOptional)
            if Set(source.follower.ranges) != seen || backends.includes(source) {
                source.requestedGeneration = try source.follower.read(ranges)
            }
        }
        for state in states where !state.resource.ranges.isEmpty {
            let parts = state.sourceKeys.compactMap { layer, key in sources[key].map { (layer, $0) } }
            let keys = ResourceKeys(parts, after: state.keys)
            state.keys = keys
            if !state.isScheduled { keys.awaitRequested() }
        }
    }

    private func makeSource(_ key: Source.Key, besides others: [Source.Key: Source]) -> Source {
        guard key.separate != nil, let shared = others[Source.Key(backend: key.backend, separate: nil)] else {
            return Source(key, makeFollower(key, nil))
        }
        let source = Source(key, makeFollower(key, shared.follower.failure))
        // Until its own snapshot arrives, the resource keeps the shared one.
        source.snapshot = shared.snapshot
        // The shared one may have been read again meanwhile, without these keys.
        source.isKnownAsRefused = shared.hasSeparated
        return source
    }

    /// Lets resources with keys that may not be read wait by themselves, so that the others of their backend go on.
    private func separateRefused() {
        for source in sources.values {
            let failure = source.follower.failure
            guard source.key.separate == nil, let refused = failure?.refused else {
                noteRefusal(of: source, source.isRefused)
                continue
            }
            let dependents = table.resources.filter { $0.keys?.includes(source) ?? false }
            let concerned = dependents.filter { $0.resource.needs(refused, of: source.key.backend) }
            guard concerned.count < dependents.count else {
                // No other resource could go on without them.
                if source.snapshot != nil { noteRefusal(of: source, true) }
                continue
            }
            source.hasSeparated = true
            for state in concerned {
                logger.warning(
                    "\(state.resource.name): its keys may not be read, the other resources go on without it",
                    state.resource)
                noteRefusal(of: state, failure)
                state.isSeparate = true
                // The service need not wait for it to be called ready.
                state.isAwaited = false
                sourcesAreStale = true
            }
        }
    }

    /// Logs when all resources of a source lose the right to read it, and when they have it again.
    private func noteRefusal(of source: Source, _ isRefused: Bool) {
        let failure = source.follower.failure
        // What fails for another reason says nothing about rights.
        let wasRead = failure == nil && source.deliveredGeneration > 0
        guard isRefused != source.isKnownAsRefused, isRefused || wasRead else { return }
        source.isKnownAsRefused = isRefused
        for state in table.resources where state.keys?.includes(source) ?? false {
            if isRefused {
                logger.warning("\(state.resource.name): its keys may not be read any more", state.resource)
                noteRefusal(of: state, failure)
            } else {
                logger.info("\(state.resource.name): its keys may be read", state.resource)
                noteRecovery(of: state, hasFailed: false)
            }
        }
    }

    private func noteRefusal(of state: ResourceState, _ failure: BackendError?) {
        state.hasFailed = true
        note(.failed, state.resource.name, "its keys may not be read: \(failure?.message ?? "")")
    }

    /// Takes the newest snapshots, and marks the resources that they concern.
    private func takeDeliveries(at now: Duration) {
        for source in sources.values {
            guard let delivery = source.follower.take() else { continue }
            let previous = source.snapshot
            let dependents = table.resources.filter { $0.keys?.includes(source) ?? false }
            // With several backends it is what they have together that counts.
            let merged = dependents.filter { $0.keys?.isWhole == false }.map { ($0, $0.keys?.snapshot?.snapshot) }
            source.snapshot = VersionedSnapshot(snapshot: delivery.snapshot, version: (previous?.version ?? 0) + 1)
            source.deliveredGeneration = delivery.generation
            source.isCached = delivery.isCached
            let refreshes = source.refreshGeneration.map { delivery.generation >= $0 } ?? false
            for state in dependents where state.items != nil {
                updateItems(of: state, at: now)
            }
            if refreshes {
                source.refreshGeneration = nil
                for state in dependents {
                    table.update(state, at: now) { $0.refresh(at: now) }
                    refreshItems(of: state, at: now)
                }
                continue
            }
            if let previous { mark(dependents, from: previous.snapshot, to: delivery.snapshot, at: now) }
            // With health checks it is what they show that counts (`updateHealth`).
            for case (let state, let old?) in merged where state.resource.healthChecks.isEmpty {
                noteChange(of: state, from: old, at: now)
            }
        }
    }

    /// Begins with resources whose keys are there now.
    func scheduleNew(at now: Duration) {
        for state in table.resources where !state.isScheduled && state.pendingDefinition == nil && state.hasKeys {
            guard state.mayUseKeys, isHealthDecided(of: state, at: now) else { continue }
            if let items = state.items {
                if !items.hasBegun { beginItems(of: state, at: now) }
                settle(state, at: now)
                continue
            }
            table.schedule(state, Scheduler(state.resource.policy, now: now))
        }
    }

    /// Marks exactly the resources whose last rendering read something that is different now. Those that are being
    /// rendered are looked at when they are done.
    private func mark(_ dependents: [ResourceState], from old: Snapshot, to new: Snapshot, at now: Duration) {
        let changes = new.difference(from: old)
        if changes.isEmpty { return }
        // With health checks it is what they show that counts (`updateHealth`).
        for state in dependents where state.keys?.isWhole == true && state.resource.healthChecks.isEmpty {
            let isInRange = changes.contains { change in
                state.resource.ranges.contains { $0.contains(change.key.bytes) }
            }
            noteChange(of: state, from: isInRange ? old : new, at: now)
        }
    }
}

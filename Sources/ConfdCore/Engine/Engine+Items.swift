import Applying
import Configuration
import KeyValue
import Posix
import Rendering

// Resources with `for_each`: each item is a resource of the table, a unit, and the one that is written in conf.d stands for the
// removal of files that no item wants.
extension Engine {
    /// Gives the items their units; in the order of their keys.
    @discardableResult
    func beginItems(of owner: ResourceState, at now: Duration) -> [ResourceState] {
        guard let group = owner.items, let keys = wholeKeys(of: owner) else { return [] }
        group.keys = keys
        let difference = group.set.update(nil, to: keys)
        report(difference.problems, of: owner)
        return difference.begun.map { begin($0, of: owner, at: now) }
    }

    /// What the items are made from: the keys as the template would see them if no health check hid any.
    private func wholeKeys(of owner: ResourceState) -> Snapshot? {
        guard owner.hasKeys else { return nil }
        let resource = owner.resource
        let snapshot = owner.keys?.snapshot?.snapshot ?? Snapshot([])
        return snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
    }

    /// Takes the newest keys: units come and go, and those whose place has changed are rendered again.
    func updateItems(of owner: ResourceState, at now: Duration) {
        guard let group = owner.items, let old = group.keys, owner.pendingDefinition == nil,
            let new = wholeKeys(of: owner)
        else { return }
        group.keys = new
        let difference = group.set.update(new.difference(from: old), to: new)
        report(difference.problems, of: owner)
        for key in difference.ended { end(key, of: owner, at: now) }
        for unit in difference.begun {
            if group.isTaken(unit.fileName) { group.delayed.append(unit) } else { begin(unit, of: owner, at: now) }
        }
        if let first = difference.firstMoved { markMoved(from: first, group, at: now) }
        group.removal.add(difference.unclaimed)
        settle(owner, at: now)
    }

    private func markMoved(from first: Int, _ group: ItemGroup, at now: Duration) {
        for id in group.indexReaders {
            guard let state = table[id], let item = state.resource.item, group.set.index(of: item.key) >= first else {
                continue
            }
            mark(state, group, at: now)
        }
    }

    /// Marks the units that a difference of what the template sees concerns; `old` is what it saw before.
    func noteChange(ofItemsOf owner: ResourceState, from old: Snapshot, at now: Duration) {
        guard let group = owner.items, group.hasBegun, owner.pendingDefinition == nil else { return }
        let resource = owner.resource
        let before = old.view(of: resource.ranges, strippingPrefix: resource.prefix)
        let after = owner.snapshot.snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
        for id in group.readers(of: after.difference(from: before)) {
            guard let state = table[id] else { continue }
            state.leaveGroupsKeys(old)
            mark(state, group, at: now)
        }
    }

    /// Has all units rendered again, and looks for files that nobody wants.
    func refreshItems(of owner: ResourceState, at now: Duration, where isMeant: (ResourceState) -> Bool = { _ in true })
    {
        guard let group = owner.items, group.hasBegun, owner.pendingDefinition == nil else { return }
        for state in units(of: owner) where isMeant(state) {
            group.pending.insert(state.id)
            table.update(state, at: now) { $0.refresh(at: now) }
        }
        group.removal = .all
        settle(owner, at: now)
    }

    /// One that is being rendered is looked at when it is done.
    private func mark(_ state: ResourceState, _ group: ItemGroup, at now: Duration) {
        guard state.isScheduled, !state.isRendering, state.pendingDefinition == nil else { return }
        group.pending.insert(state.id)
        table.update(state, at: now) { $0.changed(at: now) }
    }

    private func report(_ problems: [(key: [UInt8], error: ItemNameError?)], of owner: ResourceState) {
        for (key, error) in problems {
            guard let error else { continue }
            logger.error(
                "\(owner.resource.name): \(ItemSet.message(key, error))",
                owner.resource.logFields.with("key", String(decoding: key, as: UTF8.self)))
        }
    }
}

// MARK: - Units

extension Engine {
    /// The units of the items of `owner`; none for a resource without `for_each`.
    func units(of owner: ResourceState) -> [ResourceState] { owner.items?.units.values.compactMap { table[$0] } ?? [] }

    @discardableResult
    private func begin(_ unit: ItemSet.Unit, of owner: ResourceState, at now: Duration) -> ResourceState {
        let state = table.insert(owner.resource.of(unit.item, fileName: unit.fileName), owner: owner)
        if state.resource.guardLimits != nil { takeRecord(of: state, at: now) }
        owner.items?.units[unit.item.key] = state.id
        if mode == .follow {
            owner.items?.pending.insert(state.id)
            state.isAwaited = owner.isAwaited
            table.schedule(state, Scheduler(state.resource.policy, now: now))
        }
        return state
    }

    private func end(_ key: [UInt8], of owner: ResourceState, at now: Duration) {
        guard let group = owner.items else { return }
        group.delayed.removeAll { $0.item.key == key }
        guard let id = group.units.removeValue(forKey: key), let state = table[id] else { return }
        group.pending.remove(id)
        state.pendingDefinition = .removed
        table.update(state, at: now) { $0.withdraw() }
        if state.isRendering { group.leaving[state.fileName] = id }
        applyPendingDefinition(state, at: now)
    }

    /// Ends all units, so that the resource can be dropped or defined anew; false as long as one runs.
    func endItems(of owner: ResourceState, at now: Duration) -> Bool {
        guard let group = owner.items else { return true }
        group.delayed = []
        group.isEnding = true
        for key in group.units.keys { end(key, of: owner, at: now) }
        for unit in group.lingering.compactMap({ table[$0] }) { applyPendingDefinition(unit, at: now) }
        group.isEnding = false
        return group.leaving.isEmpty && !table.hasUnits(of: owner)
    }

    /// A unit that was ended is done: others may have its file now.
    func unitIsGone(_ state: ResourceState, at now: Duration) {
        guard let owner = state.owner, let group = owner.items else { return }
        if group.leaving[state.fileName] == state.id { group.leaving[state.fileName] = nil }
        group.forget(state.id)
        applier.claims.release(state.resource)
        applier.metrics.forget(state.resource)
        if group.isEnding { return }
        if owner.pendingDefinition != nil { return applyPendingDefinition(owner, at: now) }
        beginDelayed(of: owner, at: now)
        settle(owner, at: now)
    }

    private func beginDelayed(of owner: ResourceState, at now: Duration) {
        guard let group = owner.items, !group.delayed.isEmpty else { return }
        let free = group.delayed.filter { !group.isTaken($0.fileName) }
        group.delayed.removeAll { !group.isTaken($0.fileName) }
        for unit in free { begin(unit, of: owner, at: now) }
    }

    /// Takes the outcome of a unit into its group.
    func noteOutcome(of state: ResourceState, _ outcome: Outcome, at now: Duration) {
        guard let owner = state.owner, let group = owner.items else { return }
        if outcome.state == .updated { group.hasNews = true }
        if group.leaving[state.fileName] == state.id { group.leaving[state.fileName] = nil }
        guard state.pendingDefinition == nil else { return }
        group.note(outcome.inputs, of: state.id)
        let isRefused = state.resource.inPlaceCheck != nil && [.rejected, .refusedBefore].contains(outcome.state)
        if isRefused { group.refused.insert(state.id) } else { group.refused.remove(state.id) }
        // What changed while it was rendered belongs to this pass too.
        if outcome.isFailure || state.scheduler?.owesRendering != true { group.pending.remove(state.id) }
        state.joinGroupsKeys()
        settle(owner, at: now)
    }

    /// Once all units are done: keeps the record, and has files removed that no item wants.
    func settle(_ owner: ResourceState, at now: Duration) {
        guard mode == .follow, let group = owner.items, !isStopping else { return }
        // A file that a check refuses must not keep the daemon from being ready.
        if group.pending.isEmpty, !group.refused.isEmpty { owner.isAwaited = false }
        guard group.isQuiet else { return }
        if group.hasNews {
            group.hasNews = false
            // After a failure the next event writes it anew.
            try? group.journal?.flush()
            keepRecord(of: owner, writtenFrom: owner.snapshot.snapshot.revision)
        }
        guard !group.removal.isNone, owner.pendingDefinition == nil else { return }
        if owner.isScheduled {
            table.update(owner, at: now) { $0.refresh(at: now) }
        } else {
            table.schedule(owner, Scheduler(owner.resource.policy, now: now))
        }
    }
}

// MARK: - Removal

extension Engine {
    /// What removes the files that no item wants, on another thread.
    func removal(of owner: ResourceState, at now: Duration) -> WorkerPool.Job? {
        guard let group = owner.items, let rule = owner.resource.items else { return nil }
        let snapshot = owner.snapshot
        let limits = owner.resource.guardLimits ?? GuardLimits()
        let keys = KeyCounts(of: wholeKeys(of: owner) ?? Snapshot([]), limits)
        var plan = RemovalPlan.nothing(keys, held: owner.guardState.hold?.violations)
        // While an item is written, its pass is not over.
        let names = group.isQuiet ? takeNames(of: owner, group) : []
        if group.isQuiet, let journal = group.journal {
            let isBelieved = owner.guardState.isBelieved(after: owner.holdTime, at: now)
            let lost = limits.violations(of: keys, after: owner.guardState.applied?.counts, hasFile: true, lines: nil)
            let orphans = journal.orphans(of: rule, among: names) { group.set.claims($0) }
            // With -noop the files of new items are not written, but would count.
            let files = settings.noop ? max(journal.count, orphans.count + group.set.count) : journal.count
            let count = min(files, owner.guardState.hold?.fileCount ?? .max)
            plan = RemovalPlan(orphans, of: count, rule, keys, lost: lost, isBelieved: isBelieved)
        }
        if !plan.isHeld {
            group.removing = Set(plan.files.lazy.filter { $0.folder == rule.folder }.map { Array($0.name.utf8) })
        }
        let request = RemovalRequest(
            resource: owner.resource, plan: plan, journal: group.journal,
            changes: KeyChanges(
                base: owner.base, snapshot: snapshot.snapshot, ranges: owner.resource.ranges),
            history: owner.withHistory { $0 })
        let id = owner.id
        return { [applier, inbox] _ in inbox.post(.applied(id, applier.remove(request), over: snapshot)) }
    }

    /// The names of files that are looked at for removal; nil for all files.
    private func takeNames(of owner: ResourceState, _ group: ItemGroup) -> Set<[UInt8]>? {
        defer { group.removal = .none }
        // What was held is looked at anew.
        if owner.guardState.hold != nil { return nil }
        switch group.removal {
        case .none: return []
        case .of(let names): return names
        case .all: return nil
        }
    }

    /// The files are gone; items may have come back meanwhile.
    func removalIsDone(_ owner: ResourceState, _ outcome: Outcome, at now: Duration) {
        guard let group = owner.items else { return }
        group.removing = []
        beginDelayed(of: owner, at: now)
        if outcome.isFailure { group.removal = .all }
    }

    /// `confd clean`: removes the files that a resource has left which is not there any more.
    func clean(_ name: String, _ request: Question<CleanAnswer>) {
        if table.byName[name] != nil { return request.answer(.inUse) }
        do throws(ItemJournalError) {
            guard !settings.noop, let journal = try stateDirectory?.items(of: name) else {
                return request.answer(.unknown)
            }
            workers.commands.run { _ in request.answer(CleanAnswer(journal)) }
        } catch {
            request.answer(.done(removed: 0, kept: 0, failure: error.message))
        }
    }

    /// The journal of the files of `resource`'s items; nil where there can be none.
    func journal(of resource: Resource) -> ItemJournal? {
        if settings.stateDirectory == nil { return missing("there is no -state-dir", resource) }
        openStateDirectory()
        guard let stateDirectory else { return settings.noop ? nil : missing("-state-dir cannot be used", resource) }
        if stateDirectory.isReadOnly, !settings.noop { return missing("another confd has -state-dir", resource) }
        do throws(ItemJournalError) {
            return try stateDirectory.items(of: resource.name, isReadOnly: settings.noop)
        } catch {
            return missing(error.message, resource)
        }
    }

    private func missing(_ reason: String, _ resource: Resource) -> ItemJournal? {
        if resource.items?.prune ?? false {
            logger.warning(
                "\(resource.name): \(reason), so files of items that are gone are not removed (prune)", resource)
        }
        return nil
    }
}

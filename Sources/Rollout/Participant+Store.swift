import Backends

// What this host writes for the others. Each transaction requires the versions that it is based on, so that one that is late, or
// sent twice, does nothing.
extension Participant {
    /// Whether this host may begin its turn.
    enum Standing: Equatable {
        case mayStart
        case noTurn(WaitReason)
    }

    func transaction(_ view: GroupView) -> Transaction? {
        if let report = turnReport(view) { return report }
        if let left = leftTurn(view) { return left }
        guard let target else { return nil }
        guard let current = view.current, current.name.id == target.id else { return newChange(target, view) }
        let change = view.currentChange ?? ChangeView()
        if let halt = haltForDeadHolder(change, current.name, view) { return halt }
        if change.halt != nil { return nil }
        if isCanaryPhaseOver(change, view), isReporter(change) { return ok(change, current, view) }
        if let idle = unconcernedCanary(target, change, current.name, view) { return idle }
        if target.differs, !mayApply(target.id), turn == nil,
            case .mayStart = standing(in: change, of: current.name, view)
        {
            return start(change, current, view)
        }
        return cleaning(change, current, view)
    }

    // MARK: - The turn of this host

    /// How the turn of this host ended.
    private func turnReport(_ view: GroupView) -> Transaction? {
        guard let turn, let change = view.changes[turn.name], let started = change.started[host] else { return nil }
        var transaction = Transaction()
        let startedKey = keys.bytes(.of(turn.name, .started(host)))
        transaction.require(startedKey, started)
        switch turn.phase {
        case .works:
            transaction.change(.put(keys.bytes(.of(turn.name, .done(host))), value: []))
            transaction.change(.delete(startedKey))
        case .failed(let reason, _) where change.halt == nil: addHalt("\(host): \(reason)", turn.name, &transaction)
        case .over: transaction.change(.delete(startedKey))
        case .begun, .applying, .applied, .verifying, .soaking, .failed, .rollingBack: return nil
        }
        return transaction
    }

    private func addHalt(_ text: String, _ name: ChangeName, _ transaction: inout Transaction) {
        let key = keys.bytes(.of(name, .halt))
        transaction.require(key, 0)
        transaction.change(.put(key, value: Array(text.utf8.prefix(300))))
    }

    /// A turn of ours that nobody knows of any more: from before a restart, in a change that is not the newest.
    private func leftTurn(_ view: GroupView) -> Transaction? {
        if turn != nil || target == nil { return nil }
        for (name, change) in view.changes {
            guard let started = change.started[host] else { continue }
            if name == view.current?.name, name.id == target?.id { continue }
            var transaction = Transaction()
            let key = keys.bytes(.of(name, .started(host)))
            transaction.require(key, started)
            transaction.change(.delete(key))
            return transaction
        }
        return nil
    }

    // MARK: - Changes

    /// Makes what this host has rendered the newest change: one of newer keys at once, and one of another template when nobody
    /// waits for the change before it any more. A host that lags must not bring back an older change.
    private func newChange(_ target: Target, _ view: GroupView) -> Transaction? {
        guard target.differs, !mayApply(target.id), turn == nil else { return nil }
        if let current = view.current {
            let isNewer = target.since > current.name.number
            let isIdle = view.currentChange?.isIdle ?? true
            guard isNewer || isIdle && target.known >= current.name.number else { return nil }
        }
        let number = max(target.since, (view.current?.name.number ?? 0) + 1)
        var transaction = Transaction()
        let key = keys.bytes(.current)
        transaction.require(key, view.currentVersion)
        transaction.change(.put(key, value: Array(ChangeName(number: number, id: target.id).text.utf8)))
        return transaction
    }

    /// Removes what is noted about older changes, once this one is under way.
    private func cleaning(
        _ change: ChangeView, _ current: (name: ChangeName, version: Int64), _ view: GroupView
    ) -> Transaction? {
        guard change.firstDone?.host == host, isPastCanary(change) else { return nil }
        let old = view.changes.filter { $0.key < current.name && $0.value.isIdle }.keys.sorted().prefix(16)
        if old.isEmpty { return nil }
        var transaction = Transaction()
        transaction.require(keys.bytes(.current), current.version)
        for name in old { transaction.change(.deleteBelow(keys.bytes(name))) }
        return transaction
    }

    // MARK: - Halts

    /// A host whose lease ended while it had its turn has failed. The first in the queue says so, or the first that is done.
    private func haltForDeadHolder(_ change: ChangeView, _ name: ChangeName, _ view: GroupView) -> Transaction? {
        guard change.halt == nil, isReporter(change), let dead = change.deadHolder, dead != host,
            let started = change.started[dead]
        else { return nil }
        var transaction = Transaction()
        transaction.require(keys.bytes(.of(name, .started(dead))), started)
        transaction.require(keys.bytes(.of(name, .queue(dead))), 0)
        addHalt("\(dead): its lease ended before it was done", name, &transaction)
        return transaction
    }

    /// So that not every host writes what all of them see.
    private func isReporter(_ change: ChangeView) -> Bool {
        change.order.first?.host == host || change.firstDone?.host == host
    }

    // MARK: - Canaries

    func isPastCanary(_ change: ChangeView) -> Bool { policy.canary == .none || change.ok != nil }

    /// Whether as many canaries are done as there have to be, and none is under way.
    private func isCanaryPhaseOver(_ change: ChangeView, _ view: GroupView) -> Bool {
        if isPastCanary(change) || !change.started.isEmpty { return false }
        switch policy.canary {
        case .none: return false
        case .first(let amount): return change.done.count >= canaries(amount, view)
        case .named:
            return change.done.keys.contains(where: policy.canary.matches)
                && !change.order.contains { policy.canary.matches($0.host) }
        }
    }

    private func canaries(_ amount: RolloutPolicy.Amount, _ view: GroupView) -> Int {
        min(amount.count(of: view.members.count), max(1, view.members.count))
    }

    private func ok(
        _ change: ChangeView, _ current: (name: ChangeName, version: Int64), _ view: GroupView
    ) -> Transaction {
        var transaction = Transaction()
        let key = keys.bytes(.of(current.name, .ok))
        transaction.require(keys.bytes(.current), current.version)
        transaction.require(keys.bytes(.of(current.name, .halt)), 0)
        transaction.require(key, 0)
        transaction.change(.put(key, value: Array(host.utf8)))
        return transaction
    }

    /// Marks a canary by name as done whose file the change leaves as it is: the others would wait for it for ever.
    private func unconcernedCanary(
        _ target: Target, _ change: ChangeView, _ name: ChangeName, _ view: GroupView
    ) -> Transaction? {
        guard !target.differs, turn == nil, !isPastCanary(change), policy.canary.matches(host), change.done[host] == nil
        else { return nil }
        var transaction = Transaction()
        let key = keys.bytes(.of(name, .done(host)))
        transaction.require(key, 0)
        transaction.change(.put(key, value: []))
        return transaction
    }

    // MARK: - Turns

    /// What this host may write without a turn: it has no file yet, and the canaries have one; or it had its turn.
    func newlyFree(_ view: GroupView) -> String? {
        guard let target, target.differs, turn == nil, !mayApply(target.id), let current = view.current,
            current.name.id == target.id, let change = view.currentChange, change.halt == nil
        else { return nil }
        let isDone = change.done[host] != nil
        return isDone || !target.hasFile && isPastCanary(change) ? target.id : nil
    }

    /// Whether this host, which is in the queue, may begin.
    ///
    /// Hosts join at the end of the queue. So of all hosts that have their turn at a time, the last one has seen the others
    /// before it: there are never more than `max_parallel`.
    func standing(in change: ChangeView, of name: ChangeName, _ view: GroupView) -> Standing {
        if change.deadHolder != nil { return .noTurn(.queued(before: 1)) }
        let elsewhere = view.holdersElsewhere(than: name)
        let limit = policy.maxParallel.count(of: view.members.count)
        guard isPastCanary(change) else { return canaryStanding(change, elsewhere, limit, view) }
        guard let rank = rank(in: change, of: name) else { return .noTurn(.notNoted) }
        if rank + elsewhere >= limit { return .noTurn(.queued(before: rank + elsewhere - limit + 1)) }
        // Canaries that began out of order.
        let behind = change.started.keys.count { other in change.rank(of: other).map { $0 > rank } ?? true }
        let before = rank + behind + elsewhere
        return before < limit ? .mayStart : .noTurn(.queued(before: before - limit + 1))
    }

    private func canaryStanding(
        _ change: ChangeView, _ elsewhere: Int, _ limit: Int, _ view: GroupView
    ) -> Standing {
        let free: Int
        let before: Int
        switch policy.canary {
        case .none: return .noTurn(.notNoted)
        case .first(let amount):
            free = canaries(amount, view) - change.done.count
            before = change.rank(of: host) ?? .max
        case .named(let patterns):
            guard policy.canary.matches(host) else {
                let isThere = view.members.keys.contains(where: policy.canary.matches)
                let canaries = change.order.lazy.map(\.host).filter(policy.canary.matches).prefix(3)
                return .noTurn(isThere ? .canary(Array(canaries)) : .noCanary(patterns))
            }
            free = limit
            before =
                change.order.prefix { $0.host != host }.count { policy.canary.matches($0.host) }
        }
        guard let name = view.current?.name, queued.contains(name), change.rank(of: host) != nil else {
            return .noTurn(.notNoted)
        }
        guard elsewhere == 0 else { return .noTurn(.queued(before: elsewhere)) }
        guard before < min(free, limit) else {
            return .noTurn(.canary(change.order.prefix(min(3, max(1, min(free, limit)))).map(\.host)))
        }
        return change.started[host] == nil ? .mayStart : .noTurn(.notNoted)
    }

    /// How many hosts are before this one in the queue; nil if this process has no place there, or has its turn already.
    private func rank(in change: ChangeView, of name: ChangeName) -> Int? {
        guard queued.contains(name), change.started[host] == nil else { return nil }
        return change.rank(of: host)
    }

    private func start(
        _ change: ChangeView, _ current: (name: ChangeName, version: Int64), _ view: GroupView
    ) -> Transaction? {
        guard let queue = change.queue[host] else { return nil }
        var transaction = Transaction()
        transaction.require(keys.bytes(.current), current.version)
        transaction.require(keys.bytes(.of(current.name, .halt)), 0)
        transaction.require(keys.bytes(.of(current.name, .ok)), change.ok ?? 0)
        transaction.require(keys.bytes(.of(current.name, .queue(host))), queue)
        let key = keys.bytes(.of(current.name, .started(host)))
        transaction.require(key, 0)
        transaction.change(.put(key, value: []))
        return transaction
    }
}

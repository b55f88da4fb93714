import Backends

/// A host's part in the rollouts of one resource: when its file may change, and what the other hosts are told of it.
///
/// Events and time in, actions out. What happened is never taken from the answer to a write, which may be lost, but from the
/// store's keys: this host has its turn while its key `started` is there. Times are durations since an arbitrary start, and at
/// most one action is out at a time.
package struct Participant: Sendable {
    /// What the resource is rendered from now.
    package struct Target: Equatable, Sendable {
        /// Of the template and the keys: `ChangeName.id`.
        package let id: String
        /// The store's revision when these keys were seen first.
        package let since: Int64
        /// The newest revision at which they are known to have been so.
        package let known: Int64
        /// Whether the file would change.
        package let differs: Bool
        package let hasFile: Bool

        package init(id: String, since: Int64, known: Int64, differs: Bool, hasFile: Bool) {
            self.id = id
            self.since = since
            self.known = known
            self.differs = differs
            self.hasFile = hasFile
        }
    }

    package enum Action: Equatable, Sendable {
        /// `committed` takes what became of it.
        case commit(Transaction)
        /// Write what the change with this id makes of the file; `applied` takes what became of it.
        case apply(id: String)
        /// Run the command; `verified` takes what it says.
        case verify
        /// Put the file back that was there before; `rolledBack` takes the end of it.
        case rollBack
    }

    /// How far the turn of this host is.
    enum Phase: Equatable, Sendable {
        /// The file may change.
        case begun
        case applying
        /// The service has the new file.
        case applied
        case verifying
        /// A canary waits to see whether the service goes on working.
        case soaking(until: Duration)
        case works
        /// Something failed; whether the file was replaced.
        case failed(String, replaced: Bool)
        case rollingBack
        /// This host has finished its turn, and removes its key.
        case over
    }

    struct Turn: Equatable, Sendable {
        let name: ChangeName
        var phase: Phase
        /// Whether it began before the canaries were done.
        let isCanary: Bool
        /// Whether a canary has waited its time, and is verified once more.
        var hasSoaked = false
        /// Why it failed; nil if it did not.
        var failure: String?
    }

    let host: String
    let keys: GroupKeys
    package private(set) var policy: RolloutPolicy
    /// nil while it is not known what the file would be.
    package private(set) var target: Target?
    /// What the file was made from last.
    var settledID: String?
    /// What may be written without a turn.
    var freeID: String?
    var turn: Turn?
    /// The changes in whose queue this host is, as last reported.
    var queued: Set<ChangeName> = []
    var isBusy = false
    /// The change in which this host has asked for its turn last, and may have it by now.
    private var askedChange: ChangeName?
    /// No transaction before this time, unless the store's keys change.
    private var notBefore = Duration.zero
    private var seenRevision: Int64 = 0
    private var failures = 0
    private let random: @Sendable () -> Double

    package init(
        host: String, _ keys: GroupKeys, _ policy: RolloutPolicy,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.host = host
        self.keys = keys
        self.policy = policy
        self.random = random
    }

    /// Whether a rendering of the change with this id may replace the file now.
    package func mayApply(_ id: String) -> Bool { permitted.contains(id) }

    /// The ids of the changes whose file may be written now.
    package var permitted: Set<String> {
        var ids = Set([freeID, settledID].compactMap { $0 })
        if let turn, turn.mayWrite { ids.insert(turn.name.id) }
        return ids
    }

    /// The change in which this host has its turn; nil out of turn.
    package var turnChange: ChangeName? { turn?.name }

    /// Whether its place in the queue of `change` has to outlive a restart: it has its turn there, or may have it.
    package func keepsPlace(in change: ChangeName, _ view: GroupView?) -> Bool {
        change == turnChange || change == askedChange || view?.changes[change]?.started[host] != nil
    }

    /// Whether it has its turn as a canary.
    package var isCanary: Bool { turn?.isCanary ?? false }

    /// Whether it has its turn, and the new file works.
    package var hasSucceeded: Bool { turn?.phase == .works }

    /// Why its turn failed; nil if it did not.
    package var failure: String? { turn?.failure }

    /// The changes in whose queue this host wants to be: `GroupKeys.queueKey` is to be attached to its lease.
    package func wantedQueues(_ view: GroupView?) -> Set<ChangeName> {
        var wanted: Set<ChangeName> = []
        if let turn { wanted.insert(turn.name) }
        // After a restart its turn is known from the store before the target is known.
        for (name, change) in view?.changes ?? [:] where change.started[host] != nil && change.queue[host] != nil {
            wanted.insert(name)
        }
        if let target, target.differs, let current = view?.current?.name, current.id == target.id, !mayApply(target.id)
        {
            wanted.insert(current)
        }
        return wanted
    }

    /// Whether only a new read of the keys can tell whether this host is ahead of the newest change or behind it.
    package func isBehind(_ view: GroupView?) -> Bool {
        guard let target, target.differs, !mayApply(target.id), let current = view?.current?.name else { return false }
        return current.id != target.id && target.known < current.number
    }

    /// Why the file stays as it is; nil if it does not.
    package func waitReason(_ view: GroupView?) -> WaitReason? {
        guard let target, target.differs, !mayApply(target.id) else { return nil }
        guard let view else { return .storeUnknown }
        guard let current = view.current, current.name.id == target.id else {
            return view.current.map { .otherChange($0.name) } ?? .notNoted
        }
        let change = view.currentChange ?? ChangeView()
        if let halt = change.halt { return .halted(halt.text) }
        if case .noTurn(let reason) = standing(in: change, of: current.name, view) { return reason }
        return .notNoted
    }
}

// MARK: - Events

extension Participant {
    /// The resource was rendered; nil if it is not known what the file would be.
    package mutating func rendered(_ target: Target?) {
        self.target = target
        guard let target, !target.differs, turn?.hasFailed != true else { return }
        settledID = target.id
        freeID = nil
    }

    /// The definition of the resource was changed.
    package mutating func set(_ policy: RolloutPolicy) { self.policy = policy }

    /// This host is in the queues of these changes: the keys are attached to its lease.
    package mutating func take(queued: Set<ChangeName>) { self.queued = queued }

    /// A transaction has ended: whether it was made; nil if that is not known, because it failed.
    package mutating func committed(_ isMade: Bool?, now: Duration) {
        isBusy = false
        if isMade == false { askedChange = nil }
        failures = isMade == nil ? failures + 1 : 0
        // What it has changed is seen in the next view.
        let pause = isMade == nil ? Duration.milliseconds(250 << min(failures, 5)) : .seconds(2)
        notBefore = now + pause * (0.5 + random() / 2)
    }

    /// The change was written and the service has it; or why not, and whether the file was replaced.
    package mutating func applied(_ problem: String?, replaced: Bool) {
        isBusy = false
        guard let turn, turn.phase == .applying else { return }
        // The target has changed meanwhile: the result says nothing about this change.
        if isSuperseded(turn) {
            self.turn?.phase = .over
            return
        }
        if let problem { failed(problem, replaced: replaced) } else { self.turn?.phase = .applied }
    }

    /// The command has ended; `problem` is nil if the new file works.
    package mutating func verified(_ problem: String?, now: Duration) {
        isBusy = false
        guard turn?.phase == .verifying else { return }
        if let problem { return failed(problem, replaced: true) }
        works(now)
    }

    /// The previous file is back, or could not be put back.
    package mutating func rolledBack() {
        isBusy = false
        if turn?.phase == .rollingBack { turn?.phase = .over }
    }

    private mutating func failed(_ problem: String, replaced: Bool) {
        turn?.phase = .failed(problem, replaced: replaced)
        turn?.failure = problem
        settledID = nil
    }

    private mutating func works(_ now: Duration) {
        guard let turn else { return }
        self.turn?.phase = turn.isCanary && !turn.hasSoaked ? .soaking(until: now + policy.soak) : .works
    }
}

// MARK: - Actions

extension Participant {
    /// The next thing to do, if the store's keys are these; nil while something is under way, or if there is nothing.
    package mutating func next(_ view: GroupView, now: Duration) -> Action? {
        if isBusy { return nil }
        if view.revision != seenRevision { notBefore = .zero }
        seenRevision = view.revision
        takeTurn(view)
        let action = turnAction(view, now) ?? commitAction(view, now)
        isBusy = action != nil
        return action
    }

    /// When `next` has to be called if nothing happens; nil for never.
    package var deadline: Duration? {
        if isBusy { return nil }
        if case .soaking(let end) = turn?.phase { return notBefore > .zero ? min(end, notBefore) : end }
        return notBefore > .zero ? notBefore : nil
    }

    /// Notices a turn that began, or was taken away.
    private mutating func takeTurn(_ view: GroupView) {
        if let turn, view.changes[turn.name]?.started[host] == nil { self.turn = nil }
        guard turn == nil, let target, let current = view.current, current.name.id == target.id,
            let change = view.currentChange, change.started[host] != nil
        else { return }
        // After a restart the file may have been written already.
        turn = Turn(
            name: current.name, phase: target.differs ? .begun : .applied,
            isCanary: policy.canary != .none && change.ok == nil)
    }

    /// What this host does in its turn.
    private mutating func turnAction(_ view: GroupView, _ now: Duration) -> Action? {
        guard let turn else { return nil }
        if isSuperseded(turn) {
            self.turn?.phase = .over
            return nil
        }
        switch turn.phase {
        case .begun:
            if view.changes[turn.name]?.halt != nil {
                self.turn?.phase = .over
                return nil
            }
            self.turn?.phase = .applying
            return .apply(id: turn.name.id)
        case .applied:
            if policy.verifies {
                self.turn?.phase = .verifying
                return .verify
            }
            works(now)
            return turnAction(view, now)
        case .soaking(let end):
            guard now >= end else { return nil }
            self.turn?.hasSoaked = true
            self.turn?.phase = policy.verifies ? .verifying : .works
            return policy.verifies ? .verify : nil
        case .failed(_, let replaced) where view.changes[turn.name]?.halt != nil:
            self.turn?.phase = replaced ? .rollingBack : .over
            return replaced ? .rollBack : nil
        case .applying, .verifying, .works, .failed, .rollingBack, .over: return nil
        }
    }

    /// Whether there is another state of template and keys by now: then this one's success means nothing to the others.
    private func isSuperseded(_ turn: Turn) -> Bool {
        guard let target, target.id != turn.name.id else { return false }
        switch turn.phase {
        case .begun, .applying, .applied, .verifying, .soaking, .works: return true
        case .failed, .rollingBack, .over: return false
        }
    }

    private mutating func commitAction(_ view: GroupView, _ now: Duration) -> Action? {
        // A file that needs no turn is written at once.
        if let id = newlyFree(view) {
            freeID = id
            return .apply(id: id)
        }
        guard now >= notBefore else { return nil }
        notBefore = .zero
        guard let transaction = transaction(view) else { return nil }
        askedChange = begins(transaction, view)
        return .commit(transaction)
    }

    /// The change in which the turn of this host begins with `transaction`; nil if it is about something else.
    private func begins(_ transaction: Transaction, _ view: GroupView) -> ChangeName? {
        guard let name = view.current?.name else { return nil }
        return transaction.changes.contains(.put(keys.bytes(.of(name, .started(host))), value: [])) ? name : nil
    }
}

extension Participant.Turn {
    /// Whether the file of its change may be written.
    fileprivate var mayWrite: Bool {
        switch phase {
        case .applying, .applied, .verifying, .soaking, .works: true
        case .begun, .failed, .rollingBack, .over: false
        }
    }

    /// Whether the file is not to be what its change makes of it.
    var hasFailed: Bool {
        switch phase {
        case .failed, .rollingBack, .over: true
        case .begun, .applying, .applied, .verifying, .soaking, .works: false
        }
    }
}

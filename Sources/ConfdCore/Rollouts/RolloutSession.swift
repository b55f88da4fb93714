import Applying
import Backends
import Configuration
import KeyValue
import Posix
import Rollout

/// The part of one resource in the rollouts of its group: what the engine has to do for it, and what came of that. Used by the
/// engine's thread alone.
final class RolloutSession {
    /// What the engine does for the turn of this host.
    private enum Work: Equatable {
        case none
        /// The next rendering writes the file; `isUnderWay` once that has begun.
        case apply(isUnderWay: Bool)
        /// The service is reloaded with the new file.
        case reload
        /// The next rendering puts the previous file back.
        case rollBack(isUnderWay: Bool)
        /// The service is reloaded with that.
        case reloadPrevious
    }

    /// What a rendering does.
    enum Rendering {
        case render(RolloutBasis)
        case rollBack

        /// What the rendering is allowed; nil where nothing is rendered.
        var basis: RolloutBasis? {
            if case .render(let basis) = self { basis } else { nil }
        }
    }

    let definition: RolloutDefinition
    let backend: BackendConfiguration
    let keys: GroupKeys
    let host: String
    private(set) var participant: Participant
    /// What the store has about the group; nil until it was read.
    private var view: GroupView?
    private var groupSnapshot = Snapshot([])
    private var digest = KeysDigest()
    private var keysVersion: (version: Int, ranges: [KeyRange])?
    private var keysRevision: Int64 = 0
    /// The last rendering, with the digest of its keys; nil if it does not tell what the file would be.
    private var rendered: (id: String, keys: [UInt8], since: Int64, differs: Bool, hasFile: Bool)?
    private var work = Work.none
    /// The digest of the keys of the rendering that runs.
    private var renderingKeys: [UInt8] = []
    /// Whether the service has the file of a turn that is not over.
    private var isReloaded = false
    /// Whether the mark and the previous file are kept, because the new file is not accepted yet.
    private var isOnTrial = false
    /// The revision of the previous file.
    private(set) var revisionBefore: Int64 = 0
    /// Whether the last turn succeeded.
    private var isAccepted = false
    /// Whether it has to be rendered to tell what the file would be.
    private var needsRendering = false
    /// The host that was named last because its settings differ.
    private var namedOther: String?
    /// Why a key of this host is not in the store, and why the last transaction may not have been made.
    private var placeProblem: String?
    private var commitProblem: String?
    /// What was logged last.
    var announced = RolloutState.free

    init(_ resource: Resource, _ definition: RolloutDefinition, host: String) {
        self.definition = definition
        self.host = host
        backend = resource.layers[0].backend
        keys = definition.keys(of: resource.name)
        participant = Participant(host: host, keys, definition.policy)
    }

    // MARK: - What comes in

    /// Takes the newest keys of all groups.
    func takeGroup(_ snapshot: Snapshot) {
        var view = view ?? GroupView(keys)
        view.take(snapshot, after: groupSnapshot)
        groupSnapshot = snapshot
        self.view = view
    }

    /// Takes the newest keys of the resource, before health checks hide any.
    func takeKeys(_ newest: VersionedSnapshot, _ resource: Resource) {
        if let known = keysVersion, known == (newest.version, resource.ranges) { return }
        keysVersion = (newest.version, resource.ranges)
        keysRevision = newest.snapshot.revision
        digest.update(to: newest.snapshot.view(of: resource.ranges, strippingPrefix: []))
        tellTarget()
    }

    /// Takes the keys that hang on this host's lease, and why others do not.
    func takeRegistered(_ registered: [[UInt8]: [UInt8]], _ problems: [[UInt8]: String] = [:]) {
        placeProblem = places.lazy.compactMap { problems[$0.key] }.first
        participant.take(queued: wantedQueues.filter { registered[keys.queueKey(of: host, in: $0)] != nil })
    }

    /// A rendering begins.
    func beginRendering() -> Rendering {
        renderingKeys = digest.bytes
        switch work {
        case .rollBack:
            work = .rollBack(isUnderWay: true)
            return .rollBack
        case .apply:
            work = .apply(isUnderWay: true)
            isReloaded = false
        case .none, .reload, .reloadPrevious: break
        }
        return .render(
            RolloutBasis(keys: digest.bytes, permitted: participant.permitted, isReloaded: isReloaded))
    }

    /// Takes the outcome of the rendering that was begun; `revision` is that of the file before it.
    func take(_ outcome: Outcome, failure: String?, hasFile: Bool, revision: Int64) {
        if isPuttingBack {
            work = .reloadPrevious
            if outcome.reload == nil { endRollBack() }
            return
        }
        let differs = outcome.state == .waits
        rendered = nil
        if let id = outcome.changeID, differs || outcome.state == .inSync || outcome.state == .updated {
            rendered = (id, renderingKeys, digest.since, differs, hasFile)
        }
        if outcome.state == .updated {
            if !isOnTrial { revisionBefore = revision }
            isOnTrial = true
        }
        tellTarget()
        guard work == .apply(isUnderWay: true) else { return }
        work = .none
        switch outcome.state {
        case .inSync, .updated:
            if outcome.reload == nil {
                participant.applied(nil, replaced: outcome.state == .updated)
            } else {
                work = .reload
            }
        case .waits: participant.applied("the keys have changed meanwhile", replaced: false)
        default: participant.applied(failure ?? "the file could not be written", replaced: false)
        }
    }

    /// Whether the rendering that runs puts the previous file back.
    var isPuttingBack: Bool { work == .rollBack(isUnderWay: true) }

    private func endRollBack() {
        work = .none
        needsRendering = true
        participant.rolledBack()
    }

    /// Takes the outcome of a reload; whether it is not to be tried again, because the previous file comes back.
    func take(_ outcome: ReloadOutcome) -> Bool {
        switch work {
        case .reload:
            work = .none
            isOnTrial = true
            isReloaded = outcome.state == .done
            let problem = outcome.run?.problem.map { "its reload failed: \($0)" } ?? "its reload failed"
            participant.applied(isReloaded ? nil : problem, replaced: true)
            return !isReloaded
        case .reloadPrevious:
            if outcome.state != .owed { endRollBack() }
        // A reload that was owed before a restart.
        case .none, .apply, .rollBack: isOnTrial = true
        }
        return false
    }

    /// Takes whether a transaction was made, or why it is not known.
    func committed(_ result: Result<Bool, BackendError>, at now: Duration) {
        switch result {
        case .success(let isMade):
            commitProblem = nil
            participant.committed(isMade, now: now)
        case .failure(let error):
            commitProblem = error.message
            participant.committed(nil, now: now)
        }
    }

    func verified(_ problem: String?, at now: Duration) { participant.verified(problem, now: now) }

    private func tellTarget() {
        // A rendering of older keys does not tell what the file would be now.
        guard let rendered, rendered.keys == digest.bytes else { return participant.rendered(nil) }
        participant.rendered(
            Participant.Target(
                id: rendered.id, since: rendered.since, known: keysRevision, differs: rendered.differs,
                hasFile: rendered.hasFile))
    }

    // MARK: - What is to be done

    /// The next thing to do; nil if there is nothing, or something is under way.
    func next(at now: Duration) -> Participant.Action? {
        guard let view else { return nil }
        let action = participant.next(view, now: now)
        if participant.turnChange != nil { isAccepted = participant.hasSucceeded }
        // Otherwise the failure of an earlier turn would be the reason for the next wait.
        if participant.waitReason(view)?.waitsForOwnWrite != true { commitProblem = nil }
        switch action {
        case .apply: work = .apply(isUnderWay: false)
        case .rollBack: work = .rollBack(isUnderWay: false)
        case .commit, .verify, nil: break
        }
        return action
    }

    /// When `next` has to be called if nothing happens.
    var deadline: Duration? { view == nil ? nil : participant.deadline }

    /// Whether the keys of the resource have to be read again to tell whether this host is ahead or behind.
    var isBehind: Bool { participant.isBehind(view) }

    /// Whether the mark of its reload and the file from before, which were kept for the turn, are needed no longer; they count
    /// as removed then.
    func takeEndOfTrial() -> Bool {
        guard isOnTrial, participant.turnChange == nil, work == .none, isAccepted || rendered?.differs == false else {
            return false
        }
        isOnTrial = false
        isReloaded = false
        return true
    }

    /// Whether it has to be rendered, which counts as done then.
    func takeNeedForRendering() -> Bool {
        defer { needsRendering = false }
        return needsRendering
    }

    private var wantedQueues: Set<ChangeName> { participant.wantedQueues(view) }

    /// The keys that say that this host takes part and waits: they hang on its lease. Its place in a turn outlives this process,
    /// so that a restart in a turn is no failure. None are named before those in the store are known: what is on the lease and not
    /// named is removed, and that could be the place of a turn from before a restart.
    var places: [(key: [UInt8], value: [UInt8], outlivesStop: Bool)] {
        if view == nil { return [] }
        return [(keys.memberKey(of: host), Array(definition.policy.text.utf8), false)]
            + wantedQueues.map { (keys.queueKey(of: host, in: $0), [], participant.keepsPlace(in: $0, view)) }
    }

    /// Another host whose settings of the group differ from ours, and what they are, when that is seen first.
    func takeOtherSettings() -> (host: String, settings: String)? {
        let other = view?.memberWithOtherSettings(than: definition.policy.text)
        defer { namedOther = other?.host }
        return other?.host == namedOther ? nil : other
    }

    // MARK: - For people

    /// The state; `failure` is why the keys of the group cannot be read, nil if they can.
    func state(_ failure: String?) -> RolloutState {
        if view == nil, let failure, participant.waitReason(nil) != nil { return .waits(.unreadable(failure)) }
        if let failure = participant.failure { return .failed(failure) }
        if let change = participant.turnChange { return .turn(change, isCanary: participant.isCanary) }
        guard let reason = participant.waitReason(view) else { return .free }
        let problem = reason.waitsForOwnWrite ? placeProblem ?? commitProblem : nil
        return .waits(problem.map { .refused($0) } ?? reason)
    }
}

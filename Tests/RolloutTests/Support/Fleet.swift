import Backends
import KeyValue
import TestSupport

@testable import Rollout

/// A model of the hosts of one group, and of their store. Time is counted in steps, each of which is a second for the hosts.
struct Fleet {
    final class Host {
        let number: Int
        let name: String
        var participant: Participant
        /// The id of the keys that the file was made from; nil without a file.
        var file: String?
        /// The `file` that a rollback puts back.
        var previous: String?
        /// The keys that the host has seen last.
        var seen: (id: String, since: Int64, known: Int64)
        /// Whether the keys make a difference to its file.
        let isConcerned: Bool
        var isDead = false
        /// Cut off from the store: it neither reads nor writes keys.
        var isCutOff = false
        /// Since when its lease is not kept alive.
        var silentSince: Int?
        fileprivate var pending: Participant.Action?
        fileprivate var seenRevision: Int64 = 0

        fileprivate init(_ number: Int, _ participant: Participant, isConcerned: Bool) {
            self.number = number
            name = "host\(number)"
            self.participant = participant
            self.isConcerned = isConcerned
            file = "0"
            seen = ("0", 1, 1)
        }
    }

    /// After so many steps without its host a lease ends.
    private static let timeToLive = 40

    let policy: RolloutPolicy
    let lags: Bool
    let keys = GroupKeys(group: "web/app.toml")
    var hosts: [Host] = []
    var store: ModelStore
    var generator: SeededGenerator
    private(set) var now = 0
    /// The newest keys.
    private(set) var data = (id: "0", revision: Int64(1))
    /// Keys with which a service does not work, and those that end confd with its host.
    var poisoned: Set<String> = []
    var deadly: Set<String> = []
    /// One of so many answers is lost, after the transaction was made or instead of it; 0: none.
    var lossRate = 0
    private(set) var violations: [String] = []
    private(set) var mostHolders = 0
    private var silent: Set<Int> = []
    /// Hosts that had the file of poisoned keys.
    private(set) var harmed: Set<Int> = []

    /// With `lags`, hosts see what others have written at once or some steps later.
    init(_ policy: RolloutPolicy, hosts count: Int, seed: Int, unconcerned: Int = 0, lags: Bool = true) {
        self.policy = policy
        self.lags = lags
        store = ModelStore(keys, lags: lags)
        generator = SeededGenerator(seed: UInt64(seed))
        for number in 0..<count {
            hosts.append(Host(number, participant(number), isConcerned: number >= unconcerned))
            store.join("host\(number)")
        }
    }

    private func participant(_ number: Int) -> Participant {
        Participant(host: "host\(number)", keys, policy, random: { 0.5 })
    }

    mutating func change() {
        let number = Int(data.id).map { $0 + 1 } ?? 1
        data = ("\(number)", store.tick())
    }

    mutating func poison() { poisoned.insert(data.id) }

    // MARK: - Faults

    mutating func kill(_ host: Host) {
        host.isDead = true
        host.silentSince = now
        silent.insert(host.number)
        host.pending = nil
    }

    /// Starts confd again on a host, without anything that it knew.
    mutating func start(_ host: Host) {
        host.isDead = false
        host.isCutOff = false
        host.silentSince = nil
        silent.remove(host.number)
        host.participant = participant(host.number)
        host.seenRevision = 0
        host.pending = nil
    }

    mutating func cutOff(_ host: Host) {
        host.isCutOff = true
        host.silentSince = now
        silent.insert(host.number)
    }

    mutating func reconnect(_ host: Host) {
        host.isCutOff = false
        if host.isDead { return }
        host.silentSince = nil
        silent.remove(host.number)
    }

    // MARK: - Time

    /// Lets `count` steps pass: hosts that may have something to do, and some others, each do one.
    mutating func run(_ count: Int) {
        for _ in 0..<count {
            now += 1
            if lags { store.catchUp(Int.random(in: 0..<8, using: &generator)) }
            for number in silent { endLeaseIfSilent(hosts[number]) }
            step(randomHost())
        }
    }

    /// Ten steps at once: every host that may have something to do acts, which are those outside of the queue and the first in it.
    mutating func stepAll() {
        now += 10
        for number in silent { endLeaseIfSilent(hosts[number]) }
        let reach = policy.maxParallel.count(of: hosts.count) + 10
        let first = Set((store.fresh.currentChange?.order.prefix(reach) ?? []).map(\.host))
        let current = store.fresh.current?.name
        for host in hosts where !host.isConcerned || host.file != data.id || host.participant.turnChange != nil {
            if current == nil || store.queues[host.number].first != current || first.contains(host.name) { step(host) }
        }
        if lags { store.catchUp(.max) }
    }

    private mutating func endLeaseIfSilent(_ host: Host) {
        guard let since = host.silentSince, now - since > Self.timeToLive else { return }
        store.endLease(of: host.number, host.name)
    }

    /// Any host; those first in the queue are more likely.
    private mutating func randomHost() -> Host {
        let order = store.fresh.currentChange?.order ?? []
        if !order.isEmpty, Int.random(in: 0..<4, using: &generator) > 0 {
            let reach = min(order.count, 3 * policy.maxParallel.count(of: hosts.count))
            let place = order[Int.random(in: 0..<reach, using: &generator)]
            if let number = Int(place.host.dropFirst(4)) { return hosts[number] }
        }
        return hosts[Int.random(in: 0..<hosts.count, using: &generator)]
    }

    // MARK: - One host

    mutating func step(_ host: Host) {
        if host.isDead { return }
        if let action = host.pending {
            host.pending = nil
            return finish(action, host)
        }
        render(host)
        if host.isCutOff { return act(host, host.participant.next(lastView(of: host), now: .seconds(now))) }
        // Never an older view than before. Nothing is held of it while the store changes, which would copy all of it.
        let isLate = lags && Int.random(in: 0..<3, using: &generator) == 0 && store.stale.revision >= host.seenRevision
        host.seenRevision = isLate ? store.stale.revision : store.fresh.revision
        let wanted = host.participant.wantedQueues(isLate ? store.stale : store.fresh)
        if Bool.random(using: &generator) { store.enqueue(host.number, host.name, wanted) }
        host.participant.take(queued: store.queues[host.number])
        act(host, host.participant.next(isLate ? store.stale : store.fresh, now: .seconds(now)))
    }

    private func lastView(of host: Host) -> GroupView {
        lags && store.stale.revision >= host.seenRevision ? store.stale : store.fresh
    }

    private mutating func render(_ host: Host) {
        if !host.isCutOff, Int.random(in: 0..<3, using: &generator) > 0 {
            host.seen = (data.id, data.revision, store.revision)
        }
        let differs = host.isConcerned && host.file != host.seen.id
        let target = Participant.Target(
            id: host.seen.id, since: host.seen.since, known: host.seen.known, differs: differs,
            hasFile: host.file != nil)
        host.participant.rendered(target)
        if differs, host.participant.mayApply(target.id) { write(target.id, host) }
    }

    private mutating func act(_ host: Host, _ action: Participant.Action?) {
        switch action {
        case nil: break
        case .commit(let transaction):
            if host.isCutOff { return host.participant.committed(nil, now: .seconds(now)) }
            commit(transaction, host)
        case .apply, .verify, .rollBack: host.pending = action
        }
    }

    private mutating func commit(_ transaction: Transaction, _ host: Host) {
        let fate = lossRate == 0 ? 0 : Int.random(in: 0..<lossRate, using: &generator)
        if lossRate > 0, fate == 0 { return host.participant.committed(nil, now: .seconds(now)) }
        let isMade = store.commit(transaction)
        if isMade { check() }
        if lossRate > 0, fate == 1 { return host.participant.committed(nil, now: .seconds(now)) }
        host.participant.committed(isMade, now: .seconds(now))
    }

    private mutating func finish(_ action: Participant.Action, _ host: Host) {
        switch action {
        case .commit: break
        case .apply(let id):
            guard host.seen.id == id, host.participant.mayApply(id) else {
                return host.participant.applied("other keys", replaced: false)
            }
            write(id, host)
            if host.isDead { return }
            host.participant.rendered(
                Participant.Target(
                    id: id, since: host.seen.since, known: host.seen.known, differs: false, hasFile: true))
            host.participant.applied(nil, replaced: true)
        case .verify:
            host.participant.verified(poisoned.contains(host.file ?? "") ? "does not work" : nil, now: .seconds(now))
        case .rollBack:
            host.file = host.previous
            host.participant.rolledBack()
        }
    }

    private mutating func write(_ id: String, _ host: Host) {
        if host.file != id { host.previous = host.file }
        host.file = id
        if poisoned.contains(id) || deadly.contains(id) { harmed.insert(host.number) }
        if deadly.contains(id) { kill(host) }
    }

    // MARK: - What must not happen

    /// Looks at the hosts that have their turn, whenever that changes.
    private mutating func check() {
        let view = store.fresh
        var count = 0
        var canaries: Set<String> = []
        for (name, change) in view.changes {
            count += change.holderCount
            if policy.canary != .none, change.ok == nil, change.holderCount > 0 { canaries.insert(name.id) }
        }
        mostHolders = max(mostHolders, count)
        let limit = policy.maxParallel.count(of: hosts.count)
        if count > limit { violations.append("\(count) hosts have their turn at a time") }
        if canaries.count > 1 { violations.append("canaries of \(canaries.sorted())") }
    }

    /// Hosts with an old file, although they have no reason to wait that an operator can see.
    var stuck: [String] {
        hosts.filter { $0.isConcerned && !$0.isDead && $0.file != data.id }.compactMap { host in
            let reason = host.participant.waitReason(store.fresh)
            return reason?.isHalt == true
                ? nil : "\(host.name) has \(host.file ?? "none"): \(reason?.message ?? "no reason")"
        }
    }

    /// Whether all hosts that live have the newest file.
    var isDone: Bool { hosts.allSatisfy { !$0.isConcerned || $0.isDead || $0.file == data.id } }
}

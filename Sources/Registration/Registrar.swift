import Backends
import Posix

/// Keeps one key in a store for each service that is up, and none for the others.
///
/// It compares what should be in the store with what is known to be there, whatever happened in between: events change the one,
/// answers the other, and `nextRequest` is the most urgent step from here to there. Pure: times come in as durations since an
/// arbitrary start, and at most one request is out at a time.
package struct Registrar {
    /// A lease in use, as far as its state is known.
    struct LeaseRecord {
        enum State: Equatable {
            /// Not there, as far as is known.
            case unknown
            case alive(renewAt: Duration)
        }

        let lease: Lease
        var state = State.unknown
        /// It lasts until then if it is not kept alive again.
        var expires = Duration.zero
        var saidLonger = false
        /// Keys of others are attached to it, or the store cannot revoke it: keys are deleted one by one.
        var isShared = false
        /// It was kept alive a last time, to last until the next start.
        var isLeftBehind = false
    }

    enum Phase: Equatable {
        case running
        /// Keys are removed, until this time at most.
        case removing(until: Duration)
        /// Readers of the keys have time to notice that they are gone.
        case draining(until: Duration)
        case finished
    }

    /// A request to the store.
    package enum Request: Equatable, Sendable {
        case grant(Lease)
        case keepAlive(Lease, holding: [[UInt8]: StoredKey])
        case write([LeasedWrite], Lease)
        case revoke(Lease, unlessItHoldsMoreThan: Set<[UInt8]>)
    }

    /// The answer to a request.
    package enum Answer: Equatable, Sendable {
        case granted(lifetime: Duration)
        case kept(LeaseState)
        /// In the order of the writes.
        case written([WriteOutcome])
        /// Whether it was revoked.
        case revoked(Bool)
        case failed(BackendError)
    }

    /// The most keys in one request, so that leases are kept alive in between.
    static let batchSize = 64
    /// How long one request may take.
    static let callTime = Duration.seconds(5)
    private static let longestPause = Duration.seconds(5)

    /// How long a removal at the end is tried.
    package var removalTime = Duration.seconds(2)

    private let identity: LeaseIdentity
    private let random: @Sendable () -> Double
    /// Ids of leases whose keys are ours.
    var ownLeases: Set<Int64>
    /// By seconds.
    var leases: [Int64: LeaseRecord] = [:]
    var records: [[UInt8]: Registration] = [:]
    /// Keys that may need a write.
    var pending: Set<[UInt8]> = []
    var phase = Phase.running
    /// How long to drain after the removal.
    var drain = Duration.zero
    /// The request that is out, and since when.
    var current: (request: Request, since: Duration)?
    /// No request before this time.
    var notBefore = Duration.zero
    private var failures = 0
    /// Why the store does not answer; nil if it does.
    private var outage: String?
    /// Whether the store has ever answered.
    private(set) var wasReached = false
    private var reports: [Report] = []

    /// `earlierLeases` are ids of earlier runs, with other times to live for example; `random` returns numbers in `0..<1`.
    package init(
        identity: LeaseIdentity, earlierLeases: Set<Int64> = [],
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.identity = identity
        self.random = random
        ownLeases = earlierLeases
    }

    /// The ids of the leases in use, for the next run.
    package var leaseIDs: Set<Int64> { Set(leases.values.map(\.lease.id)) }

    /// Whether all is done and the program may end.
    package var isFinished: Bool { phase == .finished }

    /// The keys that are registered, and their values.
    package var registered: [[UInt8]: [UInt8]] { records.compactMapValues(\.announced) }

    /// The keys in the store at `now`: while it does not answer, those whose lease has not ended.
    package func registered(at now: Duration) -> Set<[UInt8]> {
        let keys = records.filter { _, record in
            guard record.announced != nil else { return false }
            if outage == nil { return true }
            // After a change of ttl the new lease was not granted yet: the key still has its former lease.
            return leases[record.service.seconds].map { $0.expires == .zero || now < $0.expires } ?? false
        }
        return Set(keys.keys)
    }

    /// Why keys that are to be registered are not, or may soon not be: somebody else holds them, or the store refuses them or does
    /// not answer.
    package var problems: [[UInt8]: String] { records.compactMapValues { $0.problem ?? outage } }

    /// The reports since the last call.
    package mutating func takeReports() -> [Report] {
        defer { reports = [] }
        return reports
    }

    mutating func report(_ report: Report) { reports.append(report) }

    /// The lease for keys with a time to live of `seconds`, also where none is in use any more.
    func lease(seconds: Int64) -> Lease { leases[seconds]?.lease ?? identity.lease(seconds: seconds) }

    func goal(of record: Registration) -> Registration.Goal { record.goal(isStopping: phase != .running) }
}

// Events.
extension Registrar {
    /// Registers these services and no others; of two with one key the first counts. What is equal goes on as it is.
    package mutating func set(_ services: [Service]) {
        let wanted = Dictionary(services.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for key in records.keys where wanted[key] == nil { update(key) { $0.isWithdrawn = true } }
        for (key, service) in wanted {
            if records[key] == nil { records[key] = Registration(service) }
            update(key) { record in
                if record.isWithdrawn { record.health = .undecided }
                if record.service != service { record.isGivenUp = false }
                record.service = service
                record.isWithdrawn = false
            }
        }
        updateLeases()
    }

    /// Sets the verdict of the checks on the service with this key.
    package mutating func setHealth(_ health: ServiceHealth, of key: [UInt8]) {
        update(key) { $0.health = health }
    }

    /// Compares all registered keys with the store, without writing those that are right.
    package mutating func verify() {
        for key in records.keys { update(key) { $0.stored = .unknown(lastVersion: $0.lastVersion) } }
    }

    /// Begins to stop: removes the keys whose services ask for that; the others stay until their lease ends.
    package mutating func stop(now: Duration) {
        guard phase == .running else { return }
        phase = .removing(until: now + removalTime)
        notBefore = now
        failures = 0
        let arriving = valuesBeingPut
        for (key, record) in records {
            update(key) { $0.notBefore = nil }
            guard goal(of: record) == .absent, let value = record.announced ?? arriving[key] else { continue }
            drain = max(drain, record.service.drain)
            update(key) { $0.announced = value }
        }
    }

    /// The values that the request under way puts, by key: others may see them before its answer arrives.
    private var valuesBeingPut: [[UInt8]: [UInt8]] {
        guard case .write(let writes, _)? = current?.request else { return [:] }
        return writes.reduce(into: [:]) { $0[$1.key] = $1.value }
    }

    /// Ends the time to drain.
    package mutating func skipDrain() {
        drain = .zero
        if case .draining = phase { phase = .finished }
    }

    /// Ends the attempts to remove keys, and the time to drain.
    package mutating func stopRemoving() {
        skipDrain()
        if case .removing = phase { phase = .removing(until: .zero) }
    }

    /// Ends at once, whatever is left in the store.
    package mutating func abandon() { phase = .finished }

    /// Changes what is known of a service, and forgets it if it is withdrawn and its key is gone.
    mutating func update(_ key: [UInt8], _ change: (inout Registration) -> Void) {
        guard var record = records.removeValue(forKey: key) else { return }
        change(&record)
        if record.isWithdrawn, record.stored == .absent || record.stored == .foreign {
            pending.remove(key)
            return
        }
        records[key] = record
        pending.insert(key)
    }

    private mutating func updateLeases() {
        let used = Set(records.values.lazy.filter { !$0.isWithdrawn }.map(\.service.seconds))
        // A lease that is not used any more is left to expire.
        leases = leases.filter { used.contains($0.key) }
        for seconds in used where leases[seconds] == nil {
            let lease = identity.lease(seconds: seconds)
            leases[seconds] = LeaseRecord(lease: lease)
            ownLeases.insert(lease.id)
        }
    }
}

// Failures.
extension Registrar {
    /// The store answered.
    mutating func reached() {
        wasReached = true
        if failures > 0, phase == .running { report(.reachedAgain) }
        failures = 0
        outage = nil
    }

    /// The store did not answer: a pause, longer each time up to a limit, and random in all of its length, so that many programs
    /// do not come back to a store at the same moment.
    mutating func failed(_ error: BackendError, now: Duration) {
        failures += 1
        let shortest = Duration.seconds(leases.keys.min() ?? 1)
        let limit = phase == .running ? min(Self.longestPause, shortest / 3) : .milliseconds(100)
        notBefore = now + Backoff(limit: limit).pause(after: failures, random: random())
        outage = Report.unreachable(error).message
        if failures == 1, phase == .running { report(.unreachable(error)) }
    }
}

import Backends

extension Registrar {
    /// The most urgent request, whose answer goes to `finish`; nil while one is out or there is nothing to do.
    package mutating func nextRequest(now: Duration) -> Request? {
        guard current == nil else { return nil }
        let request: Request? =
            switch phase {
            case .running: now < notBefore ? nil : leaseRequest(now) ?? writeRequest(now)
            case .removing(let end): now < notBefore || now >= end ? nil : removalRequest(now)
            case .draining, .finished: nil
            }
        if let request {
            begin(request, now)
        } else {
            advancePhase(now)
        }
        return request
    }

    /// When `nextRequest` has to be called again if nothing happens; nil: never.
    package var deadline: Duration? {
        guard current == nil else { return nil }
        switch phase {
        case .running:
            let times = writeTimes + leases.values.map(renewal)
            return times.min().map { max($0, notBefore) }
        case .removing(let end):
            let times = leases.values.contains(where: isLeftBehind) ? [notBefore] : writeTimes
            return min(end, max(notBefore, times.min() ?? end))
        case .draining(let end): return end
        case .finished: return nil
        }
    }

    /// When the keys that may need a write can have it.
    private var writeTimes: [Duration] {
        pending.compactMap { key in records[key].map { $0.notBefore ?? notBefore } }
    }

    /// How long the request that is out may take.
    package func timeLimit(now: Duration) -> Duration {
        if case .removing(let end) = phase { max(.milliseconds(1), end - now) } else { Self.callTime }
    }

    /// When the lease has to be granted or kept alive.
    private func renewal(_ lease: LeaseRecord) -> Duration {
        if case .alive(let time) = lease.state { time } else { notBefore }
    }

    private mutating func begin(_ request: Request, _ now: Duration) {
        current = (request, now)
        guard case .write(let writes, _) = request else { return }
        // Until the answer comes.
        for write in writes {
            guard let record = records[write.key] else { continue }
            records[write.key]?.stored = .unknown(lastVersion: record.lastVersion)
        }
    }

    // MARK: Running

    private func leaseRequest(_ now: Duration) -> Request? {
        let due = leases.values.filter { renewal($0) <= now }.min { renewal($0) < renewal($1) }
        return due.map { $0.state == .unknown ? .grant($0.lease) : keepAlive($0) }
    }

    private func keepAlive(_ lease: LeaseRecord) -> Request {
        let held = records.compactMapValues(\.expected).filter { $0.value.holder == .lease(lease.lease.id) }
        return .keepAlive(lease.lease, holding: held)
    }

    /// Deletes come first: the key of a service that is down does more harm than a missing one.
    private mutating func writeRequest(_ now: Duration) -> Request? {
        var deletes: [LeasedWrite] = []
        var puts: [Int64: [LeasedWrite]] = [:]
        for key in pending {
            guard let record = records[key] else { continue }
            let goal = goal(of: record)
            let seconds = record.service.seconds
            guard record.needsWrite(goal, lease: lease(seconds: seconds).id) else {
                pending.remove(key)
                continue
            }
            if let time = record.notBefore, time > now { continue }
            if case .value(let value) = goal {
                guard leases[seconds]?.state != .unknown else { continue }
                puts[seconds, default: []].append(
                    LeasedWrite(key: key, value: value, expected: record.expected))
            } else {
                deletes.append(LeasedWrite(key: key, value: nil, expected: record.expected))
            }
        }
        if !deletes.isEmpty { return .write(Array(deletes.prefix(Self.batchSize)), lease(seconds: 1)) }
        return puts.min { $0.key < $1.key }.map { seconds, writes in
            .write(Array(writes.prefix(Self.batchSize)), lease(seconds: seconds))
        }
    }

    // MARK: Stopping

    private mutating func removalRequest(_ now: Duration) -> Request? {
        for (seconds, lease) in leases where !lease.isShared {
            let keys = records.filter { $0.value.service.seconds == seconds }
            guard keys.values.contains(where: { $0.needsWrite(goal(of: $0), lease: lease.lease.id) }),
                keys.values.allSatisfy({ goal(of: $0) == .absent })
            else { continue }
            return .revoke(lease.lease, unlessItHoldsMoreThan: Set(keys.keys))
        }
        if let request = writeRequest(now) { return request }
        return leases.values.first { isLeftBehind($0) }.map(keepAlive)
    }

    /// Whether the lease holds keys that stay, and was not kept alive for them yet.
    private func isLeftBehind(_ lease: LeaseRecord) -> Bool {
        guard !lease.isLeftBehind, lease.state != .unknown else { return false }
        return records.values.contains { $0.service.seconds == lease.lease.seconds && goal(of: $0) == .asItIs }
    }

    /// Goes on to the next phase if this one is over.
    private mutating func advancePhase(_ now: Duration) {
        if case .removing(let end) = phase {
            let left = records.values.filter { $0.needsWrite(goal(of: $0), lease: 0) }
            guard now >= end || left.isEmpty && !leases.values.contains(where: isLeftBehind) else { return }
            // What was never reached has nothing from this run.
            if wasReached, let longest = left.map(\.service.seconds).max() {
                report(
                    .notRemoved(
                        keys: left.map(\.service.key).sorted { $0.lexicographicallyPrecedes($1) },
                        within: .seconds(longest)))
            }
            if drain > .zero { report(.draining(drain)) }
            phase = .draining(until: now + drain)
        }
        if case .draining(let end) = phase, now >= end { phase = .finished }
    }
}

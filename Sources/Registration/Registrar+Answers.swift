import Backends

extension Registrar {
    /// Takes the answer to the request that is out.
    package mutating func finish(_ answer: Answer, now: Duration) {
        guard let (request, since) = current else { preconditionFailure("an answer without a request") }
        current = nil
        switch (request, answer) {
        case (.grant(let lease), .granted(let lifetime)):
            reached()
            granted(lease, lifetime, since)
        case (.keepAlive(let lease, let keys), .kept(let state)): kept(lease, keys, state, since, now)
        case (.write(let writes, let lease), .written(let outcomes)):
            // If one failed, those after it may not have been answered: then the store is not reached any more.
            let failure = outcomes.lazy.compactMap(\.failure).first
            if let failure { failed(failure, now: now) } else { reached() }
            for (write, outcome) in zip(writes, outcomes) { wrote(write, lease, outcome, now) }
        case (.revoke(let lease, let keys), .revoked(let isDone)):
            reached()
            revoked(lease, keys, isDone)
        case (_, .failed(let error)): failed(error, now: now)
        case (.grant, _), (.keepAlive, _), (.write, _), (.revoke, _):
            preconditionFailure("an answer to another request")
        }
    }

    // MARK: Leases

    private mutating func granted(_ lease: Lease, _ lifetime: Duration, _ since: Duration) {
        guard let saidLonger = leases[lease.seconds]?.saidLonger else { return }
        if lifetime > .seconds(lease.seconds), !saidLonger {
            leases[lease.seconds]?.saidLonger = true
            report(.longerLease(asked: .seconds(lease.seconds), granted: lifetime))
        }
        renewed(lease, lifetime, since)
    }

    /// The lifetime is counted from when the request was sent, the earliest time at which it can have begun.
    private mutating func renewed(_ lease: Lease, _ lifetime: Duration, _ since: Duration) {
        // At most an hour, whatever lifetime the store grants.
        let pause = min(max(lifetime / 3, .milliseconds(100)), .seconds(3600))
        leases[lease.seconds]?.state = .alive(renewAt: since + pause)
        leases[lease.seconds]?.expires = since + lifetime
    }

    private mutating func kept(
        _ lease: Lease, _ keys: [[UInt8]: StoredKey], _ state: LeaseState, _ since: Duration, _ now: Duration
    ) {
        if let failure = state.failure { failed(failure, now: now) } else { reached() }
        guard let lifetime = state.lifetime else { return ended(lease) }
        guard leases[lease.seconds] != nil else { return }
        if state.failure == nil {
            renewed(lease, lifetime, since)
            leases[lease.seconds]?.isLeftBehind = phase != .running
        }
        // A write makes sure, and registers it again.
        for key in state.lost where records[key] != nil {
            update(key) { record in
                record.stored = .unknown(lastVersion: record.lastVersion)
                record.isMissed = true
            }
        }
        for (key, version) in state.held { held(key, keys[key] == nil ? 0 : version, lease) }
    }

    /// The key is attached to the lease.
    private mutating func held(_ key: [UInt8], _ version: Int64, _ lease: Lease) {
        guard let record = records[key] else {
            // Of a service that was removed from the configuration while the program did not run.
            records[key] = Registration(orphan: key, seconds: lease.seconds)
            pending.insert(key)
            return
        }
        switch record.stored {
        case .ours(let value, _, let id):
            if version != 0 { records[key]?.stored = .ours(value: value, version: version, lease: id) }
        // A write that was given up came late.
        case .absent, .foreign: update(key) { $0.stored = .unknown(lastVersion: 0) }
        case .unknown: break
        }
    }

    /// The lease is gone, and all its keys with it.
    private mutating func ended(_ lease: Lease) {
        leases[lease.seconds]?.state = .unknown
        var count = 0
        for (key, record) in records {
            guard case .ours(_, _, lease.id) = record.stored else { continue }
            if record.announced != nil { count += 1 }
            update(key) { record in
                record.stored = .absent
                record.announced = nil
            }
        }
        if count > 0, phase == .running { report(.leaseEnded(keys: count)) }
    }

    private mutating func revoked(_ lease: Lease, _ keys: Set<[UInt8]>, _ isDone: Bool) {
        guard isDone else {
            leases[lease.seconds]?.isShared = true
            return
        }
        leases[lease.seconds]?.state = .unknown
        for key in keys { nowAbsent(key) }
    }

    // MARK: Keys

    private mutating func wrote(_ write: LeasedWrite, _ lease: Lease, _ outcome: WriteOutcome, _ now: Duration) {
        switch outcome {
        case .put(let version):
            guard let value = write.value else { return }
            records[write.key]?.mayBeDeleted = false
            nowOurs(write.key, StoredKey(value: value, version: version, holder: .lease(lease.id)), now)
        case .absent where write.value == nil: nowAbsent(write.key)
        case .absent: inVain(write.key, .absent, now)
        case .found(let found):
            if isOurs(found, write, now) {
                nowOurs(write.key, found, now, wasThere: true)
            } else {
                nowForeign(write, found, now)
            }
        case .leaseEnded:
            ended(lease)
            inVain(write.key, .absent, now)
        case .refused(let error):
            let pause = retryPause(write.key)
            let isNews = records[write.key]?.complaint != .refusal(error)
            update(write.key) { record in
                record.notBefore = now + pause
                record.complaint = .refusal(error)
            }
            if isNews { report(.refused(key: write.key, error)) }
        case .failed: if write.value == nil { records[write.key]?.mayBeDeleted = true }
        }
    }

    /// The key is ours and holds `found`.
    private mutating func nowOurs(_ key: [UInt8], _ found: StoredKey, _ now: Duration, wasThere: Bool = false) {
        guard let record = records[key] else { return }
        let lease = lease(seconds: record.service.seconds)
        let holder = if case .lease(let id) = found.holder { id } else { lease.id }
        if found.holder == .unknown, leases[lease.seconds]?.state != .unknown {
            // Found from an earlier run: it has not been renewed for a while.
            leases[lease.seconds]?.state = .alive(renewAt: now)
            leases[lease.seconds]?.expires = now + .seconds(lease.seconds)
        }
        let stored = Registration.Stored.ours(value: found.value, version: found.version, lease: holder)
        guard case .value(found.value) = goal(of: record), holder == lease.id, !record.mayBeDeleted else {
            return inVain(key, stored, now)
        }
        update(key) { record in
            record.stored = stored
            record.hasReachedGoal()
            record.announced = found.value
        }
        announce(record, found.value, wasThere: wasThere)
    }

    private mutating func announce(_ record: Registration, _ value: [UInt8], wasThere: Bool) {
        let key = record.service.key
        if record.isMissed, !wasThere { report(.lost(key: key)) }
        if record.announced == value { return }
        if value == record.service.downValue {
            report(.marked(key: key))
        } else {
            report(record.announced == nil ? .registered(key: key, wasThere: wasThere) : .updated(key: key))
        }
    }

    private mutating func nowAbsent(_ key: [UInt8]) {
        guard let record = records[key] else { return }
        update(key) { record in
            record.stored = .absent
            record.hasReachedGoal()
            record.mayBeDeleted = false
            record.announced = nil
        }
        if record.announced != nil { report(.removed(key: key)) }
    }

    /// Somebody else holds the key.
    private mutating func nowForeign(_ write: LeasedWrite, _ found: StoredKey, _ now: Duration) {
        guard let record = records[write.key] else { return }
        let pause = retryPause(write.key)
        // It may be of an earlier run: somebody else would refresh it while we wait.
        let isSeen = found.holder == .unknown && record.isOwnValue(found.value)
        let isRefreshed = record.sighting.map { $0.version != found.version } ?? false
        let isConflict = write.value != nil && (!isSeen || isRefreshed)
        let waits = record.service.onConflict == .wait
        update(write.key) { record in
            record.stored = .foreign
            record.announced = nil
            record.isMissed = false
            record.notBefore = now + (isSeen ? .seconds(record.service.seconds) / 2 : pause)
            if !isSeen {
                record.sighting = nil
            } else if isRefreshed || record.sighting == nil {
                record.sighting = Registration.Sighting(version: found.version, since: now)
            }
            if isConflict { record.complaint = .conflict(found.holder) }
            if isConflict, !waits { record.isGivenUp = true }
        }
        if isConflict, record.complaint != .conflict(found.holder) {
            report(.conflict(key: write.key, found.holder, waits: waits))
        }
    }

    /// A write that showed what is in the store, but did not reach the goal; from the third in a row on there is a pause.
    private mutating func inVain(_ key: [UInt8], _ stored: Registration.Stored, _ now: Duration) {
        let pause = retryPause(key)
        update(key) { record in
            record.stored = stored
            record.vainWrites += 1
            if record.vainWrites > 2 { record.notBefore = now + pause }
        }
    }

    private func isOurs(_ found: StoredKey, _ write: LeasedWrite, _ now: Duration) -> Bool {
        guard let record = records[write.key] else { return false }
        switch found.holder {
        case .lease(let id): return ownLeases.contains(id)
        case .nobody: return false
        case .unknown:
            guard record.isOwnValue(found.value) else { return false }
            if found.version == record.lastVersion { return true }
            guard let sighting = record.sighting, sighting.version == found.version else { return false }
            return now - sighting.since >= .seconds(record.service.seconds) / 2
        }
    }

    /// The pause between attempts at a write that the store refuses or another holder prevents: a third of the key's time to
    /// live, as between keep-alives, and at least a second.
    private func retryPause(_ key: [UInt8]) -> Duration {
        max(.seconds(records[key]?.service.seconds ?? 1) / 3, .seconds(1))
    }
}

extension Registration {
    fileprivate mutating func hasReachedGoal() {
        notBefore = nil
        vainWrites = 0
        sighting = nil
        isMissed = false
        complaint = nil
    }
}

extension WriteOutcome {
    fileprivate var failure: BackendError? {
        if case .failed(let error) = self { error } else { nil }
    }
}

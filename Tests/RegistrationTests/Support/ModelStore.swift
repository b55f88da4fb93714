import Backends

@testable import Registration

/// A store in memory with a manual clock: with leases as in etcd's v3 API, or with a TTL for each key as in v2.
struct ModelStore {
    struct Entry: Equatable {
        var value: [UInt8]
        var version: Int64
        /// 0: none.
        var lease: Int64 = 0
        /// When the key expires; only without leases.
        var end: Duration?
        /// The writer: a node's number, or -1 for a program outside the simulation.
        var writer: Int
    }

    /// Whether keys are attached to leases (v3), or each has a TTL of its own (v2).
    let hasLeases: Bool
    var keys: [[UInt8]: Entry] = [:]
    private var leases: [Int64: (lifetime: Duration, end: Duration)] = [:]
    private var revision: Int64 = 1
    /// How many puts and deletes of nodes a watch would report; refreshes and expiry are not counted.
    private(set) var events = 0
    /// Changes of keys by nodes that had not written them.
    private(set) var violations: [String] = []
    private var now = Duration.zero

    init(hasLeases: Bool = true) { self.hasLeases = hasLeases }

    /// Sets the clock; leases and keys whose time has passed are removed.
    mutating func advance(to now: Duration) {
        self.now = now
        for (id, lease) in leases where lease.end <= now { end(id) }
        for (key, entry) in keys {
            if let end = entry.end, end <= now { keys[key] = nil }
        }
    }

    /// As `etcdctl lease revoke`.
    mutating func end(_ id: Int64) {
        leases[id] = nil
        for (key, entry) in keys where entry.lease == id { keys[key] = nil }
    }

    mutating func endAllLeases() { for id in leases.keys { end(id) } }

    /// As etcd with an empty data directory.
    mutating func wipe() {
        keys = [:]
        leases = [:]
        revision = 1
    }

    /// A write by a program outside the simulation; nil deletes.
    mutating func interfere(_ key: [UInt8], _ value: [UInt8]?) {
        revision += 1
        keys[key] = value.map { Entry(value: $0, version: revision, writer: -1) }
    }

    mutating func perform(_ request: Registrar.Request, by node: Int) -> Registrar.Answer {
        switch request {
        case .grant(let lease): .granted(lifetime: grant(lease))
        case .keepAlive(let lease, let keys): .kept(hasLeases ? keepAlive(lease, keys) : refresh(lease, keys, node))
        case .write(let writes, let lease): .written(writes.map { write($0, lease, node) })
        case .revoke(let lease, let keys): .revoked(revoke(lease, keys))
        }
    }

    private mutating func grant(_ lease: Lease) -> Duration {
        guard hasLeases else { return .seconds(lease.seconds) }
        let lifetime = leases[lease.id]?.lifetime ?? .seconds(max(2, lease.seconds))
        leases[lease.id] = (lifetime, now + lifetime)
        return lifetime
    }

    private mutating func keepAlive(_ lease: Lease, _ wanted: [[UInt8]: StoredKey]) -> LeaseState {
        guard let lifetime = leases[lease.id]?.lifetime else { return .ended }
        leases[lease.id] = (lifetime, now + lifetime)
        var state = LeaseState(lifetime: lifetime)
        for (key, entry) in keys where entry.lease == lease.id { state.held[key] = wanted[key]?.version ?? 0 }
        state.lost = Set(wanted.keys.filter { state.held[$0] == nil })
        return state
    }

    private mutating func refresh(_ lease: Lease, _ wanted: [[UInt8]: StoredKey], _ node: Int) -> LeaseState {
        var state = LeaseState(lifetime: .seconds(lease.seconds))
        for (key, expected) in wanted {
            guard keys[key] != nil, isAsExpected(key, expected) else {
                state.lost.insert(key)
                continue
            }
            check(key, node, "refresh")
            revision += 1
            keys[key]?.version = revision
            keys[key]?.end = now + .seconds(lease.seconds)
            state.held[key] = revision
        }
        return state
    }

    private mutating func write(_ write: LeasedWrite, _ lease: Lease, _ node: Int) -> WriteOutcome {
        guard isAsExpected(write.key, write.expected) else {
            guard let entry = keys[write.key] else { return .absent }
            let holder: StoredKey.Holder =
                hasLeases ? entry.lease == 0 ? .nobody : .lease(entry.lease) : entry.end == nil ? .nobody : .unknown
            return .found(StoredKey(value: entry.value, version: entry.version, holder: holder))
        }
        if write.value == nil && write.expected == nil { return .absent }
        if write.value != nil, hasLeases, leases[lease.id] == nil { return .leaseEnded }
        check(write.key, node, write.value == nil ? "delete" : "put")
        events += 1
        revision += 1
        guard let value = write.value else {
            keys[write.key] = nil
            return .absent
        }
        keys[write.key] = Entry(
            value: value, version: revision, lease: hasLeases ? lease.id : 0,
            end: hasLeases ? nil : now + .seconds(lease.seconds), writer: node)
        return .put(version: revision)
    }

    private func isAsExpected(_ key: [UInt8], _ expected: StoredKey?) -> Bool {
        guard let expected, let entry = keys[key] else { return expected == nil && keys[key] == nil }
        guard entry.version == expected.version else { return false }
        return hasLeases ? expected.holder == .lease(entry.lease) : entry.value == expected.value
    }

    private mutating func revoke(_ lease: Lease, _ wanted: Set<[UInt8]>) -> Bool {
        guard hasLeases else { return false }
        guard keys.allSatisfy({ $0.value.lease != lease.id || wanted.contains($0.key) }) else { return false }
        if leases[lease.id] != nil { end(lease.id) }
        return true
    }

    /// Records a violation if a node changes a key that somebody else wrote.
    private mutating func check(_ key: [UInt8], _ node: Int, _ what: String) {
        guard let writer = keys[key]?.writer, writer != node else { return }
        violations.append("\(what) of \(String(decoding: key, as: UTF8.self)), which \(writer) wrote, by \(node)")
    }
}

import Backends
import KeyValue

@testable import Rollout

/// A store in memory with two views: one that is up to date, and one that lags.
struct ModelStore {
    struct Entry {
        var value: [UInt8]
        var version: Int64
    }

    let groupKeys: GroupKeys
    private(set) var keys: [[UInt8]: Entry] = [:]
    private(set) var revision: Int64 = 1
    /// What a host sees that is up to date, and one that lags.
    private(set) var fresh: GroupView
    private(set) var stale: GroupView
    private var late: [(key: GroupKeys.Key, value: [UInt8]?, version: Int64?)] = []
    private var lateStart = 0
    /// The queues in which each host is.
    private(set) var queues: [Set<ChangeName>] = []
    /// Whether there is a late view.
    private let lags: Bool

    init(_ keys: GroupKeys, lags: Bool) {
        self.lags = lags
        groupKeys = keys
        fresh = GroupView(keys)
        stale = GroupView(keys)
    }

    /// Counts a change of the keys that templates read; returns its revision.
    mutating func tick() -> Int64 {
        revision += 1
        return revision
    }

    mutating func commit(_ transaction: Transaction) -> Bool {
        guard transaction.conditions.allSatisfy({ (keys[$0.key]?.version ?? 0) == $0.version }) else { return false }
        revision += 1
        for change in transaction.changes {
            switch change {
            case .put(let key, let value): set(key, value, at: revision)
            case .delete(let key): remove(key, at: revision)
            case .deleteBelow(let path):
                for key in keys.keys where key.starts(with: path + [UInt8(ascii: "/")]) {
                    remove(key, at: revision)
                }
            }
        }
        return true
    }

    /// Puts the host with this number and name in the queues of these changes, and takes it out of others.
    mutating func enqueue(_ host: Int, _ name: String, _ wanted: Set<ChangeName>) {
        let queued = queues[host]
        if queued == wanted { return }
        for change in queued.subtracting(wanted) { remove(groupKeys.queueKey(of: name, in: change), at: tick()) }
        for change in wanted.subtracting(queued) {
            set(groupKeys.queueKey(of: name, in: change), [], at: tick())
        }
        queues[host] = wanted
    }

    mutating func join(_ name: String) {
        queues.append([])
        set(groupKeys.memberKey(of: name), [], at: tick())
    }

    /// The lease of a host ends; for the test it remains a member.
    mutating func endLease(of host: Int, _ name: String) { enqueue(host, name, []) }

    /// Applies the next `count` changes to the late view.
    mutating func catchUp(_ count: Int) {
        for _ in 0..<min(count, late.count - lateStart) {
            stale.take(late[lateStart].key, late[lateStart].value, late[lateStart].version)
            lateStart += 1
        }
        if lateStart > 10_000 {
            late.removeFirst(lateStart)
            lateStart = 0
        }
    }

    private mutating func set(_ key: [UInt8], _ value: [UInt8], at revision: Int64) {
        keys[key] = Entry(value: value, version: revision)
        show(key, value, revision)
    }

    private mutating func remove(_ key: [UInt8], at revision: Int64) {
        if keys.removeValue(forKey: key) != nil { show(key, nil, nil) }
    }

    private mutating func show(_ bytes: [UInt8], _ value: [UInt8]?, _ version: Int64?) {
        guard let key = groupKeys.key(bytes) else { return }
        fresh.take(key, value, version)
        if lags { late.append((key, value, version)) }
    }
}

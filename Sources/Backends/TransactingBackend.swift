import Posix

/// A store that changes several keys at once, or none of them.
package protocol TransactingBackend: LeasingBackend {
    /// Makes the changes if all conditions hold; returns whether they were made. False can also mean that an earlier attempt,
    /// whose answer was lost, has made them. Ends within `timeout`, and within 100 ms of `cancellation`.
    func commit(
        _ transaction: Transaction, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool
}

/// The keys in stores that are confd's own.
package enum OwnKeys {
    /// Below it is what hosts note about rollouts.
    package static let rollouts = "/_confd/rollout"
}

/// Changes of keys, and what must be there for them to be made.
package struct Transaction: Hashable, Sendable {
    package struct Condition: Hashable, Sendable {
        package let key: [UInt8]
        /// The revision of its last change; 0: it must not be there.
        package let version: Int64
    }

    /// No two may concern one key. What is put hangs on no lease.
    package enum Change: Hashable, Sendable {
        case put([UInt8], value: [UInt8])
        case delete([UInt8])
        /// All keys below this path.
        case deleteBelow([UInt8])
    }

    package private(set) var conditions: [Condition] = []
    package private(set) var changes: [Change] = []

    package init() {}

    package mutating func require(_ key: [UInt8], _ version: Int64) {
        conditions.append(Condition(key: key, version: version))
    }

    package mutating func change(_ change: Change) { changes.append(change) }
}

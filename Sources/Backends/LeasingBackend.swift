import Posix

/// A store with leases: keys that are removed when their holder stops renewing them.
///
/// Every write names what must be there, with its version, so that a request which is late, or sent twice, changes nothing that
/// was written since. All calls end within `timeout`, and within 100 ms of `cancellation`.
package protocol LeasingBackend: Backend {
    /// Grants `lease`, or takes over one with this id that the store still has; returns for how long it lasts without being
    /// kept alive. A store grants no less than its own minimum (etcd: 2 s).
    func grant(_ lease: Lease, timeout: Duration, cancellation: Cancellation) throws(BackendError) -> Duration

    /// Renews `lease` for its whole time and reads which keys are attached to it. `keys` are those that should be.
    func keepAlive(
        _ lease: Lease, holding keys: [[UInt8]: StoredKey], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> LeaseState

    /// Writes one key after the other, each by itself; returns as many outcomes, in the same order. What is put hangs on
    /// `lease`.
    func write(
        _ writes: [LeasedWrite], _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) -> [WriteOutcome]

    /// Ends `lease`, and with it removes its keys. Returns false, and changes nothing, if others than `keys` hang on it or the
    /// store has no leases.
    func revoke(
        _ lease: Lease, unlessItHoldsMoreThan keys: Set<[UInt8]>, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool
}

/// A time to live that several keys share: they are deleted when it ends.
package struct Lease: Hashable, Sendable {
    /// Chosen by the client; above 0.
    package let id: Int64
    /// For how long it is wanted; at least 1.
    package let seconds: Int64

    package init(id: Int64, seconds: Int64) {
        precondition(id > 0 && seconds > 0, "a lease has an id and a time")
        self.id = id
        self.seconds = seconds
    }
}

/// The state of a lease after a keep-alive.
package struct LeaseState: Equatable, Sendable {
    /// How long the lease lasts from now on; nil if it has ended.
    package var lifetime: Duration?
    /// Keys that hang on the lease and their versions, those of other programs included; 0 is an unknown version.
    package var held: [[UInt8]: Int64] = [:]
    /// Those of the keys that should hang on it and do not.
    package var lost: Set<[UInt8]> = []
    /// The reason why some keys are neither held nor lost.
    package var failure: BackendError?

    package init(
        lifetime: Duration?, held: [[UInt8]: Int64] = [:], lost: Set<[UInt8]> = [], failure: BackendError? = nil
    ) {
        self.lifetime = lifetime
        self.held = held
        self.lost = lost
        self.failure = failure
    }

    /// The lease has ended.
    package static let ended = LeaseState(lifetime: nil)
}

/// A key to put or delete.
package struct LeasedWrite: Equatable, Sendable {
    package let key: [UInt8]
    /// nil deletes the key.
    package let value: [UInt8]?
    /// Nothing is written if something else is there; nil: if anything is. Its version counts, and besides, since versions begin
    /// anew when a store is wiped, its lease, or its value in a store without leases.
    package let expected: StoredKey?

    package init(key: [UInt8], value: [UInt8]?, expected: StoredKey?) {
        self.key = key
        self.value = value
        self.expected = expected
    }
}

/// The outcome of one write.
package enum WriteOutcome: Equatable, Sendable {
    /// It was put, and has this version.
    case put(version: Int64)
    /// It is not there: it was deleted, or there was none.
    case absent
    /// Nothing was written, because this is there.
    case found(StoredKey)
    /// Nothing was put, because the lease has ended.
    case leaseEnded
    /// The store will not do it: others may succeed.
    case refused(BackendError)
    /// The store could not be reached, or gave no answer: it may have been done.
    case failed(BackendError)
}

/// A key as a store has it.
package struct StoredKey: Equatable, Sendable {
    /// Who deletes the key in the end.
    package enum Holder: Equatable, Sendable {
        case lease(Int64)
        /// It stays for ever.
        case nobody
        /// It goes at some time, and the store does not say whose it is (v2 API).
        case unknown
    }

    package let value: [UInt8]
    /// It changes with every write; above 0.
    package let version: Int64
    package let holder: Holder

    package init(value: [UInt8], version: Int64, holder: Holder) {
        self.value = value
        self.version = version
        self.holder = holder
    }
}

import Backends

/// One service, what is known of its key in the store, and what was reported about it.
struct Registration {
    /// The wanted content of the store.
    enum Goal: Equatable {
        /// Nothing is written: a key that is there stays.
        case asItIs
        case absent
        case value([UInt8])
    }

    /// The content of the store, as far as it is known.
    enum Stored: Equatable {
        /// `lastVersion` is the last one that was ours, 0 if none was.
        case unknown(lastVersion: Int64)
        case absent
        case ours(value: [UInt8], version: Int64, lease: Int64)
        case foreign
    }

    /// A key that may be of an earlier run of ours, in a store that does not say whose it is.
    struct Sighting: Equatable {
        let version: Int64
        let since: Duration
    }

    /// The last reported problem, so that it is not reported again at each attempt.
    enum Complaint: Equatable {
        case conflict(StoredKey.Holder)
        case refusal(BackendError)
    }

    var service: Service
    var health = ServiceHealth.undecided
    /// It is no longer among the services, and is forgotten once its key is gone.
    var isWithdrawn = false
    var stored = Stored.unknown(lastVersion: 0)
    /// No write before this time.
    var notBefore: Duration?
    /// Writes in a row after which the goal was not reached, though nothing failed.
    var vainWrites = 0
    var sighting: Sighting?
    /// The lease did not hold the key any more.
    var isMissed = false
    /// A delete that was given up may still come, as long as the key has the version that it is for.
    var mayBeDeleted = false
    /// Somebody else holds the key, and `onConflict` is `fail`.
    var isGivenUp = false
    var complaint: Complaint?
    /// The value that was reported as registered.
    var announced: [UInt8]?

    init(_ service: Service) { self.service = service }

    /// A key that is attached to a lease of ours and belongs to no service: it is to be deleted.
    init(orphan key: [UInt8], seconds: Int64) {
        service = Service(key: key, value: [], ttl: .seconds(seconds), onStop: .delete)
        isWithdrawn = true
    }

    func goal(isStopping: Bool) -> Goal {
        if isWithdrawn { return .absent }
        if isStopping { return service.onStop == .delete ? .absent : .asItIs }
        return switch health {
        case .undecided: .asItIs
        case .up: .value(service.value)
        case .down: service.downValue.map(Goal.value) ?? .absent
        }
    }

    /// Whether the store is not known to be in the wanted state. `lease` is the id of the key's lease.
    func needsWrite(_ goal: Goal, lease: Int64) -> Bool {
        switch (goal, stored) {
        case (.asItIs, _), (.absent, .absent), (.absent, .foreign): false
        case (.absent, .unknown), (.absent, .ours): true
        case (.value, _) where isGivenUp: false
        case (.value(let value), .ours(let found, _, let holder)): value != found || holder != lease || mayBeDeleted
        case (.value, .unknown), (.value, .absent), (.value, .foreign): true
        }
    }

    /// The key as we left it; nil if it is not there or unknown.
    var expected: StoredKey? {
        guard case .ours(let value, let version, let lease) = stored else { return nil }
        return StoredKey(value: value, version: version, holder: .lease(lease))
    }

    /// The last version that was ours.
    var lastVersion: Int64 {
        switch stored {
        case .ours(_, let version, _), .unknown(let version): version
        case .absent, .foreign: 0
        }
    }

    /// Why it is not registered, if another holder of the key or the store prevents it.
    var problem: String? {
        switch complaint {
        case .conflict(let holder): Report.conflict(key: service.key, holder, waits: false).message
        case .refusal(let error): error.message
        case nil: nil
        }
    }

    /// Whether `value` is one of those that it is registered with.
    func isOwnValue(_ value: [UInt8]) -> Bool { value == service.value || value == service.downValue }
}

/// A service and its key in the store.
package struct Service: Equatable, Sendable {
    package enum OnConflict: Equatable, Sendable {
        /// Wait until the key that somebody else holds is gone.
        case wait
        /// Give up, and report it.
        case fail
    }

    package enum OnStop: Equatable, Sendable {
        case delete
        /// The lease goes on for its time: the next start takes it over.
        case keep
    }

    package let key: [UInt8]
    /// The value while the service is up.
    package let value: [UInt8]
    /// The value while the service is down; nil if there is no key then.
    package let downValue: [UInt8]?
    /// How long the key outlives this process, in seconds, at least 1.
    package let seconds: Int64
    /// How long those who read the key have to notice that it was removed, before the service is stopped.
    package let drain: Duration
    package let onConflict: OnConflict
    package let onStop: OnStop

    /// `ttl` is rounded up to seconds.
    package init(
        key: [UInt8], value: [UInt8], downValue: [UInt8]? = nil, ttl: Duration, drain: Duration = .zero,
        onConflict: OnConflict = .wait, onStop: OnStop
    ) {
        self.key = key
        self.value = value
        self.downValue = downValue
        seconds = max(1, ttl.components.seconds + (ttl.components.attoseconds > 0 ? 1 : 0))
        self.drain = drain
        self.onConflict = onConflict
        self.onStop = onStop
    }
}

/// The verdict of the checks of a service.
package enum ServiceHealth: Equatable, Sendable {
    /// None yet: a key that an earlier run left stays as it is.
    case undecided
    case up, down
}

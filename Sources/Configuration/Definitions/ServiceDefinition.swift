import Checks
import Posix
import Rendering

/// One `[service]` of a resource file: a key that is in the store exactly while the service is up.
package struct ServiceDefinition: Equatable, Sendable {
    /// What becomes of the key when a check finds the service down.
    package enum FallAction: String, CaseIterable, Sendable {
        case delete
        /// It stays, with `"down": true` in its JSON value.
        case mark
    }

    /// What becomes of the key when confd ends.
    package enum StopAction: String, CaseIterable, Sendable {
        case delete
        /// It stays until its lease ends, so that the next confd can take it over.
        case keep
    }

    /// What logs call it: the file below conf.d, with `#2` for the second `[[service]]` of a file.
    package let name: String
    /// The resource file; `confd register` for one from the command line.
    package let file: String
    package let key: FieldTemplate
    package let value: FieldTemplate
    /// How long the key outlives a confd that is gone.
    package let ttl: Duration
    /// Between the removal of the key and the signal that ends the service.
    package let drain: Duration
    package let onFall: FallAction
    package let onStop: StopAction
    package let onConflict: ConflictAction
    /// All of them must be up. Without any, the service is up while confd, or its child, runs.
    package let checks: [ServiceCheck]
    package let backend: BackendConfiguration
}

/// One `[[service.health_check]]`.
package struct ServiceCheck: Hashable, Sendable {
    package let target: CheckTarget
    package let check: HealthCheck
}

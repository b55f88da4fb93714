import Checks
import Rendering

/// One `[[template.health_check]]`: which keys name servers, how those are checked, and what becomes of the keys whose server
/// is down.
package struct TargetCheck: Equatable, Sendable {
    /// How many servers of a group must be up for those that are down to be hidden; with fewer, all are shown, because then
    /// the check is more likely wrong than all servers.
    package enum MinHealthy: Equatable, Sendable {
        case count(Int)
        case percent(Int)
    }

    /// Keys, as the template sees them, that stand for a server each.
    package let keys: KeyPattern
    /// Gives `HOST:PORT` or `unix:/PATH` for a pair; nil: the value, if it is that, else the last part of the key.
    package let target: FieldTemplate?
    /// Gives the group of a pair; nil: the directory of the key.
    package let group: FieldTemplate?
    package let minHealthy: MinHealthy
    /// Whether the template does not see what is down.
    package let hide: Bool
    package let check: HealthCheck
}

/// How the servers of one running balancer are.
struct BalancerStatus: Equatable, Sendable {
    /// The resource that lists them.
    let resource: String
    let destination: String
    /// The balancer and its backend, for example `haproxy /run/haproxy/admin.sock web`.
    let balancer: String
    /// How many servers it is to have.
    let servers: Int
    /// How many have left, and wait for their last connections.
    let leaving: Int
    /// Whether its servers are as they are to be.
    let isEqual: Bool
    /// Why not, nil if they are or are about to be.
    let obstacle: String?
    /// Whether they differ and nothing is left to do: `fallback` has brought what the balancer cannot change while it runs.
    var isLeftToReload = false
}

import Appliers

/// `[template.apply]`: the rendering lists the servers of a backend of a running balancer, which is kept equal to it.
package struct ApplyDefinition: Equatable, Sendable {
    /// The drivers by their names in resource files.
    package enum Driver: String, CaseIterable, Sendable {
        case haproxy
        case nginxPlus = "nginx-plus"
        case caddy
        case http
    }

    package let target: BalancerTarget
    /// `drain`, `max_drain`, `min_up`.
    package var plan = PlanOptions()
    /// How often the running servers are compared although nothing happened.
    package var reconcile = Duration.seconds(10)
    /// How long one exchange with the balancer may take.
    package var timeout = Duration.seconds(2)
    /// Whether `reload_cmd` runs for what cannot be changed in the running balancer.
    package var fallsBack = false

    package init(_ target: BalancerTarget) { self.target = target }

    /// The options of the session that keeps the servers as desired.
    package var sessionOptions: ApplierSession.Options {
        var options = ApplierSession.Options()
        options.exchange = timeout
        options.reconciler.plan = plan
        options.reconciler.reconcile = reconcile
        return options
    }
}

/// One backend of one balancer, whichever speaks to it.
package enum BalancerTarget: Equatable, Sendable {
    case haproxy(HaproxyDriver.Target)
    case nginxPlus(NginxPlusDriver.Target)
    case caddy(CaddyDriver.Target)
    case http(GenericHTTPTarget)

    /// A driver without a connection yet.
    package func makeDriver() -> any BalancerDriver {
        switch self {
        case .haproxy(let target): HaproxyDriver(target)
        case .nginxPlus(let target): NginxPlusDriver(target)
        case .caddy(let target): CaddyDriver(target)
        case .http(let target): GenericHTTPDriver(target)
        }
    }

    /// What errors call it, for example `haproxy /run/haproxy/admin.sock web`; the same for the same backend.
    package var subject: String { makeDriver().subject }
}

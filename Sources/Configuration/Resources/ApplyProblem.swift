import Appliers

/// What is wrong with a `[template.apply]`.
package enum ApplyProblem: Equatable, Sendable {
    // Where the balancer is

    /// Neither `socket` nor `url`; the one that the driver needs.
    case noPlace(String)
    /// Both are set.
    case twoPlaces
    /// The driver needs the other one.
    case otherPlace(driver: String, needs: String)
    case notSocketPath(String)
    case endpoint(HTTPEndpoint.Problem)
    /// No backend of this driver can have this name.
    case notBackend(String)
    /// Caddy's handler is named by its id or by its path.
    case backendAndHandler
    case notHandler(String)
    case notVersion(Int64)
    /// Another resource has the same backend.
    case taken(String, by: String)

    // What is sent

    case notHeader(String)
    case needsHTTPS
    case notPointer(String)
    case matchNeedsOne
    case notMethod(String)
    case notPath
    case request(RequestTemplate.Problem)
    case requests(GenericHTTPTarget.Problem)

    // How

    case shorterThan(Duration)
    case notMinUp(Int64)
    case fallbackWithoutReload
    /// A reload beside it would never run.
    case reloadWithoutFallback
    case noRollback
}

import Checks

/// A server that is probed for a resource.
struct ServerStatus: Equatable, Sendable {
    let resource: String
    /// What the check's `group` gives; by default the directory of the keys.
    let group: String
    let target: String
    /// Whether its keys are hidden from the template.
    let isHidden: Bool
    let health: Health
    /// 0 for a socket at a path.
    let port: Int

    /// `up`, `down`, or `unknown` before the first result.
    var status: String { health.hasVerdict ? health.verdict.rawValue : "unknown" }
}

/// A service that this confd registers.
struct ServiceStatus: Equatable, Sendable {
    let name: String
    let key: String
    let isRegistered: Bool
    /// Whether all of its checks are up.
    let isUp: Bool
    /// Why it is not registered or will soon not be, or is marked as down.
    var problem: String?
}

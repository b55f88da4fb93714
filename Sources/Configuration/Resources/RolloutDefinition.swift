import Rollout

/// How a host finds out in its turn whether its service works with the new file.
package enum Verification: Hashable, Sendable {
    /// `verify_cmd`: it has to succeed.
    case command(CommandTemplate)
    /// `verify_http`: its answer has to have an expected status.
    case request(ServiceRequest)

    /// The field that sets it, as messages call it.
    package var field: String {
        switch self {
        case .command: "verify_cmd"
        case .request: "verify_http"
        }
    }
}

/// `[rollout]` or `[template.rollout]`: many hosts that change their file one after the other.
package struct RolloutDefinition: Equatable, Sendable {
    /// The hosts that share a rollout; those of one resource of the group.
    package let group: String
    package let policy: RolloutPolicy
    /// Verifies after the reload that the service works; nil if a successful reload is enough.
    package let verify: Verification?
    package let verifyTimeout: Duration

    /// The keys through which the hosts with the resource `name` coordinate.
    package func keys(of name: String) -> GroupKeys {
        // A slash in the name would add a level to the key.
        let part = name.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: ":") : $0 }
        return GroupKeys(group: "\(group)/\(String(decoding: part, as: UTF8.self))")
    }
}

/// The fields of such a table that were given. Those of `[template.rollout]` go before those of confd.toml.
package struct RolloutFields: Equatable, Sendable {
    var group: String?
    var canary: RolloutPolicy.Canary?
    var maxParallel: RolloutPolicy.Amount?
    var soak: Duration?
    var verify: Verification?
    var verifyTimeout: Duration?

    /// These fields, with those of `others` where none is set.
    func completed(by others: RolloutFields?) -> RolloutFields {
        RolloutFields(
            group: group ?? others?.group, canary: canary ?? others?.canary,
            maxParallel: maxParallel ?? others?.maxParallel, soak: soak ?? others?.soak,
            verify: verify ?? others?.verify, verifyTimeout: verifyTimeout ?? others?.verifyTimeout)
    }

    /// With the defaults; nil without a group.
    var definition: RolloutDefinition? {
        guard let group else { return nil }
        let policy = RolloutPolicy(
            canary: canary ?? .first(.hosts(1)), maxParallel: maxParallel ?? .percent(10), soak: soak ?? .seconds(60),
            verifies: verify != nil)
        return RolloutDefinition(
            group: group, policy: policy, verify: verify, verifyTimeout: verifyTimeout ?? .seconds(30))
    }
}

import Rollout

/// `[rollout]` or `[template.rollout]`: many hosts that change their file one after the other.
package struct RolloutDefinition: Equatable, Sendable {
    /// The hosts that share a rollout; those of one resource of the group.
    package let group: String
    package let policy: RolloutPolicy
    /// Says after the reload whether the service works; nil if the reload says enough.
    package let verify: CommandTemplate?
    package let verifyTimeout: Duration

    /// The keys by which the hosts with the resource `name` tell each other.
    package func keys(of name: String) -> GroupKeys {
        // What stands between slashes is one part of a key.
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
    var verify: CommandTemplate?
    var verifyTimeout: Duration?

    /// These, and the others' where there is nothing.
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

import KeyValue

/// What haproxy's answer to a command means. The runtime API answers in words only, so the few that are decided by stand here,
/// as 2.6 says them.
enum HaproxyAnswer: Equatable {
    case done
    /// The server cannot be removed yet.
    case stillConnected
    /// Another server of the backend has the number.
    case numberTaken
    case unknownBackend
    case permissionDenied
    case fixedAtStart
    case refused

    init(_ said: String) {
        switch said {
        case "", "New server registered.", "Server deleted.": self = .done
        case _ where Self.isAddressChange(said): self = .done
        case _ where said.hasPrefix("Server still has connections"): self = .stillConnected
        case _ where said.contains(text: "custom id") && said.contains(text: "already used"): self = .numberTaken
        case "Can't find backend.", "No such backend.": self = .unknownBackend
        case "Permission denied": self = .permissionDenied
        case _ where Self.fixed.contains { said.contains(text: $0) }: self = .fixedAtStart
        default: self = .refused
        }
    }

    private static let fixed = [
        "Backend must use a dynamic load balancing",
        "Backend is using a static LB algorithm",
        "only supported through configuration file",
        "cannot be removed at runtime",
        "is not accepted for dynamic server",
    ]

    /// The answer to `set server … addr` says what was changed, and what did not need to be.
    private static func isAddressChange(_ said: String) -> Bool {
        ["IP changed from", "port changed from", "no need to change", "nothing changed"].contains { said.hasPrefix($0) }
    }
}

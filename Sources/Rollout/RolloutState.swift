/// How far a resource is in a rollout.
package enum RolloutState: Equatable {
    /// It is as its keys say, or cannot be rendered.
    case free
    case waits(WaitReason)
    case turn(ChangeName, isCanary: Bool)
    case failed(String)

    /// Whether somebody has to do something about it.
    package var isHalt: Bool {
        switch self {
        case .waits(let reason): reason.isHalt
        case .failed: true
        case .free, .turn: false
        }
    }

    /// In one line; nil if there is nothing to say.
    package var message: String? {
        switch self {
        case .free: nil
        case .waits(let reason): reason.message
        case .turn(let change, let isCanary):
            "it is this host's turn\(isCanary ? ", as a canary" : ""), change \(change.shortText)"
        case .failed(let reason): "failed in its turn: \(reason)"
        }
    }
}

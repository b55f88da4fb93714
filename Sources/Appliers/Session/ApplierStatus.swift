/// How a backend's servers are, compared with what is desired.
package struct ApplierStatus: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// Not compared yet, or not since the balancer was restarted.
        case unknown
        /// As desired. Those named have left, and wait for their last connections.
        case equal(leaving: [String])
        /// Not as desired, and why; it is tried again.
        case owed([Reason])
    }

    package enum Reason: Equatable, Sendable {
        case error(ApplierError)
        case debt(Debt)
        /// Steps are under way.
        case inProgress
    }

    /// Which of the sets that were given it is about: 0 before the first.
    package var generation: Int
    package var state: State

    package init(generation: Int, state: State) {
        self.generation = generation
        self.state = state
    }

    /// Whether the servers are as desired.
    package var isEqual: Bool {
        guard case .equal = state else { return false }
        return true
    }

    /// The errors among the reasons.
    package var errors: [ApplierError] {
        guard case .owed(let reasons) = state else { return [] }
        return reasons.compactMap { reason in
            guard case .error(let error) = reason else { return nil }
            return error
        }
    }
}

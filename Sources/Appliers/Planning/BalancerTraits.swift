/// What can be told apart, and changed, at one kind of balancer.
package struct BalancerTraits: Equatable, Sendable {
    /// What a running server is matched by.
    package enum Identity: Equatable, Sendable {
        case id
        case address
    }

    package let identity: Identity
    /// What is changed while the server goes on. For the rest it is taken away and added again.
    package let live: Set<ServerField>
    /// Whether a server that leaves can wait in maintenance, with weight 0, for its last connections: that counts as gone.
    package let parks: Bool
    /// Whether a server can be told to take no new requests. Where it cannot, a drained server is one that is not there.
    package let drains: Bool
    /// Whether that can be told of a server that leaves, too.
    package let drainsLeaving: Bool

    package init(identity: Identity, live: Set<ServerField>, parks: Bool, drains: Bool, drainsLeaving: Bool) {
        self.identity = identity
        self.live = live
        self.parks = parks
        self.drains = drains
        self.drainsLeaving = drainsLeaving
    }
}

/// What a running server can differ in.
package enum ServerField: String, CaseIterable, Hashable, Sendable {
    case address, weight, backup, words
    /// Its health checks are switched off.
    case checks
    /// Whether it takes new requests; changed last.
    case state
}

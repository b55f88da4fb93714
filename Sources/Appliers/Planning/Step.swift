/// One thing to do at a balancer.
package enum Step: Equatable, Sendable {
    /// Adds the server with its health checks on.
    case add(DesiredServer)
    /// Makes these fields of a running server what they are to be.
    case change(RunningServer, to: DesiredServer, [ServerField])
    /// Lets it take no new requests, because it leaves.
    case drain(RunningServer)
    /// Puts it in maintenance with weight 0, because it leaves.
    case park(RunningServer)
    /// Takes it away, if it has no connections any more.
    case remove(RunningServer)
    /// Ends its connections and takes it away.
    case disconnect(RunningServer)

    /// The name of the server, for messages.
    package var server: String {
        switch self {
        case .add(let desired), .change(_, let desired, _): desired.id
        case .drain(let running), .park(let running), .remove(let running), .disconnect(let running): running.key
        }
    }

    /// Whether it waits for the last connections of a server that has left.
    package var isRemoval: Bool {
        switch self {
        case .remove, .disconnect: true
        case .add, .change, .drain, .park: false
        }
    }
}

/// Why a balancer is not as it should be although every step that may be taken is.
package enum Debt: Hashable, Sendable {
    /// It leaves or is drained when others are up: it is one of the last `min_up`.
    case keptUp(String)
    /// It leaves, and still takes the requests that are bound to it.
    case draining(String)
    /// It is taken away and added again, for something changed that a running server keeps.
    case replacing(String)

    package var message: String {
        switch self {
        case .keptUp(let server): "\(server) is kept, as one of the last that are up"
        case .draining(let server): "\(server) is drained"
        case .replacing(let server): "\(server) is replaced"
        }
    }
}

/// How a balancer's servers are changed.
package struct PlanOptions: Equatable, Sendable {
    /// The number of servers that are up is never taken below this by a removal or drain.
    package var minUp = 1
    /// How long a server that leaves takes the requests that are bound to it, before it takes none.
    package var drain = Duration.zero
    /// How long after that its connections may last; then they are ended.
    package var maxDrain = Duration.seconds(60)

    package init() {}
}

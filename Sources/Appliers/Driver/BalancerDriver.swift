import Posix

/// Speaks to one backend of one balancer. Used by one thread.
package protocol BalancerDriver {
    var traits: BalancerTraits { get }

    /// What errors call the balancer and the backend.
    var subject: String { get }

    /// Throws for the first server that this balancer cannot have, whatever its state.
    func check(_ servers: [DesiredServer]) throws(ApplierError)

    /// The servers as they are now.
    mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer]

    /// Takes `steps` in their order. A step that is refused does not keep back those of other servers; an error that is
    /// thrown leaves open which steps were taken.
    mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport

    /// Readable when the balancer has ended the connection that is kept; nil without one.
    var connection: Int32? { get }

    /// How often `isCurrent` wants to be asked; nil: never.
    var pulse: Duration? { get }

    /// Whether the process that was read last is still the one that serves.
    mutating func isCurrent(_ patience: Patience) -> Bool

    /// Ends the connection that is kept.
    mutating func disconnect()
}

extension BalancerDriver {
    package var connection: Int32? { nil }
    package var pulse: Duration? { nil }
    package mutating func isCurrent(_ patience: Patience) -> Bool { true }
    package mutating func disconnect() {}
}

/// What came of steps.
package struct StepReport: Equatable, Sendable {
    /// The servers that still have connections, and could not be removed yet.
    package var pending: [String] = []
    /// The steps that were refused, by server.
    package var failures: [Failure] = []

    package struct Failure: Equatable, Sendable {
        package let server: String
        package let error: ApplierError

        package init(_ server: String, _ error: ApplierError) {
            self.server = server
            self.error = error
        }
    }

    package init() {}
}

/// How long one exchange with a balancer may take, and what ends it before.
package struct Patience: Sendable {
    /// From the first byte sent to the last one received.
    package let limit: Duration
    package let cancellation: Cancellation

    package init(limit: Duration, cancellation: Cancellation) {
        self.limit = limit
        self.cancellation = cancellation
    }
}

import Posix

/// What came of a probe.
package enum ProbeResult: Hashable, Sendable {
    case success
    case failure(ProbeFailure)
    /// Nothing is known about the target: it counts neither way.
    case inconclusive(ProbeObstacle)
}

/// How far a probe had come.
package enum ProbePhase: Hashable, Sendable {
    case resolving, connecting, waiting, running
}

/// Why a target is not healthy.
package enum ProbeFailure: Error, Hashable, Sendable {
    /// There was no answer within this time.
    case timeout(Duration, ProbePhase)
    /// The address is in none of the networks that may be reached.
    case notAllowed(String)
    /// A system call on the connection failed, with this errno.
    case system(Int32)
    /// The connection ended before the answer was complete.
    case closed
    /// What came is no answer of the protocol, in a few words of ours.
    case malformed(String)
    case status(Int)
    /// The answer is not, or does not contain, what is expected.
    case unexpected
    /// The target itself said so; words of its own are printable and short.
    case refused(String)
    /// No TLS, or a certificate that is not accepted.
    case tls(String)
    /// How the command ended: `exit status 1`.
    case command(String)
}

/// Why a probe could not tell anything.
package enum ProbeObstacle: Hashable, Sendable {
    /// The target's name has no address, in the resolver's words.
    case lookup(String)
    /// TLS and gRPC want a host and a port.
    case needsHost
    /// This machine could not probe: no descriptors, no memory, no threads.
    case local(String)
    /// The probe was not looked after in time, for example because the process was stopped.
    case delayed
}

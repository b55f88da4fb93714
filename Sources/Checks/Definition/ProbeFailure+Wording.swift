import Posix

extension ProbeFailure {
    /// One phrase; `kind` is the check's name: `http: status 503`, `timeout after 2s while connecting`.
    package func message(_ kind: String) -> String {
        switch self {
        case .timeout(let time, let phase): "timeout after \(time.goText) \(phase.words)"
        case .notAllowed(let address): "address \(address) is not allowed"
        case .system(let code): "\(kind): \(SystemError(call: "", code: code).reason)"
        case .closed: "\(kind): connection closed before the answer was complete"
        case .malformed(let reason): "\(kind): \(reason)"
        case .status(let status): "\(kind): status \(status)"
        case .unexpected: "\(kind): the answer is not the expected one"
        case .refused(let words): "\(kind): \(words)"
        case .tls(let reason): "\(kind): \(reason)"
        case .command(let end): "\(kind): \(end)"
        }
    }
}

extension ProbePhase {
    fileprivate var words: String {
        switch self {
        case .resolving: "while looking up the host name"
        case .connecting: "while connecting"
        case .waiting: "while waiting for the answer"
        case .running: "while the command ran"
        }
    }
}

extension ProbeObstacle {
    /// One phrase.
    package var message: String {
        switch self {
        case .lookup(let reason): "host name not found: \(reason)"
        case .needsHost: "a socket at a path cannot be probed with TLS or gRPC"
        case .local(let reason): "cannot probe: \(reason)"
        case .delayed: "the probe was not looked after in time"
        }
    }
}

import HTTP

/// A call that failed at one endpoint.
struct EtcdFailure: Error, Equatable {
    enum Call: Equatable, Sendable {
        case range(KeySpan)
        case authenticate
        case watch
        /// A read of the v2 API.
        case get([UInt8])
    }

    let endpoint: Endpoint
    let call: Call
    let cause: Cause

    enum Cause: Equatable {
        case call(GRPCFailure)
        /// An answer of the v2 API.
        case refused(EtcdV2Refusal)
        /// The whole time for the snapshot is over.
        case timeIsOver
        /// The revision was compacted again and again while its keys were read.
        case compacted
        case malformed(String)
        /// The operator's password could not be read.
        case password(BackendError)

        /// Whether an answer was awaited in vain.
        var isTimeout: Bool {
            switch self {
            case .call(.transport(let error)): error.kind == .answerTimeout
            case .call(.status(let status)): status.code == GRPCStatus.deadlineExceeded
            case .call(.notGRPC), .call(.malformed), .refused, .timeIsOver, .compacted, .malformed, .password: false
            }
        }
    }

    init(_ endpoint: Endpoint, _ call: Call, _ cause: Cause) {
        self.endpoint = endpoint
        self.call = call
        self.cause = cause
    }
}

/// What etcd's refusals mean. The texts are etcd's own and fixed (`rpctypes/error.go`); their codes alone do not tell them apart.
enum EtcdRefusal: String {
    case compacted = "etcdserver: mvcc: required revision has been compacted"
    case invalidToken = "etcdserver: invalid auth token"
    case oldAuthRevision = "etcdserver: revision of auth store is old"
    case noUser = "etcdserver: user name is empty"
    case wrongPassword = "etcdserver: authentication failed, invalid user ID or password"
    case authIsOff = "etcdserver: authentication is not enabled"
    case permissionDenied = "etcdserver: permission denied"

    init?(_ failure: GRPCFailure) {
        guard case .status(let status) = failure else { return nil }
        self.init(rawValue: status.message)
    }
}

extension EtcdFailure {
    var refusal: EtcdRefusal? {
        guard case .call(let failure) = cause else { return nil }
        return EtcdRefusal(failure)
    }

    /// Whether a new token is worth a try.
    var isTokenRefused: Bool {
        switch refusal {
        case .invalidToken, .oldAuthRevision, .noUser: true
        // A watch with an old token is refused with these words (etcd 3.4).
        case .permissionDenied: call == .watch
        case .compacted, .wrongPassword, .authIsOff, nil: false
        }
    }

    /// Whether another member of the cluster would say the same.
    var concernsAllEndpoints: Bool {
        switch cause {
        case .password: true
        // Insufficient credentials.
        case .refused(let refusal): refusal.status == 401
        case .timeIsOver, .compacted, .malformed: false
        case .call(.transport(let error)):
            switch error.kind {
            case .file, .invalidRequest: true
            default: false
            }
        case .call(.status(let status)):
            // INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED.
            [3, 7, 16].contains(status.code)
        case .call(.notGRPC), .call(.malformed): false
        }
    }
}

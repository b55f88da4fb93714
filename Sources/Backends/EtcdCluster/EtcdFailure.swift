/// A call that failed at one endpoint.
struct EtcdFailure: Error, Equatable {
    enum Call: Equatable, Sendable {
        case range(KeySpan)
        case authenticate
        case watch
        /// A read of the v2 API.
        case get([UInt8])
        case put([UInt8])
        case delete([UInt8])
        case lease(LeaseCall)
    }

    enum LeaseCall: Equatable, Sendable {
        case grant, keepAlive, look, revoke
    }

    let endpoint: Endpoint
    let call: Call
    let cause: Cause

    enum Cause: Equatable {
        case call(GRPCFailure)
        /// An answer of the v2 API.
        case refused(EtcdV2Refusal)
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// The revision was compacted while its keys were read, repeatedly.
        case compacted
        case malformed(String)
        /// The operator's password could not be read.
        case password(BackendError)

        /// Whether no answer came in time.
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

/// Refusals of the v3 API, by etcd's own fixed texts (`rpctypes/error.go`): their codes are not unique.
enum EtcdRefusal: String {
    case compacted = "etcdserver: mvcc: required revision has been compacted"
    case invalidToken = "etcdserver: invalid auth token"
    case oldAuthRevision = "etcdserver: revision of auth store is old"
    case noUser = "etcdserver: user name is empty"
    case wrongPassword = "etcdserver: authentication failed, invalid user ID or password"
    case authIsOff = "etcdserver: authentication is not enabled"
    case permissionDenied = "etcdserver: permission denied"
    case leaseExists = "etcdserver: lease already exists"
    case leaseNotFound = "etcdserver: requested lease not found"

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

    /// Whether a new token may help.
    var isTokenRefused: Bool {
        switch refusal {
        case .invalidToken, .oldAuthRevision, .noUser: true
        // etcd 3.4 answers so to a watch with an old token.
        case .permissionDenied: call == .watch
        case .compacted, .wrongPassword, .authIsOff, .leaseExists, .leaseNotFound, nil: false
        }
    }

    /// Whether every member of the cluster would answer the same.
    var concernsAllEndpoints: Bool {
        switch cause {
        case .password: true
        // Insufficient credentials.
        case .refused(let refusal): refusal.status == 401
        case .timeIsOver, .compacted, .malformed: false
        case .call(.transport(let error)):
            switch error.kind {
            case .file, .invalidRequest, .cancelled: true
            default: false
            }
        case .call(.status(let status)):
            // INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED.
            [3, 7, 16].contains(status.code)
        case .call(.notGRPC), .call(.malformed): false
        }
    }

    /// Whether etcd, reached and in order, will not do this one write: the user may not, its value is too long, no space is
    /// left.
    var concernsOneWrite: Bool {
        guard case .call(.status(let status)) = cause, !isTokenRefused else { return false }
        // INVALID_ARGUMENT, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION.
        return [3, 7, 8, 9].contains(status.code)
    }
}

/// An answer of the v2 API that is an error.
struct EtcdV2Refusal: Equatable {
    /// The HTTP status.
    let status: Int
    /// etcd's own, from 100 on; `nil` if the answer is not one of the v2 API.
    let code: Int64?
    let message: String

    /// 100 is "key not found", 104 "not a directory": a parent of the key holds a value.
    var isMissingKey: Bool { code == 100 || code == 104 }
    /// The user may not read it or was not authenticated (110: "The request requires user authentication").
    var isForbidden: Bool { code == 110 || status == 401 || status == 403 }
    /// 401 is "the event in requested index is outdated and cleared".
    var isIndexCleared: Bool { code == 401 }
}

/// A call that failed at one endpoint.
typealias EtcdFailure = ServerFailure<EtcdAPI>

/// Etcd's two APIs.
enum EtcdAPI: ServerAPI {
    typealias Node = Endpoint

    static let program = ServerProgram.etcd.name

    enum Call: Equatable {
        case range(KeySpan)
        case authenticate
        case watch
        /// A read of the v2 API.
        case get([UInt8])
        case put([UInt8])
        case delete([UInt8])
        case lease(LeaseCall)
    }

    enum LeaseCall {
        case grant, keepAlive, look, revoke
    }

    enum Problem {
        case status(GRPCStatus)
        /// An HTTP answer that is not gRPC's, by its status.
        case notGRPC(status: Int)
        /// An answer of the v2 API.
        case refused(EtcdV2Refusal)
        /// The revision was compacted while its keys were read, repeatedly.
        case compacted
        case malformed(String)
    }
}

extension EtcdFailure.Cause {
    /// The cause of a gRPC call's failure.
    static func call(_ failure: GRPCFailure) -> Self {
        switch failure {
        case .transport(let error): .transport(error)
        case .notGRPC(let status): .answer(.notGRPC(status: status))
        case .status(let status): .answer(.status(status))
        case .malformed(let reason): .answer(.malformed(reason))
        }
    }

    /// Whether no answer came in time.
    var isTimeout: Bool {
        switch self {
        case .transport(let error): error.kind == .answerTimeout
        case .answer(.status(let status)): status.code == GRPCStatus.deadlineExceeded
        case .timeIsOver, .secret, .answer: false
        }
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
    /// Of the v3 API.
    var refusal: EtcdRefusal? {
        if case .answer(.status(let status)) = cause { EtcdRefusal(rawValue: status.message) } else { nil }
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

    /// Whether etcd, reached and in order, will not do this one write: the user may not, its value is too long, no space is
    /// left.
    var concernsOneWrite: Bool {
        guard case .answer(.status(let status)) = cause, !isTokenRefused else { return false }
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

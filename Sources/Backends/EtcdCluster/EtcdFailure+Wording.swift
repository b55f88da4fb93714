import HTTP
import KeyValue

// The wording of all failures of etcd's two APIs.
extension EtcdFailure {
    /// One error for the failures at all endpoints, in the order in which they were tried.
    static func error(_ failures: [EtcdFailure]) -> BackendError {
        guard let last = failures.last else { preconditionFailure("no failure to report") }
        if case .password(let error) = last.cause { return error }
        let texts = failures.map(\.message).joined(separator: "; ")
        let hint = failures.reversed().lazy.compactMap(\.hint).first
        return BackendError(
            last.kind, "etcd: " + texts, hint: hint, refused: last.refusedRange, isRefusal: last.isRefusal)
    }

    /// Whether etcd refused the user or the call: the node itself works.
    private var isRefusal: Bool {
        if case .refused = cause { return true }
        return [.noUser, .wrongPassword, .permissionDenied].contains(refusal)
    }

    private var refusedRange: KeyRange? {
        if case .refused(let refusal) = cause, refusal.isForbidden, case .get(let path) = call {
            return KeyRange(cleaned: path)
        }
        guard refusal == .permissionDenied, case .range(let span) = call else { return nil }
        if span == .all { return KeyRange(cleaned: [UInt8(ascii: "/")]) }
        let path = span.start.last == UInt8(ascii: "/") ? span.start.dropLast() : span.start[...]
        return KeyRange(cleaned: Array(path))
    }

    private var kind: BackendError.Kind {
        if case .call(.transport(let error)) = cause, case .file = error.kind { return .configuration }
        return .unreachable
    }

    /// `http://HOST:PORT: range "/app": connection refused`.
    var message: String { "\(endpoint.name): \(call.text): \(cause.text)" }

    private var hint: String? {
        switch cause {
        case .call(.transport(let error)): transportHint(error)
        case .call(.notGRPC): "is this etcd's client port? A server that is not etcd, or a proxy, answered"
        case .call(.status(let status)) where status.code == GRPCStatus.unimplemented:
            "this etcd has no v3 API; for the v2 API use -backend etcdv2"
        case .call(.status(let status)) where status.code == GRPCStatus.unavailable:
            "are most of the cluster's members running? etcdctl endpoint status --cluster"
        case .call(.status): refusal?.hint(call)
        case .call(.malformed), .malformed: "is this etcd's client port?"
        case .timeIsOver: "give it more time with -backend-timeout"
        case .compacted: "compact less often, or give etcd time between compactions"
        case .password: nil
        case .refused(let refusal): hint(refusal)
        }
    }

    private func hint(_ refusal: EtcdV2Refusal) -> String? {
        switch (refusal.code, refusal.status) {
        case (110, _), (nil, 401):
            "check -basic-auth, -username and -password; a role of the user has to allow \(call.permission)"
        case (nil, 400) where !endpoint.isEncrypted: encryptionHint
        case (nil, 404): "start etcd with --enable-v2=true; for the v3 API use -backend etcd"
        case (nil, _): "is this etcd's client port? A server that is not etcd, or a proxy, answered"
        default: nil
        }
    }

    private func transportHint(_ error: HTTPError) -> String? {
        // It accepts connections, and breaks off what clients ask for.
        if endpoint.port == "2380", [.malformed, .reset, .other].contains(error.kind) {
            return "2380 is the port by which members of a cluster talk to each other; that for clients is 2379"
        }
        return hint(error)
    }

    private func hint(_ error: HTTPError) -> String? {
        switch error.kind {
        case .refused where endpoint.port == "4001": "etcd listens at port 2379 today; 4001 was that of etcd 0.4"
        case .refused where endpoint.port != "2379":
            "is etcd running there? Unless it is told otherwise, it listens at port 2379"
        case .refused: "is etcd running there?"
        case .resolve: "check the name of the node, and that the name server answers"
        case .unreachable, .connectTimeout: "check the address of the node, and firewalls on the way"
        case .answerTimeout: "is etcd healthy? etcdctl endpoint health"
        case .certificate(.expired): "renew etcd's certificate"
        case .certificate(.notYetValid): "compare the clocks of both machines"
        case .certificate(.other): "look at it: openssl s_client -connect \(endpoint.connectTo ?? endpoint.name)"
        case .file: "it must be PEM, and confd must be allowed to read it"
        case .tooLarge: "one value is too large: what belongs into files should not be in etcd"
        case .certificate(.unknownAuthority), .certificate(.selfSigned):
            "name the CA of etcd's certificate with -client-ca-keys"
        case .certificate(.noAlternativeNames):
            "issue it with subjectAltName = DNS:NAME or IP:ADDRESS: Go's programs look at nothing else"
        case .certificate(.wrongName): "use the name in etcd's certificate for the node, or set the server name"
        // A watch begins when keys have been read: port and TLS are right.
        case .wrongVersion, .malformed, .reset: call == .watch ? nil : brokenHint(error)
        case .handshake: handshakeHint
        case .cancelled, .invalidRequest, .other: nil
        }
    }

    private func brokenHint(_ error: HTTPError) -> String {
        error.kind == .reset && endpoint.isEncrypted ? handshakeHint : encryptionHint
    }

    private var handshakeHint: String {
        "if the node does not use TLS, write http://; if it asks for a client certificate, give one that it trusts"
    }

    private var encryptionHint: String {
        endpoint.isEncrypted
            ? "is this etcd's client port?" : "is this etcd's client port? If it uses TLS, write https://"
    }
}

extension EtcdFailure.Call {
    fileprivate var text: String {
        switch self {
        case .range(let span) where span == .all: "range \"/\""
        case .range(let span): "range \"\(printable(span.start))\""
        case .authenticate: "authenticate"
        case .watch: "watch"
        case .get(let path): "get \"\(printable(path))\""
        case .put(let key): "put \"\(printable(key))\""
        case .delete(let key): "delete \"\(printable(key))\""
        case .lease(.grant): "grant a lease"
        case .lease(.keepAlive): "keep the lease alive"
        case .lease(.look): "look at the lease"
        case .lease(.revoke): "end the lease"
        }
    }

    fileprivate var writtenKey: [UInt8]? {
        switch self {
        case .put(let key), .delete(let key): key
        case .range, .authenticate, .watch, .get, .lease: nil
        }
    }

    /// What a role has to allow, as a word of a sentence.
    fileprivate var permission: String {
        switch self {
        case .range, .authenticate, .watch, .get: "reading"
        case .put, .delete, .lease: "reading and writing"
        }
    }
}

extension EtcdFailure.Cause {
    fileprivate var text: String {
        switch self {
        case .call(.transport(let error)): error.message
        case .call(.notGRPC(let status)): "not a gRPC server (HTTP status \(status))"
        case .call(.status(let status)): status.text
        case .call(.malformed(let reason)), .malformed(let reason): "malformed answer: \(reason)"
        case .timeIsOver: "no complete answer within the time limit"
        case .compacted: "its revision was compacted while it was read, again and again"
        case .password(let error): error.message
        case .refused(let refusal):
            if let code = refusal.code {
                "\(refusal.message) (error \(code))"
            } else if refusal.status == 401 {
                "not permitted (HTTP status 401)"
            } else {
                "not an answer of the v2 API (HTTP status \(refusal.status))"
            }
        }
    }
}

extension GRPCStatus {
    fileprivate var text: String {
        // etcd's own prefix; our message has one already.
        let prefix = "etcdserver: "
        let text = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
        return text.isEmpty ? "gRPC status \(code)" : "\(text) (gRPC status \(code))"
    }
}

extension EtcdRefusal {
    fileprivate func hint(_ call: EtcdFailure.Call) -> String? {
        switch self {
        case .noUser: "etcd asks for a user: give -username and -password"
        case .wrongPassword: "check -username, and -password-file or -password"
        case .permissionDenied:
            if case .range(let span) = call, !span.end.isEmpty {
                "let a role of the user read it: etcdctl role grant-permission ROLE --prefix=true read \(printable(span.start))"
            } else if case .range(let span) = call {
                "let a role of the user read it: etcdctl role grant-permission ROLE read \(printable(span.start))"
            } else {
                call.writtenKey.map {
                    "let a role of the user read and write it: etcdctl role grant-permission ROLE readwrite \(printable($0))"
                }
            }
        case .compacted, .invalidToken, .oldAuthRevision, .authIsOff, .leaseExists, .leaseNotFound: nil
        }
    }
}

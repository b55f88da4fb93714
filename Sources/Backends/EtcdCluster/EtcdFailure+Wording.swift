import HTTP
import KeyValue
import Primitives

// The wording of all failures of etcd's two APIs.
extension EtcdAPI {
    static func text(of call: Call) -> String {
        switch call {
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

    static func meaning(of problem: Problem, in call: Call, at node: Endpoint) -> FailureMeaning {
        switch problem {
        case .status(let status): meaning(of: status, in: call)
        case .notGRPC(let status):
            FailureMeaning(text: "not a gRPC server (HTTP status \(status))", hint: otherServer)
        case .refused(let refusal):
            FailureMeaning(
                text: refusal.text, hint: hint(for: refusal, in: call, at: node),
                concernsAllNodes: refusal.status == 401, isRefusal: true,
                refusedRange: refusal.isForbidden ? call.range : nil)
        case .compacted:
            FailureMeaning(
                text: "its revision was compacted while it was read, again and again",
                hint: "compact less often, or give etcd time between compactions")
        case .malformed(let reason):
            FailureMeaning(text: "malformed answer: \(reason)", hint: "is this etcd's client port?")
        }
    }

    private static func meaning(of status: GRPCStatus, in call: Call) -> FailureMeaning {
        let refusal = EtcdRefusal(rawValue: status.message)
        let hint: String? =
            switch status.code {
            case GRPCStatus.unimplemented: "this etcd has no v3 API; for the v2 API use -backend etcdv2"
            case GRPCStatus.unavailable:
                "are most of the cluster's members running? etcdctl endpoint status --cluster"
            default: refusal?.hint(call)
            }
        return FailureMeaning(
            text: status.text, hint: hint,
            // INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED.
            concernsAllNodes: [3, 7, 16].contains(status.code),
            isRefusal: [.noUser, .wrongPassword, .permissionDenied].contains(refusal),
            refusedRange: refusal == .permissionDenied ? call.range : nil)
    }

    private static let otherServer = "is this etcd's client port? A server that is not etcd, or a proxy, answered"

    private static func hint(for refusal: EtcdV2Refusal, in call: Call, at node: Endpoint) -> String? {
        switch (refusal.code, refusal.status) {
        case (110, _), (nil, 401):
            "check -basic-auth, -username and -password; a role of the user has to allow \(call.permission)"
        case (nil, 400) where !node.isEncrypted: encryptionHint(node)
        case (nil, 404): "start etcd with --enable-v2=true; for the v3 API use -backend etcd"
        case (nil, _): otherServer
        default: nil
        }
    }

    static func hint(for error: HTTPError, in call: Call, at node: Endpoint) -> String? {
        // It accepts connections, and breaks off what clients ask for.
        if node.address.port == 2380, [.malformed, .reset, .other].contains(error.kind) {
            return "2380 is the port by which members of a cluster talk to each other; that for clients is 2379"
        }
        switch error.kind {
        case .refused where node.address.port == 4001:
            return "etcd listens at port 2379 today; 4001 was that of etcd 0.4"
        case .refused where node.address.port != 2379:
            return "is etcd running there? Unless it is told otherwise, it listens at port 2379"
        case .answerTimeout: return "is etcd healthy? etcdctl endpoint health"
        case .certificate(.expired): return "renew etcd's certificate"
        case .certificate(.unknownAuthority(file: nil)):
            return "name the CA of etcd's certificate with -client-ca-keys"
        case .certificate(.other): return "look at it: openssl s_client -connect \(node.address.text)"
        case .tooLarge: return "one value is too large: what belongs into files should not be in etcd"
        // A watch begins when keys have been read: port and TLS are right.
        case .wrongVersion, .malformed, .reset: return call == .watch ? nil : brokenHint(error, node)
        case .handshake: return handshakeHint
        default: return error.hint(program, isEncrypted: node.isEncrypted)
        }
    }

    private static func brokenHint(_ error: HTTPError, _ node: Endpoint) -> String {
        error.kind == .reset && node.isEncrypted ? handshakeHint : encryptionHint(node)
    }

    private static let handshakeHint =
        "if the node does not use TLS, write http://; if it asks for a client certificate, give one that it trusts"

    private static func encryptionHint(_ node: Endpoint) -> String {
        "is this etcd's client port?" + (node.isEncrypted ? "" : " If it uses TLS, write https://")
    }
}

extension EtcdAPI.Call {
    /// The range that is read.
    fileprivate var range: KeyRange? {
        switch self {
        case .get(let path): KeyRange(cleaned: path)
        case .range(let span) where span == .all: KeyRange(cleaned: [UInt8(ascii: "/")])
        case .range(let span):
            KeyRange(cleaned: Array(span.start.last == UInt8(ascii: "/") ? span.start.dropLast() : span.start[...]))
        case .authenticate, .watch, .put, .delete, .lease: nil
        }
    }

    fileprivate var writtenKey: [UInt8]? {
        switch self {
        case .put(let key), .delete(let key): key
        case .range, .authenticate, .watch, .get, .lease: nil
        }
    }

    /// How to let a user make the call; nil if that is not known.
    fileprivate var grant: String? {
        let command = "etcdctl role grant-permission ROLE"
        guard let path = writtenKey ?? range?.path else { return nil }
        // Hosts of a rollout read and write many keys there, of names that change.
        if path.starts(with: "\(OwnKeys.rollouts)/".utf8) {
            return "let a role of the user read and write what rollouts note: "
                + "\(command) --prefix=true readwrite \(OwnKeys.rollouts)/"
        }
        let name = ShellQuote.quote(printable(path))
        if writtenKey != nil { return "let a role of the user read and write it: \(command) readwrite \(name)" }
        if path == [UInt8(ascii: "/")] {
            return "let a role of the user read all keys: \(command) --prefix=true read \"\""
        }
        return "let a role of the user read it and what is below it: "
            + "\(command) read \(name) && \(command) --prefix=true read \(ShellQuote.quote(printable(path + [UInt8(ascii: "/")])))"
    }

    /// What a role has to allow, as a word of a sentence.
    fileprivate var permission: String {
        switch self {
        case .range, .authenticate, .watch, .get: "reading"
        case .put, .delete, .lease: "reading and writing"
        }
    }
}

extension EtcdV2Refusal {
    fileprivate var text: String {
        if let code { return "\(message) (error \(code))" }
        return status == 401
            ? "not permitted (HTTP status 401)" : "not an answer of the v2 API (HTTP status \(status))"
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
    fileprivate func hint(_ call: EtcdAPI.Call) -> String? {
        switch self {
        case .noUser: "etcd asks for a user: give -username and -password"
        case .wrongPassword: "check -username, and -password-file or -password"
        case .permissionDenied: call.grant
        case .compacted, .invalidToken, .oldAuthRevision, .authIsOff, .leaseExists, .leaseNotFound: nil
        }
    }
}

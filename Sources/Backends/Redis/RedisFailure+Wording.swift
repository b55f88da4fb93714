import HTTP
import KeyValue

// The wording of all failures of redis.
extension RedisFailure {
    var refusedRange: KeyRange? {
        if case .read(let range) = call, refusal?.isForbidden == true { range } else { nil }
    }

    /// `HOST:PORT: read "/app": connection refused`.
    var message: String { "\(node.name): \(call.text): \(text)" }

    private var text: String {
        switch cause {
        case .transport(let error) where error.kind == .malformed: "no answer of redis"
        case .transport(let error): error.message
        case .malformed(let error): "malformed answer: \(error.text)"
        case .unexpected: "malformed answer: not what was asked for"
        case .tooMuch(let limit): "answers too large: more than \(limit >> 20) MiB"
        // The server's words may repeat the password.
        case .refused(let refusal) where call == .authenticate: refusal.authenticationText
        case .refused(let refusal): refusal.text
        case .timeIsOver: "no complete answer within the time limit"
        case .changing: "keys came and went while they were read, again and again"
        case .secret(let error): error.message
        }
    }

    var hint: String? {
        switch cause {
        case .transport(let error): error.hint(Self.program, isEncrypted: node.isEncrypted)
        case .malformed, .unexpected:
            "is this the port of redis?" + (node.isEncrypted ? "" : " For TLS write rediss://HOST:PORT")
        case .refused(let refusal) where call == .authenticate: refusal.authenticationHint
        case .refused(let refusal): refusal.hint
        case .timeIsOver: "give it more time with -backend-timeout"
        case .changing:
            "keep what comes and goes all the time (sessions, caches) under another prefix, or in another database"
        case .tooMuch: "read less: name a narrower prefix, or another database"
        case .secret: nil
        }
    }
}

extension RedisFailure.Call {
    fileprivate var text: String {
        switch self {
        case .connect: "connect"
        case .authenticate: "authenticate"
        case .select: "select the database"
        case .scan: "scan"
        case .look: "look at the keys"
        case .watch: "watch"
        case .read(let range): "read \"\(printable(range.path))\""
        }
    }
}

extension RESPError {
    fileprivate var text: String {
        switch self {
        case .unknownType(let byte): "a reply cannot begin with \"\(printable([byte]))\""
        case .notANumber: "a length that is no number"
        case .noLineEnd: "no end of a line where there has to be one"
        case .lineTooLong: "a line that is too long"
        case .tooLarge(let count): "a string or list too large: \(count)"
        }
    }
}

extension RedisRefusal {
    fileprivate var text: String { code.isEmpty ? words : "\(words) (\(code))" }

    fileprivate var hint: String? {
        switch code {
        case "NOAUTH": "redis asks for a password: give -password-file, with -username for a user of its own"
        case "NOPERM": "let the user read: redis-cli ACL SETUSER NAME +@read +@transaction +psubscribe ~PREFIX*"
        case "MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT":
            "this is a node of a redis cluster, which has its keys in many places and cannot be read at one moment"
        case "LOADING": "redis reads its data from disk: it is tried again"
        case "MASTERDOWN": "the replica has lost its master, and replica-serve-stale-data is off"
        case "DENIED": "redis is in protected mode: give it a password, or bind it to this address"
        case "ERR" where words.contains(text: "DB index"): "a node names a database with HOST:PORT/NUMBER"
        default: nil
        }
    }

    fileprivate var authenticationText: String {
        switch code {
        case "WRONGPASS": "wrong user name or password (WRONGPASS)"
        case "ERR", "": "refused"
        default: "refused (\(code))"
        }
    }

    fileprivate var authenticationHint: String? {
        switch code {
        case "WRONGPASS": "check -username and -password-file"
        case "ERR", "": "does redis have a password? Before version 6 there are no users: leave -username out"
        default: hint
        }
    }
}

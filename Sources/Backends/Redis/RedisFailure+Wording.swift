import HTTP
import KeyValue

// The wording of all failures of redis.
extension RedisAPI {
    static func text(of call: Call) -> String {
        switch call {
        case .connect: "connect"
        case .authenticate: "authenticate"
        case .select: "select the database"
        case .scan: "scan"
        case .look: "look at the keys"
        case .watch: "watch"
        case .read(let range): "read \"\(printable(range.path))\""
        }
    }

    static func text(of error: HTTPError) -> String {
        error.kind == .malformed ? "no answer of redis" : error.message
    }

    static func meaning(of problem: Problem, in call: Call, at node: RedisNode) -> FailureMeaning {
        switch problem {
        case .malformed(let error): malformed(error.text, at: node)
        case .unexpected: malformed("not what was asked for", at: node)
        case .tooMuch(let limit):
            FailureMeaning(
                text: "answers too large: more than \(limit >> 20) MiB",
                hint: "read less: name a narrower prefix, or another database")
        case .refused(let refusal):
            FailureMeaning(
                // The server's words may repeat the password.
                text: call == .authenticate ? refusal.authenticationText : refusal.text,
                hint: call == .authenticate ? refusal.authenticationHint : refusal.hint,
                isRefusal: ["NOAUTH", "WRONGPASS", "NOPERM", "DENIED"].contains(refusal.code),
                refusedRange: refusal.isForbidden ? call.range : nil)
        case .changing:
            FailureMeaning(
                text: "keys came and went while they were read, again and again",
                hint:
                    "keep what comes and goes all the time (sessions, caches) under another prefix, or in another database"
            )
        }
    }

    private static func malformed(_ text: String, at node: RedisNode) -> FailureMeaning {
        FailureMeaning(
            text: "malformed answer: \(text)",
            hint: "is this the port of redis?" + (node.isEncrypted ? "" : " For TLS write rediss://HOST:PORT"))
    }
}

extension RedisAPI.Call {
    /// The range that is read.
    fileprivate var range: KeyRange? { if case .read(let range) = self { range } else { nil } }
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

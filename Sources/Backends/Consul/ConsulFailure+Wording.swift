import HTTP
import KeyValue

// The wording of all failures of consul.
extension ConsulFailure {
    /// `http://HOST:PORT: read "/app": Permission denied (HTTP status 403)`.
    var message: String { "\(node.url): \(call.text): \(text)" }

    private var text: String {
        switch cause {
        case .transport(let error): error.message
        case .refused(let refusal):
            (refusal.words.isEmpty ? "refused" : refusal.words) + " (HTTP status \(refusal.status))"
        case .malformed(let reason): "malformed answer: \(reason)"
        case .timeIsOver: "no complete answer within the time limit"
        case .secret(let error): error.message
        }
    }

    var hint: String? {
        switch cause {
        case .transport(let error):
            if case .tooLarge = error.kind {
                "read less: name narrower keys"
            } else {
                error.hint(Self.program, isEncrypted: node.isEncrypted)
            }
        case .refused(let refusal): hint(refusal)
        case .malformed: "is this the port of consul's HTTP API?"
        case .timeIsOver: "give it more time with -backend-timeout"
        case .secret: nil
        }
    }

    private func hint(_ refusal: ConsulRefusal) -> String? {
        if refusal.isUnknownToken {
            return "check -auth-token-file; -username and -password-file are for a proxy before consul"
        }
        switch refusal.status {
        case 403:
            return "a policy of the token has to allow read, and list where enable_key_list_policy is on:"
                + " key_prefix \"\(call.prefix)\""
        case 400 where !node.isEncrypted: return "does consul ask for TLS? Write https:// or -scheme https"
        case 404: return "is this the port of consul's HTTP API?"
        case 429: return "consul limits requests or connections: see limits in its configuration"
        case 500 where refusal.words.contains(text: "leader"):
            return "the cluster has no leader: consul operator raft list-peers"
        case 300..<400: return "name the node that it sends clients to with -node"
        default: return nil
        }
    }

    /// A token that cannot stand in a header.
    static let notAToken = BackendError(
        .configuration, "consul: the token is none", hint: "a token is one visible word")
}

extension ConsulFailure.Call {
    private var directories: [[UInt8]] {
        switch self {
        case .read(let directories): directories
        case .watch(let directory): [directory]
        }
    }

    /// What the keys of the first directory begin with, as consul has them.
    var prefix: String { printable(Array(directories[0].dropFirst())) }

    fileprivate var text: String {
        let others = directories.count > 1 ? " and \(directories.count - 1) more" : ""
        return switch self {
        case .read: "read \"\(printable(directories[0]))\"" + others
        case .watch: "watch \"\(printable(directories[0]))\""
        }
    }
}

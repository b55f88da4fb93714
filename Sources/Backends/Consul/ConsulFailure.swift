import HTTP
import KeyValue

/// A call that failed at one consul server or agent.
typealias ConsulFailure = ServerFailure<ConsulAPI>

/// Consul's HTTP API.
enum ConsulAPI: ServerAPI {
    typealias Node = HTTPNode

    static let program = ServerProgram.consul.name

    enum Call {
        /// A read of these directories.
        case read([[UInt8]])
        /// A wait for changes in one.
        case watch([UInt8])

        var directories: [[UInt8]] {
            switch self {
            case .read(let directories): directories
            case .watch(let directory): [directory]
            }
        }

        /// What the keys of the first directory begin with, as consul has them.
        var prefix: String { printable(Array(directories[0].dropFirst())) }
    }

    enum Problem {
        case refused(HTTPRefusal)
        /// An answer that is not what the documentation says.
        case malformed(String)
    }
}

// Its wording.
extension ConsulAPI {
    static func text(of call: Call) -> String {
        let others = call.directories.count > 1 ? " and \(call.directories.count - 1) more" : ""
        return switch call {
        case .read: "read \"\(printable(call.directories[0]))\"" + others
        case .watch: "watch \"\(printable(call.directories[0]))\""
        }
    }

    static func meaning(of problem: Problem, in call: Call, at node: HTTPNode) -> FailureMeaning {
        switch problem {
        case .refused(let refusal):
            FailureMeaning(
                text: refusal.text, hint: hint(for: refusal, in: call, at: node),
                // A node without a leader, or one with too much to do, is one node.
                concernsAllNodes: refusal.status < 429, isRefusal: [401, 403].contains(refusal.status),
                refusedRange: refusal.isForbidden && !refusal.isUnknownToken && call.directories.count == 1
                    ? KeyRange(cleaned: call.directories[0]) : nil)
        case .malformed(let reason):
            FailureMeaning(text: "malformed answer: \(reason)", hint: "is this the port of consul's HTTP API?")
        }
    }

    static func hint(for error: HTTPError, in call: Call, at node: HTTPNode) -> String? {
        if case .tooLarge = error.kind { return "read less: name narrower keys" }
        return error.hint(program, isEncrypted: node.isEncrypted)
    }

    private static func hint(for refusal: HTTPRefusal, in call: Call, at node: HTTPNode) -> String? {
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

extension HTTPRefusal {
    /// Consul does not know the token, or there is no such user.
    fileprivate var isUnknownToken: Bool { status == 401 || status == 403 && words.contains(text: "ACL not found") }
}

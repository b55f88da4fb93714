import HTTP
import KeyValue

// The wording of all failures of ZooKeeper.
extension ZookeeperAPI {
    static func text(of call: Call) -> String {
        switch call {
        case .connect: "connect"
        case .authenticate: "authenticate"
        case .read(let path): "read \"\(printable(path))\""
        case .watch: "watch"
        }
    }

    static func meaning(of problem: Problem, in call: Call, at node: ZookeeperNode) -> FailureMeaning {
        switch problem {
        case .refused(let code):
            FailureMeaning(
                text: code.text, hint: code.hint, concernsAllNodes: code == .noAuth,
                isRefusal: code == .noAuth || code == .authFailed,
                refusedRange: code == .noAuth ? call.path.map { KeyRange(cleaned: $0) } : nil)
        case .malformed(let error):
            FailureMeaning(text: "malformed answer: \(error.text)", hint: hint(for: error, in: call))
        case .tooMuch(let limit):
            FailureMeaning(
                text: "too many or too large nodes: more than \(limit >> 20) MiB",
                hint: "read less: name narrower keys", concernsAllNodes: true)
        case .silent:
            FailureMeaning(
                text: "no complete answer within the time limit",
                hint: "is zookeeper healthy? It has stopped answering")
        case .changing:
            FailureMeaning(
                text: "nodes changed while they were read, again and again",
                hint: "keep what changes all the time below another node")
        }
    }

    private static func hint(for error: ZookeeperMalformed, in call: Call) -> String {
        if case .length(let length) = error, length > 0, call.path != nil {
            return "is a value, or the list of a node's children, that large? Name narrower keys"
        }
        return "is this the port of zookeeper, for its clients?"
    }

    static func hint(for error: HTTPError, in call: Call, at node: ZookeeperNode) -> String? {
        guard error.kind == .reset || error.kind == .other else {
            return error.hint(program, isEncrypted: node.isEncrypted)
        }
        guard case .connect = call else { return "zookeeper ends sessions when it stops, or loses its leader" }
        return "zookeeper closes connections if it has no leader, or too many of this machine (maxClientCnxns); "
            + "is this its port\(node.isEncrypted ? "?" : ", without TLS?")"
    }
}

extension ZookeeperAPI.Call {
    /// Of the node that is read.
    fileprivate var path: [UInt8]? { if case .read(let path) = self { path } else { nil } }
}

extension ZookeeperMalformed {
    fileprivate var text: String {
        switch self {
        case .length(let length): length < 0 ? "a negative length" : "a message too large: \(length) bytes"
        case .incomplete: "a message is incomplete"
        case .unexpected: "not what was asked for"
        case .name(let name): "a node cannot have the name \"\(printable(name))\""
        }
    }
}

extension ZookeeperCode {
    fileprivate var text: String {
        let words: String? =
            switch self {
            case .connectionLoss: "the server has lost its leader"
            case .unimplemented: "the server does not know the request"
            case .noAuth: "not authorized"
            case .sessionExpired: "session expired"
            case .authFailed: "the server takes no users of the scheme digest"
            case .sessionMoved: "session moved"
            case .needsSASL: "the server asks for SASL, which confd does not have"
            case .throttled: "the server is overloaded"
            default: nil
            }
        return words.map { "\($0) (code \(rawValue))" } ?? "refused (code \(rawValue))"
    }

    fileprivate var hint: String? {
        switch self {
        case .noAuth: "check -username and -password-file, and the node's ACL: confd needs the right to read"
        case .sessionExpired: "nothing was heard of confd for too long: was it, or the network, stopped?"
        default: nil
        }
    }
}

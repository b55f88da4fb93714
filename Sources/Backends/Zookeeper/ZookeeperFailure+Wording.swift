import HTTP

// The wording of all failures of ZooKeeper.
extension ZookeeperFailure {
    /// `HOST:PORT: read "/app": not authorized`.
    var message: String { "\(node.name): \(call.text): \(text)" }

    private var text: String {
        switch cause {
        case .transport(let error): error.message
        case .refused(let code): code.text
        case .malformed(let error): "malformed answer: \(error.text)"
        case .tooMuch(let limit): "too many or too large nodes: more than \(limit >> 20) MiB"
        case .timeIsOver, .silent: "no complete answer within the time limit"
        case .changing: "nodes changed while they were read, again and again"
        case .secret(let error): error.message
        }
    }

    var hint: String? {
        switch cause {
        case .transport(let error) where error.kind == .reset || error.kind == .other: resetHint
        case .transport(let error): error.hint(Self.program, isEncrypted: node.isEncrypted)
        case .refused(let code): code.hint
        case .malformed(.length(let length)) where length > 0 && isReading:
            "is a value, or the list of a node's children, that large? Name narrower keys"
        case .malformed: "is this the port of zookeeper, for its clients?"
        case .tooMuch: "read less: name narrower keys"
        case .timeIsOver: "give it more time with -backend-timeout"
        case .silent: "is zookeeper healthy? It has stopped answering"
        case .changing: "keep what changes all the time below another node"
        case .secret: nil
        }
    }

    private var isReading: Bool { if case .read = call { true } else { false } }

    private var resetHint: String {
        guard case .connect = call else { return "zookeeper ends sessions when it stops, or loses its leader" }
        return "zookeeper closes connections if it has no leader, or too many of this machine (maxClientCnxns); "
            + "is this its port\(node.isEncrypted ? "?" : ", without TLS?")"
    }
}

extension ZookeeperFailure.Call {
    fileprivate var text: String {
        switch self {
        case .connect: "connect"
        case .authenticate: "authenticate"
        case .read(let path): "read \"\(printable(path))\""
        case .watch: "watch"
        }
    }
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

import HTTP
import KeyValue

/// What failed at one ZooKeeper server.
struct ZookeeperFailure: ServerFailure {
    static let program = ServerProgram.zookeeper.name

    enum Call {
        /// Up to the session.
        case connect
        case authenticate
        /// A read of this node.
        case read([UInt8])
        case watch
    }

    enum Cause {
        case transport(HTTPError)
        case refused(ZookeeperCode)
        case malformed(ZookeeperMalformed)
        /// More than the memory for all that is read.
        case tooMuch(limit: Int)
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// The server has stopped to answer.
        case silent
        /// Nodes changed while they were read, until the time was over.
        case changing
        /// The password could not be read.
        case secret(BackendError)
    }

    let node: ZookeeperNode
    let call: Call
    let cause: Cause

    init(_ node: ZookeeperNode, _ call: Call, _ cause: Cause) {
        self.node = node
        self.call = call
        self.cause = cause
    }

    var transport: HTTPError? { if case .transport(let error) = cause { error } else { nil } }
    var isRefusal: Bool {
        if case .refused(let code) = cause { code == .noAuth || code == .authFailed } else { false }
    }
    var secret: BackendError? { if case .secret(let error) = cause { error } else { nil } }

    var refusedRange: KeyRange? {
        if case .read(let path) = call, case .refused(.noAuth) = cause { KeyRange(cleaned: path) } else { nil }
    }

    var concernsAllNodes: Bool {
        switch cause {
        case .secret, .refused(.noAuth), .tooMuch: true
        case .transport(let error): error.concernsAllNodes
        case .refused, .malformed, .timeIsOver, .silent, .changing: false
        }
    }
}

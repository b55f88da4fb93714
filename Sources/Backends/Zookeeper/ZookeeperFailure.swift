import HTTP
import KeyValue

/// A call that failed at one ZooKeeper server.
typealias ZookeeperFailure = ServerFailure<ZookeeperAPI>

/// ZooKeeper's protocol.
enum ZookeeperAPI: ServerAPI {
    typealias Node = ZookeeperNode

    static let program = ServerProgram.zookeeper.name

    enum Call {
        /// Up to the session.
        case connect
        case authenticate
        /// A read of this node.
        case read([UInt8])
        case watch
    }

    enum Problem {
        case refused(ZookeeperCode)
        case malformed(ZookeeperMalformed)
        /// More than the memory for all that is read.
        case tooMuch(limit: Int)
        /// The server has stopped to answer.
        case silent
        /// Nodes changed while they were read, until the time was over.
        case changing
    }
}

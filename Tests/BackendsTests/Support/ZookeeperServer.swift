import HTTP
import KeyValue
import TestSupport

@testable import Backends

extension TestZookeeper {
    /// A server that tests share; each test has keys of its own.
    static let shared = Result { try TestZookeeper() }

    /// A backend for this server, or for a proxy in front of it at `port`.
    func backend(
        through port: UInt16? = nil, _ change: (inout ZookeeperOptions) throws -> Void = { _ in }
    ) throws -> ZookeeperBackend {
        var options = ZookeeperOptions()
        options.nodes = [try ZookeeperNode("127.0.0.1:\(port ?? self.port)")]
        try change(&options)
        return ZookeeperBackend(options)
    }
}

extension ZookeeperCredentials {
    init(_ username: String, _ password: String) {
        self.init(username: username) { Array(password.utf8) }
    }
}

import HTTP
import KeyValue
import TestSupport

@testable import Backends

extension TestZookeeper {
    /// One that tests share; each keeps to keys of its own.
    static let shared = Result { try TestZookeeper() }

    /// A backend for this server, or for what stands before it.
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

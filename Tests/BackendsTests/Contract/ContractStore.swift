import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// A server of one of the backends, real but for consul, as the contract needs it.
protocol ContractStore: Sendable {
    /// Starts an empty server at `port` that asks for `password`.
    init(port: UInt16, password: String) throws
    /// A backend that reaches the server at `port`, which may be that of a proxy, with `password`.
    static func backend(port: UInt16, password: String) throws -> any Backend
    /// Writes all keys at one moment; nil deletes.
    func write(_ pairs: [(key: String, value: String?)]) throws
    /// Has the server ask for another password, on existing connections too.
    func change(password: String) throws
    /// What a failure's message begins with.
    static func prefix(port: UInt16) -> String
}

/// The backends that have to keep the contract.
enum ContractKind: String, CaseIterable, CustomTestStringConvertible {
    case etcd, redis, consul, zookeeper

    var testDescription: String { rawValue }

    /// etcd's first read goes on until its limit of time.
    var endsWhileConnecting: Bool { self != .etcd }

    var store: any ContractStore.Type {
        switch self {
        case .etcd: EtcdContractStore.self
        case .redis: RedisContractStore.self
        case .consul: ConsulContractStore.self
        case .zookeeper: ZookeeperContractStore.self
        }
    }
}

final class EtcdContractStore: ContractStore {
    private let server: EtcdServer
    private let password: Mutex<String>

    init(port: UInt16, password: String) throws {
        server = try EtcdServer(port: port, arguments: "--bcrypt-cost 4")
        self.password = Mutex(password)
        try server.etcdctl("user add root:\(password)")
        try server.etcdctl("user grant-role root root")
        try server.etcdctl("auth enable")
    }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = EtcdOptions()
        options.endpoints = ["http://127.0.0.1:\(port)"]
        options.credentials = EtcdCredentials(username: "root") { Array(password.utf8) }
        return try EtcdBackend(options)
    }

    func write(_ pairs: [(key: String, value: String?)]) throws {
        let lines = pairs.map { pair in pair.value.map { "put \(pair.key) \($0)" } ?? "del \(pair.key)" }
        // Conditions, what is done if they hold, what else; each ends with an empty line.
        let text = "\n" + lines.joined(separator: "\n") + "\n\n\n"
        try server.etcdctl("--user root:\(password.withLock { $0 }) txn <<'END'\n\(text)END")
    }

    func change(password: String) throws {
        let former = self.password.withLock { $0 }
        try server.etcdctl("--user root:\(former) user passwd root --interactive=false <<'END'\n\(password)\nEND")
        self.password.withLock { $0 = password }
    }

    static func prefix(port: UInt16) -> String { "etcd: http://127.0.0.1:\(port): " }
}

final class RedisContractStore: ContractStore {
    private let server: RedisServer

    init(port: UInt16, password: String) throws {
        server = try RedisServer(
            port: port, arguments: "--requirepass \(password)", login: .init(password: password))
    }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = RedisOptions()
        options.nodes = [try RedisNode("127.0.0.1:\(port)")]
        options.credentials = RedisCredentials(username: nil) { Array(password.utf8) }
        return RedisBackend(options)
    }

    func write(_ pairs: [(key: String, value: String?)]) throws { try server.write(pairs) }

    func change(password: String) throws { try server.change(password: password) }

    static func prefix(port: UInt16) -> String { "redis: 127.0.0.1:\(port): " }
}

/// A stand-in, because there is no consul to test with. The password is the token.
final class ConsulContractStore: ContractStore {
    private let server: ConsulStandIn

    init(port: UInt16, password: String) throws { server = try ConsulStandIn(port: port, token: password) }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = ConsulOptions()
        options.nodes = [try HTTPNode("127.0.0.1:\(port)", of: .consul)]
        options.token = { Array(password.utf8) }
        options.longestWait = .seconds(2)
        return ConsulBackend(options)
    }

    func write(_ pairs: [(key: String, value: String?)]) throws {
        server.write(pairs.map { (String($0.key.dropFirst()), $0.value) })
    }

    func change(password: String) throws { server.change(token: password) }

    static func prefix(port: UInt16) -> String { "consul: http://127.0.0.1:\(port): " }
}

/// The password is that of the user in the ACLs of all nodes.
final class ZookeeperContractStore: ContractStore {
    private let server: TestZookeeper

    init(port: UInt16, password: String) throws { server = try TestZookeeper(port: port, password: password) }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = ZookeeperOptions()
        options.nodes = [try ZookeeperNode("127.0.0.1:\(port)")]
        options.credentials = ZookeeperCredentials("confd", password)
        return ZookeeperBackend(options)
    }

    func write(_ pairs: [(key: String, value: String?)]) throws { try server.write(pairs) }

    func change(password: String) throws { try server.change(password: password) }

    static func prefix(port: UInt16) -> String { "zookeeper: 127.0.0.1:\(port): " }
}

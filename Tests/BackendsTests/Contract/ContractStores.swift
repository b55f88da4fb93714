import HTTP
import KeyValue
import Posix
import Synchronization
import TestSupport

@testable import Backends

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
        // The parts of a transaction, each with an empty line after it: conditions, requests if they hold, and if not.
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

/// The tests write without a user, as etcd takes 60 ms to check a password: the role `guest` may write and not read.
final class EtcdV2ContractStore: ContractStore {
    private let server: EtcdServer
    private let client = Client()
    private let password: Mutex<String>

    init(port: UInt16, password: String) throws {
        server = try EtcdServer(port: port, arguments: "--enable-v2=true")
        self.password = Mutex(password)
        try put("auth/users/root", Self.root(password))
        try put("auth/enable", "")
        try put("auth/roles/guest", #"{"role":"guest","revoke":{"kv":{"read":["/*"]}}}"#, as: password)
    }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = EtcdOptions()
        options.endpoints = ["http://127.0.0.1:\(port)"]
        options.credentials = EtcdCredentials(username: "root") { Array(password.utf8) }
        return try EtcdV2Backend(options)
    }

    func write(_ pairs: [(key: String, value: String?)]) throws {
        for (key, value) in pairs {
            if let value {
                try call(.put, "keys\(key)", "value=\(value)", "application/x-www-form-urlencoded")
            } else {
                try call(.delete, "keys\(key)", "", "")
            }
        }
    }

    func change(password: String) throws {
        try put("auth/users/root", Self.root(password), as: self.password.withLock { $0 })
        self.password.withLock { $0 = password }
    }

    static func prefix(port: UInt16) -> String { "etcd: http://127.0.0.1:\(port): " }

    private static func root(_ password: String) -> String { #"{"user":"root","password":"\#(password)"}"# }

    private func put(_ path: String, _ json: String, as password: String? = nil) throws {
        try call(.put, path, json, "application/json", as: password)
    }

    private func call(
        _ method: Request.Method, _ path: String, _ body: String, _ type: String, as password: String? = nil
    ) throws {
        var request = Request(url: "\(server.url)/v2/\(path)", method: method, version: .http1)
        request.headers = [Header("content-type", type)]
        if let password { request.headers.append(.basicAuthorization("root", Array(password.utf8))) }
        request.body = Array(body.utf8)
        request.timeout = .seconds(20)
        let response = try client.perform(request)
        guard [200, 201].contains(response.head.status) else {
            throw SupportError("status \(response.head.status): \(String(decoding: response.body, as: UTF8.self))")
        }
    }
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

/// The password is that of a user who logs in.
final class VaultContractStore: ContractStore {
    private let server: VaultServer

    init(port: UInt16, password: String) throws {
        server = try VaultServer(port: port)
        try server.expect(server.call("POST", "sys/auth/userpass", #"{"type":"userpass"}"#))
        let policy = #"{"policy":"path \"kv/*\" {capabilities=[\"read\",\"list\"]}"}"#
        try server.expect(server.call("PUT", "sys/policies/acl/contract", policy))
        let user = #"{"password":"\#(password)","token_policies":"contract"}"#
        try server.expect(server.call("POST", "auth/userpass/users/confd", user))
    }

    static func backend(port: UInt16, password: String) throws -> any Backend {
        var options = BackendOptions()
        options["node"] = .list(["127.0.0.1:\(port)"])
        options["auth-type"] = .text("userpass")
        options["username"] = .text("confd")
        options["password"] = .text(password)
        return VaultAsOthers(VaultBackend(try VaultOptions(options) { _ in }))
    }

    func write(_ pairs: [(key: String, value: String?)]) throws {
        for (key, value) in pairs {
            if let value {
                try server.write(String(key.dropFirst()), #"{"value":"\#(value)"}"#)
            } else {
                try server.expect(server.call("DELETE", "kv\(key)"))
            }
        }
    }

    /// Revokes the tokens of earlier logins too.
    func change(password: String) throws {
        try server.expect(
            server.call("POST", "auth/userpass/users/confd/password", #"{"password":"\#(password)"}"#))
        try server.expect(server.call("POST", "sys/leases/revoke-force/auth/userpass/login", "{}"))
    }

    static func prefix(port: UInt16) -> String { "vault: http://127.0.0.1:\(port): " }
}

/// Makes vault like other stores. It is read every 50 ms, as the daemon does at each `-interval`, because vault reports no
/// changes; and its mount `/kv` stands for the root, because each key at vault's root would need a mount.
private struct VaultAsOthers: Backend {
    private static let mount = Array("/kv".utf8)
    private let vault: VaultBackend

    init(_ vault: VaultBackend) { self.vault = vault }

    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        Self.outside(try vault.snapshot(of: Self.inside(ranges), timeout: timeout))
    }

    func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        while !cancellation.isCancelled {
            let reading: Cancellation
            do { reading = try Cancellation() } catch { throw BackendError(.unreachable, error.message) }
            cancellation.onCancel { reading.cancel() }
            try vault.follow(Self.inside(ranges), from: nil, timeout: timeout, cancellation: reading) { snapshot in
                deliver(Self.outside(snapshot))
                reading.cancel()
            }
            try cancellation.wait(.milliseconds(50))
        }
    }

    private static func inside(_ ranges: [KeyRange]) -> [KeyRange] {
        ranges.map { KeyRange(cleaned: mount + $0.path) }
    }

    private static func outside(_ snapshot: Snapshot) -> Snapshot {
        let builder = Snapshot.Builder()
        for pair in snapshot.pairs {
            pair.key.dropFirst(mount.count).withUnsafeBufferPointer { key in
                pair.value.withUnsafeBufferPointer { builder.append(key: key, value: $0) }
            }
        }
        return builder.finish()
    }
}

import Glibc
import HTTP
import KeyValue
import TestSupport

@testable import Backends

/// A real etcd with one member, on free ports, with its data in a temporary folder.
final class EtcdServer: Sendable {
    let port: UInt16
    let url: String
    /// Ends before its folder is removed.
    private let process: BackgroundProcess
    private let folder: MemoryDirectory
    private let client = Client()
    private let tls: TLSOptions
    private let metrics: String

    /// A server that tests share; each test has keys of its own.
    static let shared = Result { try EtcdServer() }

    /// The program to run; `CONFD_TEST_ETCD` names another version than the installed one.
    private static let program = Result {
        let program = getenv("CONFD_TEST_ETCD").map { String(cString: $0) } ?? "etcd"
        try Shell.run("command -v \(program) etcdctl || { echo install etcd-server and etcd-client; false; }")
        return program
    }

    /// Starts it and waits until it is healthy. `tls` is for the test's own calls. Data in a given `folder` are used, and
    /// stay when it ends.
    convenience init(
        port: UInt16? = nil, arguments: String = "", scheme: String = "http", tls: TLSOptions = TLSOptions(),
        folder: MemoryDirectory? = nil
    ) throws {
        try self.init(
            port: port ?? Ports.free(), arguments: arguments, scheme: scheme, tls: tls,
            folder: folder ?? MemoryDirectory(), member: .alone())
        try waitUntilHealthy()
    }

    /// Starts it, without waiting.
    init(
        port: UInt16, arguments: String = "", scheme: String = "http", tls: TLSOptions = TLSOptions(),
        folder: MemoryDirectory, member: EtcdMember
    ) throws {
        let program = try Self.program.get()
        self.folder = folder
        self.port = port
        url = "\(scheme)://127.0.0.1:\(port)"
        self.tls = tls
        metrics = "http://127.0.0.1:\(try Ports.free())"
        process = try BackgroundProcess(
            """
            \(program) \(member.arguments(directory: folder.path, clientURL: url).joined(separator: " ")) \
            --listen-metrics-urls \(metrics) --max-request-bytes 8388608 --max-txn-ops 1024 \(arguments)
            """)
    }

    func waitUntilHealthy() throws {
        var request = Request(url: metrics + "/health", method: .get, version: .http1)
        request.timeout = .seconds(5)
        let isHealthy = eventuallyBlocking {
            guard case .success(let answer) = Result(catching: { try client.perform(request) }) else { return false }
            return String(decoding: answer.body, as: UTF8.self).contains("true")
        }
        if !isHealthy { throw Shell.Failure(output: "etcd does not become healthy") }
    }

    /// A backend for this server.
    func backend(_ change: (inout EtcdOptions) -> Void = { _ in }) throws -> EtcdBackend {
        var options = EtcdOptions()
        options.endpoints = [url]
        change(&options)
        return try EtcdBackend(options)
    }

    /// Puts pairs, up to 1,000 in one transaction.
    func put(_ pairs: [(key: [UInt8], value: [UInt8])]) throws {
        var rest = pairs[...]
        while !rest.isEmpty {
            var transaction = ProtobufWriter()
            for pair in rest.prefix(1000) {
                var put = ProtobufWriter()
                put.write(1, pair.key)
                put.write(2, pair.value)
                var operation = ProtobufWriter()
                operation.writeMessage(2, put.bytes)
                transaction.writeMessage(2, operation.bytes)
            }
            rest = rest.dropFirst(1000)
            try call("/etcdserverpb.KV/Txn", transaction.bytes)
        }
    }

    func put(_ pairs: [String: String]) throws {
        try put(pairs.map { (Array($0.key.utf8), Array($0.value.utf8)) })
    }

    /// Switches authentication on, with the users `root`, and `reader` that may read `/open` and what is below `/open/`.
    /// Puts a key that `reader` may read, `/open/a`, and one that it may not, `/closed/a`.
    func enableAuthentication() throws {
        try put(["/open/a": "1", "/closed/a": "2"])
        try etcdctl("user add root:rootpass")
        try etcdctl("user grant-role root root")
        try etcdctl("user add reader:readerpass")
        try etcdctl("role add reading")
        try etcdctl("role grant-permission reading read /open")
        try etcdctl("role grant-permission reading --prefix=true read /open/")
        try etcdctl("user grant-role reader reading")
        try etcdctl("auth enable")
    }

    func delete(_ key: String) throws {
        var request = ProtobufWriter()
        request.write(1, Array(key.utf8))
        try call("/etcdserverpb.KV/DeleteRange", request.bytes)
    }

    func compact(_ revision: Int64) throws {
        var request = ProtobufWriter()
        request.write(1, revision)
        try call("/etcdserverpb.KV/Compact", request.bytes)
    }

    func etcdctl(_ arguments: String) throws {
        try Shell.run("ETCDCTL_API=3 etcdctl --endpoints \(url) \(arguments)")
    }

    /// Sends a request; the message of the answer.
    @discardableResult
    func call(_ path: String, _ message: [UInt8], timeout: Duration = .seconds(30)) throws -> [UInt8] {
        var request = Request(url: url + path, method: .post, version: .http2)
        request.headers = [Header("content-type", "application/grpc"), Header("te", "trailers")]
        request.body = GRPCFrame.encode(message)
        request.tls = tls
        request.timeout = timeout
        let answer = try client.perform(request)
        try Channel.check(answer.head, trailers: answer.trailers)
        return Array(answer.body[try GRPCFrame.onlyMessage(answer.body)])
    }
}

extension Backend {
    /// What `snapshot` finds below `paths`, as text.
    func read(_ paths: String..., timeout: Duration = .seconds(20)) throws -> [String: String] {
        try snapshot(of: paths.map { KeyRange(cleaned: Array($0.utf8)) }, timeout: timeout).texts
    }

    /// The error that `snapshot` ends with.
    func failure(_ paths: String..., timeout: Duration = .seconds(20)) -> BackendError? {
        do throws(BackendError) {
            _ = try snapshot(of: paths.map { KeyRange(cleaned: Array($0.utf8)) }, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }
}

extension Snapshot {
    var pairs: [(key: [UInt8], value: [UInt8])] {
        (0..<count).map { index in (self[index].key.array, self[index].value.array) }
    }

    /// Keys and values as text. Values of keys that are equal as text, being invalid UTF-8, are joined with `+`.
    var texts: [String: String] {
        Dictionary(
            pairs.map { (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) },
            uniquingKeysWith: { $0 + "+" + $1 })
    }
}

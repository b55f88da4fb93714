import Glibc
import HTTP
import Posix
import Synchronization
import TestSupport

@testable import Backends

/// A real redis on a free port of 127.0.0.1, with nothing on disk.
final class RedisServer: Sendable {
    let port: UInt16
    private let process: BackgroundProcess
    private let folder: MemoryDirectory
    private let login: Mutex<Login?>
    private let tls: TLSOptions?

    /// A user (nil: redis's default user) and its password.
    struct Login {
        var user: String?
        var password: String
    }

    /// A server that tests share, which reports changes; each test has keys of its own.
    static let shared = Result { try RedisServer() }

    private static let isInstalled = Result {
        try Shell.run("command -v redis-server || { echo install redis-server; false; }")
    }

    /// Starts it and waits until it answers. The test's own commands log in with `login`.
    init(
        port: UInt16? = nil, notifications: String = "KA", arguments: String = "",
        login: Login? = nil, tls: TLSOptions? = nil
    ) throws {
        _ = try Self.isInstalled.get()
        let port = try port ?? Ports.free()
        self.port = port
        self.login = Mutex(login)
        self.tls = tls
        folder = try MemoryDirectory()
        let listening = tls == nil ? "--port \(port)" : "--port 0 --tls-port \(port)"
        process = try BackgroundProcess(
            """
            redis-server \(listening) --bind 127.0.0.1 --save '' --appendonly no --dir \(folder.path) \
            --unixsocket \(folder.path)/socket --notify-keyspace-events '\(notifications)' \(arguments)
            """)
        var last = "does not answer"
        let isUp = eventuallyBlocking(seconds: 30) {
            do {
                try call(["PING"])
                return true
            } catch {
                last = "\(error)"
                return false
            }
        }
        if !isUp { throw SupportError("redis: \(last)") }
    }

    var node: String { "127.0.0.1:\(port)" }
    var socket: String { folder.path + "/socket" }

    /// A backend for this server, or for a proxy in front of it at `port`.
    func backend(
        through port: UInt16? = nil, _ change: (inout RedisOptions) throws -> Void = { _ in }
    ) throws -> RedisBackend {
        var options = RedisOptions()
        options.nodes = [try RedisNode((tls == nil ? "" : "rediss://") + "127.0.0.1:\(port ?? self.port)")]
        complete(&options)
        try change(&options)
        return RedisBackend(options)
    }

    private func complete(_ options: inout RedisOptions) {
        if let tls { options.tls = tls }
        if let login = login.withLock({ $0 }) {
            options.credentials = RedisCredentials(username: login.user) { Array(login.password.utf8) }
        }
    }

    /// Changes redis's password, and ends all other connections.
    func change(password: String) throws {
        try call([
            ["CONFIG", "SET", "requirepass", password], ["CLIENT", "KILL", "TYPE", "pubsub"],
            ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
        ])
        login.withLock { $0 = Login(password: password) }
    }

    @discardableResult
    func call(_ words: [String]) throws -> RedisReply { try call([words])[0] }

    /// Sends commands and waits for all replies; a refusal is an error.
    @discardableResult
    func call(_ commands: [[String]]) throws -> [RedisReply] {
        var options = RedisOptions()
        complete(&options)
        let node = try RedisNode((tls == nil ? "" : "rediss://") + self.node)
        let session = try RedisSession(node, options, until: .now.advanced(by: .seconds(30)), nil)
        var encoder = RESPEncoder()
        for command in commands { encoder.add(command.map { Array($0.utf8) }) }
        try session.send(encoder, .look)
        return try commands.map { _ in
            let reply = try session.reply(.look)
            if case .error(let refusal) = reply { throw refusal }
            return reply
        }
    }

    /// How often somebody has looked for keys since the server was started.
    func searches() throws -> Int {
        let statistics = String(decoding: try call(["INFO", "commandstats"]).bytes ?? [], as: UTF8.self)
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_scan:calls=") }
        return line.flatMap { Int($0.dropFirst("cmdstat_scan:calls=".count).prefix(while: \.isNumber)) } ?? 0
    }

    func set(_ pairs: [String: String]) throws { try call(pairs.map { ["SET", $0.key, $0.value] }) }

    /// Writes all pairs in one transaction; nil deletes.
    func write(_ pairs: [(key: String, value: String?)]) throws {
        let writes = pairs.map { pair in pair.value.map { ["SET", pair.key, $0] } ?? ["DEL", pair.key] }
        try call([["MULTI"]] + writes + [["EXEC"]])
    }
}

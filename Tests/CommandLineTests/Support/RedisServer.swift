import Foundation
import TestSupport

/// A real redis with an empty store, which reports changes.
final class RedisServer {
    let port: UInt16
    let node: String
    private let password: String?
    private var process: ServerProcess?

    /// Starts one that asks for `password`; it stops when it is no longer referred to.
    static func start(password: String? = nil) async throws -> RedisServer {
        let server = RedisServer(try Ports.free(), password)
        try await server.start()
        return server
    }

    private init(_ port: UInt16, _ password: String?) {
        self.port = port
        self.password = password
        node = "127.0.0.1:\(port)"
    }

    /// Starts it, with nothing in it.
    func start() async throws {
        let login = password.map { ["--requirepass", $0] } ?? []
        process = try ServerProcess(
            "redis-server",
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
                + ["--notify-keyspace-events", "KA"] + login, directory: "/")
        guard try await eventually(answer: { try await cli(["PING"]) == "PONG" }) else {
            throw SupportError("redis did not start:\n\(process?.log ?? "")")
        }
    }

    func stop() { process = nil }

    func signal(_ signal: Int32) { process?.signal(signal) }

    /// What redis-cli prints, without the end of the line.
    @discardableResult
    func cli(_ words: [String], input: [UInt8]? = nil) async throws -> String {
        let environment = Machine.environment.merging(password.map { ["REDISCLI_AUTH": $0] } ?? [:]) { $1 }
        let done = try await run(
            ChildCommand(
                executable: "redis-cli", arguments: ["-p", "\(port)"] + words, environment: environment, input: input))
        return String(done.standardOutput.dropLast(done.standardOutput.hasSuffix("\n") ? 1 : 0))
    }

    func set(_ pairs: [String: String]) async throws {
        for (key, value) in pairs { try await cli(["SET", key, value]) }
    }
}

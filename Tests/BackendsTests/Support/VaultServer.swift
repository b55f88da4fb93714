import Foundation
import HTTP
import TestSupport

@testable import Backends

/// A real OpenBao in dev mode on 127.0.0.1: everything is in memory. `CONFD_TEST_BAO` names the program, which `make test-vault`
/// installs; without it these tests are left out.
final class VaultServer: Sendable {
    static let program = ProcessInfo.processInfo.environment["CONFD_TEST_BAO"]
    static let rootToken = "s3cret-root"

    let port: UInt16
    let url: String
    private let process: BackgroundProcess
    private let folder: MemoryDirectory
    private let client = Client()

    /// A server that tests share; each test has paths of its own.
    static let shared = Result { try VaultServer() }

    init(port: UInt16? = nil) throws {
        guard let program = Self.program else { throw SupportError("CONFD_TEST_BAO names no program") }
        let port = try port ?? Ports.free()
        self.port = port
        url = "http://127.0.0.1:\(port)"
        folder = try MemoryDirectory()
        process = try BackgroundProcess(
            """
            env HOME=\(folder.path) \(program) server -dev -dev-no-store-token -dev-root-token-id=\(Self.rootToken) \
            -dev-listen-address=127.0.0.1:\(port)
            """)
        let isUp = eventuallyBlocking(seconds: 60) {
            (try? call("GET", "sys/health"))?.head.status == 200
                && (try? call("GET", "secret/config"))?.head.status == 200
        }
        if !isUp { throw SupportError("bao does not answer") }
        try expect(call("POST", "sys/mounts/kv", #"{"type":"kv","options":{"version":"1"}}"#))
    }

    /// Sends a request as root, or with another token.
    func call(_ method: String, _ path: String, _ body: String = "", token: String = rootToken) throws -> Response {
        var request = Request(url: "\(url)/v1/\(path)", method: .other(method), version: .http1)
        if !body.isEmpty { request.method = method == "PUT" ? .put : .post }
        request.headers = [Header("x-vault-token", token)]
        request.body = Array(body.utf8)
        request.timeout = .seconds(20)
        return try client.perform(request)
    }

    @discardableResult
    func expect(_ response: Response) throws -> String {
        let text = String(decoding: response.body, as: UTF8.self)
        guard (200..<300).contains(response.head.status) else {
            throw SupportError("status \(response.head.status): \(text)")
        }
        return text
    }

    /// Writes a secret of version 1 below `kv/`.
    func write(_ path: String, _ json: String) throws { try expect(call("POST", "kv/\(path)", json)) }

    /// The options to log in with `values`.
    func options(through port: UInt16? = nil, _ values: [String: String]) throws -> VaultOptions {
        var options = BackendOptions()
        options["node"] = .list(["127.0.0.1:\(port ?? self.port)"])
        for (name, value) in values { options[name] = .text(value) }
        return try VaultOptions(options) { _ in }
    }

    func backend(
        through port: UInt16? = nil, _ values: [String: String] = ["auth-type": "token", "auth-token": rootToken]
    ) throws -> VaultBackend {
        VaultBackend(try options(through: port, values))
    }
}

import Glibc
import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Vault's documented answers and malformed ones, from a server of the test; and problems of options.
@Suite struct VaultAnswerTests {
    /// An HTTP server that has an answer for each method and path, and keeps the requests.
    private final class Stub: Sendable {
        let port: UInt16
        private let server: TCPServer
        private let log: Log

        private final class Log: Sendable { let heads = Mutex<[String]>([]) }

        /// The requests so far, as text.
        var requests: [String] { log.heads.withLock { $0 } }

        /// `answers` by method and path, or `*` for each other path; all else gets vault's answer with status 404.
        init(_ answers: [String: (status: Int, body: String)]) throws {
            let log = Log()
            self.log = log
            server = try TCPServer { connection in
                var text = ""
                while let bytes = connection.read() {
                    text += String(decoding: bytes, as: UTF8.self)
                    guard let request = Self.take(&text) else { continue }
                    log.heads.withLock { $0.append(request) }
                    let words = request.split(separator: " ")
                    let answer =
                        answers["\(words[0]) \(words[1].dropFirst(4))"] ?? answers["\(words[0]) *"]
                        ?? (404, #"{"errors":[]}"#)
                    connection.write(
                        Array(
                            "HTTP/1.1 \(answer.status) X\r\nContent-Length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
                                .utf8))
                }
            }
            port = server.port
        }

        /// The first request of `text`, if it is complete.
        private static func take(_ text: inout String) -> String? {
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            let length = parts[0].split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length: ") }
            let count = length.flatMap { Int($0.dropFirst(16)) } ?? 0
            guard parts[1].utf8.count >= count else { return nil }
            defer { text = "" }
            return text
        }

        func backend(_ values: [String: String]) throws -> VaultBackend {
            var options = BackendOptions()
            options["node"] = .list(["127.0.0.1:\(port)"])
            for (name, value) in values { options[name] = .text(value) }
            return VaultBackend(try VaultOptions(options) { _ in })
        }
    }

    private static let login = ["auth-type": "token", "auth-token": "s3cret"]
    private static let alive: (status: Int, body: String) = (200, #"{"data":{"ttl":0,"renewable":false}}"#)

    @Test func readsAsTheDocumentationSays() throws {
        let stub = try Stub([
            "GET auth/token/lookup-self": Self.alive,
            "GET sys/internal/ui/mounts/secret/app": (
                200, #"{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}"#
            ),
            "GET secret/metadata/app?list=true": (200, #"{"data":{"keys":["a b","sub/","../x","."]}}"#),
            "GET secret/metadata/app/sub?list=true": (200, #"{"data":{"keys":["c"]}}"#),
            "GET secret/data/app/a%20b": (200, #"{"data":{"data":{"value":"1"},"metadata":{"version":3}}}"#),
            "GET secret/data/app/sub/c": (200, #"{"data":{"data":{"x":{"y":"2"},"n":1},"metadata":{}}}"#),
        ])
        let backend = try stub.backend(Self.login.merging(["namespace": "team/a"]) { $1 })
        #expect(
            try backend.read("/secret/app") == [
                "/secret/app/a b": "1", "/secret/app/sub/c": #"{"n":1,"x":{"y":"2"}}"#, "/secret/app/sub/c/x/y": "2",
            ])
        let requests = stub.requests.map { $0.lowercased() }
        #expect(requests.allSatisfy { $0.utf8.count > 0 && has($0, "x-vault-namespace: team/a\r\n") })
        #expect(requests.allSatisfy { has($0, "x-vault-token: s3cret\r\n") && has($0, "x-vault-request: true\r\n") })
    }

    private func has(_ text: String, _ part: String) -> Bool {
        text.split(separator: part).count > 1 || text.hasSuffix(part)
    }

    @Test func logsInWithKubernetesAndCertificatesToo() throws {
        let stub = try Stub([
            "POST auth/cert/login": (200, #"{"auth":{"client_token":"t1","lease_duration":60,"renewable":true}}"#),
            "GET kv/a?list=true": (404, #"{"errors":[]}"#), "GET kv/a": (200, #"{"data":{"value":"1"}}"#),
        ])
        let values = ["auth-type": "cert", "client-cert": "/c.pem", "client-key": "/k.pem"]
        var options = BackendOptions()
        options["node"] = .list(["http://127.0.0.1:\(stub.port)"])
        for (name, value) in values { options[name] = .text(value) }
        #expect(try VaultBackend(try VaultOptions(options) { _ in }).read("/kv/a") == ["/kv/a": "1"])
        let failure = try stub.backend(["auth-type": "kubernetes", "role-id": "r"]).failure("/kv/a")
        #expect(failure?.message.hasPrefix("token file: open /var/run/secrets/kubernetes.io/") == true)
    }

    @Test(
        "answers that are errors",
        arguments: [
            ("GET kv/a", 200, "nonsense", "read \"/kv/a\": malformed answer"),
            ("GET kv/a", 200, "[]", "read \"/kv/a\": malformed answer"),
            ("GET kv/a", 500, #"{"errors":["1 error\n* oh"]}"#, "read \"/kv/a\": 1 error * oh (HTTP status 500)"),
            ("GET kv/a", 404, "<html>", "read \"/kv/a\": refused (HTTP status 404)"),
            ("GET kv/a", 503, #"{"errors":["Vault is sealed"]}"#, "read \"/kv/a\": Vault is sealed (HTTP status 503)"),
            ("GET kv/a", 307, "", "read \"/kv/a\": refused (HTTP status 307)"),
            (
                "GET auth/token/lookup-self", 400, #"{"errors":["bad token s3cret"]}"#,
                "log in: refused (HTTP status 400)"
            ),
            ("GET auth/token/lookup-self", 200, "x", "log in: malformed answer"),
        ])
    func areNamed(_ path: String, _ status: Int, _ body: String, _ expected: String) throws {
        var answers: [String: (status: Int, body: String)] = ["GET auth/token/lookup-self": Self.alive]
        answers[path] = (status, body)
        let stub = try Stub(answers)
        let failure = try #require(try stub.backend(Self.login).failure("/kv/a"))
        #expect(failure.message == "vault: http://127.0.0.1:\(stub.port): \(expected)")
    }

    /// Attack: a folder in each folder took the whole stack.
    @Test func foldersNestSoDeepAlone() throws {
        let stub = try Stub([
            "GET auth/token/lookup-self": Self.alive, "GET *": (200, #"{"data":{"keys":["a/"]}}"#),
        ])
        let failure = try #require(try stub.backend(Self.login).failure("/kv"))
        #expect(failure.message.hasSuffix("folders nest deeper than 256 levels"), "\(failure.message)")
    }

    @Test(
        "options that cannot work",
        arguments: [
            ([:], VaultProblem.noAuthType), (["auth-type": "app-id"], .noAuthType),
            (["auth-type": "token"], .missing(VaultOption.token, authType: .token)),
            (["auth-type": "app-role", "role-id": "r"], .missing(VaultOption.secretID, authType: .appRole)),
            (["auth-type": "userpass", "username": "../x", "password": "p"], .notAWord(ServerOption.username)),
            (["auth-type": "token", "auth-token": "t", "path": "a b"], .notAWord(VaultOption.path)),
            (["auth-type": "token", "auth-token": "t", "namespace": "a\r\nb"], .notAWord(VaultOption.namespace)),
            (["auth-type": "cert"], .missing(ServerOption.certificate, authType: .cert)),
        ] as [([String: String], VaultProblem)])
    func areProblems(_ values: [String: String], _ expected: VaultProblem) {
        var options = BackendOptions()
        for (name, value) in values { options[name] = .text(value) }
        #expect(throws: expected) { try VaultOptions(options) { _ in } }
    }
}

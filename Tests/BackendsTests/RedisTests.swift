import Foundation
import HTTP
import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Reading from a real redis.
@Suite struct RedisTests {
    let server: RedisServer

    init() throws { server = try RedisServer.shared.get() }

    /// A case of `Golden/redis-keys.json`.
    struct Recorded: Decodable, CustomTestStringConvertible {
        let name: String
        let commands: [[String]]
        let separator: String
        let keys: [String]
        let confd: [String: String]
        let ours: [String: String]?

        var testDescription: String { name }

        static func all() throws -> [Recorded] {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let data = try Data(contentsOf: folder.appendingPathComponent("Golden/redis-keys.json"))
            return try JSONDecoder().decode([Recorded].self, from: data)
        }
    }

    @Test func readsTheKeysThatConfdReads() throws {
        let server = try RedisServer()
        for recorded in try Recorded.all() {
            try server.call([["FLUSHALL"]] + recorded.commands)
            let backend = try server.backend { $0.separator = recorded.separator }
            let ranges = recorded.keys.map { key in
                KeyRange(cleaned: Array((key.hasSuffix("/*") ? String(key.dropLast(2)) : key).utf8))
            }
            let expected = recorded.ours ?? recorded.confd
            #expect(try backend.snapshot(of: ranges, timeout: .seconds(20)).texts == expected, "\(recorded.name)")
            // A watch reads the same.
            let following = try Following(backend, ranges)
            #expect(following.sees(expected), "\(recorded.name)")
        }
    }

    @Test func readsManyKeys() throws {
        let server = try RedisServer()
        let pairs = (0..<25_000).map { ["SET", "/many/\($0 % 10)/\($0)", "value \($0)"] }
        try server.call(pairs + [["HSET", "/many/hash", "f", "v"]])
        let backend = try server.backend()
        let found = try backend.read("/many")
        #expect(found.count == 25_001)
        #expect(found["/many/7/24997"] == "value 24997" && found["/many/hash/f"] == "v")
        #expect(try backend.read("/many/3", "/many/hash").count == 2_501)
    }

    @Test func readsEveryByte() throws {
        let value = String(decoding: (0...255).map { UInt8($0 & 0x7f) }, as: UTF8.self) + "\u{10348}\r\n$5\r\n"
        try server.set(["/bytes/a": value, "/bytes/with space\r\n": "1"])
        #expect(try server.backend().read("/bytes") == ["/bytes/a": value, "/bytes/with space\r\n": "1"])
    }

    @Test func readsAnotherDatabaseAndASocket() throws {
        try server.call([["SELECT", "3"], ["SET", "/db/a", "3"]])
        try server.set(["/db/a": "0"])
        #expect(try server.backend { $0.nodes = [try RedisNode("\(server.node)/3")] }.read("/db") == ["/db/a": "3"])
        #expect(try server.backend { $0.nodes = [try RedisNode(server.socket)] }.read("/db") == ["/db/a": "0"])
        let failure = try server.backend { $0.nodes = [try RedisNode("\(server.node)/99")] }.failure("/db")
        #expect(
            failure?.message == "redis: \(server.node)/99: select the database: DB index is out of range (ERR)")
        #expect(failure?.hint == "a node names a database with HOST:PORT/NUMBER")
    }

    @Test func saysOnceWhatItLeavesOut() throws {
        try server.call([["RPUSH", "/list/a", "1"], ["RPUSH", "/list/b", "1"], ["SET", "/list/c", "1"]])
        let warnings = Mutex<[String]>([])
        let backend = try server.backend { $0.warn = { text in warnings.withLock { $0.append(text) } } }
        for _ in 0..<3 { #expect(try backend.read("/list") == ["/list/c": "1"]) }
        #expect(
            warnings.withLock { $0 } == ["redis: only strings and hashes are read: keys with a list are left out"])
    }

    @Test func takesTheNextNode() throws {
        try server.set(["/next/a": "1"])
        let closed = try Ports.Closed()
        let silent = try Ports.Silent()
        let backend = try server.backend {
            $0.nodes = try ["127.0.0.1:\(closed.number)", server.node].map { try RedisNode($0) }
        }
        #expect(try backend.read("/next") == ["/next/a": "1"])
        let failing = try server.backend {
            $0.nodes = try ["127.0.0.1:\(closed.number)", "127.0.0.1:\(silent.number)"].map { try RedisNode($0) }
        }
        let failure = failing.failure("/next", timeout: .seconds(3))
        #expect(
            failure?.message == """
                redis: 127.0.0.1:\(closed.number): connect: connection refused; \
                127.0.0.1:\(silent.number): look at the keys: no complete answer within the time limit
                """)
    }

    // MARK: Users

    @Test func readsAsAUserOfFewRights() throws {
        try server.call([
            ["SET", "/acl/open/a", "1"], ["HSET", "/acl/open/h", "f", "v"], ["SET", "/acl/closed/a", "2"],
            [
                "ACL", "SETUSER", "confd", "on", ">s3cret word", "~/acl/open/*", "&*", "+@read", "+@transaction",
                "+psubscribe",
            ],
        ])
        func backend(_ user: String?, _ password: String) throws -> RedisBackend {
            try server.backend {
                $0.credentials = RedisCredentials(username: user) { Array(password.utf8) }
            }
        }
        let expected = ["/acl/open/a": "1", "/acl/open/h/f": "v"]
        #expect(try backend("confd", "s3cret word").read("/acl/open") == expected)
        // Without CONFIG it is not known what is reported.
        let following = try Following(try backend("confd", "s3cret word"), "/acl/open")
        #expect(following.sees(expected))
        try server.set(["/acl/open/b": "2"])
        #expect(following.sees(expected.merging(["/acl/open/b": "2"]) { $1 }))
        #expect(following.failures == [])
        // Report: with the right to see that, the first reading never ended for want of a right to PING.
        try server.call(["ACL", "SETUSER", "confd", "+config|get"])
        let watching = try Following(try backend("confd", "s3cret word"), "/acl/open")
        #expect(watching.sees(expected.merging(["/acl/open/b": "2"]) { $1 }), "\(watching.failures)")
        try server.set(["/acl/open/b": "3"])
        #expect(watching.sees(expected.merging(["/acl/open/b": "3"]) { $1 }))
        #expect(watching.failures == [])
        let closed = try #require(try backend("confd", "s3cret word").failure("/acl/open", "/acl/closed"))
        #expect(closed.message.hasPrefix(#"redis: \#(server.node): read "/acl/closed": "#))
        #expect(closed.refused == KeyRange(cleaned: Array("/acl/closed".utf8)))
        for (user, password) in [("confd", "s3cret guess"), ("stranger", "s3cret guess"), (nil, "s3cret guess")] {
            let failure = try #require(try backend(user, password).failure("/acl/open"))
            let text = failure.message + (failure.hint ?? "")
            #expect(failure.message.hasPrefix("redis: \(server.node): authenticate: ") && failure.hint != nil)
            #expect(!text.contains("s3cret") && !text.contains("guess"), "\(text)")
        }
    }

    @Test func asksForAPassword() throws {
        let server = try RedisServer(arguments: "--requirepass s3cret", login: .init(password: "s3cret"))
        try server.set(["/a": "1"])
        #expect(try server.backend().read("/a") == ["/a": "1"])
        let failure = try server.backend { $0.credentials = nil }.failure("/a")
        #expect(failure?.message == "redis: \(server.node): look at the keys: Authentication required. (NOAUTH)")
        #expect(failure?.hint?.hasPrefix("redis asks for a password") == true)
        let reason = BackendError(.configuration, "password file: open /none: no such file or directory")
        let unreadable = try server.backend {
            $0.credentials = RedisCredentials(username: nil) { () throws(BackendError) in
                try SecretFile.password.read("/none")
            }
        }
        #expect(unreadable.failure("/a") == reason)
    }

    // MARK: TLS

    @Test func readsOverTLS() throws {
        let certificates = try Certificates.shared.get()
        var tls = TLSOptions()
        tls.authorityFile = certificates.path("ca.pem")
        tls.certificateFile = certificates.path("root.pem")
        tls.keyFile = certificates.path("root.key")
        func flags(_ name: String) -> String {
            "--tls-cert-file \(certificates.path(name)).pem --tls-key-file \(certificates.path(name)).key "
                + "--tls-ca-cert-file \(certificates.path("ca.pem"))"
        }
        let server = try RedisServer(arguments: flags("server"), tls: tls)
        let value = String(repeating: "long value ", count: 100_000)
        try server.set(["/tls/a": "1", "/tls/long": value])
        #expect(try server.backend().read("/tls") == ["/tls/a": "1", "/tls/long": value])
        let following = try Following(try server.backend(), "/tls/a")
        #expect(following.sees(["/tls/a": "1"]))
        try server.set(["/tls/a": "2"])
        #expect(following.sees(["/tls/a": "2"]))
        let name = "rediss://\(server.node)"
        let rows: [(String, (inout RedisOptions) -> Void)] = [
            (
                "server certificate not accepted: signed by an unknown authority",
                { $0.tls.authorityFile = certificates.path("otherca.pem") }
            ),
            ("CA file cannot be used", { $0.tls.authorityFile = "/none.pem" }),
        ]
        for (message, change) in rows {
            let failure = try server.backend { change(&$0) }.failure("/tls")
            #expect(
                failure?.message.hasPrefix("redis: \(name): connect: \(message)") == true, "\(failure?.message ?? "")")
        }
        // Without a certificate of its own, and without TLS.
        let unknown = try server.backend {
            $0.tls.certificateFile = nil
            $0.tls.keyFile = nil
        }
        #expect(unknown.failure("/tls") != nil)
        let clear = try server.backend { $0.nodes = [try RedisNode(server.node)] }
        #expect(try #require(clear.failure("/tls")).message.hasPrefix("redis: \(server.node): "))
        #expect(try server.backend { $0.tls.verifies = false }.read("/tls/a") == ["/tls/a": "2"])
    }

    @Test func refusesACertificateWithoutNames() throws {
        let certificates = try Certificates.shared.get()
        var tls = TLSOptions()
        tls.authorityFile = certificates.path("ca.pem")
        tls.verifies = false
        let name = certificates.path("common")
        let server = try RedisServer(
            arguments: "--tls-cert-file \(name).pem --tls-key-file \(name).key --tls-auth-clients no", tls: tls)
        let failure = try server.backend {
            $0.tls.verifies = true
            $0.nodes = [try RedisNode("rediss://localhost:\(server.port)")]
        }.failure("/a")
        #expect(
            failure?.message
                == "redis: rediss://localhost:\(server.port): connect: "
                + "server certificate not accepted: it has no subject alternative names")
    }
}

import Foundation
import Glibc
import HTTP
import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Reading from a real ZooKeeper.
@Suite struct ZookeeperTests {
    let server: TestZookeeper

    init() throws { server = try TestZookeeper.shared.get() }

    /// A case of `Golden/zookeeper-keys.json`.
    struct Recorded: Decodable {
        let name: String
        /// Paths and values, in the order in which they were made.
        let nodes: [[String]]
        let keys: [String]
        let confd: [String: String]?
        let ours: [String: String]?

        static func all() throws -> [Recorded] {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let data = try Data(contentsOf: folder.appendingPathComponent("Golden/zookeeper-keys.json"))
            return try JSONDecoder().decode([Recorded].self, from: data)
        }
    }

    @Test func readsTheKeysThatConfdReads() throws {
        let server = try TestZookeeper()
        for recorded in try Recorded.all() {
            try server.apply(recorded.nodes.map { .create($0[0], Array($0[1].utf8), .everybody) })
            let backend = try server.backend()
            let ranges = recorded.keys.map { key in
                let path = Path.join([Array((key.hasSuffix("/*") ? String(key.dropLast(2)) : key).utf8)])
                return KeyRange(cleaned: path)
            }
            let expected = try #require(recorded.ours ?? recorded.confd)
            #expect(try backend.snapshot(of: ranges, timeout: .seconds(20)).texts == expected, "\(recorded.name)")
            // A watch reads the same.
            let following = try Following(backend, ranges)
            #expect(following.sees(expected), "\(recorded.name)")
            try server.apply(recorded.nodes.reversed().map { .delete($0[0]) })
        }
    }

    @Test func readsManyNodes() throws {
        for start in stride(from: 0, to: 10_000, by: 1_000) {
            try server.write((start..<start + 1_000).map { ("/many/\($0 % 10)/\($0)", "value \($0)") })
        }
        let backend = try server.backend()
        let found = try backend.read("/many")
        #expect(found.count == 10_000 && found["/many/7/9997"] == "value 9997")
        #expect(try backend.read("/many/3", "/many/4/4").count == 1_001)
        let following = try Following(backend, "/many/7")
        #expect(eventuallyBlocking { following.last?.count == 1_000 })
        try server.write([("/many/7/9997", "other"), ("/many/7/7", nil)])
        let expected = found.filter { $0.key.hasPrefix("/many/7/") && $0.key != "/many/7/7" }
            .merging(["/many/7/9997": "other"]) { $1 }
        #expect(following.sees(expected))
        #expect(following.failuresButTime == [])
    }

    @Test func readsEveryByte() throws {
        let value = (0..<900_000).map { UInt8($0 % 251) }
        try server.apply([
            .create("/bytes", [], .everybody), .create("/bytes/a", value, .everybody),
            .create("/bytes/with space ü", [0, 255], .everybody),
        ])
        let snapshot = try server.backend().snapshot(
            of: [KeyRange(cleaned: Array("/bytes".utf8))], timeout: .seconds(20))
        #expect(snapshot.count == 2)
        #expect(snapshot.value(of: Array("/bytes/a".utf8))?.array == value)
        #expect(snapshot.value(of: Array("/bytes/with space ü".utf8))?.array == [0, 255])
    }

    @Test func readsNothingWithoutRanges() throws {
        let backend = try server.backend { $0.nodes = [] }
        #expect(try backend.snapshot(of: [], timeout: .seconds(1)).isEmpty)
        let following = try Following(backend, [])
        #expect(following.sees([:]) && following.stop())
    }

    @Test func takesTheNextNode() throws {
        try server.write(["/next/a": "1"])
        let closed = try Ports.Closed()
        let silent = try Ports.Silent()
        let backend = try server.backend {
            $0.dialTimeout = .seconds(5)
            $0.nodes = try ["127.0.0.1:\(closed.number)", "127.0.0.1:\(silent.number)", server.node].map {
                try ZookeeperNode($0)
            }
        }
        for _ in 0..<3 { #expect(try backend.read("/next") == ["/next/a": "1"]) }
        let failing = try server.backend {
            $0.dialTimeout = .seconds(3)
            $0.nodes = try ["127.0.0.1:\(closed.number)", "127.0.0.1:\(silent.number)"].map { try ZookeeperNode($0) }
        }
        let message = try #require(failing.failure("/next")).message
        #expect(message.hasPrefix("zookeeper: "))
        // The order is chosen by chance.
        #expect(message.contains("127.0.0.1:\(closed.number): connect: connection refused"))
        #expect(message.contains("127.0.0.1:\(silent.number): connect: no answer within the time limit"))
    }

    // MARK: Users

    @Test func readsAsAUser() throws {
        let mine = ZookeeperACL.user("confd", "s3cret word")
        try server.apply([
            .create("/acl", [], .everybody), .create("/acl/open", Array("1".utf8), .everybody),
            .create("/acl/mine", [], mine), .create("/acl/mine/a", Array("2".utf8), mine),
        ])
        try server.apply([.create("/acl/other", Array("3".utf8), .user("other", "s3cret too"))])
        func backend(_ user: String, _ password: String) throws -> ZookeeperBackend {
            try server.backend { $0.credentials = ZookeeperCredentials(user, password) }
        }
        let confd = try backend("confd", "s3cret word")
        #expect(try confd.read("/acl/mine", "/acl/open") == ["/acl/mine/a": "2", "/acl/open": "1"])
        let closed = try #require(confd.failure("/acl"))
        #expect(closed.message == #"zookeeper: \#(server.node): read "/acl/other": not authorized (code -102)"#)
        #expect(closed.refused == KeyRange(cleaned: Array("/acl/other".utf8)))
        #expect(try server.backend().read("/acl/open") == ["/acl/open": "1"])
        for backend in [
            try server.backend(), try backend("confd", "s3cret guess"), try backend("stranger", "s3cret word"),
        ] {
            let failure = try #require(backend.failure("/acl/mine"))
            let text = failure.message + (failure.hint ?? "")
            #expect(failure.message.hasSuffix(#": read "/acl/mine": not authorized (code -102)"#))
            #expect(failure.hint?.contains("-password-file") == true && !text.contains("s3cret"))
        }
        let reason = BackendError(.configuration, "password file: open /none: no such file or directory")
        let unreadable = try server.backend {
            $0.credentials = ZookeeperCredentials(username: "confd") { () throws(BackendError) in
                try SecretFile.password.read("/none")
            }
        }
        #expect(unreadable.failure("/acl/open") == reason)
    }

    /// A node that is closed to us while it is watched: what changes then is not reported.
    @Test func noticesThatANodeIsClosed() throws {
        try server.write(["/closing/a": "1", "/closing/b": "2"])
        let following = try Following(try server.backend { $0.trust = .seconds(1) }, "/closing")
        #expect(following.sees(["/closing/a": "1", "/closing/b": "2"]))
        try server.change("/closing/a", to: .user("other", "s3cret"))
        try server.write(["/closing/a": "3"])
        #expect(eventuallyBlocking { following.failures.contains { $0.message.contains("not authorized") } })
        try server.change("/closing/a", to: .everybody)
        #expect(following.sees(["/closing/a": "3", "/closing/b": "2"]))
    }

    // MARK: Servers

    @Test func saysWhenTheServerHangsUp() throws {
        let server = try TestZookeeper(settings: ["maxClientCnxns=1"])
        let following = try Following(try server.backend(), "/hang")
        #expect(following.sees([:]))
        // The connection that waited for the server's start may have taken the only place at first.
        let before = following.failures
        let failure = try #require(try server.backend().failure("/hang"))
        // Hung up at once, or when the session was to begin.
        #expect(failure.message.hasPrefix("zookeeper: \(server.node): connect: "))
        #expect(failure.hint?.contains("maxClientCnxns") == true)
        #expect(following.failures == before)
    }

    @Test func saysWhenTheSessionHasExpired() throws {
        let server = try TestZookeeper()
        try server.write(["/expiry/a": "1"])
        let wasHeld = Mutex(false)
        // The first delivery blocks the thread until the server has ended the session, so that no keep-alive is sent.
        let following = try Following(try server.backend { $0.sessionTimeout = .seconds(1) }, "/expiry") { _ in
            let isFirst = wasHeld.withLock { held in
                defer { held = true }
                return !held
            }
            if isFirst { #expect(eventuallyBlocking { (try? server.connections) == 0 }) }
        }
        // A slow server may be silent for the half second after which a client of so short a session gives up.
        let expected = "zookeeper: \(server.node): watch: session expired (code -112)"
        #expect(eventuallyBlocking { following.failures.contains { $0.message == expected } }, "\(following.failures)")
        try server.write(["/expiry/a": "2"])
        #expect(following.sees(["/expiry/a": "2"]))
    }

    /// A connection without changes is kept for longer than the server keeps sessions of clients that say nothing.
    @Test func keepsTheSessionAlive() throws {
        let server = try TestZookeeper()
        try server.write(["/alive/a": "1"])
        let proxy = try Proxy(to: server.port)
        let following = try Following(
            try server.backend(through: proxy.port) { $0.sessionTimeout = .seconds(10) }, "/alive")
        #expect(following.sees(["/alive/a": "1"]))
        let sent = proxy.sent
        // The answer to a keep-alive has 20 bytes; three are sent in the time of a session.
        #expect(eventuallyBlocking { proxy.sent >= sent + 4 * 20 })
        try server.write(["/alive/a": "2"])
        #expect(following.sees(["/alive/a": "2"]))
        #expect(following.failures == [] && proxy.accepted == 1)
        #expect(following.stop())
        // The session was ended, not left.
        #expect(eventuallyBlocking { (try? server.connections) == 0 })
    }

    @Test func readsOverTLS() throws {
        let certificates = try Certificates.shared.get()
        let port = try Ports.free()
        try Shell.run("cd \(certificates.path("")) && cat server.pem server.key >zookeeper.pem")
        let server = try TestZookeeper(settings: [
            "secureClientPort=\(port)", "secureClientPortAddress=127.0.0.1",
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
            "ssl.keyStore.location=\(certificates.path("zookeeper.pem"))",
            "ssl.trustStore.location=\(certificates.path("ca.pem"))",
        ])
        #expect(
            eventuallyBlocking {
                guard let connection = TCPServer.Connection(to: port) else { return false }
                close(connection.descriptor)
                return true
            })
        try server.write(["/tls/a": "1", "/tls/long": String(repeating: "long value ", count: 50_000)])
        func backend(_ change: (inout ZookeeperOptions) -> Void = { _ in }) throws -> ZookeeperBackend {
            try server.backend {
                $0.nodes = [try ZookeeperNode("127.0.0.1:\(port)", isEncrypted: true)]
                $0.tls.authorityFile = certificates.path("ca.pem")
                $0.tls.certificateFile = certificates.path("root.pem")
                $0.tls.keyFile = certificates.path("root.key")
                // Java takes its time for the first encrypted connection.
                $0.dialTimeout = .seconds(60)
                change(&$0)
            }
        }
        #expect(try backend().read("/tls").count == 2)
        let following = try Following(try backend(), "/tls/a")
        #expect(following.sees(["/tls/a": "1"]))
        try server.write(["/tls/a": "2"])
        #expect(following.sees(["/tls/a": "2"]))
        let unknown = try #require(
            try backend { $0.tls.authorityFile = certificates.path("otherca.pem") }.failure("/tls"))
        #expect(unknown.message.contains(": connect: server certificate not accepted: signed by an unknown authority"))
        let without = try backend {
            $0.tls.certificateFile = nil
            $0.tls.keyFile = nil
        }
        #expect(without.failure("/tls") != nil)
        let clear = try backend { options in
            options.nodes = options.nodes.compactMap { try? ZookeeperNode($0.name) }
            options.dialTimeout = .seconds(1)
        }
        #expect(try #require(clear.failure("/tls")).message.hasPrefix("zookeeper: 127.0.0.1:\(port): connect: "))
    }
}

import Glibc
import HTTP
import KeyValue
import TestSupport
import Testing

@testable import Backends

/// Following an etcd that is replaced, is restarted or loses its leader.
@Suite struct EtcdFollowTests {
    private func port(_ url: String) throws -> UInt16 { try #require(UInt16(url.split(separator: ":").last ?? "")) }

    /// Another cluster at the same address, with the same revision and with a lower one: its state counts.
    @Test(arguments: [0, 5]) func followsAStoreThatWasSetBack(_ changes: Int) throws {
        var server: EtcdServer? = try EtcdServer()
        let url = try #require(server).url
        try server?.put(["/back/a": "old"])
        for round in 0..<changes { try server?.put(["/back/b": "\(round)"]) }
        let following = try Following(try #require(server).backend(), "/back")
        #expect(eventuallyBlocking { following.last?.texts["/back/a"] == "old" })
        server = nil
        server = try EtcdServer(port: try port(url))
        try server?.put(["/back/a": "new"])
        #expect(following.sees(["/back/a": "new"]))
        try server?.put(["/back/c": "more"])
        #expect(following.sees(["/back/a": "new", "/back/c": "more"]))
        #expect(following.stop())
    }

    /// All certificates are replaced by those of another authority while the server restarts.
    @Test func readsReplacedCertificates() throws {
        let certificates = try Certificates.shared.get()
        let files = try MemoryDirectory()
        let data = try MemoryDirectory()
        try certificates.install(authority: "ca", client: "root", into: files)
        var tls = TLSOptions()
        tls.authorityFile = files.path + "/ca.pem"
        tls.certificateFile = files.path + "/client.pem"
        tls.keyFile = files.path + "/client.key"
        let options = tls
        func server(_ name: String, _ authority: String, port: UInt16? = nil) throws -> EtcdServer {
            try EtcdServer(
                port: port, arguments: certificates.flags(name, clientAuthority: authority), scheme: "https",
                tls: options, folder: data)
        }
        var etcd: EtcdServer? = try server("server", "ca")
        let url = try #require(etcd).url
        try etcd?.put(["/certificates/a": "1"])
        let following = try Following(try #require(etcd).backend { $0.tls = options }, "/certificates")
        #expect(following.sees(["/certificates/a": "1"]))
        etcd = nil
        try certificates.install(authority: "otherca", client: "stranger", into: files)
        etcd = try server("otherserver", "otherca", port: try port(url))
        try etcd?.put(["/certificates/a": "2"])
        #expect(following.sees(["/certificates/a": "2"]), "\(following.failures.suffix(1))")
    }

    /// The server takes the common name in the client's certificate for the user.
    @Test func isKnownByItsCertificate() throws {
        let certificates = try Certificates.shared.get()
        let tls = EtcdTLSTests.options(certificates, authority: "ca", client: "root")
        let server = try EtcdServer(
            arguments: certificates.flags("server", clientAuthority: "ca") + " --bcrypt-cost 4", scheme: "https",
            tls: tls)
        try server.put(["/name/a": "1"])
        let files = "--cacert \(certificates.path("ca.pem")) --cert \(certificates.path("root.pem"))"
        let flags = files + " --key \(certificates.path("root.key"))"
        try server.etcdctl("\(flags) user add root:rootpass")
        try server.etcdctl("\(flags) user grant-role root root")
        try server.etcdctl("\(flags) auth enable")
        let following = try Following(try server.backend { $0.tls = tls }, "/name")
        #expect(following.sees(["/name/a": "1"]))
        try server.put(["/name/a": "2"])
        #expect(following.sees(["/name/a": "2"]))
        #expect(following.failures == [])
    }

    private func put(_ server: EtcdServer, _ key: String, _ value: String) throws {
        try server.etcdctl("--user root:rootpass put \(key) \(value)")
    }

    /// etcd forgets its simple tokens when it restarts.
    @Test func renewsItsTokenWhenTheServerHasRestarted() throws {
        let data = try MemoryDirectory()
        let arguments = "--bcrypt-cost 4 --snapshot-count 2"
        var server: EtcdServer? = try EtcdServer(arguments: arguments, folder: data)
        let url = try #require(server).url
        try #require(server).enableAuthentication()
        let backend = try #require(server).backend {
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        let following = try Following(backend, "/open")
        #expect(following.sees(["/open/a": "1"]))
        let token = backend.session.withLock { $0.token }
        // At a restart etcd replays its log from the last snapshot on, logins included, and their tokens stay valid. So more
        // entries than `--snapshot-count` follow the login (etcd 3.4 needs its database file to be newer as well).
        for value in 1...6 { try put(try #require(server), "/closed/a", "\(value)") }
        try server?.etcdctl("--user root:rootpass defrag")
        server = nil
        server = try EtcdServer(port: try port(url), arguments: arguments, folder: data)
        try put(try #require(server), "/open/a", "2")
        #expect(following.sees(["/open/a": "2"]))
        #expect(backend.session.withLock { $0.token } != token)
        // Users change in the middle of the watch, and then it is opened again with what it has.
        try server?.etcdctl("--user root:rootpass user add another:pass")
        try put(try #require(server), "/open/b", "3")
        #expect(following.sees(["/open/a": "2", "/open/b": "3"]))
        #expect(!following.failures.contains { $0.message.contains("token") }, "\(following.failures)")
    }

    /// A signed token ends whether it is used or not. It has to last from the login to its first use, also on a busy machine.
    @Test func renewsATokenThatHasExpired() throws {
        let keys = try MemoryDirectory()
        try Shell.run(
            """
            openssl genrsa -out \(keys.path)/private.pem 2048
            openssl rsa -in \(keys.path)/private.pem -pubout -out \(keys.path)/public.pem
            """)
        let token = "jwt,pub-key=\(keys.path)/public.pem,priv-key=\(keys.path)/private.pem,sign-method=RS256,ttl=10s"
        let server = try EtcdServer(arguments: "--bcrypt-cost 4 --auth-token \(token)")
        try server.enableAuthentication()
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        let following = try Following(backend, "/open")
        #expect(following.sees(["/open/a": "1"]))
        // nil if the token has ended by now, which happens on a busy machine.
        let first = backend.session.withLock { $0.token }
        // Longer than the first token's 10 s; the watch goes on.
        usleep(11_000_000)
        try put(server, "/open/a", "2")
        #expect(following.sees(["/open/a": "2"]))
        #expect(try backend.read("/open") == ["/open/a": "2"])
        #expect(first == nil || backend.session.withLock { $0.token } != first)
        #expect(following.failures == [])
    }

    /// A member that lost its leader says so after about three seconds, and that is noticed at once.
    @Test func noticesThatThereIsNoLeader() throws {
        let cluster = try EtcdCluster()
        var options = EtcdOptions()
        options.endpoints = [cluster.endpoints[0]]
        let following = try Following(try EtcdBackend(options), "/leader")
        #expect(following.sees([:]))
        let message = "etcd: \(cluster.endpoints[0]): watch: no leader (gRPC status 14)"
        cluster.kill(1)
        cluster.kill(2)
        #expect(eventuallyBlocking { following.failures.map(\.message).contains(message) }, "\(following.failures)")
    }
}

import Glibc
import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// The v2 API of a real etcd, its keys put with curl as the old articles do.
@Suite struct EtcdV2Tests {
    static let server = Result { try EtcdServer(arguments: "--enable-v2=true") }
    let server: EtcdServer

    init() throws { server = try Self.server.get() }

    @Test func readsKeysBelowFolders() throws {
        try server.curl("/v2tree/a", "-XPUT -d value=1")
        try server.curl("/v2tree/sub/b", "-XPUT -d value=2")
        try server.curl("/v2tree/sub/deep/er/c", "-XPUT -d value=")
        try server.curl("/v2tree/empty", "-XPUT -d dir=true")
        try server.curl("/v2tree2/a", "-XPUT -d value=other")
        let backend = try server.v2Backend()
        let expected = ["/v2tree/a": "1", "/v2tree/sub/b": "2", "/v2tree/sub/deep/er/c": ""]
        #expect(try backend.read("/v2tree") == expected)
        #expect(try backend.read("/v2tree/sub", "/v2tree/a") == expected)
        #expect(
            try backend.read("/v2tree", "/v2tree/sub", "/v2tree2") == expected.merging(["/v2tree2/a": "other"]) { $1 })
        #expect(try backend.read("/")["/v2tree2/a"] == "other")
    }

    @Test func readsOneKey() throws {
        try server.curl("/v2one/a", "-XPUT -d value=1")
        let backend = try server.v2Backend()
        #expect(try backend.read("/v2one/a") == ["/v2one/a": "1"])
        // Below a key with a value there is nothing, nor where no key is.
        #expect(try backend.read("/v2one/a/b", "/v2none", "/v2one/b") == [:])
    }

    @Test func readsEveryValue() throws {
        let value = "a \"quoted\" \\ <tag> &\t\n\r\u{1}\u{10348}ü"
        try server.curl("/v2odd/a%20b/c%3Fd%2523", "-XPUT --data-urlencode 'value=\(value)'")
        let backend = try server.v2Backend()
        #expect(try backend.read("/v2odd") == ["/v2odd/a b/c?d%23": value])
        #expect(try backend.read("/v2odd/a b/c?d%23") == ["/v2odd/a b/c?d%23": value])
    }

    @Test func readsManyKeys() throws {
        try server.curlMany("/v2many/$((i % 10))/$i", 2_000)
        let backend = try server.v2Backend()
        #expect(try backend.read("/v2many").count == 2_000)
        let parts = (0..<10).map { KeyRange(cleaned: Array("/v2many/\($0)".utf8)) }
        #expect(try backend.snapshot(of: parts, timeout: .seconds(20)).count == 2_000)
    }

    /// Two folders that are read by calls of their own, while a counter in the first is never behind that in the second.
    @Test func seesOneIndex() throws {
        try server.curlMany("/v2pin/$(echo az | cut -c$((i + 1)))/key", 2)
        let url = server.url
        let writer = try WriterThread { round in
            try Shell.run(
                """
                for i in $(seq \(round)0 \(round)9); do
                    curl -sf \(url)/v2/keys/v2pin/a/key -XPUT -d value=$i && curl -sf \(url)/v2/keys/v2pin/z/key -XPUT -d value=$i
                done
                """)
        }
        let backend = try server.v2Backend()
        let sawAWrite = try writer.wasSeen {
            let found = try backend.read("/v2pin/a", "/v2pin/z")
            let (a, z) = (
                try #require(Int(found["/v2pin/a/key"] ?? "")), try #require(Int(found["/v2pin/z/key"] ?? ""))
            )
            #expect(a == z || a == z + 1 || z <= 1, "\(a) \(z)")
            return "\(a)"
        }
        #expect(sawAWrite)
    }

    @Test(arguments: [
        (["/a"], "/a"), (["/a/b", "/a/c"], "/a"), (["/a/b", "/a/bc"], "/a"), (["/a", "/b"], "/"), (["/"], "/"),
        (["/a/b/c", "/a/b/c/d", "/a/b"], "/a/b"),
    ])
    func findsTheSharedFolder(_ paths: [String], _ folder: String) {
        #expect(KeySpan.commonDirectory(of: paths.map { Array($0.utf8) }) == Array(folder.utf8))
    }

    @Test func followsChanges() throws {
        try server.curl("/v2watch/a", "-XPUT -d value=1")
        let following = try Following(try server.v2Backend(), "/v2watch", "/v2watch-too")
        #expect(following.sees(["/v2watch/a": "1"]))
        try server.curl("/v2watch/a", "-XPUT -d value=2")
        #expect(following.sees(["/v2watch/a": "2"]))
        try server.curl("/v2watch2/a", "-XPUT -d value=other")
        try server.curl("/v2watch/sub/b", "-XPUT --data-urlencode 'value=\"x\"'")
        #expect(following.sees(["/v2watch/a": "2", "/v2watch/sub/b": "\"x\""]))
        try server.curl("/v2watch-too", "-XPUT -d value=key")
        try server.curl("/v2watch/a", "-XDELETE")
        #expect(following.sees(["/v2watch/sub/b": "\"x\"", "/v2watch-too": "key"]))
        try server.curl("/v2watch/sub?recursive=true", "-XDELETE")
        #expect(following.sees(["/v2watch-too": "key"]))
        try server.curl("/v2watch?recursive=true", "-XDELETE")
        try server.curl("/v2watch", "-XPUT -d value=now-a-key")
        #expect(following.sees(["/v2watch": "now-a-key", "/v2watch-too": "key"]))
        #expect(following.failuresButTime == [])
        #expect(following.stop())
    }

    @Test func seesKeysAndFoldersExpire() throws {
        let following = try Following(try server.v2Backend(), "/v2ttl")
        #expect(following.sees([:]))
        try server.curl("/v2ttl/a", "-XPUT -d value=1 -d ttl=15")
        try server.curl("/v2ttl/b", "-XPUT -d value=2")
        try server.curl("/v2ttl/folder", "-XPUT -d dir=true -d ttl=15")
        try server.curl("/v2ttl/folder/c", "-XPUT -d value=3")
        #expect(following.sees(["/v2ttl/a": "1", "/v2ttl/b": "2", "/v2ttl/folder/c": "3"]))
        #expect(following.sees(["/v2ttl/b": "2"]))
        #expect(following.failuresButTime == [])
    }

    /// Events that etcd no longer has (it keeps 1,000) must not be missed.
    @Test func readsAnewWhenTheIndexIsCleared() throws {
        let held = Holder()
        let following = try Following(try server.v2Backend(), "/v2clear") { _ in held.wait() }
        #expect(eventuallyBlocking { following.deliveries == 1 })
        try server.curl("/v2clear/a", "-XPUT -d value=1")
        try server.curlMany("/v2noise/$((i % 7))", 1_100)
        try server.curl("/v2clear/b", "-XPUT -d value=2")
        held.release()
        #expect(following.sees(["/v2clear/a": "1", "/v2clear/b": "2"]))
        #expect(following.failuresButTime == [])
    }

    @Test func goesOnAtTheNextEndpoint() throws {
        try server.curl("/v2failover/a", "-XPUT -d value=1")
        let silent = try TCPServer { connection in while connection.read() != nil {} }
        let dead = try Ports.free()
        let backend = try server.v2Backend {
            $0.endpoints = ["127.0.0.1:\(dead)", "127.0.0.1:\(silent.port)", server.url]
        }
        let start = ContinuousClock.now
        #expect(try backend.read("/v2failover") == ["/v2failover/a": "1"])
        // The silent member costs 1.5 s, and a busy machine adds to that; the whole read may take 10 s.
        #expect(start.duration(to: .now) < .seconds(9))
        let following = try Following(backend, "/v2failover")
        #expect(following.sees(["/v2failover/a": "1"]))
        try server.curl("/v2failover/a", "-XPUT -d value=2")
        #expect(following.sees(["/v2failover/a": "2"]))
    }

    @Test func followsARestartedServer() throws {
        var server: EtcdServer? = try EtcdServer(arguments: "--enable-v2=true")
        let url = try #require(server).url
        try server?.curl("/v2restart/a", "-XPUT -d value=1")
        let following = try Following(try #require(server).v2Backend(), "/v2restart")
        #expect(following.sees(["/v2restart/a": "1"]))
        server = nil
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        server = try EtcdServer(
            port: UInt16(url.split(separator: ":").last ?? "") ?? 0, arguments: "--enable-v2=true")
        try server?.curl("/v2restart/b", "-XPUT -d value=2")
        #expect(following.sees(["/v2restart/b": "2"]))
    }

    @Test func readsAsAUser() throws {
        let server = try EtcdServer(arguments: "--enable-v2=true")
        for key in ["open/a", "closed/a"] { try server.curl("/\(key)", "-XPUT -d value=1") }
        func auth(_ path: String, _ body: String) throws {
            try Shell.run("curl -sSf -u root:rootpass \(server.url)/v2/auth/\(path) -XPUT -d '\(body)'")
        }
        try auth("users/root", #"{"user":"root","password":"rootpass"}"#)
        try auth("roles/reading", #"{"role":"reading","permissions":{"kv":{"read":["/open*"],"write":[]}}}"#)
        try auth("users/reader", #"{"user":"reader","password":"reader pass","roles":["reading"]}"#)
        try auth("enable", "")
        try auth("roles/guest", #"{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}"#)
        func backend(_ name: String, _ password: String) throws -> EtcdV2Backend {
            try server.v2Backend {
                $0.credentials = EtcdCredentials(username: name) { Array(password.utf8) }
            }
        }
        #expect(try backend("reader", "reader pass").read("/open") == ["/open/a": "1"])
        let hint = "check -basic-auth, -username and -password; a role of the user has to allow reading"
        for refused in [try backend("reader", "secret-guess"), try backend("stranger", "x"), try server.v2Backend()] {
            let error = try #require(refused.failure("/open"))
            #expect(
                error.message
                    == #"etcd: \#(server.url): get "/open": The request requires user authentication (error 110)"#)
            #expect(error.hint == hint)
        }
        let error = try #require(try backend("reader", "reader pass").failure("/closed"))
        #expect(
            error.message
                == #"etcd: \#(server.url): get "/closed": The request requires user authentication (error 110)"#)
        // Report: what may not be read fails for those alone that need it.
        #expect(error.refused == KeyRange(cleaned: Array("/closed".utf8)))
        let mixed = try #require(try backend("reader", "reader pass").failure("/open", "/closed/a"))
        #expect(mixed.refused == KeyRange(cleaned: Array("/closed/a".utf8)))
        // The directory that holds both is closed to the user, and they are not.
        let both = try backend("reader", "reader pass")
        let following = try Following(both, "/open", "/open-too")
        #expect(following.sees(["/open/a": "1"]))
        try server.curl("/open-too/b", "-u root:rootpass -XPUT -d value=2")
        #expect(following.sees(["/open/a": "1", "/open-too/b": "2"]))
        #expect(following.failuresButTime == [])
    }

    /// How another store comes into the place of the one that is followed, with the same ids.
    enum Exchange: CaseIterable { case filledAsFar, filledBeyond, restored, restoredAndWritten }

    /// Attack: its index is as high as ours was, or higher, when we connect again.
    @Test(arguments: Exchange.allCases) func noticesAnotherStore(_ exchange: Exchange) throws {
        let port = try Ports.free()
        let member = try EtcdMember.alone()
        func start(_ port: UInt16, _ data: MemoryDirectory) throws -> EtcdServer {
            let server = try EtcdServer(
                port: port, arguments: "--enable-v2=true", folder: data, member: member)
            try server.waitUntilHealthy()
            return server
        }
        let (data, otherData) = (try MemoryDirectory(), try MemoryDirectory())
        var server: EtcdServer? = try start(port, data)
        for key in "abcd" { try server?.curl("/history/\(key)", "-XPUT -d value=old") }
        if exchange == .restored || exchange == .restoredAndWritten {
            server = nil
            try Shell.run("cp -r \(data.path)/default \(otherData.path)/default")
            server = try start(port, data)
        }
        let following = try Following(try #require(server).v2Backend(), "/history")
        #expect(following.sees(["/history/a": "old", "/history/b": "old", "/history/c": "old", "/history/d": "old"]))
        // The answer to a poll comes over the connection that the next one waits on.
        try server?.curl("/history/d", "-XDELETE")
        #expect(following.sees(["/history/a": "old", "/history/b": "old", "/history/c": "old"]))
        server = nil
        var expected = ["/history/a": "new"]
        var other: EtcdServer? = try start(Ports.free(), otherData)
        switch exchange {
        case .filledAsFar: for _ in 0..<5 { try other?.curl("/history/a", "-XPUT -d value=new") }
        case .filledBeyond: for _ in 0..<25 { try other?.curl("/history/a", "-XPUT -d value=new") }
        case .restored: expected = Dictionary(uniqueKeysWithValues: "abcd".map { ("/history/\($0)", "old") })
        case .restoredAndWritten:
            expected = ["/history/a": "new", "/history/c": "old", "/history/d": "old"]
            try other?.curl("/history/b", "-XDELETE")
            for _ in 0..<20 { try other?.curl("/history/a", "-XPUT -d value=new") }
        }
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        other = nil
        server = try start(port, otherData)
        #expect(following.sees(expected))
        try server?.curl("/history/e", "-XPUT -d value=newer")
        #expect(following.sees(expected.merging(["/history/e": "newer"]) { $1 }))
        #expect(following.stop())
    }

    /// Events come over one connection: else each would cost a read.
    @Test func keepsItsConnection() throws {
        try server.curl("/v2kept/a", "-XPUT -d value=0")
        let connections = Mutex(0)
        let port = server.port
        let between = try TCPServer { client in
            guard let server = TCPServer.Connection(to: port) else { return }
            connections.withLock { $0 += 1 }
            try? Thread.detach {
                while let bytes = server.read() { client.write(bytes) }
                client.end()
            }
            while let bytes = client.read() { server.write(bytes) }
            server.end()
        }
        let following = try Following(
            try server.v2Backend { $0.endpoints = ["127.0.0.1:\(between.port)"] }, "/v2kept")
        for round in 1...20 {
            try server.curl("/v2kept/a", "-XPUT -d value=\(round)")
            #expect(following.sees(["/v2kept/a": "\(round)"]))
        }
        #expect(connections.withLock { $0 } <= 3)
    }

    @Test func readsOverTLS() throws {
        let certificates = try Certificates.shared.get()
        let server = try EtcdServer(
            arguments: certificates.flags("server", clientAuthority: "ca") + " --enable-v2=true", scheme: "https")
        let files = "--cacert \(certificates.path("ca.pem")) --cert \(certificates.path("root.pem"))"
        try server.curl("/v2tls/a", "-XPUT -d value=1 \(files) --key \(certificates.path("root.key"))")
        let backend = try server.v2Backend {
            $0.tls = EtcdTLSTests.options(certificates, authority: "ca", client: "root")
        }
        #expect(try backend.read("/v2tls") == ["/v2tls/a": "1"])
        let error = try #require(
            try server.v2Backend { $0.tls = EtcdTLSTests.options(certificates, authority: "otherca") }.failure("/v2tls")
        )
        #expect(error.message.contains("server certificate not accepted: signed by an unknown authority"))
        let plain = try #require(
            try server.v2Backend { $0.endpoints = ["127.0.0.1:\(server.port)"] }.failure("/v2tls"))
        let place = #"etcd: http://127.0.0.1:\#(server.port): get "/v2tls": "#
        // Newer Go answers with a status.
        let causes = ["connection broken (Empty reply from server)", "not an answer of the v2 API (HTTP status 400)"]
        #expect(causes.map { place + $0 }.contains(plain.message), "\(plain.message)")
        #expect(plain.hint == "is this etcd's client port? If it uses TLS, write https://")
    }

    @Test func namesAnEtcdWithoutTheAPI() throws {
        let server = try EtcdServer.shared.get()
        let error = try #require(try server.v2Backend().failure("/app"))
        #expect(error.message == #"etcd: \#(server.url): get "/app": not an answer of the v2 API (HTTP status 404)"#)
        #expect(error.hint == "start etcd with --enable-v2=true; for the v3 API use -backend etcd")
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "malformed answer: no X-Etcd-Index"),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "not an answer of the v2 API (HTTP status 502)"),
        ("220 mail ready\r\n", "not a valid HTTP answer"),
        (answer(#"{"action":"get"#), "malformed answer: unexpected end of JSON input"),
        (answer("[]"), "malformed answer: not a JSON object"),
        (answer(#"{"node":{"dir":true,"nodes":[1]}}"#), "malformed answer: a node is no object"),
        (answer(#"{"node":{"key":"/app/a","value":1}}"#), "malformed answer: wrong type in a node"),
        (
            answer(#"{"errorCode":300,"message":"Raft Internal Error"}"#, status: "500 Internal Server Error"),
            "Raft Internal Error (error 300)"
        ),
    ])
    func namesWhatIsWrongWithAnAnswer(_ answer: String, _ cause: String) throws {
        let other = try TCPServer { connection in
            _ = connection.read()
            connection.write(Array(answer.utf8))
        }
        var options = EtcdOptions()
        options.endpoints = ["127.0.0.1:\(other.port)"]
        let error = try #require(try EtcdV2Backend(options).failure("/app", timeout: .seconds(30)))
        let place = #"etcd: http://127.0.0.1:\#(other.port): get "/app": "#
        #expect(error.message.hasPrefix(place + cause), "\(error.message)")
    }

    private static func answer(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nX-Etcd-Index: 5\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

extension TCPServer.Connection {
    fileprivate func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// Holds a thread up until it is released.
private final class Holder: Sendable {
    private let isHeld = Mutex(true)

    func wait() { _ = eventuallyBlocking { !self.isHeld.withLock { $0 } } }

    func release() { isHeld.withLock { $0 = false } }
}

extension EtcdServer {
    func v2Backend(_ change: (inout EtcdOptions) -> Void = { _ in }) throws -> EtcdV2Backend {
        var options = EtcdOptions()
        options.endpoints = [url]
        change(&options)
        return try EtcdV2Backend(options)
    }

    /// Runs curl with `arguments` on the key `path`, which is part of a URL.
    func curl(_ path: String, _ arguments: String) throws {
        try Shell.run("curl -sSf '\(url)/v2/keys\(path)' \(arguments)")
    }

    /// Puts the value 1 at `path` for each `$i` from 0 to `count` - 1, over one connection; the shell expands `path`.
    fileprivate func curlMany(_ path: String, _ count: Int) throws {
        try Shell.run(
            """
            for i in $(seq 0 \(count - 1)); do
                printf 'url=%s\\ndata=value=1\\nrequest=PUT\\noutput=/dev/null\\nnext\\n' "\(url)/v2/keys\(path)"
            done | sed '$d' | curl -sSf -K -
            """)
    }
}

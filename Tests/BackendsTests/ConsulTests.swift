import Glibc
import HTTP
import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Reading from consul, and when it is read again. The answers are those of a stand-in.
@Suite struct ConsulTests {
    private static func options(
        _ port: UInt16, _ values: [String: BackendOptions.Value] = [:],
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> ConsulOptions {
        var options = BackendOptions()
        options["node"] = .list(["127.0.0.1:\(port)"])
        for (name, value) in values { options[name] = value }
        var result = try ConsulOptions(options, warn: warn)
        result.longestWait = .seconds(1)
        return result
    }

    private func backend(
        _ server: ConsulStandIn, _ values: [String: BackendOptions.Value] = [:],
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> ConsulBackend {
        ConsulBackend(try Self.options(server.port, values, warn: warn))
    }

    @Test func readsAsTheDocumentationSays() throws {
        let server = try ConsulStandIn()
        server.write([("app/name", "shop"), ("app/db/host", "10.0.0.7"), ("app2", "other"), ("zap", nil), ("top", "t")])
        let backend = try backend(server)
        #expect(try backend.read("/app") == ["/app/name": "shop", "/app/db/host": "10.0.0.7"])
        #expect(try backend.read("/app/name", "/top", "/none") == ["/app/name": "shop", "/top": "t"])
        #expect(try backend.read("/app", "/app/db") == ["/app/name": "shop", "/app/db/host": "10.0.0.7"])
        #expect(try backend.read("/").count == 4)
        #expect(try backend.read("/none") == [:] && backend.read("/none", "/never") == [:])
        #expect(try ConsulBackend(Self.options(server.port)).snapshot(of: [], timeout: .seconds(5)).isEmpty)
        let paths = server.calls.map { "\($0.method) \($0.path)" }
        #expect(
            Array(paths.prefix(4)) == [
                "GET /v1/kv/app?recurse", "PUT /v1/txn", "GET /v1/kv/app?recurse", "GET /v1/kv/?recurse",
            ])
        #expect(
            server.calls[1].body
                == #"[{"KV":{"Verb":"get-tree","Key":"app/name"}},{"KV":{"Verb":"get-tree","Key":"none"}},"#
                + #"{"KV":{"Verb":"get-tree","Key":"top"}}]"#)
    }

    /// Keys are cleaned as in confd 0.17, with `path.Join("/", key)`; but where two keys have the same path, the one
    /// whose name is that path counts.
    @Test func foldersAndOddNames() throws {
        let server = try ConsulStandIn()
        server.write([
            ("odd/", nil), ("odd/folder/", ""), ("odd/both", "value"), ("odd/both/", ""), ("odd//twice", "2"),
            ("odd/a b%c", "blank"), ("odd/ü", "umlaut"), ("odd/\"q\\", "quoted"),
        ])
        #expect(
            try backend(server).read("/odd") == [
                "/odd/folder": "", "/odd/both": "value", "/odd/twice": "2", "/odd/a b%c": "blank", "/odd/ü": "umlaut",
                "/odd/\"q\\": "quoted",
            ])
        #expect(try backend(server).read("/odd/a b%c") == ["/odd/a b%c": "blank"])
        #expect(server.calls.last?.path == "/v1/kv/odd/a%20b%25c?recurse")
        #expect(try backend(server).read("/odd/ü", "/odd/\"q\\") == ["/odd/ü": "umlaut", "/odd/\"q\\": "quoted"])
    }

    @Test func readsEveryByteAndManyKeys() throws {
        let server = try ConsulStandIn()
        let bytes = (0...255).map { UInt8($0) }
        server.write(bytes: [("bin/all", bytes), ("bin/none", []), ("bin/zero", [0])])
        let ranges = [KeyRange(cleaned: Array("/bin".utf8))]
        let found = try backend(server).snapshot(of: ranges, timeout: .seconds(20)).pairs.map(\.value)
        #expect(found == [bytes, [], [0]])
        server.write((0..<5_000).map { ("many/\($0)", String(repeating: "v", count: $0 % 300)) })
        #expect(try backend(server).read("/many").count == 5_000)
    }

    /// Seventeen directories are read at once from the one that they have in common.
    @Test func readsManyPrefixes() throws {
        let server = try ConsulStandIn()
        server.write((0..<40).map { ("top/p\($0)/a", "\($0)") })
        let ranges = (0..<17).map { KeyRange(cleaned: Array("/top/p\($0)".utf8)) }
        let found = try backend(server).snapshot(of: ranges, timeout: .seconds(20))
        #expect(found.count == 17)
        #expect(server.calls.map(\.path) == ["/v1/kv/top?recurse"])
        let following = try Following(try backend(server), ranges)
        #expect(eventuallyBlocking { following.last?.count == 17 })
        server.write([("top/p3/b", "new")])
        #expect(eventuallyBlocking { following.last?.count == 18 })
        #expect(following.stop() && following.failures == [])
    }

    /// Keys of several directories that are written together are never seen in parts.
    @Test func severalDirectoriesAreOfOneMoment() throws {
        let server = try ConsulStandIn()
        server.write([("one/a", "0"), ("two/b", "0"), ("three/c", "0")])
        let writer = try WriterThread { number in
            server.write([("one/a", "\(number)"), ("two/b", "\(number)"), ("three/c", "\(number)")])
        }
        let torn = Mutex(0)
        let following = try Following(try backend(server), "/one", "/two", "/three") { snapshot in
            if Set(snapshot.texts.values).count != 1 { torn.withLock { $0 += 1 } }
        }
        let backend = try backend(server)
        let sawAWrite = try writer.wasSeen {
            let values = Set(try backend.read("/one", "/two", "/three").values)
            #expect(values.count == 1)
            return values.first ?? "none"
        }
        #expect(sawAWrite)
        #expect(following.sees(try backend.read("/one", "/two", "/three")))
        #expect(torn.withLock { $0 } == 0 && following.failures == [])
        #expect(following.stop())
    }

    // MARK: Watching

    @Test func waitsWithTheIndex() throws {
        let server = try ConsulStandIn(index: 41)
        server.write([("app/a", "1"), ("web/b", "1")])
        let following = try Following(try backend(server), "/app", "/web")
        #expect(following.sees(["/app/a": "1", "/web/b": "1"]))
        let questions = ["/v1/kv/app?keys&separator=/", "/v1/kv/web?keys&separator=/"]
        let waits = questions.map { $0 + "&index=42&wait=1s" }
        #expect(eventuallyBlocking { Set(waits).isSubset(of: server.calls.map(\.path)) })
        #expect(Set(questions).isSubset(of: server.calls.map(\.path)))
        // A write elsewhere does not change the index of these directories.
        server.write([("else", "x")])
        server.write([("web/b", "2")])
        #expect(following.sees(["/app/a": "1", "/web/b": "2"]))
        #expect(eventuallyBlocking { server.calls.contains { $0.path == questions[1] + "&index=44&wait=1s" } })
        // Waits that end without a change lead to no read.
        let reads = server.calls.filter { $0.path == "/v1/txn" }.count
        let asked = server.calls.count
        #expect(eventuallyBlocking { server.calls.count > asked + 4 })
        #expect(server.calls.filter { $0.path == "/v1/txn" }.count <= reads + 2)
        #expect(following.deliveries == 2 && following.failures == [])
        #expect(following.stop())
    }

    /// A snapshot of an earlier time was restored: the index starts over.
    @Test func anIndexThatGoesBackwards() throws {
        let server = try ConsulStandIn(index: 1_000)
        server.write([("back/a", "new")])
        let following = try Following(try backend(server), "/back")
        #expect(following.sees(["/back/a": "new"]))
        server.restore(["back/a": "old"], index: 7)
        #expect(following.sees(["/back/a": "old"]))
        server.write([("back/a", "newer")])
        #expect(following.sees(["/back/a": "newer"]))
        let waits = server.calls.map(\.path).filter { $0.contains("index=") }
        #expect(waits.contains { $0.contains("index=7&") } || waits.contains { $0.contains("index=8&") })
        #expect(following.stop() && following.failures == [])
    }

    /// With ten changes while one is read, it is read once more, not ten times.
    @Test func readingIsSeldomWhereKeysChangeAllTheTime() throws {
        let server = try ConsulStandIn()
        server.write([("busy/a", "0")])
        let following = try Following(try backend(server), "/busy")
        #expect(following.sees(["/busy/a": "0"]))
        let start = ContinuousClock.now
        let writer = try WriterThread { number in
            server.write([("busy/a", "\(number)")])
            usleep(2_000)
        }
        // Counts the reads of at least two seconds.
        _ = eventuallyBlocking(seconds: 2) { false }
        #expect(try writer.stop() > 0)
        let reads = server.calls.filter { $0.path == "/v1/kv/busy?recurse" }.count
        let seconds = Double(start.duration(to: .now).components.seconds + 1)
        #expect(Double(reads) <= seconds * 10 + 2, "\(reads) reads in \(seconds) s")
        #expect(following.sees(try backend(server).read("/busy")))
        #expect(following.stop())
    }

    // MARK: Options

    @Test(
        "where nodes are",
        arguments: [
            ([:], "http://a:1"), (["scheme": .text("https")], "https://a:1"),
            (["client-ca-keys": .text("/ca.pem")], "https://a:1"),
            (["client-ca-keys": .text("/ca.pem"), "scheme": .text("http")], "http://a:1"),
            (["client-cert": .text("/c.pem"), "client-key": .text("/k.pem")], "https://a:1"),
        ] as [([String: BackendOptions.Value], String)])
    func schemes(_ values: [String: BackendOptions.Value], _ url: String) throws {
        var options = BackendOptions()
        options["node"] = .list(["a:1"])
        for (name, value) in values { options[name] = value }
        #expect(try ConsulOptions(options) { _ in }.nodes.map(\.url) == [url])
        #expect(ConsulKind().sources(of: options) == [url] && ConsulKind().problems(of: options) == [])
    }

    @Test func nodesHaveConsulsPorts() throws {
        func url(_ node: String) throws -> String { try HTTPNode(node, of: .consul).url }
        #expect(try url("host") == "http://host:8500" && url("https://host/") == "https://host:8501")
        #expect(try url("[::1]") == "http://[::1]:8500" && url("HTTPS://[::1]:1") == "https://[::1]:1")
        #expect(try ConsulOptions(BackendOptions()) { _ in }.nodes.map(\.url) == ["http://127.0.0.1:8500"])
        for (node, message) in [
            ("me:s3cret@a", "a node address must not hold a user name or password"),
            ("a b", "not a node address: \"a b\""), ("ftp://a", "unknown scheme in a node address: \"ftp\""),
            ("a:99999", "not a node address: \"a:99999\""), ("", "not a node address: \"\""),
        ] {
            var options = BackendOptions()
            options["node"] = .list([node])
            guard case .element(_, 0, let error)? = ConsulKind().problems(of: options).first else {
                Issue.record("\(node) is no problem")
                continue
            }
            #expect(error.message == "consul: " + message && error.hint != nil && error.kind == .configuration)
        }
    }

    @Test func sendsTokenAndUser() throws {
        let folder = try MemoryDirectory()
        let server = try ConsulStandIn(token: "t-1")
        server.write([("a", "1")])
        try Shell.run("printf 't-1\\n' > \(folder.path)/token")
        let values: [String: BackendOptions.Value] = [
            "auth-token-file": .text(folder.path + "/token"), "auth-token": .text("other"), "username": .text("me"),
            "password": .text("pass"),
        ]
        let backend = try backend(server, values)
        #expect(try backend.read("/a") == ["/a": "1"])
        #expect(server.calls.last?.headers["authorization"] == "Basic bWU6cGFzcw==")
        // The file is read again.
        server.change(token: "t-2")
        try Shell.run("printf t-2 > \(folder.path)/token")
        #expect(try backend.read("/a") == ["/a": "1"])
        _ = try self.backend(server, values.merging(["basic-auth": .flag(false)]) { $1 }).read("/a")
        #expect(server.calls.last?.headers["authorization"] == nil)
        let unknown = try #require(try self.backend(server, ["auth-token": .text("s3cret")]).failure("/a"))
        #expect(
            unknown.message
                == "consul: http://127.0.0.1:\(server.port): read \"/a\": ACL not found (HTTP status 403)")
        #expect(unknown.hint?.contains("-auth-token-file") == true && unknown.refused == nil)
        let twoLines = try #require(try self.backend(server, ["auth-token": .text("a\r\nb: c")]).failure("/a"))
        #expect(twoLines.message == "consul: the token is none" && twoLines.kind == .configuration)
        let absent = try #require(try self.backend(server, ["auth-token-file": .text("/none")]).failure("/a"))
        #expect(absent.message.hasPrefix("token file: open /none"))
    }

    /// Consul leaves out what a token may not read: a warning says so, once.
    @Test func keysThatAPolicyHidesAreAWarning() throws {
        let server = try ConsulStandIn()
        server.write([("app/a", "1")])
        server.hideSomething()
        let warnings = Mutex<[String]>([])
        let backend = try backend(server) { text in warnings.withLock { $0.append(text) } }
        for _ in 0..<2 { #expect(try backend.read("/app") == ["/app/a": "1"]) }
        #expect(
            warnings.withLock { $0 } == [
                "consul: the token may not read all keys that begin with \"app\": the others are as if absent"
            ])
    }

    @Test func asksTheNextNode() throws {
        let server = try ConsulStandIn()
        server.write([("a", "1")])
        let closed = try Ports.free()
        let leaderless = try HTTPServer { _ in .init(500, "No cluster leader") }
        var options = try Self.options(server.port)
        options.nodes = try [closed, leaderless.port, server.port].map {
            try HTTPNode("127.0.0.1:\($0)", of: .consul)
        }
        #expect(try ConsulBackend(options).read("/a") == ["/a": "1"])
        let following = try Following(ConsulBackend(options), "/a")
        #expect(following.sees(["/a": "1"]))
        #expect(following.stop() && following.failures == [])
        options.nodes.removeLast()
        let failure = try #require(ConsulBackend(options).failure("/a"))
        #expect(
            failure.message == "consul: http://127.0.0.1:\(closed): read \"/a\": connection refused; "
                + "http://127.0.0.1:\(leaderless.port): read \"/a\": No cluster leader (HTTP status 500)")
        #expect(failure.hint == "the cluster has no leader: consul operator raft list-peers")
    }

    /// With openssl for a server, which answers each path with a file.
    @Test func readsOverTLS() throws {
        let certificates = try Certificates.shared.get()
        let folder = try MemoryDirectory()
        let body = #"[{"Key":"tls/a","Value":"MQ=="}]"#
        let head = "HTTP/1.1 200 OK\\r\\nX-Consul-Index: 5\\r\\nContent-Length: \(body.utf8.count)\\r\\n\\r\\n"
        try Shell.run("mkdir -p \(folder.path)/v1/kv; printf '\(head)\(body)' > '\(folder.path)/v1/kv/tls?recurse'")
        let port = try Ports.free()
        let name = certificates.path("server")
        let server = try BackgroundProcess(
            "env -C \(folder.path) openssl s_server -accept 127.0.0.1:\(port) -cert \(name).pem -key \(name).key "
                + "-CAfile \(certificates.path("ca.pem")) -Verify 1 -HTTP -quiet")
        func backend(_ authority: String, certificate: String? = "root", _ node: String? = nil) throws -> ConsulBackend
        {
            var values: [String: BackendOptions.Value] = [
                "client-ca-keys": .text(certificates.path(authority)), "scheme": .text("https"),
            ]
            if let node { values["node"] = .list([node]) }
            if let certificate {
                values["client-cert"] = .text(certificates.path(certificate + ".pem"))
                values["client-key"] = .text(certificates.path(certificate + ".key"))
            }
            return ConsulBackend(try Self.options(port, values))
        }
        try withExtendedLifetime(server) {
            // The server has one connection at a time: each backend is dropped before the next one connects.
            #expect(eventuallyBlocking { (try? backend("ca.pem").read("/tls")) == ["/tls/a": "1"] })
            let rows: [(() throws -> ConsulBackend, String)] = [
                ({ try backend("otherca.pem") }, "server certificate not accepted: signed by an unknown authority"),
                ({ try backend("none.pem") }, "CA file cannot be used"),
                ({ try backend("ca.pem", certificate: nil) }, ""),
                ({ try backend("ca.pem", "http://127.0.0.1:\(port)") }, ""),
            ]
            for (backend, message) in rows {
                let failure = try #require(backend().failure("/tls"))
                #expect(failure.message.contains(": read \"/tls\": \(message)"), "\(failure.message)")
                #expect(failure.kind == (message.hasPrefix("CA") ? .configuration : .unreachable))
            }
        }
    }
}

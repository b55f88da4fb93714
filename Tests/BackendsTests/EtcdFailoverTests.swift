import HTTP
import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite struct EtcdFailoverTests {
    let server: EtcdServer

    init() throws { server = try EtcdServer.shared.get() }

    /// A backend that tries `endpoints` in this order.
    private func backend(_ endpoints: [String]) throws -> EtcdBackend {
        var options = EtcdOptions()
        options.endpoints = endpoints
        while true {
            let backend = try EtcdBackend(options)
            let names = backend.members.endpoints.map(\.name)
            if zip(names, endpoints).allSatisfy({ $0.hasSuffix($1) }) || endpoints.count == 1 { return backend }
        }
    }

    @Test func namesARefusedConnection() throws {
        let port = try Ports.free()
        let error = try #require(try backend(["127.0.0.1:\(port)"]).failure("/app"))
        #expect(error.message == #"etcd: http://127.0.0.1:\#(port): range "/app": connection refused"#)
        #expect(error.hint == "is etcd running there? Unless it is told otherwise, it listens at port 2379")
        #expect(error.kind == .unreachable)
    }

    /// Found by a newcomer: etcd's port for its peers takes connections, and breaks them off.
    @Test(arguments: [
        ("2380", HTTPError.Kind.reset, "that for clients is 2379"),
        ("4001", .refused, "etcd listens at port 2379 today"),
        ("2379", .refused, "is etcd running there?"),
    ])
    func namesThePortForClients(_ port: String, _ kind: HTTPError.Kind, _ expected: String) throws {
        let endpoint = try Endpoint("127.0.0.1:\(port)", encryptedByDefault: false, serverName: nil)
        let failure = EtcdFailure(endpoint, .watch, .transport(HTTPError(kind)))
        #expect(EtcdFailure.error([failure]).hint?.contains(expected) == true)
    }

    @Test func namesAHostThatIsUnknown() throws {
        let error = try #require(try backend(["no-such-host.invalid"]).failure("/", timeout: .seconds(5)))
        #expect(error.message == #"etcd: http://no-such-host.invalid:2379: range "/": host name not found"#)
    }

    @Test func namesEveryEndpointThatFailed() throws {
        let ports = try [Ports.free(), Ports.free()]
        let error = try #require(try backend(ports.map { "127.0.0.1:\($0)" }).failure("/app"))
        for port in ports {
            #expect(error.message.contains(#"http://127.0.0.1:\#(port): range "/app": connection refused"#))
        }
    }

    @Test func goesOnAtTheNextEndpoint() throws {
        try server.put(["/failover/a": "1"])
        let resetting = try TCPServer { $0.resetOnClose() }
        let closing = try TCPServer { _ = $0.read() }
        let leaderless = try ScriptedServer { _ in ScriptedServer.Reply(status: 14, message: "etcdserver: no leader") }
        let dead = [
            "127.0.0.1:\(try Ports.free())", "127.0.0.1:\(resetting.port)", "127.0.0.1:\(closing.port)", leaderless.url,
        ]
        let backend = try backend(dead + [server.url])
        #expect(try backend.read("/failover") == ["/failover/a": "1"])
        let calls = leaderless.calls.count
        // The endpoint that answered is now the first.
        #expect(try backend.read("/failover") == ["/failover/a": "1"])
        #expect(leaderless.calls.count == calls)
    }

    /// A member accepts connections and does not answer.
    @Test func goesOnWithinTwoSecondsWhenAnEndpointIsSilent() throws {
        try server.put(["/silent/a": "1"])
        let silent = try TCPServer { connection in while connection.read() != nil {} }
        let backend = try backend(["127.0.0.1:\(silent.port)", server.url])
        let start = ContinuousClock.now
        #expect(try backend.read("/silent") == ["/silent/a": "1"])
        // The silent member costs 1.5 s, and a busy machine adds to that; the whole read may take 10 s.
        #expect(start.duration(to: .now) < .seconds(9))
    }

    @Test func endsInTime() throws {
        let silent = try TCPServer { connection in while connection.read() != nil {} }
        let start = ContinuousClock.now
        let error = try #require(try backend(["127.0.0.1:\(silent.port)"]).failure("/app", timeout: .seconds(3)))
        #expect(
            error.message
                == #"etcd: http://127.0.0.1:\#(silent.port): range "/app": no complete answer within the time limit"#)
        #expect(start.duration(to: .now) < .seconds(9), "not the 10 s that a read may take by default")
    }

    @Test(arguments: [
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "220 mail ready\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{16}", "",
    ])
    func namesAServerThatIsNotEtcd(_ answer: String) throws {
        let other = try TCPServer { connection in
            _ = connection.read()
            connection.write(Array(answer.utf8))
        }
        let error = try #require(try backend(["127.0.0.1:\(other.port)"]).failure("/app", timeout: .seconds(30)))
        let place = #"etcd: http://127.0.0.1:\#(other.port): range "/app": "#
        #expect(error.message.hasPrefix(place + "connection broken ("), "\(error.message)")
        #expect(error.hint == "is this etcd's client port? If it uses TLS, write https://")
    }

    @Test func shufflesTheEndpoints() throws {
        let nodes = (1...8).map { "10.0.0.\($0)" }
        var firsts: Set<String> = []
        for _ in 0..<100 {
            var options = EtcdOptions()
            options.endpoints = nodes
            let backend = try EtcdBackend(options)
            #expect(Set(backend.members.endpoints.map(\.url)) == Set(nodes.map { "http://\($0):2379" }))
            firsts.insert(backend.members.endpoints[0].url)
        }
        #expect(firsts.count > 3)
    }

    @Test func findsARestartedServerOnItsKeptConnection() throws {
        var server: EtcdServer? = try EtcdServer()
        let url = try #require(server).url
        try server?.put(["/restart/a": "1"])
        let backend = try backend([url])
        #expect(try backend.read("/restart") == ["/restart/a": "1"])
        server = nil
        #expect(backend.failure("/restart")?.message.hasSuffix("connection refused") == true)
        server = try EtcdServer(port: UInt16(url.split(separator: ":").last ?? "") ?? 0)
        #expect(try backend.read("/restart") == [:])
    }

    /// A kept connection that the server closes meanwhile is no failure.
    @Test func replacesAStaleConnection() throws {
        let reads = Mutex(0)
        let server = try ScriptedServer { call in
            // Two calls are a read.
            let isLastOfARead = call % 4 == 3
            let wait: @Sendable () -> Void = { _ = eventuallyBlocking { reads.withLock { $0 } > call / 2 } }
            return ScriptedServer.Reply(EtcdMalformedTests.page([])).with { $0.goesAway = isLastOfARead ? wait : nil }
        }
        let backend = try server.backend()
        for _ in 0..<20 {
            #expect(try backend.read("/stale") == [:])
            reads.withLock { $0 += 1 }
        }
        #expect(server.calls.count == 40)
    }
}

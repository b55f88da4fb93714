import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite struct EtcdAuthTests {
    /// A server with authentication: `root`, and `reader` that may read `/open/` and `/open`.
    static let server = Result {
        let server = try EtcdServer(arguments: "--bcrypt-cost 4")
        try server.enableAuthentication()
        return server
    }
    let server: EtcdServer

    init() throws { server = try Self.server.get() }

    private func backend(_ name: String, _ password: String) throws -> EtcdBackend {
        try server.backend {
            $0.credentials = EtcdCredentials(username: name) { Array(password.utf8) }
        }
    }

    @Test func readsAsAUser() throws {
        #expect(try backend("reader", "readerpass").read("/open") == ["/open/a": "1"])
        #expect(try backend("root", "rootpass").read("/").count == 2)
    }

    @Test func namesTheRangeThatMayNotBeRead() throws {
        let error = try #require(try backend("reader", "readerpass").failure("/open", "/closed"))
        #expect(error.message == #"etcd: \#(server.url): range "/closed": permission denied (gRPC status 7)"#)
        // Both permissions that the range needs: one after the other would be asked for.
        #expect(
            error.hint
                == "let a role of the user read it and what is below it: etcdctl role grant-permission ROLE read /closed "
                + "&& etcdctl role grant-permission ROLE --prefix=true read /closed/")
    }

    /// The commands of the hint, as they stand, grant all that is needed.
    @Test(arguments: ["/half", "/", "/_confd/rollout/shops/shop.toml", "/it's; exit 1"])
    func oneHintGrantsAllThatIsNeeded(_ path: String) throws {
        let server = try EtcdServer(arguments: "--bcrypt-cost 4")
        try server.enableAuthentication()
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        let hint = try #require(backend.failure(path)?.hint)
        let commands = try #require(hint.firstRange(of: ": ").map { hint[$0.upperBound...] })
        for command in commands.split(separator: " && ") {
            let arguments = command.replacing("etcdctl ", with: "").replacing("ROLE", with: "reading")
            try server.etcdctl("--user root:rootpass \(arguments)")
        }
        let keys = try backend.read(path)
        #expect(keys.count == (path == "/" ? 2 : 0), "\(hint)")
        if path.hasPrefix("/_confd/") {
            var transaction = Transaction()
            transaction.change(.put(Array("\(path)/current".utf8), value: [1]))
            let isMade = try backend.commit(transaction, timeout: .seconds(10), cancellation: try Cancellation())
            #expect(isMade)
        }
    }

    @Test func namesAWrongPassword() throws {
        for name in ["reader", "nobody"] {
            let error = try #require(try backend(name, "secret-guess").failure("/open"))
            #expect(
                error.message
                    == "etcd: \(server.url): authenticate: authentication failed, invalid user ID or password (gRPC status 3)"
            )
            #expect(error.hint == "check -username, and -password-file or -password")
            #expect(!error.message.contains("secret-guess"))
        }
    }

    @Test func asksForAUserWhenNoneIsGiven() throws {
        let error = try #require(try server.backend().failure("/open"))
        #expect(error.message == #"etcd: \#(server.url): range "/open": user name is empty (gRPC status 3)"#)
        #expect(error.hint == "etcd asks for a user: give -username and -password")
    }

    @Test func passesOnWhyAPasswordCannotBeRead() throws {
        let reason = BackendError(.configuration, "open /run/secret: no such file or directory")
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") { () throws(BackendError) in throw reason }
        }
        #expect(backend.failure("/open") == reason)
    }

    /// etcd extends a simple token each time it is used. The test sets an invalid one, which etcd refuses like one that
    /// has expired.
    @Test func renewsItsToken() throws {
        let asked = Mutex(0)
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") {
                asked.withLock { $0 += 1 }
                return Array("readerpass".utf8)
            }
        }
        for round in 1...3 {
            backend.session.withLock { $0.token = "expired.\(round)" }
            #expect(try backend.read("/open") == ["/open/a": "1"])
            #expect(asked.withLock { $0 } == round)
            // The new token is kept.
            #expect(try backend.read("/open") == ["/open/a": "1"])
            #expect(asked.withLock { $0 } == round)
        }
    }

    /// A server with signed tokens, which end after `lifetime`, however much they are used. It needs the directory as long as it runs.
    private func serverWithSignedTokens(lifetime: String) throws -> (EtcdServer, MemoryDirectory) {
        let keys = try MemoryDirectory()
        try Shell.run(
            "cd \(keys.path) && openssl genrsa -out private.pem 2048 && openssl rsa -in private.pem -pubout -out public.pem"
        )
        let server = try EtcdServer(
            arguments:
                "--bcrypt-cost 4 --auth-token jwt,pub-key=\(keys.path)/public.pem,priv-key=\(keys.path)/private.pem,"
                + "sign-method=RS256,ttl=\(lifetime)")
        try server.enableAuthentication()
        return (server, keys)
    }

    @Test func outlivesItsTokens() throws {
        let (server, keys) = try serverWithSignedTokens(lifetime: "2s")
        defer { _ = keys }
        let proxy = try Proxy(to: server.port)
        let backend = try server.backend {
            $0.endpoints = ["http://127.0.0.1:\(proxy.port)"]
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        let following = try Following(backend, "/open")
        #expect(following.sees(["/open/a": "1"]))
        for value in ["2", "3"] {
            #expect(eventuallyBlocking { Self.hasNoValidToken(backend) })
            // The watch goes on without it, and a new one needs a new token.
            try server.etcdctl("--user root:rootpass put /open/a \(value)")
            #expect(following.sees(["/open/a": value]))
            proxy.cut()
            try server.etcdctl("--user root:rootpass put /open/a \(value)0")
            #expect(following.sees(["/open/a": "\(value)0"]), "\(following.failures)")
        }
        #expect(following.stop())
    }

    /// Whether the session has no token (a call that took too long drops it), or one that etcd refuses.
    private static func hasNoValidToken(_ backend: EtcdBackend) -> Bool {
        guard let token = backend.session.withLock({ $0.token }) else { return true }
        let request = RangeRequest(key: Array("/open".utf8), rangeEnd: [])
        let channel = backend.channel(to: backend.members.endpoints[0])
        do throws(GRPCFailure) {
            _ = try channel.start(.range, request.encoded, token: token, deadline: .now.advanced(by: .seconds(5)))
                .wait()
            return false
        } catch { return EtcdRefusal(error) == .invalidToken }
    }

    /// Every change of a user or role makes etcd refuse all signed tokens that it gave before.
    @Test func renewsItsTokenWhenPermissionsChange() throws {
        let (server, keys) = try serverWithSignedTokens(lifetime: "1h")
        defer { _ = keys }
        let asked = Mutex(0)
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") {
                asked.withLock { $0 += 1 }
                return Array("readerpass".utf8)
            }
        }
        for _ in 0..<2 { #expect(try backend.read("/open") == ["/open/a": "1"]) }
        #expect(asked.withLock { $0 } == 1)
        try server.etcdctl("--user root:rootpass role add another")
        for _ in 0..<2 { #expect(try backend.read("/open") == ["/open/a": "1"]) }
        #expect(asked.withLock { $0 } == 2)
    }

    @Test func goesOnWhenAuthenticationIsOff() throws {
        let server = try EtcdServer.shared.get()
        try server.put(["/authless/a": "1"])
        let warnings = Mutex<[String]>([])
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "root") { Array("secret".utf8) }
            $0.warn = { warning in warnings.withLock { $0.append(warning) } }
        }
        #expect(try backend.read("/authless") == ["/authless/a": "1"])
        #expect(try backend.read("/authless") == ["/authless/a": "1"])
        #expect(
            warnings.withLock { $0 } == [
                "etcd: \(server.url): authentication is not enabled, going on without the user name that was given"
            ])
    }
}

import HTTP
import KeyValue
import Posix
import TestSupport
import Testing

@testable import Backends

/// Leases and writes of a real etcd, by its v3 API.
@Suite struct EtcdLeaseTests {
    let server: EtcdServer
    let backend: EtcdBackend

    init() throws {
        server = try EtcdServer.shared.get()
        backend = try server.backend()
    }

    @Test func grantsAndKeepsAlive() throws {
        let lease = Lease(id: 101, seconds: 30)
        #expect(try backend.grant(lease) == .seconds(30))
        // It is there already.
        #expect(try backend.grant(lease) == .seconds(30))
        #expect(try backend.keepAlive(lease) == LeaseState(lifetime: .seconds(30)))
        // etcd grants at least one and a half of its election time.
        #expect(try backend.grant(Lease(id: 102, seconds: 1)) == .seconds(2))
        #expect(try backend.keepAlive(Lease(id: 103, seconds: 30)) == .ended)
    }

    @Test func tellsWhichKeysALeaseHolds() throws {
        let lease = Lease(id: 111, seconds: 30)
        _ = try backend.grant(lease)
        guard case .put(let version) = backend.write("/held-by-lease/held", "1", 0, lease) else {
            Issue.record("not put")
            return
        }
        _ = backend.write("/held-by-lease/more", "1", 0, lease)
        let keys = [
            bytes("/held-by-lease/held"): StoredKey(value: bytes("1"), version: version, holder: .lease(111)),
            bytes("/held-by-lease/none"): StoredKey(value: bytes("1"), version: 7, holder: .lease(111)),
        ]
        let state = try backend.keepAlive(lease, holding: keys)
        #expect(state.held == [bytes("/held-by-lease/held"): version, bytes("/held-by-lease/more"): 0])
        #expect(state.lost == [bytes("/held-by-lease/none")] && state.lifetime == .seconds(30))
        // A put without a lease takes the key off it.
        try server.put(["/held-by-lease/held": "2"])
        #expect(try backend.keepAlive(lease, holding: keys).lost == Set(keys.keys))
    }

    @Test func writesOnlyWhatHasTheVersion() throws {
        let lease = Lease(id: 121, seconds: 30)
        _ = try backend.grant(lease)
        guard case .put(let first) = backend.write("/write/a", "1", 0, lease) else {
            Issue.record("not put")
            return
        }
        #expect(try backend.read("/write") == ["/write/a": "1"])
        let found = StoredKey(value: bytes("1"), version: first, holder: .lease(121))
        #expect(backend.write("/write/a", "2", 0, lease) == .found(found))
        #expect(backend.write("/write/a", "2", first - 1, lease) == .found(found))
        #expect(backend.write("/write/a", nil, 0, lease) == .found(found))
        #expect(backend.write("/write/a", nil, first - 1, lease) == .found(found))
        // A wiped store begins with low revisions again, so the version alone is not enough: the lease must be the same.
        let other = Lease(id: 122, seconds: 30)
        _ = try backend.grant(other)
        #expect(backend.write("/write/a", "2", first, other) == .found(found))
        guard case .put(let second) = backend.write("/write/a", "2", first, lease) else {
            Issue.record("not put")
            return
        }
        #expect(second > first)
        #expect(backend.write("/write/a", nil, second, lease) == .absent)
        #expect(backend.write("/write/a", nil, 0, lease) == .absent)
        #expect(backend.write("/write/a", "3", second, lease) == .absent)
        #expect(try backend.read("/write") == [:])
    }

    @Test func tellsWhoHoldsAKey() throws {
        let (lease, other) = (Lease(id: 131, seconds: 30), Lease(id: 132, seconds: 30))
        for lease in [lease, other] { _ = try backend.grant(lease) }
        _ = backend.write("/holder/a", "1", 0, other)
        try server.put(["/holder/b": ""])
        for (key, holder) in [("/holder/a", StoredKey.Holder.lease(132)), ("/holder/b", .nobody)] {
            guard case .found(let found) = backend.write(key, "x", 0, lease) else {
                Issue.record("not found")
                continue
            }
            #expect(found.holder == holder)
        }
    }

    @Test func putsNothingOnALeaseThatEnded() throws {
        #expect(backend.write("/ended/a", "1", 0, Lease(id: 141, seconds: 30)) == .leaseEnded)
        try server.put(["/ended/b": "1"])
        #expect(try backend.read("/ended") == ["/ended/b": "1"])
    }

    @Test func revokesWithAllKeys() throws {
        let lease = Lease(id: 151, seconds: 30)
        _ = try backend.grant(lease)
        let writes = (0..<100).map { LeasedWrite(key: bytes("/revoke/\($0)"), value: bytes("\($0)"), expected: nil) }
        let outcomes = backend.write(writes, lease, timeout: .seconds(20), cancellation: try Cancellation())
        #expect(outcomes.count == 100)
        #expect(outcomes.allSatisfy { $0.kind == .put })
        #expect(try backend.read("/revoke")["/revoke/42"] == "42")
        let keys = Set(writes.map(\.key))
        #expect(try !backend.revoke(lease, keys.subtracting([bytes("/revoke/7")])))
        #expect(try backend.read("/revoke").count == 100)
        #expect(try backend.revoke(lease, keys))
        #expect(try backend.read("/revoke") == [:])
        // It is gone already.
        #expect(try backend.revoke(lease, keys))
        #expect(try backend.keepAlive(lease) == .ended)
    }

    /// All calls, one after the other and at the same time, go over one connection.
    @Test func needsOneConnection() throws {
        let proxy = try Proxy(to: server.port)
        let backend = try server.backend { $0.endpoints = ["http://127.0.0.1:\(proxy.port)"] }
        let lease = Lease(id: 161, seconds: 30)
        _ = try backend.grant(lease)
        for round in 0..<3 {
            let writes = (0..<64).map {
                LeasedWrite(key: bytes("/connection/\(round)/\($0)"), value: bytes("1"), expected: nil)
            }
            _ = backend.write(writes, lease, timeout: .seconds(20), cancellation: try Cancellation())
            _ = try backend.keepAlive(lease)
        }
        #expect(try backend.keepAlive(lease).held.count == 192)
        #expect(proxy.accepted == 1)
        _ = try backend.revoke(lease, Set(try backend.keepAlive(lease).held.keys))
    }

    @Test func failsOverToAnotherMember() throws {
        let silent = try Ports.Silent()
        let closed = try Ports.Closed()
        for port in [silent.number, closed.number] {
            let backend = try server.backend { [server] in
                $0.endpoints = ["http://127.0.0.1:\(port)", server.url]
            }
            let lease = Lease(id: 171, seconds: 30)
            _ = try backend.grant(lease)
            let outcome = backend.write("/held-by-lease/failover/\(port)", "1", 0, lease)
            #expect(outcome?.kind == .put)
        }
    }

    @Test(arguments: ["grant", "keepAlive", "write", "revoke"])
    func endsWhenItIsCancelled(_ call: String) throws {
        let silent = try Ports.Silent()
        let backend = try server.backend { $0.endpoints = ["http://127.0.0.1:\(silent.number)"] }
        let cancellation = try Cancellation()
        let lease = Lease(id: 181, seconds: 30)
        try Thread.detach {
            // Long enough for the call to begin. One that begins later ends at once: the test then passes too.
            Clock.sleep(.milliseconds(100))
            cancellation.cancel()
        }
        let start = ContinuousClock.now
        #expect(throws: BackendError.self) {
            let limit = Duration.seconds(60)
            switch call {
            case "grant": _ = try backend.grant(lease, timeout: limit, cancellation: cancellation)
            case "keepAlive":
                _ = try backend.keepAlive(lease, holding: [:], timeout: limit, cancellation: cancellation)
            case "revoke":
                _ = try backend.revoke(lease, unlessItHoldsMoreThan: [], timeout: limit, cancellation: cancellation)
            default:
                let write = LeasedWrite(key: [], value: [], expected: nil)
                let outcomes = backend.write([write], lease, timeout: limit, cancellation: cancellation)
                if case .failed(let error)? = outcomes.first { throw error }
            }
        }
        #expect(start.duration(to: .now) < .seconds(10))
    }

    /// A key that the user may not write is named, and the others are written.
    @Test func namesTheKeyThatMayNotBeWritten() throws {
        let server = try EtcdServer(arguments: "--bcrypt-cost 4")
        try server.etcdctl("user add writer:writerpass")
        try server.etcdctl("role add writing")
        try server.etcdctl("role grant-permission writing readwrite /open/w")
        try server.etcdctl("user grant-role writer writing")
        try server.enableAuthentication()
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "writer") { Array("writerpass".utf8) }
        }
        let lease = Lease(id: 191, seconds: 30)
        _ = try backend.grant(lease)
        for round in 0..<2 {
            let writes = ["/closed/w", "/open/w"].map {
                LeasedWrite(key: bytes($0), value: bytes("1"), expected: nil)
            }
            let outcomes = backend.write(writes, lease, timeout: .seconds(20), cancellation: try Cancellation())
            let message = #"etcd: \#(server.url): put "/closed/w": permission denied (gRPC status 7)"#
            let hint =
                "let a role of the user read and write it: etcdctl role grant-permission ROLE readwrite /closed/w"
            #expect(outcomes.first == .refused(BackendError(.unreachable, message, hint: hint, isRefusal: true)))
            // The second time with a token that is refused.
            #expect(outcomes.count == 2 && outcomes.last?.kind == (round == 0 ? .put : .found))
            backend.session.withLock { $0.token = "expired.\(round)" }
        }
        #expect(try backend.keepAlive(lease).lifetime == .seconds(30))
        #expect(try backend.revoke(lease, [bytes("/open/w")]))
    }
}

extension WriteOutcome {
    fileprivate enum Kind { case put, found, other }

    fileprivate var kind: Kind {
        switch self {
        case .put: .put
        case .found: .found
        case .absent, .leaseEnded, .refused, .failed: .other
        }
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension LeasingBackend {
    /// With a time limit that nothing reaches.
    func grant(_ lease: Lease) throws -> Duration {
        try grant(lease, timeout: .seconds(20), cancellation: try Cancellation())
    }

    func keepAlive(_ lease: Lease, holding keys: [[UInt8]: StoredKey] = [:]) throws -> LeaseState {
        try keepAlive(lease, holding: keys, timeout: .seconds(20), cancellation: try Cancellation())
    }

    func revoke(_ lease: Lease, _ keys: Set<[UInt8]>) throws -> Bool {
        try revoke(lease, unlessItHoldsMoreThan: keys, timeout: .seconds(20), cancellation: try Cancellation())
    }

    /// The outcome of writing one key, provided that it has this version (0: that it is not there).
    func write(_ key: String, _ value: String?, _ version: Int64, _ lease: Lease) -> WriteOutcome? {
        let expected = StoredKey(value: [], version: version, holder: .lease(lease.id))
        let write = LeasedWrite(
            key: bytes(key), value: value.map(bytes), expected: version == 0 ? nil : expected)
        guard let cancellation = try? Cancellation() else { return nil }
        return self.write([write], lease, timeout: .seconds(20), cancellation: cancellation).first
    }
}

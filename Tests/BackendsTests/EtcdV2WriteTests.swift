import Posix
import TestSupport
import Testing

@testable import Backends

/// Writes to a real etcd by the v2 API.
@Suite struct EtcdV2WriteTests {
    let server: EtcdServer
    let backend: EtcdV2Backend
    private let lease = Lease(id: 1, seconds: 30)

    init() throws {
        server = try EtcdV2Tests.server.get()
        backend = try server.v2Backend()
    }

    @Test func writesOnlyWhatHasTheVersion() throws {
        let value = "a \"quoted\" \\ <tag> &=%+\n\u{10348}"
        guard case .put(let first) = backend.write("/v2write/a b", value, 0, lease) else {
            Issue.record("not put")
            return
        }
        #expect(try backend.read("/v2write") == ["/v2write/a b": value])
        let found = StoredKey(value: Array(value.utf8), version: first, holder: .unknown)
        #expect(backend.write("/v2write/a b", "2", 0, lease) == .found(found))
        #expect(backend.write("/v2write/a b", "2", first + 1, lease) == .found(found))
        #expect(backend.write("/v2write/a b", nil, 0, lease) == .found(found))
        #expect(backend.write("/v2write/a b", nil, first + 1, lease) == .found(found))
        guard case .put(let second) = backend.write("/v2write/a b", "", first, lease) else {
            Issue.record("not put")
            return
        }
        #expect(try backend.read("/v2write") == ["/v2write/a b": ""])
        #expect(backend.write("/v2write/a b", nil, second, lease) == .absent)
        #expect(backend.write("/v2write/a b", nil, second, lease) == .absent)
        #expect(backend.write("/v2write/a b", nil, 0, lease) == .absent)
        #expect(backend.write("/v2write/a b", "3", second, lease) == .absent)
    }

    @Test func tellsWhatStaysForEver() throws {
        try server.curl("/v2stays/a", "-XPUT -d value=1")
        guard case .found(let found) = backend.write("/v2stays/a", "2", 0, lease) else {
            Issue.record("not found")
            return
        }
        #expect(found.holder == .nobody && found.value == Array("1".utf8))
    }

    /// A refresh of a key's ttl is not reported to those who watch the key.
    @Test func keepsAliveWithoutWakingWatchers() throws {
        guard case .put(let version) = backend.write("/v2alive/a", "1", 0, Lease(id: 1, seconds: 30)) else {
            Issue.record("not put")
            return
        }
        let following = try Following(backend, "/v2alive")
        #expect(following.sees(["/v2alive/a": "1"]))
        let (a, none) = (Array("/v2alive/a".utf8), Array("/v2alive/none".utf8))
        let held = StoredKey(value: Array("1".utf8), version: version, holder: .lease(1))
        // A wiped store begins with low indices again, so the version alone is not enough: the value must be the same.
        let other = StoredKey(value: Array("2".utf8), version: version, holder: .lease(1))
        #expect(try backend.keepAlive(lease, holding: [a: other]).lost == [a])
        let state = try backend.keepAlive(lease, holding: [a: held, none: held])
        #expect(state.lifetime == .seconds(30) && state.lost == [none] && state.failure == nil)
        let refreshed = try #require(state.held[a])
        #expect(refreshed > version)
        // With the version from before the refresh, the key counts as changed by somebody else.
        #expect(try backend.keepAlive(lease, holding: [a: held]).lost == [a])
        guard case .put = backend.write("/v2alive/b", "2", 0, lease) else {
            Issue.record("not put")
            return
        }
        #expect(following.sees(["/v2alive/a": "1", "/v2alive/b": "2"]))
        // One at the start and one for the second key, and none for the refresh.
        #expect(following.deliveries == 2)
        #expect(following.stop())
    }

    @Test func keysGoAfterTheirTime() throws {
        guard case .put = backend.write("/v2gone/a", "1", 0, Lease(id: 1, seconds: 1)) else {
            Issue.record("not put")
            return
        }
        #expect(try eventuallyBlocking { try backend.read("/v2gone") == [:] })
    }

    @Test func hasNoLeases() throws {
        #expect(try backend.grant(lease) == .seconds(30))
        #expect(try backend.keepAlive(lease) == LeaseState(lifetime: .seconds(30)))
        #expect(try !backend.revoke(lease, []))
    }

    @Test func namesWhatCannotBeWritten() throws {
        try server.curl("/v2parent", "-XPUT -d value=1")
        guard case .refused(let error) = backend.write("/v2parent/a", "1", 0, lease) else {
            Issue.record("not refused")
            return
        }
        #expect(error.message == #"etcd: \#(server.url): put "/v2parent/a": Not a directory (error 104)"#)
        let closed = try Ports.Closed()
        let away = try server.v2Backend { $0.endpoints = ["http://127.0.0.1:\(closed.number)"] }
        guard case .failed(let failure) = away.write("/v2parent/a", nil, 3, lease) else {
            Issue.record("not failed")
            return
        }
        #expect(
            failure.message == #"etcd: http://127.0.0.1:\#(closed.number): delete "/v2parent/a": connection refused"#)
        let state = try away.keepAlive(lease, holding: [[47]: StoredKey(value: [], version: 1, holder: .unknown)])
        #expect(state.failure?.kind == .unreachable && state.lost == [] && state.held == [:])
    }
}

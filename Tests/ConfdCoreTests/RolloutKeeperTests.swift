import Backends
import Rollout
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// Counts what is made.
private final class Counter { var count = 0 }

/// The sessions of all resources, and the followers of their groups' keys.
@Suite struct RolloutKeeperTests {
    private let store = RolloutStore()
    private let keeper: RolloutKeeper
    private let followers = Counter()

    init() {
        store.put("/app/name", "0")
        let logger = TestLog().logger
        let pool = BackendPool(environment: []) { _ in }
        keeper = RolloutKeeper { [followers] configuration in
            followers.count += 1
            return Follower(configuration, pool, .init(watches: true, timeout: .seconds(5)), logger: logger) {}
        }
    }

    private func resource(
        _ id: ResourceID, group: String, soak: Int = 60
    ) throws -> (id: ResourceID, resource: Resource) {
        let settings = "canary = 1\nsoak = \(soak)\nmax_parallel = 1"
        return (id, try Resource.rollout(settings, group: group, name: "\(id).toml", in: store))
    }

    private func host(_ resource: (id: ResourceID, resource: Resource)) throws -> RolloutHost {
        RolloutHost(try #require(keeper[resource.id]), resource.resource, store, file: "0")
    }

    /// Takes what the follower brings until it is what the store has.
    private func deliver(_ hosts: RolloutHost..., until isDone: () -> Bool) async throws {
        let isThere = try await eventually {
            keeper.takeDeliveries()
            for host in hosts { host.pass(at: .seconds(1), takesGroup: false) }
            return isDone()
        }
        #expect(isThere, "\(store.names(below: "/_confd"))")
    }

    @Test func twoGroupsHaveOneFollower() async throws {
        let (web, db) = (try resource(1, group: "web"), try resource(2, group: "db"))
        try keeper.set([web, db])
        #expect(followers.count == 1 && keeper.all.map(\.id) == [web.id, db.id])
        #expect(keeper.places.values.allSatisfy { $0.isEmpty }, "nothing is known yet")
        try await deliver { keeper.places.values.first?.count == 2 }
        let one = try host(web)
        let other = try #require(keeper[db.id])
        store.put("/app/name", "1")
        try await deliver(one) { one.file == "1" }
        #expect(store.names(below: "/_confd/rollout/db").isEmpty)
        // When the first resource is gone, its group is not read any more.
        try keeper.set([db])
        #expect(keeper[web.id] == nil && keeper[db.id] === other && followers.count == 1)
        keeper.stop()
    }

    /// A resource that is removed during its turn gives up its place; the other hosts then halt, as for a lease that ended.
    @Test func aSessionThatEndsInATurn() async throws {
        let web = try resource(1, group: "web")
        try keeper.set([web])
        let host = try host(web)
        store.put("/app/name", "1")
        try await deliver(host) { host.file == "1" }
        try keeper.set([])
        #expect(keeper.isEmpty && keeper.places.isEmpty && keeper.deadline == nil)
        store.endLease(of: host.name)
        let session = RolloutSession(web.resource, try #require(web.resource.rollout), host: "another")
        let another = RolloutHost(session, web.resource, store, file: "0")
        for _ in 0..<5 { another.pass(at: .seconds(1)) }
        let words = "halted: \(host.name): its lease ended before it was done"
        #expect(another.session.state(nil).message == words && another.file == "0")
        keeper.stop()
    }

    /// Changed settings of a rollout make a new session, which continues the turn; unchanged ones keep the session.
    @Test func aTurnOutlivesNewSettings() async throws {
        let web = try resource(1, group: "web", soak: 600)
        try keeper.set([web])
        let host = try host(web)
        store.put("/app/name", "1")
        try await deliver(host) { host.file == "1" }
        try keeper.set([web])
        #expect(keeper[web.id] === host.session)
        let changed = try resource(1, group: "web", soak: 0)
        try keeper.set([changed])
        let session = try #require(keeper[web.id])
        #expect(session !== host.session)
        let after = RolloutHost(session, changed.resource, store, file: "1")
        session.takeGroup(store.snapshot)
        try await deliver(after) { store.names(below: "/_confd/rollout/web").contains { $0.contains("/done/") } }
        #expect(after.written.isEmpty && after.file == "1")
        keeper.stop()
    }

    /// If the keys of a group cannot be read, the state says so, and the host gets no turn.
    @Test func aGroupThatCannotBeRead() async throws {
        let closed = RolloutStore(failure: BackendError(.unreachable, "permission denied"))
        let resource = try Resource.rollout("canary = 1", group: "web", in: closed)
        try keeper.set([(1, resource)])
        let session = try #require(keeper[1])
        #expect(try await eventually { keeper.failure(of: session) != nil })
        #expect(keeper.failure(of: session) == "permission denied")
        let host = RolloutHost(session, resource, store, file: "0")
        host.pass(at: .seconds(1), takesGroup: false)
        store.put("/app/name", "1")
        host.pass(at: .seconds(1), takesGroup: false)
        let message = session.state(keeper.failure(of: session)).message
        #expect(message == "the keys of its group cannot be read: permission denied" && host.file == "0")
        keeper.stop()
    }
}

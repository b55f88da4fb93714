import Configuration
import KeyValue
import Posix
import Registration
import Rollout

/// The rollouts of all resources, and what follows their groups in the stores. Used by the engine's thread alone.
final class RolloutKeeper {
    /// How long the places of this host stay in the store after its process has died.
    private static let timeToLive = Duration.seconds(15)

    private let makeFollower: (BackendConfiguration) -> Follower
    private var sessions: [ResourceID: RolloutSession] = [:]
    private var followers: [BackendConfiguration: Follower] = [:]

    init(makeFollower: @escaping (BackendConfiguration) -> Follower) { self.makeFollower = makeFollower }

    subscript(id: ResourceID) -> RolloutSession? { sessions[id] }

    var isEmpty: Bool { sessions.isEmpty }

    var all: [(id: ResourceID, session: RolloutSession)] {
        sessions.sorted { $0.key < $1.key }.map { (id: $0.key, session: $0.value) }
    }

    /// These resources have rollouts, and no others; one whose rollout is the same goes on.
    func set(_ resources: [(id: ResourceID, resource: Resource)]) throws(SystemError) {
        let known = sessions
        sessions = [:]
        for (id, resource) in resources {
            guard let definition = resource.rollout else { continue }
            let session = known[id]
            let isSame = session?.definition == definition && session?.backend == resource.layers.first?.backend
            sessions[id] = try isSame ? session : RolloutSession(resource, definition, host: Host.name())
        }
        try followGroups()
    }

    private func followGroups() throws(SystemError) {
        let groups = Dictionary(grouping: sessions.values, by: \.backend)
        for (backend, follower) in followers where groups[backend] == nil {
            follower.stop()
            followers[backend] = nil
        }
        for (backend, sessions) in groups {
            let follower = followers[backend] ?? makeFollower(backend)
            followers[backend] = follower
            let paths = Set(sessions.map(\.keys.path)).sorted()
            let ranges = paths.map { KeyRange(cleaned: Array($0.utf8)) }
            if follower.ranges == ranges { continue }
            _ = try follower.read(ranges)
        }
    }

    func stop() { for follower in followers.values { follower.stop() } }

    /// Takes what has changed in the stores.
    func takeDeliveries() {
        for (backend, follower) in followers {
            guard let delivery = follower.take() else { continue }
            for session in sessions.values where session.backend == backend { session.takeGroup(delivery.snapshot) }
        }
    }

    /// Why the keys of the group cannot be read, nil if they can.
    func failure(of session: RolloutSession) -> String? { followers[session.backend]?.failure?.message }

    var deadline: Duration? { sessions.values.compactMap(\.deadline).min() }

    /// The keys that hang on the leases of this host.
    var places: [BackendConfiguration: [Service]] {
        Dictionary(grouping: sessions.values, by: \.backend).mapValues { sessions in
            sessions.flatMap(\.places).map { place in
                Service(
                    key: place.key, value: place.value, ttl: Self.timeToLive,
                    onStop: place.outlivesStop ? .keep : .delete)
            }
        }
    }
}

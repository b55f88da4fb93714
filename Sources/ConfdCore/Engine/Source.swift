import Configuration
import KeyValue

/// A backend, or a part of one, that is followed for the resources that read it. Used by the engine's thread alone.
final class Source {
    /// Which one.
    struct Key: Hashable {
        let backend: BackendConfiguration
        /// The ranges of resources that wait by themselves; nil for the source that all others share.
        let separate: [KeyRange]?
    }

    let key: Key
    let follower: Follower
    /// The generation that was asked for last.
    var requestedGeneration = 0
    /// The generation of the newest snapshot.
    var deliveredGeneration = 0
    /// The newest snapshot, nil until there is one.
    var snapshot: VersionedSnapshot?
    /// Whether that is of an earlier run: the backend has not answered yet.
    var isCached = false
    /// Whether `events` has it as lost, and as stale.
    var isKnownAsLost = false
    var isKnownAsStale = false
    /// Whether it was logged that its keys may not be read.
    var isKnownAsRefused = false
    /// Whether resources were given sources of their own because it refused their keys.
    var hasSeparated = false
    /// Whether all resources that read it do without its keys where it cannot be read.
    var isOptional = false {
        didSet { follower.setOptional(isOptional) }
    }
    /// When this generation is delivered, all resources that read it are rendered; nil if none waits for that.
    var refreshGeneration: Int?

    init(_ key: Key, _ follower: Follower) {
        self.key = key
        self.follower = follower
    }

    /// Whether the backend refuses some of its keys; of a source of one resource also, whether it refuses us altogether.
    var isRefused: Bool {
        guard let failure = follower.failure else { return false }
        return key.separate != nil ? failure.isRefusal : failure.refused != nil
    }

    /// Whether a read is under way whose first attempt has not ended.
    var isReading: Bool { !hasAnswered || isCached && !follower.isFailing }

    /// Whether what was asked for last has come, or an attempt at it has failed.
    var hasAnswered: Bool { deliveredGeneration == requestedGeneration || follower.isFailing }
}

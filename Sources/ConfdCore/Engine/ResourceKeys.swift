import Backends
import Configuration
import KeyValue

/// Where the keys of a resource come from, and what there is of them. Used by the engine's thread alone.
///
/// With one backend its newest snapshot is passed on as it is; those of several are merged when one of them is new.
final class ResourceKeys {
    /// A backend of the resource.
    struct Part {
        let layer: BackendLayer
        let source: Source
        /// From this generation on its snapshots hold all that the resource needs.
        var neededGeneration: Int

        /// Whether it need not be waited for: its keys are there, or it is optional and cannot be read.
        var isThere: Bool {
            if source.snapshot != nil, source.deliveredGeneration >= neededGeneration { return true }
            return layer.isOptional && source.follower.isFailing
        }
    }

    private(set) var parts: [Part]
    /// Whether it is one backend's snapshot as that delivers it.
    let isWhole: Bool
    private var merged: VersionedSnapshot?
    /// The versions of the snapshots that were merged; 0 for none.
    private var mergedVersions: [Int] = []

    /// `known` are the keys of the same resource so far: of a source that it had before, the same generation is waited for.
    init(_ parts: [(layer: BackendLayer, source: Source)], after known: ResourceKeys?) {
        self.parts = parts.map { layer, source in
            let before = known?.parts.first { $0.source === source }
            return Part(layer: layer, source: source, neededGeneration: before?.neededGeneration ?? 0)
        }
        isWhole = parts.map(\.layer).onlyBackend != nil
        merged = known?.merged
        let isAsBefore =
            known.map { known in
                known.parts.map(\.layer) == parts.map(\.layer)
                    && zip(known.parts, parts).allSatisfy { $0.source === $1.source }
            } ?? false
        if isAsBefore { mergedVersions = known?.mergedVersions ?? [] }
    }

    /// From now on what was asked for last is waited for, of the sources where that was not decided.
    func awaitRequested() {
        for index in parts.indices where parts[index].neededGeneration == 0 {
            parts[index].neededGeneration = parts[index].source.requestedGeneration
        }
    }

    /// What there is now; nil as long as a backend that must be there has not been read.
    var snapshot: VersionedSnapshot? {
        if isWhole { return parts[0].source.snapshot }
        guard parts.allSatisfy({ $0.layer.isOptional || $0.source.snapshot != nil }) else { return nil }
        let snapshots = parts.map(\.source.snapshot)
        let versions = snapshots.map { $0?.version ?? 0 }
        if let merged, versions == mergedVersions { return merged }
        let snapshot = BackendLayer.merged(parts.map(\.layer), snapshots.map { $0?.snapshot })
        let new = VersionedSnapshot(snapshot: snapshot, version: (merged?.version ?? 0) + 1)
        merged = new
        mergedVersions = versions
        return new
    }

    /// The revision of keys of an earlier run that no backend has confirmed yet; nil if all are confirmed.
    var cachedRevision: Int64? {
        parts.lazy.filter(\.source.isCached).compactMap { $0.source.snapshot?.snapshot.revision }.first
    }

    /// Whether the keys are there that the resource is rendered over.
    var areThere: Bool { snapshot != nil && parts.allSatisfy(\.isThere) }

    func includes(_ source: Source) -> Bool { parts.contains { $0.source === source } }

    /// The backend that must be there and fails, the first of them.
    var failing: (backend: BackendConfiguration, failure: BackendError)? {
        required.lazy.compactMap { part in part.source.follower.failure.map { (part.layer.backend, $0) } }.first
    }

    /// The backend that has to be read before anything can be rendered; nil if none has.
    var unread: BackendConfiguration? { required.first { $0.source.snapshot == nil }?.layer.backend }

    /// Whether the last attempt at a required backend has failed; and whether no further attempt is made.
    var areFailing: Bool { required.contains(where: \.source.follower.isFailing) }
    var haveGivenUp: Bool { required.contains(where: \.source.follower.hasGivenUp) }

    private var required: [Part] { parts.filter { !$0.layer.isOptional } }
}

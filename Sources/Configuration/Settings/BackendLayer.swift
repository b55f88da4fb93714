import Backends
import KeyValue

/// A backend as one of those that the keys of a resource come from.
package struct BackendLayer: Hashable, Sendable {
    package let backend: BackendConfiguration
    /// The directory below which its keys are seen, cleaned; `/` leaves them where they are.
    package let mount: [UInt8]
    /// Whether a resource does without its keys where it cannot be read.
    package let isOptional: Bool
    /// The keys of the backend that the resource needs.
    package private(set) var ranges: [KeyRange] = []

    package init(_ backend: BackendConfiguration, mount: [UInt8] = [UInt8(ascii: "/")], isOptional: Bool = false) {
        self.backend = backend
        self.mount = mount
        self.isOptional = isOptional
    }

    package var isMounted: Bool { mount != [UInt8(ascii: "/")] }

    /// The layer with what is needed of it for the keys at and below each of `paths`.
    func reading(_ paths: [[UInt8]]) -> BackendLayer {
        var copy = self
        copy.ranges = []
        for range in paths.compactMap({ self.range(of: $0) }) where !copy.ranges.contains(range) {
            copy.ranges.append(range)
        }
        return copy
    }

    /// The keys of the backend that are seen at and below `path`; nil if there can be none.
    func range(of path: [UInt8]) -> KeyRange? {
        let wanted = KeyRange(cleaned: path)
        let mounted = KeyRange(cleaned: mount)
        guard wanted.overlaps(mounted) else { return nil }
        let rest = isMounted ? Array(path.dropFirst(mount.count)) : path
        return KeyRange(cleaned: backend.kind.path(of: rest.isEmpty ? [UInt8(ascii: "/")] : rest))
    }

    /// Whether the resource needs keys in `range`.
    package func needs(_ range: KeyRange) -> Bool { ranges.contains { $0.overlaps(range) } }

    /// Where the keys of `range` are seen.
    func shown(_ range: KeyRange) -> KeyRange { KeyRange(cleaned: Path.join([mount, range.path])) }

    /// What the layers of a resource hold together; `snapshots` are theirs, nil where an optional one was not read.
    package static func merged(_ layers: [BackendLayer], _ snapshots: [Snapshot?]) -> Snapshot {
        if layers.onlyBackend != nil, let snapshot = snapshots[0] { return snapshot }
        var counts: [String: Int] = [:]
        return Snapshot.merging(
            zip(layers, snapshots).map { layer, snapshot in
                let name = layer.backend.name
                counts[name, default: 0] += 1
                let number = counts[name] ?? 1
                return SnapshotLayer(
                    name: number == 1 ? name : "\(name)#\(number)", snapshot: snapshot ?? Snapshot([]),
                    ranges: layer.ranges, mount: layer.mount)
            })
    }
}

extension [BackendLayer] {
    /// The one backend that has all keys, as they are there; nil if there are several, or one with a mount or an exception.
    package var onlyBackend: BackendConfiguration? {
        guard count == 1, !self[0].isMounted, !self[0].isOptional else { return nil }
        return self[0].backend
    }
}

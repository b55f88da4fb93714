import JSON
import KeyValue

/// What changed of a resource's keys since it was applied last.
package struct KeyChanges: Sendable {
    /// What its service has, as far as that is known.
    package enum Base: Sendable {
        /// Nothing is known: it was never applied, or by an earlier confd that left no record.
        case unknown
        /// Only the keys are known, from before a restart.
        case keys(Set<[UInt8]>)
        case snapshot(Snapshot)
    }

    let base: Base
    /// What the file was made from, while its reload is owed. If the new keys are those that the service has, `applied` compares
    /// them with these instead.
    var fileKeys: Snapshot?
    package let snapshot: Snapshot
    let ranges: [KeyRange]
    /// The keys of the item, for a resource of an item: `summary` names only these.
    let ofItem: KeyRange?
    /// Whether the file has what it had before them: they are taken back.
    var areUndone = false
    /// What else has changed.
    var otherCauses = OtherCauses()

    package init(base: Base, snapshot: Snapshot, ranges: [KeyRange], ofItem: KeyRange? = nil) {
        self.base = base
        self.snapshot = snapshot
        self.ranges = ranges
        self.ofItem = ofItem
    }

    private var view: Snapshot { snapshot.view(of: ranges, strippingPrefix: []) }

    /// The keys that the service has once it has the new file.
    var keys: Set<[UInt8]> {
        let view = view
        return Set((0..<view.count).map { view.key(at: $0).array })
    }

    /// All keys that the service may have, whatever becomes of the reload.
    var possibleKeys: Set<[UInt8]> {
        switch base {
        case .unknown: keys
        case .keys(let known): keys.union(known)
        case .snapshot(let base):
            keys.union(KeyChanges(base: .unknown, snapshot: base, ranges: ranges).keys)
        }
    }

    /// Whether the service gets a key that it did not have, or loses one.
    var changesKeys: Bool {
        guard case .snapshot(let base) = base else { return true }
        return view.difference(from: base.view(of: ranges, strippingPrefix: [])).contains { $0.kind != .updated }
    }

    // MARK: - For commands

    /// A line for each changed key, in their order, such as `{"action":"set","key":"/a/b","revision":7}` or
    /// `{"action":"delete",…}`, with `"reason":"expire"` if its time to live was over. Where nothing is known of what the
    /// service has, the first line is `{"action":"reset",…}`, and all keys follow.
    var lines: [UInt8] { Self.lines(of: [self]) }

    /// The lines of several resources that reload together, each key once.
    static func lines(of changes: [KeyChanges]) -> [UInt8] {
        let isReset = changes.contains { if case .unknown = $0.base { true } else { false } }
        var lines: [[UInt8]: Line] = [:]
        // Items that change together changed from one snapshot to another.
        var seen: Set<Identity> = []
        for change in changes where seen.insert(change.identity).inserted {
            for (key, line) in isReset ? change.everything : change.differences { lines[key] = line }
        }
        let sorted = lines.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { $0.value.text($0.key) }
        let revision = changes.map(\.snapshot.revision).max() ?? 0
        return (isReset ? Line(action: "reset", revision: revision).text(nil) : []) + sorted
    }

    private var everything: [([UInt8], Line)] {
        let view = view
        return (0..<view.count).map { setting(view.key(at: $0).array) }
    }

    private var differences: [([UInt8], Line)] {
        switch base {
        case .unknown: return everything
        case .keys(let known):
            // Values are not kept, so each key counts as set.
            let present = everything
            return known.subtracting(present.map(\.0)).map { ($0, deletion(of: $0)) } + present
        case .snapshot(let base):
            return view.difference(from: base.view(of: ranges, strippingPrefix: [])).map { change in
                let key = change.key.array
                return change.kind == .removed ? (key, deletion(of: key, from: base.origins)) : setting(key)
            }
        }
    }

    private func setting(_ key: [UInt8]) -> ([UInt8], Line) {
        (key, line("set", ofStore: snapshot.origins?.index(of: key)))
    }

    /// `origins` are those of the keys before.
    private func deletion(of key: [UInt8], from origins: KeyOrigins? = nil) -> Line {
        line(
            "delete", ofStore: origins?.index(of: key),
            reason: snapshot.expired.contains(key) ? "expire" : nil)
    }

    /// With several stores a line names the one that it is about, at `index`, and has the revision of that one.
    private func line(_ action: String, ofStore index: Int?, reason: String? = nil) -> Line {
        let store = index.flatMap { index in
            snapshot.origins.flatMap { $0.stores.indices.contains(index) ? $0.stores[index] : nil }
        }
        return Line(
            action: action, revision: store?.revision ?? snapshot.revision, reason: reason, backend: store?.name)
    }

    /// What the changes file says of a key.
    private struct Line {
        let action: String
        let revision: Int64
        var reason: String?
        var backend: String?

        func text(_ key: [UInt8]?) -> [UInt8] {
            let texts = [
                ("action", Array(action.utf8)), ("key", key), ("reason", reason.map { Array($0.utf8) }),
                ("backend", backend.map { Array($0.utf8) }),
            ]
            var writer = JSONWriter()
            writer.beginObject()
            for case (let name, let value?) in texts {
                Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
                value.withUnsafeBufferPointer { writer.appendString($0) }
            }
            Array("revision".utf8).withUnsafeBufferPointer { writer.key($0) }
            writer.appendInt(Int(revision))
            writer.endObject()
            return writer.finish() + [UInt8(ascii: "\n")]
        }
    }

    /// Equal for what certainly has the same lines.
    private struct Identity: Hashable {
        let base: ObjectIdentifier?
        let known: Set<[UInt8]>?
        let snapshot: ObjectIdentifier
        let ranges: [KeyRange]
    }

    private var identity: Identity {
        let (base, known): (ObjectIdentifier?, Set<[UInt8]>?) =
            switch base {
            case .unknown: (nil, nil)
            case .keys(let keys): (nil, keys)
            case .snapshot(let base): (base.tableIdentity, nil)
            }
        return Identity(base: base, known: known, snapshot: snapshot.tableIdentity, ranges: ranges)
    }

    // MARK: - For the log

    /// For a log line: ` (/a, /b, /c and 2 more, revision 17)`; empty if there is nothing to say.
    var summary: String {
        let detail = detail
        return detail.isEmpty ? "" : " (\(detail))"
    }

    var detail: String { applied.detail }

    /// What is remembered of the change.
    var applied: AppliedChange {
        let change = applied(since: base)
        guard change.isKnown, change.count == 0, let fileKeys else { return change }
        return applied(since: .snapshot(fileKeys))
    }

    private func applied(since base: Base) -> AppliedChange {
        let ranges = ofItem.map { [$0] } ?? ranges
        let view = snapshot.view(of: ranges, strippingPrefix: [])
        guard case .snapshot(let base) = base else {
            let keys = (0..<view.count).prefix(AppliedChange.mostKeys).map { view.key(at: $0).array }
            return AppliedChange(
                revision: snapshot.revision, keys: keys.map { AppliedChange.Key(name: $0, change: .set) },
                count: view.count, isKnown: false, causes: otherCauses.named)
        }
        let changes = view.difference(from: base.view(of: ranges, strippingPrefix: []))
        let keys = changes.prefix(AppliedChange.mostKeys).map { change in
            let key = change.key.array
            return AppliedChange.Key(name: key, change: kind(of: change.kind, key, base))
        }
        return AppliedChange(
            revision: snapshot.revision, keys: keys, count: changes.count, isKnown: true,
            causes: keys.isEmpty ? otherCauses.withoutKeys : otherCauses.named)
    }

    /// What became of a key that was not the same in `base`; a health check may have hidden it, or show it again.
    private func kind(
        of change: Change.Kind, _ key: [UInt8], _ base: Snapshot
    ) -> AppliedChange.KeyChange {
        switch change {
        case .removed: snapshot.hides(key) ? .hide : .delete
        case .added: base.hides(key) ? .show : .set
        case .updated: .set
        }
    }
}

import Applying
import Checks
import Configuration
import KeyValue
import Posix
import Rendering
import TextTemplate

/// The servers that one `[[template.health_check]]` finds among the keys, and which of them are hidden.
///
/// Snapshots, as the template sees them, and verdicts in; targets and hidden keys out. After the first snapshot the work grows
/// with the changes, not with the keys.
struct TargetTable {
    /// A key that stands for a server.
    private struct Entry {
        let group: [UInt8]
        /// nil if none could be made of the pair.
        let target: CheckTarget?
        /// What its templates read besides the pair.
        let reads: [ReadSet]
    }

    let check: TargetCheck
    private let environment: any Rendering.Environment
    private var entries: [[UInt8]: Entry] = [:]
    /// Why no target could be made of a key, by key.
    private var reasons: [[UInt8]: String] = [:]
    private var keysByTarget: [CheckTarget: Set<[UInt8]>] = [:]
    private var groups: [[UInt8]: TargetGroup] = [:]
    private var verdicts: [CheckTarget: Bool] = [:]

    init(_ check: TargetCheck, environment: any Rendering.Environment) {
        self.check = check
        self.environment = environment
    }

    /// Whether no key matches.
    var isEmpty: Bool { entries.isEmpty }

    /// What is to be probed.
    var targets: Dictionary<CheckTarget, Set<[UInt8]>>.Keys { keysByTarget.keys }

    /// Whether a key stands for `target`.
    func has(_ target: CheckTarget) -> Bool { keysByTarget[target] != nil }

    /// The keys, as the template sees them, whose servers are down and not shown all the same.
    var hidden: [[UInt8]] {
        guard check.hide else { return [] }
        return groups.values.flatMap { $0.isShownAsWhole ? [] : Array($0.down) }
    }

    /// The keys of `hidden`, each with its server.
    var hiddenTargets: [(key: [UInt8], target: CheckTarget)] {
        hidden.compactMap { key in entries[key]?.target.map { (key, $0) } }
    }

    /// The groups of which fewer servers are up than `min_healthy`, sorted.
    var groupsShownAsWhole: [[UInt8]] {
        guard check.hide else { return [] }
        return groups.filter { $0.value.isShownAsWhole }.keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Each target of each group, and whether its keys are hidden.
    var groupsOfTargets: [(group: [UInt8], target: CheckTarget, isHidden: Bool)] {
        var seen: Set<[String]> = []
        return entries.compactMap { key, entry in
            guard let target = entry.target else { return nil }
            let group = groups[entry.group]
            let name = String(decoding: entry.group, as: UTF8.self)
            guard seen.insert([name, "\(target)"]).inserted else { return nil }
            let isHidden = check.hide && group?.isShownAsWhole == false && group?.down.contains(key) == true
            return (entry.group, target, isHidden)
        }
    }

    /// What no target could be made of, for each such key.
    var problems: [(key: [UInt8], reason: String)] {
        reasons.map { (key: $0.key, reason: $0.value) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// The target of `key`, which the template sees; nil if the check does not cover it. A key below one that is covered is
    /// covered too.
    func target(ofKey key: [UInt8]) -> CheckTarget?? {
        let path = key.withUnsafeBufferPointer { check.keys.match($0).map { Array($0) } }
        return path.flatMap { entries[$0] }.map(\.target)
    }

    /// Takes what the template sees now, and saw before.
    mutating func update(from old: Snapshot?, to new: Snapshot) {
        var left: Set<CheckTarget> = []
        for path in affected(from: old, to: new) {
            if let target = remove(path) { left.insert(target) }
            insert(path, new)
        }
        // One that comes back later begins anew; one that another key has now, or the same key with another value, goes on.
        for target in left where !has(target) { verdicts[target] = nil }
    }

    /// The verdict on a target, nil if there is none.
    func verdict(of target: CheckTarget) -> Bool? { verdicts[target] }

    /// Takes the verdict on a target.
    mutating func note(_ target: CheckTarget, isUp: Bool) {
        verdicts[target] = isUp
        let minHealthy = check.minHealthy
        for key in keysByTarget[target] ?? [] {
            guard let entry = entries[key] else { continue }
            groups[entry.group]?.note(key, isUp: isUp, minHealthy)
        }
    }

    // MARK: - Finding targets

    /// The paths whose entries may differ.
    private func affected(from old: Snapshot?, to new: Snapshot) -> Set<[UInt8]> {
        guard let old else { return paths(in: new) }
        let changes = new.difference(from: old)
        if changes.isEmpty { return [] }
        var paths = Set(changes.compactMap { change in check.keys.match(change.key.bytes).map { Array($0) } })
        for (path, entry) in entries where entry.reads.contains(where: { $0.intersects(changes) }) {
            paths.insert(path)
        }
        return paths
    }

    private func paths(in snapshot: Snapshot) -> Set<[UInt8]> {
        var paths: Set<[UInt8]> = []
        for index in 0..<snapshot.count {
            if let path = check.keys.match(snapshot.keyBytes(index)) { paths.insert(Array(path)) }
        }
        return paths
    }

    private mutating func insert(_ path: [UInt8], _ snapshot: Snapshot) {
        guard let value = value(at: path, snapshot) else { return }
        let (entry, problem) = entry(path, value, snapshot)
        entries[path] = entry
        reasons[path] = problem
        if let target = entry.target { keysByTarget[target, default: []].insert(path) }
        let isUp = entry.target.flatMap { verdicts[$0] } ?? (check.check.options.initial == .up)
        let minHealthy = check.minHealthy
        groups[entry.group, default: TargetGroup()].insert(path, isUp: isUp, minHealthy)
    }

    /// Removes the entry of `path`; returns its target.
    private mutating func remove(_ path: [UInt8]) -> CheckTarget? {
        guard let entry = entries.removeValue(forKey: path) else { return nil }
        reasons[path] = nil
        let minHealthy = check.minHealthy
        groups[entry.group]?.remove(path, minHealthy)
        if groups[entry.group]?.isEmpty ?? false { groups[entry.group] = nil }
        guard let target = entry.target else { return nil }
        keysByTarget[target]?.remove(path)
        if keysByTarget[target]?.isEmpty ?? false { keysByTarget[target] = nil }
        return target
    }

    /// The value of the key at `path`; empty if there are only keys below it, nil if there is nothing.
    private func value(at path: [UInt8], _ snapshot: Snapshot) -> [UInt8]? {
        path.withUnsafeBufferPointer { path in
            if let index = snapshot.find(path) { return Array(snapshot.valueBytes(index)) }
            return snapshot.children(of: path).isEmpty ? nil : []
        }
    }

    /// The entry of a pair, and why it has no target.
    private func entry(_ path: [UInt8], _ value: [UInt8], _ snapshot: Snapshot) -> (Entry, problem: String?) {
        var reads: [ReadSet] = []
        var problem: String?
        func text(_ template: FieldTemplate) -> [UInt8]? {
            let rendered = template.render(
                over: (path, value), snapshot: snapshot, in: environment, limits: TemplateLimits.fromNow())
            reads.append(rendered.reads)
            if rendered.failure != nil { problem = template.reason(of: rendered) }
            return rendered.failure == nil ? rendered.output : nil
        }
        let group = check.group.flatMap(text) ?? Self.directory(of: path)
        let candidates = check.target.map { [text($0)].compactMap { $0 } } ?? [value, Self.name(of: path)]
        let target = candidates.lazy.compactMap { text in
            // The error would be that of the value, which may be something else on purpose.
            try? CheckTarget(parsing: String(decoding: text, as: UTF8.self), defaultPort: check.check.options.port)
        }.first
        if target == nil, problem == nil {
            let isDirectory = value.isEmpty && path.withUnsafeBufferPointer { snapshot.find($0) == nil }
            problem =
                isDirectory
                ? "it has no value, only keys below it: keys = \".../*\" checks each of them" : "it gives no HOST:PORT"
        }
        return (Entry(group: group, target: target, reads: reads), target == nil ? problem : nil)
    }

    private static func directory(of path: [UInt8]) -> [UInt8] {
        Array(path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex)])
    }

    private static func name(of path: [UInt8]) -> [UInt8] {
        Array(path[((path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...])
    }
}

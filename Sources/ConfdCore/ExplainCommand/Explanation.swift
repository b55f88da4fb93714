import Applying
import Backends
import Configuration
import KeyValue
import Posix
import Rendering
import Staging
import TextTemplate

/// A resource as it is rendered now, with what decides each byte.
struct Explanation {
    let resource: Resource
    let revision: Int64
    /// What the template sees of the keys.
    let view: Snapshot
    let content: [UInt8]
    /// Where the lines of `content` are.
    let lines: [Range<Int>]
    let trace: OriginTrace
    let output: TracedOutput
    /// The plain text of values that were decrypted.
    let secrets: [[UInt8]]
    /// Servers that are left out because their health checks fail.
    let hidden: [HiddenServer]
    /// Groups of servers that are all there because too few are up.
    let groupsShownAsWhole: [[UInt8]]

    /// The servers that are left out of what a line is made of: those beside the keys that it depends on; all if it depends on
    /// something, and no key is known of that.
    func hidden(near line: LineExplanation) -> [HiddenServer] {
        let folders = folders(of: line)
        if line.reasons.isEmpty && folders.isEmpty { return [] }
        return hidden.filter { folders.isEmpty || folders.contains(Self.folder($0.key)) }
    }

    /// The groups that are shown as a whole, likewise.
    func groupsShownAsWhole(near line: LineExplanation) -> [[UInt8]] {
        let folders = folders(of: line)
        return groupsShownAsWhole.filter { folders.contains(key(ByteString($0))) }
    }

    private func folders(of line: LineExplanation) -> Set<[UInt8]> {
        let sources = line.pieces.flatMap(\.sources) + line.reasons.flatMap(\.sources)
        return Set(sources.flatMap { $0.isDirectory ? [$0.key, Self.folder($0.key)] : [Self.folder($0.key)] })
    }

    private static func folder(_ key: [UInt8]) -> [UInt8] {
        Array(key[..<(key.lastIndex(of: UInt8(ascii: "/")) ?? key.startIndex)])
    }

    /// Whether a health check hides `key` of the store.
    func hides(_ key: [UInt8]) -> Bool { Self.hides(key, hidden) }

    fileprivate static func hides(_ key: [UInt8], _ hidden: [HiddenServer]) -> Bool {
        hidden.contains { $0.key == key || key.starts(with: $0.key + [UInt8(ascii: "/")]) }
    }

    /// Whether values must not be shown: they are secrets.
    var hidesValues: Bool { resource.layers.contains { $0.backend.kind.holdsSecrets } }

    /// Whether the line of `content` that `bytes` are in holds something that was decrypted.
    func isSecret(_ bytes: Range<Int>) -> Bool {
        if secrets.isEmpty { return false }
        let start = content[..<bytes.lowerBound].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // The end of the line may be one of the bytes.
        let last = max(start, bytes.upperBound - 1)
        let end = content[last...].firstIndex(of: UInt8(ascii: "\n")) ?? content.endIndex
        return SecretMask(secrets).hides(content[start..<end])
    }

    /// The key of the store that the template knows as `name`.
    func key(_ name: ByteString) -> [UInt8] { Self.key(name, of: resource) }

    fileprivate static func key(_ name: ByteString, of resource: Resource) -> [UInt8] {
        name.isEmpty ? resource.prefix : prefix(of: resource) + name.array
    }

    /// What the template calls `key`; nil if it does not see it.
    func name(of key: [UInt8]) -> ByteString? {
        Self.name(of: key, in: resource).map { ByteString($0) }
    }

    /// Whether the template sees the key, or keys below it.
    func has(_ key: [UInt8]) -> Bool { name(of: key).map { Self.has($0, in: view) } ?? false }

    fileprivate static func has(_ name: ByteString, in view: Snapshot) -> Bool {
        name.withBytes { view.find($0) != nil || !view.children(of: $0).isEmpty }
    }

    static func name(of key: [UInt8], in resource: Resource) -> [UInt8]? {
        let isSeen = key.withUnsafeBufferPointer { key in resource.ranges.contains { $0.contains(key) } }
        guard isSeen, key.starts(with: prefix(of: resource)) else { return nil }
        return Array(key.dropFirst(prefix(of: resource).count))
    }

    private static func prefix(of resource: Resource) -> [UInt8] {
        resource.prefix == [UInt8(ascii: "/")] ? [] : resource.prefix
    }

    func isThere(_ name: ByteString) -> Bool { name.withBytes { view.find($0) } != nil }

    /// The revision in which `key` of the store was changed last; nil if it is not there, or its backend has no revisions.
    func revision(of key: [UInt8]) -> Int64? {
        guard let index = name(of: key)?.withBytes({ view.find($0) }) else { return nil }
        let revision = view.modified(at: index)
        return revision > 0 ? revision : nil
    }

    /// The numbers, from 1, of the lines that `name` decides, by itself or together with `others`. A line that depends on a
    /// directory is decided by all keys below it: without them the directory would not be there.
    func lines(decidedBy name: ByteString, with others: Set<ByteString> = []) -> [Int] {
        let names = others.union([name])
        let isNamed = trace.table.membership { origin in
            switch origin.kind {
            case .key: origin.name == name
            // `.index` of an item depends on the number of items before it, which any key may change.
            case .directory: origin.name.isEmpty || origin.name == name || isHeld(origin.name, by: name, names)
            }
        }
        return output.lines(lines, of: content, naming: isNamed).map { $0 + 1 }
    }

    /// Whether `name` is below a directory that has no keys but `names`.
    private func isHeld(_ directory: ByteString, by name: ByteString, _ names: Set<ByteString>) -> Bool {
        guard name.array.starts(with: directory.array + [UInt8(ascii: "/")]) else { return false }
        let inside = view.view(of: [KeyRange(cleaned: directory.array)], strippingPrefix: [])
        return (0..<inside.count).allSatisfy { names.contains(ByteString(inside.key(at: $0).array)) }
    }
}

/// A resource with its keys of now, or with supposed ones, and the files that it has over them.
struct ExplainedResource {
    let resource: Resource
    let store: Snapshot
    let files: ResourceFiles
    fileprivate let seen: ResourceView
    fileprivate let view: Snapshot

    /// Whether `key` of the store, or a key below it, is there; a health check may hide it.
    func has(_ key: [UInt8]) -> Bool {
        let name = Explanation.name(of: key, in: resource).map { ByteString($0) }
        return name.map { Explanation.has($0, in: view) } == true || Explanation.hides(key, seen.hidden)
    }

    /// The key of the store that was probably meant by one that is not there; nil if none is near.
    func nearKey(to key: [UInt8]) -> [UInt8]? {
        Explanation.name(of: key, in: resource).flatMap { NearKeys.path(near: $0, in: view) }
            .map { Explanation.key(ByteString($0), of: resource) }
    }
}

/// Renders resources with a trace; what is wrong is logged.
struct Explainer {
    let settings: Settings
    let logger: Logger
    let backends: BackendPool

    /// A resource over its keys of now.
    func read(_ resource: Resource) throws(ExplainFailure) -> ExplainedResource {
        guard let store = backends.keys(of: resource, timeout: settings.backendTimeout, logger) else {
            throw .logged(ExitCode.backend)
        }
        return read(resource, over: store)
    }

    /// The same resource as if `key` had another value.
    func suppose(_ key: [UInt8], _ value: [UInt8], in known: ExplainedResource) -> ExplainedResource {
        // Of equal keys the last one stays.
        let store = known.store
        let pairs = (0..<store.count).map { (key: store.key(at: $0).array, value: store.value(at: $0).array) }
        return read(known.resource, over: Snapshot(pairs + [(key, value)], revision: store.revision))
    }

    private func read(_ resource: Resource, over store: Snapshot) -> ExplainedResource {
        let environment = ResourceRenderer(settings).environment
        let seen = ResourceView(of: resource, store, settings, logger, environment)
        let view = seen.keys(of: resource)
        return ExplainedResource(
            resource: resource, store: store, files: ResourceFiles(of: resource, over: view, in: environment),
            seen: seen, view: view)
    }

    func explain(_ file: ResourceFiles.File, of keys: ExplainedResource) throws(ExplainFailure) -> Explanation {
        let renderer = ResourceRenderer(settings)
        let trace = OriginTrace(over: keys.view)
        let isolation = Isolation(environment: renderer.environment, recording: .origins(trace))
        let rendering = renderer.render(
            file.resource, itemIndex: file.itemIndex, keys.view, keys.seen.health, isolation)
        for warning in rendering.warnings { logger.warning(warning, file.resource) }
        switch rendering.content {
        case .failure(let failure):
            let fields = file.resource.logFields
            logger.error(failure.message, fields.explained(excerpt: failure.excerpt, hint: failure.hint))
            throw .logged(ExitCode.failed)
        case .success(let content):
            return Explanation(
                resource: file.resource, revision: keys.store.revision, view: keys.view, content: content,
                lines: TracedOutput.lines(of: content), trace: trace, output: trace.output ?? TracedOutput(),
                secrets: rendering.secrets, hidden: keys.seen.hidden,
                groupsShownAsWhole: keys.seen.groupsShownAsWhole)
        }
    }
}

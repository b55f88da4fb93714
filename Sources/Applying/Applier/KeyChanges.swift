import JSON
import KeyValue
import Posix
import Staging

/// What changed of a resource's keys since it was applied last.
package struct KeyChanges: Sendable {
    /// nil if it was never applied: then every key is new.
    let base: Snapshot?
    package let snapshot: Snapshot
    let ranges: [KeyRange]

    /// A line for each changed key, in their order: `{"action":"set","key":"/a/b"}`, or `"delete"`.
    var lines: [UInt8] { Self.lines(of: [self]) }

    /// The lines of several resources that reload together, each key once.
    static func lines(of changes: [KeyChanges]) -> [UInt8] {
        var actions: [[UInt8]: String] = [:]
        for change in changes {
            let view = change.snapshot.view(of: change.ranges, strippingPrefix: [])
            let base = change.base?.view(of: change.ranges, strippingPrefix: []) ?? Snapshot([])
            for key in view.difference(from: base) {
                actions[key.key.array] = key.kind == .removed ? "delete" : "set"
            }
        }
        let sorted = actions.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return sorted.flatMap { line(action: $0.value, key: $0.key) }
    }

    /// How many keys a log line names, and how much of each.
    private static let shownKeys = 3
    private static let shownLength = 200

    /// For a log line: some of the keys, how many more there are, and the revision, as ` (/a, /b, /c and 2 more, revision
    /// 17)`; empty if there is nothing to say.
    var summary: String {
        let view = snapshot.view(of: ranges, strippingPrefix: [])
        let base = base?.view(of: ranges, strippingPrefix: [])
        let changed = base.map { view.difference(from: $0).map(\.key) }
        let count = changed?.count ?? view.count
        let named = changed?.prefix(Self.shownKeys).map { $0 } ?? (0..<min(count, Self.shownKeys)).map(view.key(at:))
        var text = named.map { Self.shown($0.array) }.joined(separator: ", ")
        if count > named.count { text += " and \(count - named.count) more" }
        let revision = snapshot.revision > 0 ? "revision \(snapshot.revision)" : ""
        let parts = [text, revision].filter { !$0.isEmpty }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    private static func shown(_ key: [UInt8]) -> String {
        let text = String(decoding: key.prefix(shownLength), as: UTF8.self)
        return key.count > shownLength ? text + "…" : text
    }

    private static func line(action: String, key: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [("action", Array(action.utf8)), ("key", key)] {
            Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
            value.withUnsafeBufferPointer { writer.appendString($0) }
        }
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }
}

/// A file for a command: it tells what changed, or is the staged one of a stream. Gone when it is dropped.
final class ChangesFile {
    let path: String
    /// Whether it stays.
    var isKept = false
    /// Open, and so locked, for as long as it is used.
    private let file: FileDescriptor
    private let folder: Folder

    /// A file of mode 0600 in `TMPDIR`, or `/tmp`.
    convenience init(_ lines: [UInt8]) throws(SystemError) {
        _ = Self.sweepsOnce
        try self.init(lines, in: try Folder(Self.temporary), prefix: "confd-changes-")
    }

    /// A file of mode 0600 in `TMPDIR`, or `/tmp`, with what is to be written to a stream.
    convenience init(staged content: [UInt8]) throws(SystemError) {
        _ = Self.sweepsOnce
        try self.init(content, in: try Folder(Self.temporary), prefix: "confd-stage-")
    }

    /// A file of mode 0600 with the name of a candidate of `destination`.
    convenience init(_ lines: [UInt8], beside destination: Destination) throws(SystemError) {
        // The directory that was resolved, whatever its path leads to by now.
        guard let folder = destination.folder else {
            throw SystemError(call: "open", path: destination.folderPath, code: Errno.noSuchFile)
        }
        try self.init(lines, in: folder, prefix: destination.candidatePrefix)
    }

    private init(_ lines: [UInt8], in folder: Folder, prefix: String) throws(SystemError) {
        self.folder = folder
        file = try Leftovers.create(in: folder, prefix: prefix)
        // A file that was created has a path. From here on `deinit` removes it.
        path = file.path ?? ""
        try file.writeAll(lines)
    }

    /// The path of the directory of temporary files.
    static let temporary = Environment.text("TMPDIR") ?? "/tmp"

    /// Removes those that a kill has left behind; what cannot be removed does no harm.
    private static let sweepsOnce: Void = { try? Leftovers.sweep(Folder(temporary), isOurs: Leftovers.isTemporary) }()

    /// Whether it still has `content`.
    func holds(_ content: [UInt8]) throws(SystemError) -> Bool {
        try Files.read(path, limit: content.count) == content
    }

    deinit {
        if isKept { return }
        // A file that stays in TMPDIR does no harm: its name is never used again.
        try? folder.unlink(Files.split(path).name)
    }
}

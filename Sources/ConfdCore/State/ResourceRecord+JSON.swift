import Applying
import JSON
import Posix

extension ResourceRecord {
    /// The most paths of a guard that are kept, so that a record stays small: after a restart the guard does not notice if one of
    /// the others is gone.
    private static let mostPaths = 10_000

    /// The form on disk, times in whole seconds:
    ///
    ///     {"version": 1, "resource": "app.toml", "dest": "/etc/app", "revision": 17, "changed": 1700000000,
    ///      "keys": 5, "matches": {"/s/*": {"/s/a": 3, "/s/b": 2}}, "held_since": 1700000100, "held_of": 9,
    ///      "released": 1}
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.set("version", Self.version)
        writer.set("resource", resource)
        writer.set("dest", destination)
        writer.set("revision", Int(revision))
        writer.set("changed", Int(changed?.seconds ?? 0))
        if let keys { Self.write(keys, &writer) }
        if let heldSince { writer.set("held_since", Int(heldSince.seconds)) }
        if let heldOf { writer.set("held_of", heldOf) }
        if isReleased { writer.set("released", 1) }
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }

    private static func write(_ keys: KeyCounts, _ writer: inout JSONWriter) {
        writer.set("keys", keys.total)
        if keys.matches.isEmpty { return }
        writer.set("matches")
        writer.beginObject()
        var left = mostPaths
        for (pattern, paths) in keys.matches.sorted(by: { $0.key < $1.key }) {
            writer.set(pattern)
            writer.beginObject()
            let sorted = paths.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for (path, count) in sorted.prefix(left) {
                // JSON strings are Unicode: a path of other bytes is not kept.
                guard let name = String(validating: path, as: UTF8.self) else { continue }
                writer.set(name, count)
            }
            left -= min(left, sorted.count)
            writer.endObject()
        }
        writer.endObject()
    }

    /// The record that `bytes` hold; nil if they hold none of this version.
    init?(parsing bytes: [UInt8]) {
        let record = bytes.withUnsafeBufferPointer { input -> ResourceRecord? in
            RecordReader(input).flatMap { ResourceRecord($0) }
        }
        guard let record else { return nil }
        self = record
    }

    private init?(_ reader: RecordReader) {
        guard reader.number("version") == Self.version, let resource = reader.text("resource"),
            let destination = reader.text("dest"), let revision = reader.number("revision"),
            let changed = reader.number("changed")
        else { return nil }
        self.init(resource: resource, destination: destination)
        self.revision = Int64(revision)
        self.changed = Self.time(changed)
        keys = Self.keys(reader)
        heldSince = reader.number("held_since").flatMap(Self.time)
        heldOf = heldSince == nil ? nil : reader.number("held_of").flatMap(Self.count)
        isReleased = heldSince != nil && reader.number("released") == 1
    }

    /// A time between 1970 and the year 9999; nil for another number, which confd has not written.
    private static func time(_ seconds: Int) -> WallTime? {
        (1...253_402_300_799).contains(seconds) ? WallTime(seconds: Int64(seconds)) : nil
    }

    private static func keys(_ reader: RecordReader) -> KeyCounts? {
        guard let total = reader.number("keys").flatMap(count) else { return nil }
        let matches = reader.object("matches")?.members.compactMapValues { patterns in
            patterns.object?.members.reduce(into: [[UInt8]: Int]()) { paths, member in
                if let count = member.value.number.flatMap(count) { paths[Array(member.key.utf8)] = count }
            }
        }
        return KeyCounts(total: total, matches: matches ?? [:])
    }

    private static func count(_ number: Int) -> Int? { (0...1_000_000_000_000).contains(number) ? number : nil }
}

extension JSONWriter {
    /// The name of the next member.
    fileprivate mutating func set(_ name: String) { Array(name.utf8).withUnsafeBufferPointer { key($0) } }

    fileprivate mutating func set(_ name: String, _ number: Int) {
        set(name)
        appendInt(number)
    }

    fileprivate mutating func set(_ name: String, _ text: String) {
        set(name)
        Array(text.utf8).withUnsafeBufferPointer { appendString($0) }
    }
}

/// An object of a record, for as long as its bytes are there.
private struct RecordReader {
    private let document: JSONDocument
    private let input: UnsafeBufferPointer<UInt8>
    /// The token of the object.
    private let index: Int

    /// nil if `input` is no JSON object.
    init?(_ input: UnsafeBufferPointer<UInt8>) {
        guard let document = try? JSONDocument(parsing: input) else { return nil }
        self.init(document, input, 0)
    }

    private init?(_ document: JSONDocument, _ input: UnsafeBufferPointer<UInt8>, _ index: Int) {
        guard document.tokens[index].kind == .object else { return nil }
        self.document = document
        self.input = input
        self.index = index
    }

    /// The value of a member.
    struct Value {
        fileprivate let reader: RecordReader
        fileprivate let token: Int

        var number: Int? {
            let value = reader.document.tokens[token]
            return value.kind == .number ? Int(exactly: value.number) : nil
        }
        var text: String? {
            reader.document.tokens[token].kind == .string ? reader.string(token) : nil
        }
        var object: RecordReader? { RecordReader(reader.document, reader.input, token) }
    }

    /// By name; the last of equal names counts.
    var members: [String: Value] {
        document.keys(of: index).reduce(into: [:]) { members, key in
            members[string(key)] = Value(reader: self, token: key + 1)
        }
    }

    func number(_ name: String) -> Int? { members[name]?.number }
    func text(_ name: String) -> String? { members[name]?.text }
    func object(_ name: String) -> RecordReader? { members[name]?.object }

    private func string(_ token: Int) -> String {
        document.withString(at: token, in: input) { String(decoding: $0, as: UTF8.self) }
    }
}

import JSON
import Posix
import Staging

/// The record of a resource in the state directory: a small JSON object in a file of its own.
struct ResourceRecord: Equatable, Sendable {
    /// The version of the form; a record of another version is not read.
    private static let version = 1
    /// Where names of resources are cut in file names, of which Linux takes 255 bytes; a hash keeps cut ones apart.
    private static let longestName = 180

    /// The resource's name in the log, such as `app.toml` or `app.toml#2`.
    let resource: String
    let destination: String
    /// The store's revision that the file was written from last; 0 for stores without revisions.
    var revision: Int64
    /// When the file was replaced last.
    var changed: WallTime

    init(resource: String, destination: String, revision: Int64, changed: WallTime) {
        self.resource = resource
        self.destination = destination
        self.revision = revision
        self.changed = changed
    }

    /// The record that `bytes` hold; nil if they hold none of this version.
    init?(parsing bytes: [UInt8]) {
        guard let fields = Self.fields(of: bytes), fields.numbers["version"] == Self.version,
            let resource = fields.texts["resource"], let destination = fields.texts["dest"],
            let revision = fields.numbers["revision"], let changed = fields.numbers["changed"]
        else { return nil }
        self.init(
            resource: resource, destination: destination, revision: Int64(revision),
            changed: WallTime(seconds: Int64(changed)))
    }

    /// The form on disk, with `changed` in whole seconds.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        func key(_ name: String, _ writer: inout JSONWriter) {
            Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
        }
        key("version", &writer)
        writer.appendInt(Self.version)
        for (name, text) in [("resource", resource), ("dest", destination)] {
            key(name, &writer)
            Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) }
        }
        for (name, number) in [("revision", revision), ("changed", changed.seconds)] {
            key(name, &writer)
            writer.appendInt(Int(number))
        }
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }

    /// The name of the file that keeps the record of `resource`: letters, digits, `.`, `_` and `-` as they are, other
    /// bytes and a leading dot as `%2F`.
    static func fileName(of resource: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var name: [UInt8] = []
        for byte in resource.utf8 {
            let isPlain =
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                case UInt8(ascii: "."): !name.isEmpty
                default: false
                }
            name += isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        let text = String(decoding: name.prefix(longestName), as: UTF8.self)
        if name.count <= longestName { return text + ".json" }
        return "\(text)-\(MD5.hex(resource.utf8)).json"
    }

    /// The members of the object in `bytes` that are strings or integers; nil if there is none.
    private static func fields(of bytes: [UInt8]) -> (texts: [String: String], numbers: [String: Int])? {
        bytes.withUnsafeBufferPointer { input in
            guard let document = try? JSONDocument(parsing: input), document.tokens[0].kind == .object else {
                return nil
            }
            var texts: [String: String] = [:]
            var numbers: [String: Int] = [:]
            func string(_ index: Int) -> String {
                document.withString(at: index, in: input) { String(decoding: $0, as: UTF8.self) }
            }
            for key in document.keys(of: 0) {
                let value = document.tokens[key + 1]
                switch value.kind {
                case .string: texts[string(key)] = string(key + 1)
                case .number: numbers[string(key)] = Int(exactly: value.number)
                default: continue
                }
            }
            return (texts, numbers)
        }
    }
}

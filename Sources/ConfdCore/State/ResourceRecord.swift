import Applying
import Digests
import JSON
import Posix
import Staging

/// The record of a resource in the state directory: a small JSON object in a file of its own.
struct ResourceRecord: Equatable, Sendable {
    /// The version of the format; a record of another version is not read. Unknown members are skipped.
    static let version = 1
    /// Where names of resources are cut in file names, of which Linux takes 255 bytes; a hash keeps cut ones apart.
    private static let longestName = 180

    /// The resource's name in the log, such as `app.toml` or `app.toml#2`.
    let resource: String
    let destination: String
    /// The store's revision that the file was written from last; 0 for stores without revisions, and before it was written.
    var revision: Int64 = 0
    /// When the file was replaced last; nil if it never was.
    var changed: WallTime?
    /// The keys that the file was made from last; nil without a guard.
    var keys: KeyCounts?
    /// Since when a guard holds a rendering; nil if none is held.
    var heldSince: WallTime?
    /// If the removal of items' files is held: how many files there were.
    var heldOf: Int?
    /// Whether an operator lets through what is held.
    var isReleased = false

    init(resource: String, destination: String) {
        self.resource = resource
        self.destination = destination
    }

    /// Whether the file is there, and nobody else, such as a confd with -onetime, has written it since `changed`. That is kept in
    /// seconds.
    var isOfFileInPlace: Bool {
        guard let changed, let status = try? Files.status(destination) else { return false }
        return status.modified / 1_000_000_000 <= changed.seconds + 1
    }

    /// The name of the file that keeps the record of `resource`: letters, digits, `.`, `_` and `-` as they are, other
    /// bytes and a leading dot as `%2F`.
    static func fileName(of resource: String, suffix: String = ".json") -> String {
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
        if name.count <= longestName { return text + suffix }
        return "\(text)-\(MD5.hex(resource.utf8))\(suffix)"
    }
}

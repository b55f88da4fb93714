import Configuration
import Posix

/// The keys that a service has, kept in the state directory: so after a restart its commands get the names of those that are
/// gone. Values are not kept.
struct KeptKeys: Equatable, Sendable {
    /// What they belong to: resource, destination, backends and ranges. Kept keys of another owner are ignored.
    let owner: String
    let keys: Set<[UInt8]>

    /// The largest size in bytes. Beyond it nothing is kept, and after a restart commands get all keys.
    static let largestSize = 8 << 20
    private static let head = Array("confd-keys 1".utf8)

    init(of resource: Resource, _ keys: Set<[UInt8]>) {
        let ranges = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }
        let backends = resource.layers.flatMap { [$0.backend.name] + $0.backend.sources }
        let parts = [resource.name, resource.destination] + backends + ranges
        owner = parts.joined(separator: "\n")
        self.keys = keys
    }

    /// The form on disk: `LENGTH:BYTES` and a line feed for each of the head, the owner, the keys, and the count of keys.
    var bytes: [UInt8] {
        let parts = [Self.head, Array(owner.utf8)] + keys + [Array("\(keys.count)".utf8)]
        return parts.flatMap { Array("\($0.count):".utf8) + $0 + [UInt8(ascii: "\n")] }
    }

    /// nil if `bytes` are not of this form, or not whole.
    init?(parsing bytes: [UInt8]) {
        var parts: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let colon = rest.prefix(20).firstIndex(of: UInt8(ascii: ":")),
                let count = Int(String(decoding: rest[..<colon], as: UTF8.self)), count >= 0,
                count < rest.endIndex - colon - 1
            else { return nil }
            let end = colon + 1 + count
            guard rest[end] == UInt8(ascii: "\n") else { return nil }
            parts.append(rest[(colon + 1)..<end])
            rest = rest[(end + 1)...]
        }
        guard parts.count >= 3, parts[0].elementsEqual(Self.head), let last = parts.last,
            Int(String(decoding: last, as: UTF8.self)) == parts.count - 3
        else { return nil }
        owner = String(decoding: parts[1], as: UTF8.self)
        keys = Set(parts[2..<(parts.count - 1)].map { Array($0) })
    }
}

extension StateDirectory {
    private static func keysName(_ resource: Resource) -> String {
        ResourceRecord.fileName(of: resource.name, suffix: ".keys")
    }

    /// The keys that the service of `resource` may have; nil if that is not known.
    func keys(of resource: Resource) -> Set<[UInt8]>? {
        let bytes = content(of: Self.keysName(resource), limit: KeptKeys.largestSize)
        guard let kept = bytes.flatMap(KeptKeys.init(parsing:)) else { return nil }
        return kept.owner == KeptKeys(of: resource, []).owner ? kept.keys : nil
    }

    /// Keeps the keys of the service of `resource`; if they are too many, removes what was kept.
    func save(_ keys: Set<[UInt8]>, of resource: Resource) throws(SystemError) {
        let size = keys.reduce(0) { $0 + $1.count + 8 }
        guard size < KeptKeys.largestSize - 65_536 else { return try remove(Self.keysName(resource)) }
        try save(KeptKeys(of: resource, keys).bytes, as: Self.keysName(resource))
    }
}

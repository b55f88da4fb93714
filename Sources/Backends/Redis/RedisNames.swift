import KeyValue

/// How redis calls the keys: as confd 0.17 does, `/app/name` is `/app/name`, or with the separator `:` `app:name`.
struct RedisNames: Sendable {
    private static let slash = UInt8(ascii: "/")

    let separator: [UInt8]

    /// An empty separator is a slash.
    init(separator: String) { self.separator = separator.isEmpty ? [Self.slash] : Array(separator.utf8) }

    /// The name of the key `path`, as confd's `transform` makes it.
    func name(of path: [UInt8]) -> [UInt8] {
        if separator == [Self.slash] { return path }
        return Self.replacing(
            [Self.slash], with: separator, in: path.first == Self.slash ? path.dropFirst() : path[...])
    }

    /// The key of redis' `name`, as confd's `clean` makes it.
    func key(of name: [UInt8]) -> [UInt8] {
        let path = name.first == Self.slash ? name : [Self.slash] + name
        return separator == [Self.slash] ? path : Self.replacing(separator, with: [Self.slash], in: path[...])
    }

    /// The key of a field of the hash `name`.
    func key(of name: [UInt8], field: [UInt8]) -> [UInt8] { key(of: name + [Self.slash] + field) }

    private static func replacing(
        _ old: [UInt8], with new: [UInt8], in bytes: ArraySlice<UInt8>
    ) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            if rest.starts(with: old) {
                result += new
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    /// `text` for a pattern of redis, where it stands for itself.
    static func escaped(_ text: some Sequence<UInt8>) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in "*?[]\\^".utf8.contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte] }
    }
}

/// A range of keys, in redis' names.
struct RedisRange: Equatable, Sendable {
    let range: KeyRange
    /// The name of the key at its top; nil for the root, which has none.
    let own: [UInt8]?
    /// What the names below it begin with.
    let folder: [UInt8]

    init(_ range: KeyRange, _ names: RedisNames) {
        self.range = range
        if range.path == [UInt8(ascii: "/")] {
            own = nil
            folder = []
        } else {
            let own = names.name(of: range.path)
            self.own = own
            folder = own + names.separator
        }
    }

    /// Whether `name` is a key below it.
    func holds(_ name: [UInt8]) -> Bool { name.starts(with: folder) }

    /// The pattern of all names below `ranges`.
    static func pattern(_ ranges: [RedisRange]) -> [UInt8] {
        var common = ranges.first?.folder ?? []
        for range in ranges.dropFirst() {
            common = Array(zip(common, range.folder).prefix { $0 == $1 }.map(\.0))
        }
        return RedisNames.escaped(common) + [UInt8(ascii: "*")]
    }
}

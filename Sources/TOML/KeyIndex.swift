/// Finds the place of a key in a table: by comparison in a small table, by hash in a large one.
struct KeyIndex: Sendable {
    /// Below this count comparing is faster than hashing.
    private static let hashedFrom = 9

    private(set) var keys: [String] = []
    private var places: [Name: Int] = [:]

    init(_ keys: [String] = []) {
        for key in keys { append(key) }
    }

    var count: Int { keys.count }

    subscript(key: String) -> Int? {
        let name = Name(text: key)
        if keys.count >= Self.hashedFrom { return places[name] }
        return keys.firstIndex { Name(text: $0) == name }
    }

    mutating func append(_ key: String) {
        keys.append(key)
        if keys.count == Self.hashedFrom {
            for (place, key) in keys.enumerated() { places[Name(text: key)] = place }
        } else if keys.count > Self.hashedFrom {
            places[Name(text: key)] = keys.count - 1
        }
    }

    /// A key compared by its code points: `String` itself takes a composed and a decomposed `é` for
    /// equal, TOML does not.
    private struct Name: Hashable {
        let text: String

        static func == (left: Name, right: Name) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}

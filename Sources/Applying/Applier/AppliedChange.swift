/// The keys that changed when a file was replaced, as far as they are remembered.
package struct AppliedChange: Equatable, Sendable {
    package struct Key: Equatable, Sendable {
        package let name: [UInt8]
        package let isGone: Bool
    }

    /// The most keys that are remembered; further ones are only counted.
    package static let mostKeys = 1_000

    /// The store's revision; 0 where it has none.
    package let revision: Int64
    package let keys: [Key]
    /// How many changed in all.
    package let count: Int
    /// Whether it is known which keys changed; if not, they are all that the resource has.
    package let isKnown: Bool

    /// How many keys a line names, and how much of each.
    private static let shownKeys = 3
    private static let shownLength = 200

    /// Some of the keys, how many more there are, and the revision: `/a, /b, /c and 2 more, revision 17`.
    package var detail: String {
        let named = keys.prefix(Self.shownKeys)
        var text = named.map { Self.shown($0.name) }.joined(separator: ", ")
        if count > named.count { text += " and \(count - named.count) more" }
        return [text, revision > 0 ? "revision \(revision)" : ""].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func shown(_ key: [UInt8]) -> String {
        let text = String(decoding: key.prefix(shownLength), as: UTF8.self)
        return key.count > shownLength ? text + "…" : text
    }
}

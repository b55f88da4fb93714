/// What changed when a file was replaced: keys, as far as they are remembered, and what else it was made from.
package struct AppliedChange: Equatable, Sendable {
    /// What became of a key.
    package enum KeyChange: String, Sendable {
        case set, delete
        /// A health check hides it, which is in the store, or does so no longer.
        case hide, show
    }

    package struct Key: Equatable, Sendable {
        package let name: [UInt8]
        package let change: KeyChange
    }

    /// What else than a key was the cause.
    package enum Cause: Equatable, Sendable {
        /// The template, one that it includes, or the age identity.
        case source(path: String)
        case resourceFile
        /// The file was not any more as it had been written.
        case destination
        /// The time, a name, a file, or the health of servers.
        case surroundings
        /// A turn of the resource's rollout failed: the file is the one from before.
        case failedTurn

        /// In the words of a log line.
        package var text: String {
            switch self {
            case .source(let path): "\(path) was changed"
            case .resourceFile: "its resource file was changed"
            case .destination: "somebody else had changed it"
            case .surroundings: "something that its template asks for besides keys was changed"
            case .failedTurn: "its turn in the rollout failed, the previous file was put back"
            }
        }
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
    /// Causes besides keys.
    package let causes: [Cause]

    /// The change of a file whose previous content, which is that of `revision`, was put back after a failed turn of its rollout.
    package static func previousFile(revision: Int64) -> AppliedChange {
        AppliedChange(revision: revision, keys: [], count: 0, isKnown: true, causes: [.failedTurn])
    }

    /// How many keys a line names, and how much of each.
    private static let shownKeys = 3
    private static let shownLength = 200

    /// Some of the keys, how many more there are, what else was changed, and the revision: `/a, /b, /c and 2 more, revision 17`.
    package var detail: String {
        let parts = [keysText] + causes.map(\.text) + [revision > 0 ? "revision \(revision)" : ""]
        return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var keysText: String {
        // All keys of the resource, none of which need have changed.
        if !isKnown, !causes.isEmpty { return "" }
        let named = keys.prefix(Self.shownKeys)
        let text = named.map { Self.shown($0) }.joined(separator: ", ")
        return count > named.count ? text + " and \(count - named.count) more" : text
    }

    private static func shown(_ key: Key) -> String {
        var text = String(decoding: key.name.prefix(shownLength), as: UTF8.self)
        if key.name.count > shownLength { text += "…" }
        switch key.change {
        case .set, .delete: return text
        case .hide: return text + " is hidden by its health check"
        case .show: return text + " is not hidden any more"
        }
    }
}

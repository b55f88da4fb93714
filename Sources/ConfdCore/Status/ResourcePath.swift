import Primitives

/// The path of a request at the control socket: a word and the resource's name, as `/release/app.toml`, with `%2F` and the
/// like for all bytes but letters, digits, `.`, `_`, `~` and `-`.
struct ResourcePath {
    static let release = ResourcePath(start: "/release/")
    static let clean = ResourcePath(start: "/clean/")
    static let last = ResourcePath(start: "/last/")

    private let start: String

    func path(of resource: String) -> String { start + PercentEncoding.encoded(resource.utf8) }

    /// The resource that `path` names, nil for another path.
    func resource(of path: String) -> String? {
        path.hasPrefix(start) ? PercentEncoding.decoded(path.utf8.dropFirst(start.utf8.count)) : nil
    }
}

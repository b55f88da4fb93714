import Diagnostics

/// How operators name a resource: as the log does, with or without `.toml`.
enum ResourceName {
    static func isMeant(_ name: String, by given: String) -> Bool {
        if name == given || name == given + ".toml" { return true }
        // The key of an item stands behind the resource: `sites[/sites/a]`.
        guard let bracket = given.firstIndex(of: "[") else { return false }
        return name == given[..<bracket] + ".toml" + given[bracket...]
    }

    /// The name that was probably meant by `given`; nil if none is near.
    static func nearest(to given: String, among names: [String]) -> String? {
        Suggestion.nearest(to: given, among: names) ?? Suggestion.nearest(to: given + ".toml", among: names)
    }
}

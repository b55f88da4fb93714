import Configuration
import KeyValue

/// How many keys a resource has in its store, before health checks hide any: what its guard compares.
package struct KeyCounts: Equatable, Sendable {
    package let total: Int
    /// For each pattern of `min_keys`, by its text, the paths that match it, and how many keys each has: itself and those
    /// below it.
    package let matches: [String: [[UInt8]: Int]]

    package init(total: Int, matches: [String: [[UInt8]: Int]] = [:]) {
        self.total = total
        self.matches = matches
    }

    /// Counts the keys of `view`, which are those that the template would see.
    package init(of view: Snapshot, _ limits: GuardLimits) {
        var matches: [String: [[UInt8]: Int]] = [:]
        for minimum in limits.minimums { matches[minimum.pattern.text] = Self.matches(of: minimum.pattern, in: view) }
        self.init(total: view.count, matches: matches)
    }

    /// The keys below a path stand together, so that they are counted in a time that grows with the number of paths, and only
    /// with the logarithm of the number of keys.
    private static func matches(of pattern: KeyPattern, in view: Snapshot) -> [[UInt8]: Int] {
        var counts: [[UInt8]: Int] = [:]
        var index = 0
        while index < view.count {
            let key = view.keyBytes(index)
            guard let path = pattern.match(key) else {
                index += 1
                continue
            }
            let isAtPath = key.count == path.count
            let end = isAtPath ? index + 1 : view.indexPast(index, sharing: path.count + 1, in: index..<view.count)
            // A key with a dash, or the like, can stand between a path and what is below it.
            counts[Array(path), default: 0] += end - index
            index = end
        }
        return counts
    }
}

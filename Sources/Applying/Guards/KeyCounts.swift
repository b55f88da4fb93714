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

    private static func matches(of pattern: KeyPattern, in view: Snapshot) -> [[UInt8]: Int] {
        var counts: [[UInt8]: Int] = [:]
        // Keys come in order, so most follow one of the same path.
        var path: [UInt8] = []
        var count = 0
        for index in 0..<view.count {
            guard let match = pattern.match(view.keyBytes(index)) else { continue }
            if count == 0 || !match.elementsEqual(path) {
                if count > 0 { counts[path, default: 0] += count }
                path = Array(match)
                count = 0
            }
            count += 1
        }
        if count > 0 { counts[path, default: 0] += count }
        return counts
    }
}

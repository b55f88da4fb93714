/// "Did you mean": finds the name that a mistyped one is nearest to.
package enum Suggestion {
    /// How near a name has to be.
    package struct Rule: Sendable {
        /// Longer names, in bytes, get no suggestion: the search takes time in proportion to the length.
        let longest: Int
        /// The greatest distance for a name of so many bytes.
        let limit: @Sendable (Int) -> Int
        /// Whether the only candidate that begins with what was typed is taken, however far its end is.
        let completes: Bool
        /// Whether upper and lower case count as the same.
        let foldsCase: Bool

        /// For options, keys and files: a third of the length.
        package static let names = Rule(
            longest: 64, limit: { min(3, max(1, $0 / 3)) }, completes: true, foldsCase: false)
        /// For words that may be something else than a name: the beginning of a name is none, such as `app` of `app-id`.
        package static let words = Rule(longest: 64, limit: names.limit, completes: false, foldsCase: false)
        /// For functions, fields and keys in templates: two mistakes, one below six letters.
        package static let identifiers = Rule(
            longest: 40, limit: { $0 < 6 ? 1 : 2 }, completes: false, foldsCase: true)
    }

    /// The candidate nearest to `typed`, nil if none is near. Of those that are equally near, the one nearest in length; of
    /// those one with the same first letter, a longer one (letters are left out more often than added), and at last the first
    /// one of `candidates`.
    package static func nearest(
        to typed: String, among candidates: some Sequence<String>, _ rule: Rule = .names
    ) -> String? {
        nearest(to: Array(typed.utf8), among: candidates, rule)
    }

    /// As above, for a name that need not be UTF-8.
    package static func nearest(
        to wanted: [UInt8], among candidates: some Sequence<String>, _ rule: Rule
    ) -> String? {
        guard wanted.count <= rule.longest else { return nil }
        if rule.completes, wanted.count > 2 {
            let longer = candidates.filter { $0.utf8.starts(with: wanted) }
            if longer.count == 1 { return longer[0] }
        }
        let typed = folded(wanted, rule)
        var best = (rank: (rule.limit(wanted.count), Int.max, 1, 1), name: String?.none)
        for candidate in candidates {
            let name = folded(Array(candidate.utf8), rule)
            let rank = (
                distance(typed, name), abs(name.count - typed.count), name.first == typed.first ? 0 : 1,
                name.count < typed.count ? 1 : 0
            )
            if rank < best.rank { best = (rank, candidate) }
        }
        return best.name
    }

    private static func folded(_ name: [UInt8], _ rule: Rule) -> [UInt8] {
        rule.foldsCase ? name.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 } : name
    }

    /// How many bytes must be inserted, removed, replaced or swapped with their neighbour to turn `left` into `right`
    /// (the optimal string alignment distance).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforePrevious[j - 1] + 1)
                }
                row.append(cost)
            }
            beforePrevious = previous
            previous = row
        }
        return previous[right.count]
    }
}

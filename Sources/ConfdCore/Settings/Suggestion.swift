/// "Did you mean": the candidate nearest to what was typed.
package enum Suggestion {
    /// The only candidate that begins with `typed`, else the one within a third of `typed`'s length in edits (at least 1, at most 3); nil if none is near.
    package static func nearest(to typed: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(typed.utf8)
        guard wanted.count <= 64 else { return nil }
        let longer = candidates.filter { wanted.count > 2 && $0.hasPrefix(typed) }
        if longer.count == 1 { return longer[0] }
        let limit = min(3, max(1, wanted.count / 3))
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let distance = editDistance(wanted, Array(candidate.utf8))
            if distance <= limit, distance < best?.distance ?? Int.max { best = (distance, candidate) }
        }
        return best?.name
    }

    /// Levenshtein distance, a swap of two neighbours counting as one edit.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
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

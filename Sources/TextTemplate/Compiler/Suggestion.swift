/// Finds what a mistyped name may have been meant to be.
package enum Suggestion {
    /// The function that `name` is nearest to, if one is near.
    static func nearest(to name: ByteString, _ functions: [String: Function]) -> String? {
        nearest(to: name, among: Array(functions.keys) + Builtin.allCases.map(\.rawValue))
    }

    /// The candidate that `name` is nearest to, if one is near.
    package static func nearest(to name: ByteString, among candidates: [String]) -> String? {
        guard name.count <= 40 else { return nil }
        let wanted = name.array
        // Two mistakes in a word of six letters or more, one in a shorter one.
        let limit = wanted.count < 6 ? 1 : 2
        var best = (distance: limit, lengths: Int.max, name: String?.none)
        for candidate in candidates.sorted() {
            let distance = distance(wanted, Array(candidate.utf8))
            let lengths = abs(candidate.utf8.count - wanted.count)
            if (distance, lengths) < (best.distance, best.lengths) { best = (distance, lengths, candidate) }
        }
        return best.name
    }

    /// How many bytes must be put in, taken out, replaced or swapped with their neighbour to make `b` of `a`.
    /// Letter case does not count.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        let fold = { (byte: UInt8) -> UInt8 in byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                let differs = fold(a[i - 1]) != fold(b[j - 1])
                var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (differs ? 1 : 0))
                if i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]) {
                    cost = min(cost, rows[i - 2][j - 2] + 1)
                }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}

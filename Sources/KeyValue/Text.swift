// Searches in strings under the names of the standard library's own, which bring its engine for regular expressions
// with them: a tenth of the binary. Release builds keep that out (packaging/build-release); where it is there, it is
// preferred, and gives the same answers.

extension StringProtocol {
    /// Whether `text` occurs in this string, byte by byte.
    @_disfavoredOverload
    package func contains(_ text: some StringProtocol) -> Bool { place(of: text, from: startIndex) != nil }

    /// This string with `replacement` in place of each `text`, which is not empty.
    @_disfavoredOverload
    package func replacing(_ text: some StringProtocol, with replacement: some StringProtocol) -> String {
        pieces(between: text, limit: .max).joined(separator: String(replacement))
    }

    /// The parts of this string that are not empty, between at most `maxSplits` occurrences of `separator`, which is
    /// not empty either.
    @_disfavoredOverload
    package func split(separator: some StringProtocol, maxSplits: Int = .max) -> [SubSequence] {
        pieces(between: separator, limit: maxSplits).filter { !$0.isEmpty }
    }

    private func pieces(between text: some StringProtocol, limit: Int) -> [SubSequence] {
        var pieces: [SubSequence] = []
        var start = startIndex
        while pieces.count < limit, let found = place(of: text, from: start) {
            pieces.append(self[start..<found])
            start = utf8.index(found, offsetBy: text.utf8.count)
        }
        return pieces + [self[start...]]
    }

    private func place(of text: some StringProtocol, from start: Index) -> Index? {
        utf8[start...].indices.first { utf8[$0...].starts(with: text.utf8) } ?? (text.isEmpty ? endIndex : nil)
    }
}

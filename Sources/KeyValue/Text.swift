// Searches in strings byte by byte. The standard library's own compare characters: "${" is not found where a combining
// mark follows the brace. They also bring its engine for regular expressions with them, a tenth of the binary, so release
// builds leave them out (packaging/build-release).

extension StringProtocol {
    /// Whether `text` occurs in this string.
    package func contains(text: some StringProtocol) -> Bool {
        Substring(self).place(of: Substring(text), from: startIndex) != nil
    }

    /// This string with `replacement` in place of each `text`, which is not empty.
    package func replacing(text: some StringProtocol, with replacement: some StringProtocol) -> String {
        Substring(self).pieces(between: Substring(text), limit: .max).joined(separator: String(replacement))
    }

    /// The parts of this string that are not empty, between at most `maxSplits` occurrences of `separator`, which is
    /// not empty either.
    package func split(at separator: some StringProtocol, maxSplits: Int = .max) -> [Substring] {
        Substring(self).pieces(between: Substring(separator), limit: maxSplits).filter { !$0.isEmpty }
    }
}

// Concrete `Substring`: the generic version would look up witness tables at run time.
extension Substring {
    fileprivate func pieces(between text: Substring, limit: Int) -> [Substring] {
        var pieces: [Substring] = []
        var start = startIndex
        while pieces.count < limit, let found = place(of: text, from: start) {
            pieces.append(self[start..<found])
            start = utf8.index(found, offsetBy: text.utf8.count)
        }
        return pieces + [self[start...]]
    }

    fileprivate func place(of text: Substring, from start: Index) -> Index? {
        var place = start
        while !utf8[place...].starts(with: text.utf8) {
            if place == endIndex { return nil }
            utf8.formIndex(after: &place)
        }
        return place
    }
}

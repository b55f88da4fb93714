import KeyValue

/// A pattern over keys and the directories that they make, as confd's `gets` takes it: Go's `path.Match`.
package struct KeyPattern: Equatable, Sendable {
    package let text: String
    /// How many names a path has that can match: that of `/services/*/servers/*` has four.
    package let depth: Int
    private let glob: Glob

    package static func == (left: KeyPattern, right: KeyPattern) -> Bool { left.text == right.text }

    /// nil if the pattern is malformed or does not begin with a slash.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        glob = bytes.withUnsafeBufferPointer { Glob($0) }
        guard bytes.first == UInt8(ascii: "/"), !glob.isMalformed else { return nil }
        self.text = text
        depth = bytes.count { $0 == UInt8(ascii: "/") }
    }

    /// The part of a pattern before the first name that is one, as a path: all that matches is at or below it.
    package static func literalStart(of pattern: [UInt8]) -> [UInt8] {
        let names = pattern.split(separator: UInt8(ascii: "/")).prefix { name in
            !name.contains { "*?[\\".utf8.contains($0) }
        }
        return Path.join([[UInt8(ascii: "/")]] + names.map(Array.init))
    }

    /// How many stars it has; several in a row are one.
    package var starCount: Int { glob.starCount }

    /// Whether all paths that match have the same last part.
    package var endsInLiteral: Bool { glob.endsInLiteral }

    /// What each star stands for in `path`, which matches.
    package func parts(of path: [UInt8]) -> [[UInt8]] {
        path.withUnsafeBufferPointer { path in glob.captures(in: path).map { Array(path[$0]) } }
    }

    /// `key`, or the directory above it at the depth of the pattern, if that matches.
    package func match(_ key: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var slashes = 0
        var end = key.count
        for index in key.indices where key[index] == UInt8(ascii: "/") {
            slashes += 1
            if slashes > depth {
                end = index
                break
            }
        }
        guard slashes >= depth else { return nil }
        let path = UnsafeBufferPointer(rebasing: key[..<end])
        return glob.matches(path) ? path : nil
    }
}

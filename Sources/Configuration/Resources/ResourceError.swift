import TOML

/// Why a resource file, or one `[template]` of it, cannot be used, or what is odd about it.
package struct ResourceError: Error, Equatable, Sendable {
    package let file: String
    package let position: TOMLPosition?
    package let message: String
    package let hint: String?
    /// The line that it is about and a caret below the place, once the file's bytes were at hand.
    package private(set) var excerpt: String?

    package init(_ file: String, _ position: TOMLPosition? = nil, _ message: String, hint: String? = nil) {
        self.file = file
        self.position = position
        self.message = message
        self.hint = hint
    }

    /// `path:line:column: message`.
    package var summary: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? file
        return "\(place): \(message)"
    }

    /// The summary; the line with a caret and the hint on lines of their own.
    package var text: String {
        summary + (excerpt.map { "\n\($0)" } ?? "") + (hint.map { "\nhint: \($0)" } ?? "")
    }

    /// The error with the line of `source`, the bytes of its file.
    func showing(_ source: [UInt8]) -> ResourceError {
        var copy = self
        if excerpt == nil, let position { copy.excerpt = TOMLExcerpt.text(of: source, at: position) }
        return copy
    }
}

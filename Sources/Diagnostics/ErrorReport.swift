/// An error, a warning or a note as people read it: where it is, what it is, the line of the file with a caret, and what
/// to do about it.
///
///     conf.d/app.toml:4:8: mode: not a file mode
///     mode = "0999"
///            ^
///     hint: write octal digits as text, for example "0644"
package struct ErrorReport: Equatable, Sendable {
    package let location: Location?
    /// One line, without the location.
    package let message: String
    /// The line at the location, and a caret below the column; nil where there is none or it must not be shown.
    package let excerpt: String?
    package let hint: String?

    /// A report of its parts.
    package init(_ message: String, at location: Location? = nil, excerpt: String? = nil, hint: String? = nil) {
        self.location = location
        self.message = message
        self.excerpt = excerpt
        self.hint = hint
    }

    /// `path:line:column: message`.
    package var summary: String { summary(marked: "") }

    /// The summary; excerpt and hint follow on lines of their own.
    package var text: String { text(marked: "") }

    /// The text, with `mark` (such as `warning: `) between location and message.
    package func text(marked mark: String) -> String {
        summary(marked: mark) + (excerpt.map { "\n\($0)" } ?? "") + (hint.map { "\nhint: \($0)" } ?? "")
    }

    private func summary(marked mark: String) -> String {
        (location.map { "\($0): " } ?? "") + mark + message
    }
}

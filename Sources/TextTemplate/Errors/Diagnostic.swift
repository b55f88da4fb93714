import Diagnostics

/// An error for people: where it is, what it is, the line of the source with a caret, and what to do.
///
///     nginx.tmpl:2:9: executing "nginx.tmpl" at <getv "/port">: error calling getv: key does not exist: /port
///     listen {{getv "/port"}};
///              ^
public struct Diagnostic: Sendable {
    /// The text, which ends with a newline. May hold bytes of the data.
    public let text: ByteString

    /// An error of the template that was read from `path` as `source`.
    public init(_ error: TemplateError, path: String, source: ByteString) {
        text =
            Wording.diagnostic(
                path: path, line: error.line, column: error.column, message: error.reason,
                excerpt: source.withBytes { Excerpt.bytes(of: $0, line: error.line, column: error.column) },
                hint: error.hint
            ).byteString
    }
}

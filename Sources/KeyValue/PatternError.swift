/// A pattern that is not well-formed: Go's `path.ErrBadPattern`.
package struct PatternError: Error, Equatable, Sendable, CustomStringConvertible {
    package init() {}

    /// Go's words.
    package var description: String { "syntax error in pattern" }
}

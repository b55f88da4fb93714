/// A place of a template that wrote `<no value>`, because its value is absent: a missing entry of a map, for example.
package struct AbsentValue: Equatable, Sendable {
    /// The name of the source.
    package let name: ByteString
    /// Counted from 1.
    package let line: Int
    /// The byte of the line, counted from 1.
    package let column: Int
    /// The node's text in the template.
    package let node: ByteString
}

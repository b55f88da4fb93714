/// A place of a template that wrote `<no value>`: what stands there is nothing, for example a missing entry of a map.
package struct AbsentValue: Equatable, Sendable {
    /// What the source is called.
    package let name: ByteString
    /// Counted from 1.
    package let line: Int
    /// The byte of the line, counted from 1.
    package let column: Int
    /// What the template has there.
    package let node: ByteString
}

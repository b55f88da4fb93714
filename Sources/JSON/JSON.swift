/// JSON as Go's `encoding/json` reads it.
package struct JSONError: Error, Equatable, Sendable {
    /// Go's words, for example `invalid character 'x' looking for beginning of value`.
    package let message: String
    /// The byte at which decoding stopped, from 0.
    package let offset: Int
}

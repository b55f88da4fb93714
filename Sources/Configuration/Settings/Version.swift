/// The version of the program.
package enum Version {
    /// What `-version` prints after the name.
    package static let current = "1.0.0"
}

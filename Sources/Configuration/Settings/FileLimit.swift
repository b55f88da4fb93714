/// The most bytes that are read of a file, by what it is for. A file that has more is an error with its name, where its
/// size would else decide how much memory confd takes.
package enum FileLimit {
    /// Templates and those that they include.
    package static let template = 64 << 20
    /// Resource files and confd.toml.
    package static let settings = 16 << 20
    /// `-mock-data`, as the file backend has it.
    package static let mockData = 256 << 20
}

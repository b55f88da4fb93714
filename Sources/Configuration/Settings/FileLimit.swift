/// The largest files that are read, in bytes, by purpose. A larger file is an error that names it; otherwise its size
/// would decide how much memory confd takes.
package enum FileLimit {
    /// Templates and those that they include.
    package static let template = 64 << 20
    /// Resource files and confd.toml.
    package static let settings = 16 << 20
    /// `-mock-data`, as the file backend has it.
    package static let mockData = 256 << 20
}

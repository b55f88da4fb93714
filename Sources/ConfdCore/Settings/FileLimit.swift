/// The most bytes that are read of a file, by what it is for. A file that has more is an error with its name, where its
/// size would else decide how much memory confd takes.
enum FileLimit {
    /// Templates and those that they include.
    static let template = 64 << 20
    /// Resource files and confd.toml.
    static let settings = 16 << 20
    /// Passwords and tokens.
    static let secret = 1 << 20
    /// `-mock-data`, as the file backend has it.
    static let mockData = 256 << 20
}

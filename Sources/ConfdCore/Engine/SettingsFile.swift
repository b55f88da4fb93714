import Configuration
import Posix

/// confd.toml as it was at the start, which is the only time that it is read.
struct SettingsFile {
    let path: String
    private let digest: Int?

    init(_ path: String) {
        self.path = path
        digest = Self.digest(of: path)
    }

    var hasChanged: Bool { Self.digest(of: path) != digest }

    /// Tells contents apart without keeping them, for they may hold a password; nil if there is no such file, or it cannot be read.
    private static func digest(of path: String) -> Int? {
        // Reading a pipe again would block: the settings' loader has read it to its end.
        guard (try? Files.status(path))?.kind == .regular else { return nil }
        return (try? Files.read(path, limit: FileLimit.settings))?.hashValue
    }
}

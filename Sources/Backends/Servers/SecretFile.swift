import Posix

/// A file with a secret, by what it holds.
enum SecretFile: String {
    case password
    case token
    case secretID = "secret id"

    /// The contents of the file at `path` without the end of the line.
    func read(_ path: String) throws(BackendError) -> [UInt8] {
        do {
            return try Files.readSecret(path)
        } catch {
            throw BackendError(.configuration, "\(rawValue) file: \(error.message)")
        }
    }
}

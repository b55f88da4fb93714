import Posix

/// A file with a secret, by what it holds.
enum SecretFile: String {
    case password
    case token
    case secretID = "secret id"

    /// Larger files are refused: other users may choose their size.
    private static let largest = 1 << 20

    /// The contents of the file at `path` without the end of the line.
    func read(_ path: String) throws(BackendError) -> [UInt8] {
        do {
            var bytes = try Files.read(path, limit: Self.largest)
            while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
            return bytes
        } catch {
            throw BackendError(.configuration, "\(rawValue) file: \(error.message)")
        }
    }
}

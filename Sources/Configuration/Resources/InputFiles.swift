import Posix

/// The files that a resource is made of, which it must not write itself. Other templates it may: some setups render a
/// template first and its output after that.
enum InputFiles {
    /// Why the resource in `resourceFile`, with the template `source`, cannot write to `destination`, in words; nil if it
    /// can. Files are compared by device and inode, so that links and spellings do not matter.
    static func refusal(of destination: String, source: String?, resourceFile: String) -> String? {
        // Why a file cannot be looked at is reported when it is written.
        let status = try? Files.status(destination)
        if destination.hasSuffix("/") || status?.kind == .folder { return "a directory" }
        guard let identity = status?.identity else { return nil }
        if let source, identity == identityOfFile(source) { return "its own src" }
        return identity == identityOfFile(resourceFile) ? "its own resource file" : nil
    }

    private static func identityOfFile(_ path: String) -> FileIdentity? {
        // Why a file cannot be used is reported where it is used.
        (try? Files.status(path))?.identity
    }
}

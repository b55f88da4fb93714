import Posix

/// The files that a resource is made of, which it must not write itself. Other templates it may: some setups render a
/// template first and its output after that.
enum InputFiles {
    /// What `destination` is that the resource in `resourceFile`, with the template `source`, must not write; nil if it may.
    /// Files are compared by device and inode, so that links and spellings do not matter.
    static func refusal(of destination: String, source: String?, resourceFile: String) -> ResourceError.InputFile? {
        // Why a file cannot be looked at is reported when it is written.
        let status = try? Files.status(destination)
        if destination.hasSuffix("/") || status?.kind == .folder { return .directory }
        guard let identity = status?.identity else { return nil }
        if let source, identity == identityOfFile(source) { return .template }
        return identity == identityOfFile(resourceFile) ? .resourceFile : nil
    }

    private static func identityOfFile(_ path: String) -> FileIdentity? {
        // Why a file cannot be used is reported where it is used.
        (try? Files.status(path))?.identity
    }
}

import Posix

/// The files that a resource must not write because it is made from them. It may write the templates of others: some
/// setups render a template first, and then its output.
package enum InputFiles {
    /// Which input of the resource in `resourceFile`, with the template `source`, its `destination` is; nil if none.
    /// Files are compared by device and inode, so that links and spellings do not matter.
    package static func refusal(of destination: String, source: String?, resourceFile: String) -> ResourceError
        .InputFile?
    {
        // A destination that cannot be looked at is reported when it is written.
        let status = try? Files.status(destination)
        if destination.hasSuffix("/") || status?.kind == .folder { return .directory }
        guard let identity = status?.identity else { return nil }
        if let source, identity == identityOfFile(source) { return .template }
        return identity == identityOfFile(resourceFile) ? .resourceFile : nil
    }

    private static func identityOfFile(_ path: String) -> FileIdentity? {
        // An input that cannot be looked at is reported where it is read.
        (try? Files.status(path))?.identity
    }
}

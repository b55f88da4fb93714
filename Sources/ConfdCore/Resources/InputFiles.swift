import Posix

/// The files that confd itself reads, by device and inode, so that links and spellings do not matter.
struct InputFiles {
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        /// The file that `path` leads to; nil if there is none.
        init?(_ path: String) {
            // Why a file cannot be used is reported where it is used.
            guard let status = try? Files.status(path), status.kind != .folder else { return nil }
            device = status.device
            inode = status.inode
        }
    }

    private let templates: Set<Identity>
    private let templateFolder: String
    private let configFile: Identity?

    init(templateFolder: String, configFile: String) {
        self.templateFolder = templateFolder
        templates = Set(Files.tree(templateFolder).files.compactMap(Identity.init))
        self.configFile = Identity(configFile)
    }

    /// Why no resource can write to `destination`, in words: it is a directory, or a file that confd reads; nil if it is
    /// neither. `source` and `resourceFile` are those of the resource that wants to write it.
    func refusal(of destination: String, source: String?, resourceFile: String) -> String? {
        // Why a file cannot be looked at is reported when it is written.
        if destination.hasSuffix("/") || (try? Files.status(destination))?.kind == .folder { return "a directory" }
        guard let identity = Identity(destination) else {
            return isBelowTemplates(Files.split(destination).folder) ? "a template" : nil
        }
        if let source, identity == Identity(source) { return "its own src" }
        if identity == Identity(resourceFile) { return "its own resource file" }
        if identity == configFile { return "the settings file of confd" }
        return templates.contains(identity) ? "a template" : nil
    }

    /// Whether a file that is not there yet would become a template in `folder`. A folder that does not exist is none of
    /// the templates' either.
    private func isBelowTemplates(_ folder: String) -> Bool {
        guard let folder = try? Files.realPath(folder), let root = try? Files.realPath(templateFolder) else {
            return false
        }
        return folder == root || folder.hasPrefix(root + "/")
    }
}

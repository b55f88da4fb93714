import Posix

/// A directory from which files are removed that confd has written and that no item wants any more.
package struct ItemFolder: Sendable {
    private let folder: Folder

    /// What became of a file that was to be removed.
    package enum Removal: Equatable, Sendable {
        case removed
        /// There is none.
        case absent
        /// It is not what was written last, so it stays.
        case foreign
    }

    /// Opens the directory at `path` as the directory of a `dest` is opened; nil if there is none.
    ///
    /// Throws for a step by which a user could lead confd to somebody else's files (`PathWalk`).
    package init?(resolving path: String) throws(StagingError) {
        // A name that nobody can guess, so that nobody can have put a link there.
        var walk = try PathWalk(Files.join(path, ".confd-" + Random.letters(20)), makesFolders: false)
        guard case .name(_, let folder, _) = try walk.run() else { return nil }
        self.folder = folder
    }

    /// Removes the file `name` of the directory, if it is a regular file whose bytes `isOurs` accepts. A link is not followed.
    package func remove(_ name: String, isOurs: ([UInt8]) -> Bool) throws(StagingError) -> Removal {
        try staging(folder.path(of: name), StagingError.Kind.remove) { () throws(SystemError) in
            guard let found = try folder.status(of: name) else { return .absent }
            guard found.kind == .regular, let content = try content(name), isOurs(content.bytes) else {
                return .foreign
            }
            // Somebody may have put another file there while it was read.
            guard let now = try folder.status(of: name), now == content.status else { return .foreign }
            try folder.unlink(name)
            return .removed
        }
    }

    /// The bytes of the regular file `name`, nil if there is none; for a list of what would be removed.
    package func read(_ name: String) throws(StagingError) -> [UInt8]? {
        try staging(folder.path(of: name), StagingError.Kind.read) { () throws(SystemError) in try content(name)?.bytes
        }
    }

    private func content(_ name: String) throws(SystemError) -> (bytes: [UInt8], status: FileStatus)? {
        do throws(SystemError) {
            let file = try folder.open(name, [.read, .noFollow, .nonBlocking])
            let status = try file.status()
            return status.kind == .regular ? (try file.readAll(), status) : nil
        } catch  where [Errno.noSuchFile, Errno.tooManyLinks].contains(error.code) {
            return nil
        }
    }

    /// Waits until removals are on disk; what cannot be synced is a warning.
    package func synchronize() -> [StagingWarning] { folder.synchronized() }
}

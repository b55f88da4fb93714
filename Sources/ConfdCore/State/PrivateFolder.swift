import Posix

/// Directories in which no other user may replace the files that we read and write.
enum PrivateFolder {
    /// Opens the directory at `path`; makes it, for our user alone (0700), if only its last part is missing. Throws
    /// `Errno.notPermitted` where other users may write there.
    static func open(_ path: String) throws(SystemError) -> Folder {
        do throws(SystemError) {
            try Files.makeFolder(path, mode: 0o700)
        } catch  where error.code == Errno.exists {}
        return try openExisting(path)
    }

    /// Likewise, and makes nothing.
    static func openExisting(_ path: String) throws(SystemError) -> Folder {
        let folder = try Folder(path)
        let status = try folder.status()
        guard Users.isRootOrOurs(status.uid), status.mode & 0o022 == 0 else {
            throw SystemError(call: "open", path: path, code: Errno.notPermitted)
        }
        return folder
    }
}

import Posix

/// Why a destination could not be compared, staged or replaced.
package struct StagingError: Error, Equatable, Sendable {
    /// The operation that failed, with its values.
    package enum Kind: Equatable, Sendable {
        /// `dest` is empty or ends in a slash.
        case noFileName
        case linkLoop
        /// The link at `path` belongs to `owner`, who may not lead us elsewhere.
        case untrustedLink(path: String, owner: UInt32)
        /// The link of the user `owner` leads to a directory of another user.
        case unsafeLink(String, owner: UInt32, to: String, of: UInt32)
        /// The directory of `owner` is in one of another user.
        case unsafeDirectory(String, owner: UInt32, in: String, of: UInt32)
        /// Somebody moved this directory while we were in it.
        case directoryMoved(String)
        /// The destination is a directory, a device, a pipe or a socket.
        case notAFile(FileStatus.Kind)
        case folderMissing(String)
        case makeFolder(SystemError)
        case resolve(SystemError)
        /// `uid` is our user.
        case create(SystemError, folder: String, uid: UInt32)
        case read(SystemError)
        case write(SystemError)
        /// The staged file of this path is not as it was written.
        case stagedFileChanged(String, StagedChange)
        case attributes(SystemError)
        case backUp(SystemError)
        case replace(SystemError)
        /// Writing to a pipe or device failed.
        case stream(SystemError)
        case remove(SystemError)
        /// Written in place, failed, and the old bytes could not be put back either: they are in `backup`.
        case torn(SystemError, backup: String)
        case heal(SystemError, backup: String)
        case mark(SystemError)
        /// The previous file cannot be kept, or put back, for a file that is in place for its check.
        case trial(SystemError)
        /// Another confd put the previous file back while the new one was being checked in place.
        case withdrawnDuringCheck
        /// New names can be made in the directory, and neither renamed nor removed (`chattr +a`).
        case appendOnly(folder: String)
    }
    package let kind: Kind
    /// The destination as the resource names it.
    package let dest: String

    init(_ kind: Kind, _ dest: String) {
        self.kind = kind
        self.dest = dest
    }
}

/// How a staged file was changed by somebody else.
package enum StagedChange: Equatable, Sendable {
    case removed
    /// Something else, of this type, has its name.
    case replaced(FileStatus.Kind)
    case edited
}

/// A part of a request that could not be done; the destination's bytes are not affected.
package enum StagingWarning: Equatable, Sendable {
    /// Owner or group stay as they are: `uid` and `gid` are the ones wanted and refused.
    case ownerNotPermitted(dest: String, uid: UInt32?, gid: UInt32?)
    case modeNotPermitted(dest: String, mode: UInt16)
    /// The rename is done, but the directory could not be synced to disk.
    case folderNotSynced(SystemError)
    /// The previous file stays under its second name.
    case backupNotRemoved(SystemError)
    /// There is no `DEST.bak` of this change.
    case notBackedUp(dest: String, SystemError)
    /// Written in place without a backup for the case of a crash.
    case crashNotCovered(SystemError)
    /// Processes that have the file open keep the access that they had.
    case changedInPlace(dest: String)
    /// The mark of the owed reload could not be written.
    case notMarked(SystemError)
    /// Something that is not ours has the name of one of our files.
    case stranger(path: String, Stranger)
    /// The file could not be read, so it counts as different.
    case unreadable(dest: String, SystemError)
}

/// Runs `body`; a system call that fails in it becomes an error of this kind.
func staging<Result: ~Copyable>(
    _ dest: String, _ kind: (SystemError) -> StagingError.Kind, _ body: () throws(SystemError) -> Result
) throws(StagingError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw StagingError(kind(error), dest)
    }
}

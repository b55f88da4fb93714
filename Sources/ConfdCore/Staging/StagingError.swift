import Posix

/// Why a destination could not be compared, staged or replaced.
package struct StagingError: Error, Equatable, Sendable {
    /// What was being done.
    package enum Kind: Equatable, Sendable {
        /// `dest` is empty or ends in a slash.
        case noFileName
        case linkLoop
        /// The link at `path` belongs to `owner`, who may not lead us elsewhere.
        case untrustedLink(path: String, owner: UInt32)
        /// The destination is a folder, a device, a pipe or a socket.
        case notAFile(FileStatus.Kind)
        case folderMissing(String)
        case makeFolder(SystemError)
        case resolve(SystemError)
        case create(SystemError, folder: String, uid: UInt32)
        case read(SystemError)
        case write(SystemError)
        case attributes(SystemError)
        case backUp(SystemError)
        case replace(SystemError)
        /// Written in place, failed, and the old bytes could not be put back either: they are in `backup`.
        case torn(SystemError, backup: String)
        /// A file that confd did not write has the name of the backup.
        case foreignBackup(String)
        case mark(SystemError)
    }
    package let kind: Kind
    /// The destination as the resource names it.
    package let dest: String

    /// One line, for example `cannot create a file beside /etc/x/y: permission denied`.
    package var message: String { preconditionFailure("sketch") }
    /// What to do about it, if we know.
    package var hint: String? { preconditionFailure("sketch") }
}

/// What was not done as asked, without harm to the destination's bytes.
package enum StagingWarning: Equatable, Sendable {
    /// Owner or group stay as they are: `uid` and `gid` are the ones wanted and refused.
    case ownerNotPermitted(dest: String, uid: UInt32?, gid: UInt32?)
    case modeNotPermitted(dest: String, mode: UInt16)
    /// The rename is done, but the folder could not be synced to disk.
    case folderNotSynced(SystemError)

    /// One line for the log.
    package var message: String { preconditionFailure("sketch") }
}

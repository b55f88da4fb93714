import Posix

/// A candidate beside its destination, complete on disk with its owner and mode; dropping it unlinks it.
package struct StagedFile: ~Copyable {
    /// The candidate's path: `.NAME` and random letters, in the target's folder.
    package let path: String
    /// What could not be carried over; log each text once.
    package let warnings: [StagingWarning]

    /// Writes `content` to a new file, mode 0600 until owner and mode are set, and syncs it to disk.
    ///
    /// With `keep` the file stays under `path` whatever happens to it (`-keep-stage-file`).
    package init(
        _ content: [UInt8], for destination: Destination, attributes: FileAttributes, keep: Bool = false
    ) throws(StagingError) { preconditionFailure("sketch") }

    /// Runs `check` with the path of the candidate; when it throws, the candidate is gone (unless kept).
    package consuming func check<Failure: Error>(
        _ check: (String) throws(Failure) -> Void
    ) throws(Failure) -> CheckedFile { preconditionFailure("sketch") }

    /// The candidate of a resource that has no check command.
    package consuming func withoutCheck() -> CheckedFile { preconditionFailure("sketch") }
}

/// A candidate that passed its check: the only thing that can replace a destination.
package struct CheckedFile: ~Copyable {
    /// How a destination is replaced.
    package struct Options: Sendable {
        /// Keep the previous file as `DEST.bak`.
        package var backup = false
        /// The mark of the reload that is owed from now on; nil leaves a mark that is there.
        package var reloadMark: [UInt8]?

        package init(backup: Bool = false, reloadMark: [UInt8]? = nil) {
            self.backup = backup
            self.reloadMark = reloadMark
        }
    }

    /// Puts the candidate in the place of its destination.
    ///
    /// By rename; where the target is a mount point (EBUSY, EXDEV) by writing into it, which keeps its inode. After
    /// an error the target has its old bytes and the candidate is gone (unless kept).
    package consuming func replace(_ options: Options = Options()) throws(StagingError) -> Replacement {
        preconditionFailure("sketch")
    }
}

/// What `CheckedFile.replace` did.
package struct Replacement: Equatable, Sendable {
    /// How the new bytes got there.
    package enum Method: Equatable, Sendable {
        case renamed
        /// The target is a mount point; `error` is what the rename said. Log it once.
        case writtenInPlace(error: SystemError)
    }
    package let method: Method
    /// Where the candidate was kept, if that was asked for.
    package let keptStagedFile: String?
    /// What could not be done; log each text once.
    package let warnings: [StagingWarning]
}

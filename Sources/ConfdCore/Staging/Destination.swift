import Posix

/// The file that a resource writes, with every symbolic link at its end followed.
package struct Destination: Equatable, Sendable {
    /// The path as the resource names it; log lines use this one.
    package let path: String
    /// The file that is replaced: `path`, or what the link at `path` leads to. It need not exist.
    package let target: String

    /// Follows the links at `path`.
    ///
    /// Throws for an empty path, a loop of links, and a link in a world-writable sticky folder that neither we nor
    /// the folder's owner made (what the kernel's `fs.protected_symlinks` refuses to follow).
    package init(resolving path: String) throws(StagingError) { preconditionFailure("sketch") }

    /// Creates the missing folders above the target, mode 0755 less the umask (`make_dirs`).
    package func makeFolders() throws(StagingError) { preconditionFailure("sketch") }

    /// Compares the target with `content` and `attributes`, reading as little as decides it and creating nothing.
    package func compare(
        with content: [UInt8], attributes: FileAttributes
    ) throws(StagingError) -> Comparison { preconditionFailure("sketch") }

    /// confd's log line `PATH has md5sum A should be B`; reads the whole target, so ask only when it is logged.
    package func checksumMessage(content: [UInt8]) throws(StagingError) -> String { preconditionFailure("sketch") }

    /// The target's bytes, nil when there is no file (for diffs and for `rollback`).
    package func read() throws(StagingError) -> [UInt8]? { preconditionFailure("sketch") }

    /// Sets mode and owner of the existing target in place, for `Comparison.attributesDiffer`.
    ///
    /// What we are not permitted to change is a warning, so that a pass ends in sync: warn once, do not retry.
    package func correctAttributes(_ attributes: FileAttributes) throws(StagingError) -> [StagingWarning] {
        preconditionFailure("sketch")
    }

    /// Finishes what a crash interrupted: a target that was being written in place gets its old bytes back, unless it
    /// holds all of the old or all of the new ones. Call it once for each resource at start.
    package func heal() throws(StagingError) -> Healing { preconditionFailure("sketch") }

    /// The mark of a reload that is owed, nil if none: xattr `user.confd.reload`, or the sidecar `.NAME.confd-reload`
    /// where the file system has no such attributes.
    package func reloadMark() throws(StagingError) -> [UInt8]? { preconditionFailure("sketch") }

    /// Removes the mark after the reload succeeded.
    package func clearReloadMark() throws(StagingError) { preconditionFailure("sketch") }
}

/// What `Destination.heal` found.
package enum Healing: Equatable, Sendable {
    /// No interrupted write.
    case nothing
    /// An interrupted write had left the target whole; only the backup was removed.
    case backupRemoved
    /// The target was torn and has its old bytes back.
    case restored
}

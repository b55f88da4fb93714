import Posix

extension StagingError {
    /// One line, for example `cannot create a file beside /etc/x/y: permission denied`.
    package var message: String {
        switch kind {
        case .noFileName: "dest \"\(dest)\" names no file"
        case .linkLoop: "\(dest) is a loop of symbolic links"
        case .untrustedLink(let path, let owner):
            "cannot follow the symbolic link \(path): it belongs to uid \(owner) in a world-writable directory"
        case .unsafeLink(let link, let owner, let path, let other):
            "cannot follow the symbolic link \(link) of uid \(owner): it leads to \(path) of uid \(other)"
        case .unsafeDirectory(let path, let owner, let parent, let other):
            "cannot enter the directory \(path) of uid \(owner): it is in \(parent) of uid \(other)"
        case .directoryMoved(let path): "cannot look up \(dest): the directory \(path) was moved meanwhile"
        case .notAFile(let kind): "\(dest) is \(kind.words), not a file"
        case .folderMissing(let folder): "cannot create a file beside \(dest): no such file or directory: \(folder)"
        case .makeFolder(let error): "cannot create the directory \(error.path ?? "") for \(dest): \(error.reason)"
        case .resolve(let error): "cannot look up \(error.path ?? dest): \(error.reason)"
        case .create(let error, _, _): "cannot create a file beside \(dest): \(error.reason)"
        case .read(let error): "cannot read \(dest): \(error.reason)"
        case .write(let error): "cannot write the staged file of \(dest): \(error.reason)"
        case .stagedFileChanged(let path, let change):
            "cannot replace \(dest): its staged file \(path) was \(Self.text(change))"
        case .attributes(let error): "cannot set mode or owner of \(dest): \(error.reason)"
        case .backUp(let error): "cannot back up \(dest): \(error.reason)"
        case .replace(let error): "cannot replace \(dest): \(error.reason)"
        case .stream(let error): "cannot write to \(dest): \(Self.streamReason(error))"
        case .remove(let error): "cannot remove \(dest): \(error.reason)"
        case .torn(let error, let backup): "\(dest) is damaged: \(error.reason); its previous content is in \(backup)"
        case .heal(let error, let backup): "cannot restore \(dest) from \(backup): \(error.reason)"
        case .trial(let error): "cannot keep or put back the previous \(dest): \(error.reason)"
        case .withdrawnDuringCheck: "the previous \(dest) was put back while the new one was checked in its place"
        case .mark(let error): "cannot note the reload that \(dest) is owed: \(error.reason)"
        case .appendOnly(let folder): "cannot replace \(dest): the directory \(folder) is append-only"
        }
    }

    /// How to fix it, nil if there is nothing to say.
    package var hint: String? {
        switch kind {
        case .noFileName: "dest is the path of a file"
        case .linkLoop: nil
        case .untrustedLink(let path, _): "remove \(path), or let dest name the file that it leads to"
        case .unsafeLink(let link, _, _, _):
            "a link that a user who is neither root nor confd's own could have put there must lead to that user's files: "
                + "let dest name the file, or give \(link) and the directories that it is in to root"
        case .unsafeDirectory(let path, _, let parent, _):
            "\(parent)'s owner could put another directory there: give both one owner, or \(path) to root"
        case .directoryMoved: nil
        case .notAFile: "dest is the path of a file"
        case .folderMissing: "create it, or set make_dirs = true"
        case .create(let error, let folder, let uid): Self.hint(error, folder: folder, uid: uid)
        case .stagedFileChanged(_, .edited), .stagedFileChanged(_, .replaced(.regular)):
            "a check may edit the staged file only in a directory where nobody but root and confd's user can write"
        case .stagedFileChanged: nil
        case .withdrawnDuringCheck: "probably by another confd that was started meanwhile: it is tried again"
        case .appendOnly(let folder): "what is created there can be neither renamed nor removed: chattr -a \(folder)"
        case .stream(let error) where error.code == Errno.brokenPipe || error.code == Errno.timedOut:
            "its reader may have got a part; all of it is written again"
        case .torn: "make room or fix the disk: confd restores the file when it starts"
        case .heal: "copy all but the last line of it by hand, or fix the cause and start confd again"
        case .makeFolder(let error), .resolve(let error), .read(let error), .write(let error),
            .attributes(let error), .backUp(let error), .replace(let error), .remove(let error), .mark(let error),
            .trial(let error), .stream(let error):
            Self.hint(error, folder: nil, uid: nil)
        }
    }

    private static func hint(_ error: SystemError, folder: String?, uid: UInt32?) -> String? {
        switch error.code {
        case Errno.noSpace, Errno.overQuota: "free some space on its file system"
        case Errno.readOnly: "its file system is mounted read-only"
        case Errno.accessDenied, Errno.notPermitted:
            if let folder, let uid { "the directory \(folder) is not writable by uid \(uid)" } else { nil }
        default: nil
        }
    }

    private static func streamReason(_ error: SystemError) -> String {
        switch error.code {
        case Errno.noSuchDevice: "nobody has it open for reading"
        case Errno.timedOut: "its reader takes nothing"
        default: error.reason
        }
    }

    private static func text(_ change: StagedChange) -> String {
        switch change {
        case .removed: "removed"
        case .replaced(.regular): "replaced by another file"
        case .replaced(let kind): "replaced by \(kind.words)"
        case .edited: "edited"
        }
    }
}

extension StagingWarning {
    /// One line for the log.
    package var message: String {
        switch self {
        case .ownerNotPermitted(let dest, let uid?, let gid?):
            "not permitted to make uid \(uid) and gid \(gid) the owner of \(dest)"
        case .ownerNotPermitted(let dest, let uid?, nil): "not permitted to make uid \(uid) the owner of \(dest)"
        case .ownerNotPermitted(let dest, nil, let gid?): "not permitted to make gid \(gid) the group of \(dest)"
        case .ownerNotPermitted(let dest, nil, nil): "not permitted to change the owner of \(dest)"
        case .modeNotPermitted(let dest, let mode):
            "not permitted to set the mode of \(dest) to \(AttributeDifference.text(mode: mode))"
        case .folderNotSynced(let error): "cannot sync the directory of \(error.path ?? "a file"): \(error.reason)"
        case .backupNotRemoved(let error): "cannot remove \(error.path ?? "a backup"): \(error.reason)"
        case .notBackedUp(let dest, let error): "\(dest) is replaced without a backup: \(error.message)"
        case .crashNotCovered(let error):
            "cannot use \(error.path ?? "the backup's name"): \(error.reason); a crash during the write would not be repaired"
        case .changedInPlace(let dest):
            "\(dest) is a mount point and was changed in place: processes that have it open keep their access"
        case .notMarked(let error):
            "cannot note the owed reload in \(error.path ?? "a file"): \(error.reason); it is forgotten if confd ends"
        case .stranger(let path, let stranger): "\(path) is ignored: \(stranger.message)"
        case .unreadable(let dest, let error): "cannot read \(dest), so it counts as different: \(error.reason)"
        }
    }
}

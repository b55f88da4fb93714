import Posix

/// A candidate that passed its check: the only thing that can replace a destination.
package struct CheckedFile: ~Copyable {
    /// How a destination is replaced.
    package struct Options: Sendable {
        /// Keep the previous file as `DEST.bak`.
        package var backup = false
        /// Keep the previous file for `CONFD_PREVIOUS`, until the mark is cleared.
        package var keepsReplaced = false
        /// The mark of the reload that the new file requires; nil keeps an existing mark.
        package var reloadMark: [UInt8]?
        /// Collects the directory that is to be synced; nil syncs it at once.
        package var unsynced: UnsyncedFolders?
        /// The file is put in place for its check: `Destination.accept` or `undo` has to follow.
        package var isTrial = false

        package init(
            backup: Bool = false, keepsReplaced: Bool = false, reloadMark: [UInt8]? = nil,
            unsynced: UnsyncedFolders? = nil
        ) {
            self.backup = backup
            self.keepsReplaced = keepsReplaced
            self.reloadMark = reloadMark
            self.unsynced = unsynced
        }
    }

    private let destination: Destination
    private let attributes: FileAttributes
    private let keep: Bool
    /// The bytes that were checked; nil if there was no check.
    private let checkedContent: [UInt8]?
    private let earlierWarnings: [StagingWarning]
    private var candidate: Candidate

    init(
        destination: Destination, attributes: FileAttributes, keep: Bool, checkedContent: [UInt8]?,
        earlierWarnings: [StagingWarning], candidate: consuming Candidate
    ) {
        self.destination = destination
        self.attributes = attributes
        self.keep = keep
        self.checkedContent = checkedContent
        self.earlierWarnings = earlierWarnings
        self.candidate = candidate
    }

    /// Puts the candidate in the place of its destination.
    ///
    /// By rename; where the target is a mount point (EBUSY, EXDEV) by writing into it, which keeps its inode. After
    /// an error the target has its old bytes and the candidate is gone (unless kept).
    package consuming func replace(_ options: Options = Options()) throws(StagingError) -> Replacement {
        try verify()
        let owed = try destination.reloadMark()
        let mark = PendingMark(value: options.reloadMark ?? owed, wasOwed: owed != nil)
        var warnings = earlierWarnings
        if options.backup { warnings += try PreviousFile.keep(destination, mayLink: true) }
        // In a trial it is kept once the new file has been accepted.
        let keepsReplaced = options.keepsReplaced && !options.isTrial
        if keepsReplaced { ReplacedFile.keep(destination, isOwed: owed != nil, mayLink: true) }
        let kept = keep ? candidate.path : nil
        var trial: InPlaceTrial?
        do throws(SystemError) {
            if keep {
                // The kept file has the name that the check saw, so a copy of it goes into place.
                var copy = try twin()
                warnings += try Self.rename(&copy, to: destination, mark, options.isTrial, &trial)
            } else {
                warnings += try Self.rename(&candidate, to: destination, mark, options.isTrial, &trial)
            }
        } catch let error where error.code == Errno.busy || error.code == Errno.otherDevice {
            // A backup that is a link to what is about to be written over would be no backup.
            if options.backup { warnings += try PreviousFile.keep(destination, mayLink: false) }
            if keepsReplaced { ReplacedFile.keep(destination, isOwed: owed != nil, mayLink: false) }
            do throws(StagingError) {
                let content = try staging(destination.path, StagingError.Kind.replace) { () throws(SystemError) in
                    try candidate.content()
                }
                warnings += try InPlaceWriter(destination).write(content, attributes, mark)
            } catch {
                withdraw(trial)
                throw error
            }
            return Replacement(
                method: .writtenInPlace(error: error), keptStagedFile: kept, warnings: warnings, trial: trial)
        } catch {
            withdraw(trial)
            throw StagingError(.replace(error), destination.path)
        }
        if let unsynced = options.unsynced { unsynced.add(candidate.folder.path) } else { warnings += synchronized() }
        return Replacement(method: .renamed, keptStagedFile: kept, warnings: warnings, trial: trial)
    }

    /// Its own error is dropped: the replacement's is reported, and the next start undoes a trial that is left.
    private func withdraw(_ trial: InPlaceTrial?) {
        if let trial { _ = try? destination.undo(trial) }
    }

    /// Marks `file` and renames it over the target; returns a warning if the mark could not be written.
    private static func rename(
        _ file: inout Candidate, to destination: Destination, _ mark: PendingMark, _ isTrial: Bool,
        _ trial: inout InPlaceTrial?
    ) throws(SystemError) -> [StagingWarning] {
        if isTrial {
            trial = try InPlaceTrial(beginning: destination, candidate: file.name, file.file, in: file.folder)
            try file.folder.synchronize()
        }
        let place = try mark.set(on: file.file, destination, in: file.folder)
        do throws(SystemError) {
            try file.rename(to: destination.name)
        } catch {
            mark.withdraw(from: place, file.file, destination, in: file.folder)
            throw error
        }
        // The new mark stands in for an older one in the sidecar; if that cannot be removed, one reload is needless.
        // In a trial it stays, because the previous file may come back.
        if place == .attribute, !isTrial { try? ReloadMark.removeSidecar(destination, in: file.folder) }
        return place.warnings
    }

    /// Makes sure that the rename will put nothing else in place than what was checked.
    private mutating func verify() throws(StagingError) {
        let change = try staging(destination.path, StagingError.Kind.write) { () throws(SystemError) in
            try candidate.verify(checkedContent, attributes, like: destination)
        }
        guard let change else { return }
        throw StagingError(.stagedFileChanged(candidate.path, change), destination.path)
    }

    /// The content of the candidate after its check; the candidate is removed then (unless kept).
    package consuming func verifiedContent() throws(StagingError) -> [UInt8] {
        try verify()
        return try staging(destination.path, StagingError.Kind.write) { () throws(SystemError) in
            try candidate.content()
        }
    }

    /// A copy of the candidate with the same owner and mode.
    private func twin() throws(SystemError) -> Candidate {
        var copy = try Candidate(in: candidate.folder, prefix: destination.candidatePrefix)
        _ = try copy.fill(try candidate.content(), attributes, like: destination)
        return copy
    }

    private func synchronized() -> [StagingWarning] { candidate.folder.synchronized() }
}

extension Folder {
    /// Waits until the directory's entries are on disk; a warning if that fails.
    func synchronized() -> [StagingWarning] {
        do throws(SystemError) {
            try synchronize()
            return []
        } catch {
            return [.folderNotSynced(error)]
        }
    }
}

/// The result of `CheckedFile.replace`.
package struct Replacement: Equatable, Sendable {
    /// How the new bytes got there.
    package enum Method: Equatable, Sendable {
        case renamed
        /// The target is a mount point; `error` is that of the rename. Log it once.
        case writtenInPlace(error: SystemError)
    }
    package let method: Method
    /// Where the candidate was kept, if that was asked for.
    package let keptStagedFile: String?
    /// Parts that could not be done; log each text once.
    package let warnings: [StagingWarning]
    /// The trial to end by `Destination.accept` or `undo`, if the file was put in place for its check.
    package var trial: InPlaceTrial?
}

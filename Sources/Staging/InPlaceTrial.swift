import Posix

/// A check in place: the new file has replaced the target before it is checked, and the previous one is kept to be put back.
///
/// The value names the files that an undo needs. After a crash the next start finds them beside the destination
/// (`init(beside:)`).
package enum InPlaceTrial: Equatable, Sendable {
    /// There was no file before. The new one has `kept` as its second name, where the file system has hard links.
    case first(new: FileIdentity, kept: String)
    /// The previous file itself, with all its attributes, has the name `kept`.
    case replaced(previous: FileIdentity, kept: String)
    /// A mount point was written into. A copy of the previous bytes has the name `kept` (`PreviousCopy`).
    case written(copy: FileIdentity, kept: String)

    static func previousName(_ destination: Destination) -> String { companion(destination, ".confd-previous") }
    static func copyName(_ destination: Destination) -> String { companion(destination, ".confd-previous-copy") }
    static func newName(_ destination: Destination) -> String { companion(destination, ".confd-unchecked") }

    private static func companion(_ destination: Destination, _ suffix: String) -> String {
        destination.companion(suffix, room: Leftovers.randomLetters + 1)
    }

    /// Keeps the present target of `destination` before the candidate replaces it. That survives a crash once `folder`
    /// is synced.
    init(
        beginning destination: Destination, candidate: String, _ file: borrowing FileDescriptor, in folder: Folder
    ) throws(SystemError) {
        if try folder.status(of: destination.name) == nil {
            let name = Self.vacant(Self.newName(destination), in: folder)
            // Without hard links a crash leaves the first file in place.
            try? folder.link(candidate, to: name, in: folder)
            self = .first(new: try file.status().identity, kept: name)
        } else {
            do throws(SystemError) {
                self = try Self.keep(destination, in: folder)
            } catch let error where error.code == Errno.busy || error.code == Errno.otherDevice {
                self = try Self.copy(destination, in: folder)
            }
        }
    }

    private static func keep(_ destination: Destination, in folder: Folder) throws(SystemError) -> InPlaceTrial {
        let name = vacant(previousName(destination), in: folder)
        do throws(SystemError) {
            try folder.link(destination.name, to: name, in: folder)
        } catch let error where error.code != Errno.otherDevice && error.code != Errno.noSpace {
            // No hard links here, or a foreign file (protected_hardlinks): until the candidate is renamed there is no target.
            try folder.rename(destination.name, to: name)
        }
        guard let kept = try folder.status(of: name), kept.kind == .regular else {
            // Another file took the name since it was looked at.
            try? folder.rename(name, to: destination.name)
            throw SystemError(call: "link", path: folder.path(of: name), code: Errno.noSuchFile)
        }
        return .replaced(previous: kept.identity, kept: name)
    }

    private static func copy(_ destination: Destination, in folder: Folder) throws(SystemError) -> InPlaceTrial {
        var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
        _ = try PreviousCopy(of: try destination.open(.read), destination, to: candidate.file)
        let name = vacant(copyName(destination), in: folder)
        let identity = try candidate.file.status().identity
        try candidate.rename(to: name)
        return .written(copy: identity, kept: name)
    }

    /// `name`, after removing a leftover of that name; if it cannot be removed, a random name, which a start after a
    /// crash does not find.
    private static func vacant(_ name: String, in folder: Folder) -> String {
        do throws(SystemError) {
            try folder.unlink(name)
        } catch {
            if error.code != Errno.noSuchFile { return name + "-" + Random.letters(Leftovers.randomLetters) }
        }
        return name
    }
}

// MARK: After a crash

extension InPlaceTrial {
    /// The trial that a crash left beside `destination`, nil if there is none that can be trusted. `owner` is the one
    /// that the resource sets.
    ///
    /// A file that is renamed to the destination keeps its owner and mode, so it is trusted if only users can have created it
    /// who could also replace the destination itself. Bytes that are written into a mount point are trusted only from a
    /// directory where nobody else can write.
    fileprivate init?(beside destination: Destination, in folder: Folder, owner: UInt32?) throws(SystemError) {
        let folderStatus = try folder.status()
        let isPrivate = folderStatus.isPrivate
        let target = try folder.status(of: destination.name)
        func isTrusted(_ found: FileStatus, _ owners: [UInt32?]) -> Bool {
            if found.kind != .regular { return false }
            if isPrivate { return true }
            let links = found.identity == target?.identity ? 2 : 1
            return found.linkCount <= links && (Users.isRootOrOurs(found.uid) || owners.contains(found.uid))
        }
        if isPrivate, case .present(let copy) = try OwnFile(Self.copyName(destination), in: folder),
            try PreviousCopy(reading: copy, of: destination) != nil
        {
            self = .written(copy: try copy.status().identity, kept: Self.copyName(destination))
        } else if let previous = try folder.status(of: Self.previousName(destination)),
            isTrusted(previous, [folderStatus.uid])
        {
            self = .replaced(previous: previous.identity, kept: Self.previousName(destination))
        } else if let first = try folder.status(of: Self.newName(destination)),
            isTrusted(first, [folderStatus.uid, owner])
        {
            self = .first(new: first.identity, kept: Self.newName(destination))
        } else {
            return nil
        }
    }
}

// MARK: The end

extension Destination {
    /// Undoes a trial that a crash interrupted: the target is again what it was before. Returns false if there was no trial, or
    /// the new file was not in place yet.
    package func undoTrial(_ attributes: FileAttributes) throws(StagingError) -> Bool {
        // A directory that does not exist holds no leftovers.
        guard let folder else { return false }
        let trial = try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            try InPlaceTrial(beside: self, in: folder, owner: attributes.uid)
        }
        return try trial.map { (trial) throws(StagingError) in try undo(trial) } ?? false
    }

    /// Undoes a trial that a check has refused: the target is again what it was before. Returns false if the new file was not in
    /// place.
    ///
    /// Where there was no file, one that the check has put in the place of the new one goes too, as `sed -i` does. Elsewhere than
    /// in a directory of ours it could be anybody's, and stays.
    package func undoRefused(_ trial: InPlaceTrial, _ attributes: FileAttributes) throws(StagingError) -> Bool {
        try undo(trial) { (found, folder) throws(SystemError) in
            try folder.isPrivate() && found.canBeOfCheck(attributes)
        }
    }

    /// Undoes a trial whose check has not run, or may have been interrupted. Returns false if the new file was not in place.
    package func undo(_ trial: InPlaceTrial) throws(StagingError) -> Bool { try undo(trial) { _, _ in false } }

    /// Undoes a trial. Where there was no file, another one than the new one is removed only if it `isOfCheck`.
    private func undo(
        _ trial: InPlaceTrial, isOfCheck: (FileStatus, Folder) throws(SystemError) -> Bool
    ) throws(StagingError) -> Bool {
        let folder = try openFolder()
        return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            let isUndone: Bool
            switch trial {
            case .first(let new, let kept):
                if let found = try folder.status(of: name) {
                    isUndone = found.identity == new ? true : try isOfCheck(found, folder)
                } else {
                    isUndone = false
                }
                if isUndone { try folder.unlink(name) }
                try folder.unlink(kept, ifIt: new)
            case .replaced(let previous, let kept):
                isUndone = try putBack(previous, kept, in: folder)
            case .written(let copy, let kept):
                isUndone = try writeBack(copy, kept, in: folder)
            }
            try folder.synchronize()
            return isUndone
        }
    }

    private func putBack(_ previous: FileIdentity, _ kept: String, in folder: Folder) throws(SystemError) -> Bool {
        guard try folder.status(of: kept)?.identity == previous else { throw missing(kept, in: folder) }
        let isThere = try folder.status(of: name)?.identity == previous
        // A rename from one name of a file to another does nothing.
        if isThere { try folder.unlink(kept) } else { try folder.rename(kept, to: name) }
        return !isThere
    }

    private func writeBack(_ copy: FileIdentity, _ kept: String, in folder: Folder) throws(SystemError) -> Bool {
        let isUndone = try withCopy(copy, kept, in: folder) { (previous, file) throws(SystemError) in
            try previous.restore(from: file, to: self, in: folder)
        }
        try folder.unlink(kept)
        return isUndone
    }

    /// Ends a trial whose check has passed: the new file stays. With `backup` the previous one becomes `DEST.bak`, with
    /// `keepsReplaced` it is kept until the owed reload has succeeded. `wasOwed`: whether a reload was owed before.
    ///
    /// Throws if the new file is not in place any more: a second confd that is started during the check takes it for what a
    /// crash has left, and puts the previous one back.
    package func accept(
        _ trial: InPlaceTrial, backup: Bool, keepsReplaced: Bool = false, wasOwed: Bool = false
    ) throws(StagingError) -> [StagingWarning] {
        let folder = try openFolder()
        if try isWithdrawn(trial, in: folder) { throw StagingError(.withdrawnDuringCheck, path) }
        return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            var warnings: [StagingWarning] = []
            switch trial {
            case .first(let new, let kept): try folder.unlink(kept, ifIt: new)
            case .replaced(let previous, let kept):
                if keepsReplaced { ReplacedFile.keep(previous: kept, of: self, in: folder, isOwed: wasOwed) }
                if backup {
                    guard try folder.status(of: kept)?.identity == previous else { throw missing(kept, in: folder) }
                    warnings += try PreviousFile.move(kept, of: self, in: folder)
                }
                try folder.unlink(kept, ifIt: previous)
            case .written(let copy, let kept):
                if keepsReplaced {
                    try withCopy(copy, kept, in: folder) { (previous, file) in
                        ReplacedFile.keep(previous, file, of: self, in: folder, isOwed: wasOwed)
                    }
                }
                if backup {
                    warnings += try withCopy(copy, kept, in: folder) { (previous, file) throws(SystemError) in
                        try PreviousFile.keep(previous, file, of: self)
                    }
                }
                try folder.unlink(kept, ifIt: copy)
            }
            return warnings + folder.synchronized()
        }
    }

    /// Whether the previous file is in place again, or none where there was none. Any other file may be one that the check
    /// has edited.
    private func isWithdrawn(_ trial: InPlaceTrial, in folder: Folder) throws(StagingError) -> Bool {
        let found = try staging(path, StagingError.Kind.trial) { () throws(SystemError) in try folder.status(of: name) }
        switch trial {
        case .first: return found == nil
        case .replaced(let previous, _): return found == nil || found?.identity == previous
        case .written(_, let kept):
            return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
                try folder.status(of: kept) == nil
            }
        }
    }

    private func withCopy<Result>(
        _ copy: FileIdentity, _ kept: String, in folder: Folder,
        _ body: (PreviousCopy, borrowing FileDescriptor) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        guard case .present(let file) = try OwnFile(kept, in: folder), try file.status().identity == copy,
            let previous = try PreviousCopy(reading: file, of: self)
        else { throw missing(kept, in: folder) }
        return try body(previous, file)
    }

    private func missing(_ kept: String, in folder: Folder) -> SystemError {
        SystemError(call: "open", path: folder.path(of: kept), code: Errno.noSuchFile)
    }
}

extension Folder {
    /// Removes `name` if it is still this file.
    fileprivate func unlink(_ name: String, ifIt identity: FileIdentity) throws(SystemError) {
        if try status(of: name)?.identity == identity { try unlink(name) }
    }
}

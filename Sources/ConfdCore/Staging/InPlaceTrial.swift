import Posix

/// What stands beside a destination while a new file is in its place for a check that judges what is in place. Until
/// the file is accepted, a refusal or a crash puts back what was there before.
enum InPlaceTrial {
    /// A hard link to the previous file.
    static func linkName(_ destination: Destination) -> String { destination.companion(".confd-previous") }

    /// A copy of the previous bytes, where a link would not do: a mount point is written into, and a file that belongs
    /// to somebody else, or has further names, cannot be told from one that somebody put there.
    static func copyName(_ destination: Destination) -> String { destination.companion(".confd-previous-copy") }

    /// A second link to the new file, where there was no previous one.
    static func newName(_ destination: Destination) -> String { destination.companion(".confd-unchecked") }

    /// Keeps what is in place of `destination` before `candidate`, a name in `folder`, takes it; both survive a crash.
    static func begin(
        _ destination: Destination, candidate: String, in folder: Folder
    ) throws(SystemError) {
        guard let previous = try folder.status(of: destination.name) else {
            try? folder.unlink(newName(destination))  // What is in the way is no trace of ours: that was healed.
            // A file system without links: then a crash leaves the first file of all in place.
            try? folder.link(candidate, to: newName(destination), in: folder)
            return try folder.synchronize()
        }
        if isTrusted(previous, linkCount: 1) {
            try? folder.unlink(linkName(destination))
            do throws(SystemError) {
                try folder.link(destination.name, to: linkName(destination), in: folder)
                return try folder.synchronize()
            } catch {
                // A mount point, or a file system without links: then a copy.
            }
        }
        try copy(destination, in: folder)
    }

    private static func copy(_ destination: Destination, in folder: Folder) throws(SystemError) {
        let previous = try folder.open(destination.name, [.read, .noFollow, .nonBlocking])
        var copy = try Candidate(in: folder, prefix: destination.candidatePrefix)
        try copy.file.writeAll(try previous.readAll(limit: InPlaceBackup.limit))
        try copy.file.synchronize()
        try copy.rename(to: copyName(destination))
        try folder.synchronize()
    }

    /// Whether a file is one that nobody but root and we ourselves can have made.
    static func isTrusted(_ status: FileStatus, linkCount: UInt64) -> Bool {
        status.kind == .regular && Users.isRootOrOurs(status.uid) && status.linkCount <= linkCount
    }

    /// The status of the trace `name`; nil if there is none, or if it is not ours.
    static func trace(
        _ name: String, in folder: Folder, sameAs target: FileStatus?
    ) throws(SystemError) -> FileStatus? {
        guard let status = try folder.status(of: name) else { return nil }
        return isTrusted(status, linkCount: status.identity == target?.identity ? 2 : 1) ? status : nil
    }
}

extension Destination {
    /// Ends a trial: the new file stays. With `backup` the previous one stays too, as `DEST.bak`.
    package func acceptTrial(backup: Bool) throws(StagingError) -> [StagingWarning] {
        let folder = try openFolder()
        return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            var warnings: [StagingWarning] = []
            for name in [InPlaceTrial.linkName(self), InPlaceTrial.copyName(self)] {
                guard try folder.status(of: name)?.kind == .regular else { continue }
                if backup { warnings += try PreviousFile.keep(name, of: self, in: folder) }
                try folder.unlink(name)
            }
            if try folder.status(of: InPlaceTrial.newName(self))?.kind == .regular {
                try folder.unlink(InPlaceTrial.newName(self))
            }
            return warnings + folder.synchronized()
        }
    }

    /// Ends a trial that a check has refused or a crash interrupted: what was there before the new file is there again.
    /// False if there was no trial, or the new file had not come into place yet.
    package func undoTrial(_ attributes: FileAttributes) throws(StagingError) -> Bool {
        // Nothing can stand in a directory that is not there.
        guard let folder else { return false }
        if try undoCopy(attributes, in: folder) { return true }
        return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            let target = try folder.status(of: name)
            let link = InPlaceTrial.linkName(self)
            let new = InPlaceTrial.newName(self)
            var isUndone = false
            if let previous = try InPlaceTrial.trace(link, in: folder, sameAs: target) {
                isUndone = previous.identity != target?.identity
                if isUndone { try folder.rename(link, to: name) } else { try folder.unlink(link) }
            } else if let first = try folder.status(of: new), InPlaceTrial.isTrusted(first, linkCount: 2) {
                isUndone = first.identity == target?.identity
                if isUndone { try folder.unlink(name) }
                try folder.unlink(new)
            } else {
                return false
            }
            try folder.synchronize()
            return isUndone
        }
    }

    /// Writes the copy of the previous bytes back, as the mode and owner of the resource and of what is there have it.
    private func undoCopy(_ attributes: FileAttributes, in folder: Folder) throws(StagingError) -> Bool {
        let name = InPlaceTrial.copyName(self)
        let content = try staging(path, StagingError.Kind.trial) { () throws(SystemError) -> [UInt8]? in
            guard try InPlaceTrial.trace(name, in: folder, sameAs: nil) != nil else { return nil }
            return try folder.open(name, [.read, .noFollow, .nonBlocking]).readAll(limit: InPlaceBackup.limit)
        }
        guard let content else { return false }
        let isUndone = try read() != content
        if isUndone { _ = try StagedFile(content, for: self, attributes: attributes).withoutCheck().replace() }
        return try staging(path, StagingError.Kind.trial) { () throws(SystemError) in
            try folder.unlink(name)
            try folder.synchronize()
            return isUndone
        }
    }
}

import Posix

/// Writes into an existing file that cannot be renamed over, because it is a mount point.
struct InPlaceWriter {
    private let destination: Destination

    init(_ destination: Destination) { self.destination = destination }

    /// Writes `content` over the target and sets its attributes; its inode stays.
    ///
    /// A durable backup lets `Destination.heal` repair the file after a crash at any point. After an error the old bytes
    /// are restored, or the error is `.torn`.
    func write(
        _ content: [UInt8], _ attributes: FileAttributes, _ mark: PendingMark
    ) throws(StagingError) -> [StagingWarning] {
        // A backup from an earlier crash has the last good bytes: they must not be lost to a new one.
        _ = try destination.heal()
        let folder = try destination.openFolder()
        let file = try staging(destination.path, StagingError.Kind.replace) { () throws(SystemError) in
            let file = try destination.open(.readWrite)
            try file.refuseForeignLink(in: folder)
            return file
        }
        let status = try staging(destination.path, StagingError.Kind.replace) { () throws(SystemError) -> FileStatus in
            try reserve(content.count, file)
            return try file.status()
        }
        let backup = try staging(destination.path, StagingError.Kind.backUp) { () throws(SystemError) in
            try Backup.make(of: file, next: content, destination, in: folder)
        }
        var place = PendingMark.Place.nowhere
        let refused: RefusedOwner
        do throws(SystemError) {
            place = try mark.set(on: file, destination, in: folder)
            refused = try overwrite(file, content, attributes, status)
        } catch {
            try restore(file, backup, status, after: error, in: folder)
            mark.withdraw(from: place, file, destination, in: folder)
            throw StagingError(.replace(error), destination.path)
        }
        return refused.warnings(destination.path) + place.warnings + backup.warnings
            + destination.warnings(ofChangeInPlace: status, to: attributes) + backup.remove(destination, in: folder)
    }

    /// The copy of the old bytes, while the file is written.
    private struct Backup: ~Copyable {
        private var candidate: Candidate
        private let content: InPlaceBackup
        /// Why the backup does not have the name that a later start looks for; it then helps after an error, not a
        /// crash.
        private let unnamed: SystemError?

        static func make(
            of file: borrowing FileDescriptor, next: [UInt8], _ destination: Destination, in folder: Folder
        ) throws(SystemError) -> Backup {
            var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
            let content = try InPlaceBackup(of: file, next: next, to: candidate.file)
            let unnamed = try rename(&candidate, to: destination.backupName, in: folder)
            return Backup(candidate: candidate, content: content, unnamed: unnamed)
        }

        /// Returns the error if something that cannot be replaced has the name.
        private static func rename(
            _ candidate: inout Candidate, to name: String, in folder: Folder
        ) throws(SystemError) -> SystemError? {
            do throws(SystemError) {
                try candidate.rename(to: name)
            } catch let error where error.isOccupiedName {
                return error
            }
            try folder.synchronize()
            return nil
        }

        func path(_ destination: Destination) -> String {
            unnamed == nil ? destination.backupPath : candidate.path
        }

        var warnings: [StagingWarning] { unnamed.map { [.crashNotCovered($0)] } ?? [] }

        func restore(to file: borrowing FileDescriptor) throws(SystemError) {
            try content.restore(from: candidate.file, to: file)
        }

        /// Leaves the backup on disk when this is dropped.
        mutating func keep() { candidate.keep() }

        func remove(_ destination: Destination, in folder: Folder) -> [StagingWarning] {
            // Without that name the candidate's `deinit` removes it.
            if unnamed != nil { return [] }
            do throws(SystemError) {
                try folder.unlink(destination.backupName)
                try folder.synchronize()
                return []
            } catch {
                return [.backupNotRemoved(error)]
            }
        }
    }

    /// Reserves space, where the file system can, so that a full disk is noticed before anything is written.
    private func reserve(_ size: Int, _ file: borrowing FileDescriptor) throws(SystemError) {
        do throws(SystemError) {
            try file.reserve(size)
        } catch let error where error.code == Errno.notSupported {
        }
    }

    private func overwrite(
        _ file: borrowing FileDescriptor, _ content: [UInt8], _ attributes: FileAttributes, _ status: FileStatus
    ) throws(SystemError) -> RefusedOwner {
        let refused = try file.changeOwner(attributes)
        try file.dropRights(ofOwner: status)
        // While the bytes are written, nobody else may read them.
        let mode = (attributes.mode ?? status.mode) & ~refused.unsafeModeBits
        if mode & status.mode != status.mode { try file.setMode(mode & status.mode) }
        try file.overwrite(with: content)
        // Writing and a new owner clear setuid and setgid.
        if try file.status().mode != mode { try file.setMode(mode) }
        try file.synchronize()
        return refused
    }

    /// Puts the previous bytes back and removes the backup; the backup stays if that fails.
    private func restore(
        _ file: borrowing FileDescriptor, _ backup: consuming Backup, _ status: FileStatus, after failure: SystemError,
        in folder: Folder
    ) throws(StagingError) {
        do throws(SystemError) {
            try backup.restore(to: file)
        } catch {
            let path = backup.path(destination)
            backup.keep()
            throw StagingError(.torn(failure, backup: path), destination.path)
        }
        // Only the bytes matter here; the next comparison finds wrong attributes.
        try? file.setOwner(uid: status.uid, gid: status.gid)
        try? file.setMode(status.mode)
        _ = backup.remove(destination, in: folder)
    }
}

extension SystemError {
    /// Whether a rename failed because of what has the new name: a directory, or somebody else's file in a sticky one.
    var isOccupiedName: Bool {
        [Errno.isAFolder, Errno.exists, Errno.notEmpty, Errno.notPermitted, Errno.accessDenied].contains(code)
    }
}

extension Destination {
    /// The warning that processes which have the file open keep their access.
    func warnings(ofChangeInPlace status: FileStatus, to attributes: FileAttributes) -> [StagingWarning] {
        status.isReplaced(for: attributes) ? [.changedInPlace(dest: path)] : []
    }
}

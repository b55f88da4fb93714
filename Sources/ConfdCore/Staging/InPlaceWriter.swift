import Posix

/// Writes into an existing file that cannot be renamed over, because it is a mount point.
struct InPlaceWriter {
    private let destination: Destination

    init(_ destination: Destination) { self.destination = destination }

    /// Writes `content` over the target and sets its attributes; its inode stays.
    ///
    /// A durable backup makes a crash at any point mendable by `Destination.heal`. After an error the old bytes are
    /// back, or the error is `.torn`.
    func write(
        _ content: [UInt8], _ attributes: FileAttributes, _ mark: PendingMark
    ) throws(StagingError) -> [StagingWarning] {
        // A backup from an earlier crash has the last good bytes: they must not be lost to a new one.
        _ = try destination.heal()
        let folder = try destination.openFolder()
        let previous = try destination.read() ?? []
        let file = try staging(destination.path, StagingError.Kind.replace) { () throws(SystemError) in
            try destination.open(.readWrite)
        }
        let status = try staging(destination.path, StagingError.Kind.replace) { () throws(SystemError) -> FileStatus in
            let status = try file.status()
            // Where others can write, a second name may be that of a file that is not theirs.
            let mayBeShared = try !folder.isPrivate()
            if status.kind != .regular || status.linkCount > 1 && mayBeShared {
                throw SystemError(call: "open", path: destination.target, code: Errno.busy)
            }
            try reserve(content.count, file)
            return status
        }
        try staging(destination.path, StagingError.Kind.backUp) { () throws(SystemError) in
            try backUp(previous, content, in: folder)
        }
        var place = PendingMark.Place.nowhere
        let refused: RefusedOwner
        do throws(SystemError) {
            place = try mark.set(on: file, destination, in: folder)
            refused = try overwrite(file, content, attributes, status)
        } catch {
            try restore(file, previous, status, after: error, in: folder)
            mark.withdraw(from: place, file, destination, in: folder)
            throw StagingError(.replace(error), destination.path)
        }
        return refused.warnings(destination.path) + removeBackup(in: folder)
    }

    /// Finds out that the disk is full before anything is written, where the file system can say.
    private func reserve(_ size: Int, _ file: borrowing FileDescriptor) throws(SystemError) {
        do throws(SystemError) {
            try file.reserve(size)
        } catch let error where error.code == Errno.notSupported {
        }
    }

    private func backUp(_ previous: [UInt8], _ next: [UInt8], in folder: Folder) throws(SystemError) {
        var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
        try candidate.file.writeAll(InPlaceBackup(previous: previous, next: next).encoded())
        try candidate.file.synchronize()
        try candidate.rename(to: destination.backupName)
        try folder.synchronize()
    }

    private func overwrite(
        _ file: borrowing FileDescriptor, _ content: [UInt8], _ attributes: FileAttributes, _ status: FileStatus
    ) throws(SystemError) -> RefusedOwner {
        let refused = try file.changeOwner(attributes)
        // Who may not read the new bytes must not see them on the way; who may, waits.
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
        _ file: borrowing FileDescriptor, _ previous: [UInt8], _ status: FileStatus, after failure: SystemError,
        in folder: Folder
    ) throws(StagingError) {
        do throws(SystemError) {
            try file.overwrite(with: previous)
            try file.synchronize()
        } catch {
            throw StagingError(.torn(failure, backup: destination.backupPath), destination.path)
        }
        // The bytes are what counts; what is wrong with the rest, the next comparison finds.
        try? file.setOwner(uid: status.uid, gid: status.gid)
        try? file.setMode(status.mode)
        _ = removeBackup(in: folder)
    }

    private func removeBackup(in folder: Folder) -> [StagingWarning] {
        do throws(SystemError) {
            try folder.unlink(destination.backupName)
            try folder.synchronize()
            return []
        } catch {
            return [.backupNotRemoved(error)]
        }
    }
}

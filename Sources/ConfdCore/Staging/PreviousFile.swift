import Posix

/// The previous file as `DEST.bak` (`backup = true`).
enum PreviousFile {
    /// Keeps what the target of `destination` holds under the second name, replacing an earlier one at once.
    ///
    /// A hard link costs nothing and keeps everything; where it cannot be made (another file system, a file that is
    /// not ours, a mount point) or must not be, it is a copy.
    static func keep(_ destination: Destination, mayLink: Bool) throws(StagingError) {
        guard try destination.existing() != nil else { return }
        let (folderPath, name) = Files.split(destination.path)
        if mayLink {
            do throws(SystemError) {
                try link(destination.target, in: try Folder(folderPath), name: name)
                return
            } catch let error where error.code != Errno.noSpace && error.code != Errno.readOnly {
                // Then a copy.
            } catch {
                throw StagingError(.backUp(error), destination.path)
            }
        }
        try staging(destination.path, StagingError.Kind.backUp) { () throws(SystemError) in
            try copy(destination, to: folderPath, name: name)
        }
    }

    private static func link(_ target: String, in folder: borrowing Folder, name: String) throws(SystemError) {
        let temporary = ".\(name.prefix(60)).bak." + Random.letters(10)
        try folder.link(target, to: temporary)
        defer {
            // Still there if the rename failed, or did nothing because both names are the same file already.
            try? folder.unlink(temporary)
        }
        try folder.rename(temporary, to: name + ".bak")
    }

    private static func copy(
        _ destination: Destination, to folderPath: String, name: String
    ) throws(SystemError) {
        let file = try FileDescriptor(opening: destination.target, [.read, .noFollow])
        let status = try file.status()
        var candidate = try Candidate(in: folderPath, prefix: destination.candidatePrefix)
        // An owner that we may not set is no reason to have no backup; the bits that would be unsafe are left out.
        _ = try candidate.fill(
            try file.readAll(), FileAttributes(mode: status.mode, uid: status.uid, gid: status.gid),
            like: destination.target)
        try candidate.rename(to: name + ".bak")
        try candidate.folder.synchronize()
    }
}

import Posix

/// The previous file as `DEST.bak` (`backup = true`).
enum PreviousFile {
    /// Keeps what the target of `destination` holds as `DEST.bak`, replacing an earlier one atomically.
    ///
    /// A file that may not be read, or a directory of the name `DEST.bak`, is only a warning: otherwise the user who made it so
    /// could prevent the resource from being written.
    ///
    /// A hard link costs nothing and keeps all attributes; where it cannot be made (another file system, a file that is
    /// not ours, a mount point) or must not be, a copy is.
    static func keep(_ destination: Destination, mayLink: Bool) throws(StagingError) -> [StagingWarning] {
        guard try destination.existing() != nil, let own = destination.own else { return [] }
        return try staging(destination.path, StagingError.Kind.backUp) { () throws(SystemError) -> [StagingWarning] in
            // A link's directory was opened by name alone (O_PATH) while the path was resolved.
            let folder = try own.folder.opened()
            do throws(SystemError) {
                try keep(destination, in: folder, as: own.name + ".bak", mayLink: mayLink)
                return []
            } catch let error where error.isOccupiedName {
                return [.notBackedUp(dest: destination.path, error)]
            }
        }
    }

    /// Keeps what the target of `destination` holds as `name` in `folder`.
    static func keep(
        _ destination: Destination, in folder: Folder, as name: String, mayLink: Bool
    ) throws(SystemError) {
        if mayLink {
            do throws(SystemError) {
                if let target = destination.folder,
                    try link(
                        destination.name, of: target, in: folder, name: name, prefix: destination.candidatePrefix)
                {
                    return
                }
            } catch let error where error.code != Errno.noSpace && error.code != Errno.readOnly {
                // The copy below does it.
            }
        }
        try copy(destination, in: folder, name: name)
    }

    /// Makes the file `source`, which is beside the target of `destination`, `DEST.bak`.
    static func move(
        _ source: String, of destination: Destination, in folder: Folder
    ) throws(SystemError) -> [StagingWarning] {
        guard let own = destination.own else { return [] }
        do throws(SystemError) {
            try folder.rename(source, to: own.name + ".bak", in: own.folder)
            return []
        } catch let error where error.code == Errno.otherDevice {
            let file = try folder.open(source, [.read, .noFollow, .nonBlocking])
            let size = Int(try file.status().size)
            // A link on another file system leads to the target: `DEST.bak` is beside the link, a copy without attributes.
            return try create(of: destination) { (copy) throws(SystemError) in
                if size > InPlaceBackup.limit {
                    throw SystemError(call: "read", path: file.path, code: Errno.tooLarge, limit: InPlaceBackup.limit)
                }
                _ = try file.copy(size, to: copy)
            }
        } catch let error where error.isOccupiedName {
            return [.notBackedUp(dest: destination.path, error)]
        }
    }

    /// Keeps the bytes of the copy `file`, with their owner and mode, as `DEST.bak`.
    static func keep(
        _ previous: PreviousCopy, _ file: borrowing FileDescriptor, of destination: Destination
    ) throws(SystemError) -> [StagingWarning] {
        try create(of: destination) { (copy) throws(SystemError) in try previous.write(from: file, to: copy) }
    }

    private static func create(
        of destination: Destination, _ fill: (borrowing FileDescriptor) throws(SystemError) -> Void
    ) throws(SystemError) -> [StagingWarning] {
        guard let own = destination.own else { return [] }
        do throws(SystemError) {
            var candidate = try Candidate(in: try own.folder.opened(), prefix: destination.candidatePrefix)
            try fill(candidate.file)
            try candidate.file.synchronize()
            try candidate.rename(to: own.name + ".bak")
            return []
        } catch let error where error.isOccupiedName || error.code == Errno.tooLarge {
            return [.notBackedUp(dest: destination.path, error)]
        }
    }

    /// Links `source` to `name`; false if another file took the place of `source` meanwhile.
    private static func link(
        _ source: String, of target: Folder, in folder: Folder, name: String, prefix: String
    ) throws(SystemError) -> Bool {
        let expected = try target.status(of: source)
        let temporary = prefix + Random.letters(Leftovers.randomLetters)
        try target.link(source, to: temporary, in: folder)
        defer {
            // Still there if the rename failed, or did nothing because both names are the same file already.
            try? folder.unlink(temporary)
        }
        let linked = try folder.status(of: temporary)
        guard let linked, linked.kind == .regular, linked.identity == expected?.identity else { return false }
        try folder.rename(temporary, to: name)
        return true
    }

    private static func copy(_ destination: Destination, in folder: Folder, name: String) throws(SystemError) {
        let file = try destination.open(.read)
        let attributes = FileAttributes().completed(from: try file.status(), in: try folder.status())
        var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
        // An owner that we may not set is no reason to have no backup; the bits that would be unsafe are left out.
        _ = try candidate.fill(try file.readAll(limit: InPlaceBackup.limit), attributes, like: destination)
        try candidate.rename(to: name)
        try candidate.folder.synchronize()
    }
}

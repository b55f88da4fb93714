import Posix

/// The file that was replaced last, kept under a hidden name beside the target until the reload has succeeded: commands get its
/// path in `CONFD_PREVIOUS`.
enum ReplacedFile {
    static func name(_ destination: Destination) -> String { destination.companion(".confd-replaced") }

    /// Keeps what the target holds. With `isOwed` the service still runs with the file that was kept earlier: that one stays.
    ///
    /// It is a convenience: where it cannot be kept, the file is replaced all the same.
    static func keep(_ destination: Destination, isOwed: Bool, mayLink: Bool) {
        guard let folder = destination.folder else { return }
        let name = name(destination)
        if isOwed, destination.replacedFile != nil { return }
        do throws(SystemError) {
            try? folder.unlink(name)
            if try folder.status(of: destination.name) != nil {
                try PreviousFile.keep(destination, in: folder, as: name, mayLink: mayLink)
            }
        } catch {
            // Without room or rights for it there is none.
        }
    }

    /// Keeps the previous file of a trial that has the name `kept`, which is about to go.
    static func keep(previous kept: String, of destination: Destination, in folder: Folder, isOwed: Bool) {
        let name = name(destination)
        if isOwed, destination.replacedFile != nil { return }
        try? folder.unlink(name)
        // Without hard links there is none.
        try? folder.link(kept, to: name, in: folder)
    }

    /// Keeps the bytes of the copy `file` of a mount point.
    static func keep(
        _ previous: PreviousCopy, _ file: borrowing FileDescriptor, of destination: Destination, in folder: Folder,
        isOwed: Bool
    ) {
        if isOwed, destination.replacedFile != nil { return }
        do throws(SystemError) {
            var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
            try previous.write(from: file, to: candidate.file)
            try candidate.rename(to: name(destination))
        } catch {
            // As above.
        }
    }

    static func remove(_ destination: Destination) {
        // One that stays is replaced by the next.
        try? destination.folder?.unlink(name(destination))
    }
}

extension Destination {
    /// The path of the file that was replaced, as long as its reload is owed to a command; nil if there is none.
    package var replacedFile: String? {
        guard let folder else { return nil }
        let name = ReplacedFile.name(self)
        guard let status = try? folder.status(of: name), status.kind == .regular else { return nil }
        return folder.path(of: name)
    }

    /// The bytes of that file; nil if there is none, or where others could have made it.
    package func readReplaced() throws(StagingError) -> [UInt8]? {
        guard let folder, replacedFile != nil else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            let folder = try folder.opened()
            guard try folder.isPrivate() else { return nil }
            let file = try folder.open(ReplacedFile.name(self), [.read, .noFollow, .nonBlocking])
            return try file.readAll()
        }
    }
}

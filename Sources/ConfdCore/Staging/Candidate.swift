import Posix

/// A new file with a random name; dropping it unlinks it, unless it was renamed or is kept.
struct Candidate: ~Copyable {
    let folder: Folder
    let file: FileDescriptor
    let name: String
    private var isArmed = true

    /// Creates an empty file of mode 0600 in the folder at `path`.
    init(in path: String, prefix: String) throws(SystemError) {
        let folder = try Folder(path)
        let file = try Leftovers.create(in: folder, prefix: prefix)
        // A file that was created has a path.
        name = Files.split(file.path ?? "").name
        self.folder = folder
        self.file = file
    }

    deinit {
        // Nobody is left to tell; the next pass uses another name.
        if isArmed { try? folder.unlink(name) }
    }

    /// The file's path.
    var path: String { folder.path(of: name) }

    /// Leaves the file where it is when this is dropped.
    mutating func keep() { isArmed = false }

    /// Replaces `newName` in the folder by this file.
    mutating func rename(to newName: String) throws(SystemError) {
        try folder.rename(name, to: newName)
        isArmed = false
    }

    /// Sets owner, extended attributes and mode, writes `content`, and waits until all is on disk.
    ///
    /// In this order nobody sees a byte who may not read the finished file: carried-over access lists can be wider
    /// than the mode that follows. Attributes of the file at `path` are carried over where possible.
    func fill(
        _ content: [UInt8], _ attributes: FileAttributes, like path: String
    ) throws(SystemError) -> RefusedOwner {
        let refused = try file.changeOwner(attributes)
        // No such file, or not readable by us: then there is nothing to carry over.
        if let old = try? FileDescriptor(opening: path, [.read, .noFollow, .nonBlocking]) {
            file.copyAttributes(of: old)
        }
        // After the owner, because a new owner clears setuid and setgid.
        let mode = attributes.mode.map { $0 & ~refused.unsafeModeBits }
        if let mode { try file.setMode(mode) }
        try file.writeAll(content)
        // And so does writing.
        if let mode, mode & 0o6000 != 0 { try file.setMode(mode) }
        try file.synchronize()
        return refused
    }
}

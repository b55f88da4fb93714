import Posix

/// A new file with a random name in the directory of its destination; dropping it unlinks it, unless it was renamed or is kept.
struct Candidate: ~Copyable {
    let folder: Folder
    fileprivate(set) var file: FileDescriptor
    let name: String
    private var isArmed = true
    /// The file's status after everything was synced.
    fileprivate var synced: FileStatus?

    /// Creates an empty file of mode 0600 in `folder`.
    init(in folder: Folder, prefix: String) throws(SystemError) {
        let file = try Leftovers.create(in: folder, prefix: prefix)
        // `create` gives the descriptor a path.
        name = Files.split(file.path ?? "").name
        self.folder = folder
        self.file = file
    }

    deinit {
        // A `deinit` cannot report it; the next pass uses another name.
        if isArmed { try? folder.unlink(name) }
    }

    /// The file's path.
    var path: String { folder.path(of: name) }

    /// Leaves the file where it is when this is dropped.
    mutating func keep() { isArmed = false }

    /// Replaces `newName` in the directory by this file.
    mutating func rename(to newName: String) throws(SystemError) {
        try folder.rename(name, to: newName)
        isArmed = false
    }

    /// Sets owner, extended attributes and mode, writes `content`, and waits until all is on disk.
    ///
    /// In this order no byte is readable for anybody who may not read the finished file: access lists that are carried
    /// over can be wider than the mode that follows. Attributes of `destination`'s file are carried over where possible.
    mutating func fill(
        _ content: [UInt8], _ attributes: FileAttributes, like destination: Destination
    ) throws(SystemError) -> RefusedOwner {
        let (refused, mode) = try setAttributes(attributes, like: destination)
        try file.writeAll(content)
        // Writing clears setuid and setgid.
        if let mode, mode & 0o6000 != 0 { try file.setMode(mode) }
        try file.synchronize()
        synced = try file.status()
        return refused
    }

    /// Its bytes: a check command may have edited them.
    func content() throws(SystemError) -> [UInt8] {
        try file.rewind()
        return try file.readAll()
    }

    /// Sets owner, extended attributes and mode; returns which part of the ownership was refused, and
    /// the mode that was set.
    fileprivate func setAttributes(
        _ attributes: FileAttributes, like destination: Destination
    ) throws(SystemError) -> (RefusedOwner, UInt16?) {
        let refused = try file.changeOwner(attributes)
        let isInForeign = try folder.status().isForeign(to: try file.status().uid)
        if isInForeign { try dropInheritedRights(attributes.gid) }
        // No such file, or not readable by us: then there is nothing to carry over.
        if let old = try? destination.open(.read) { file.copyAttributes(of: old, withRights: !isInForeign) }
        // After the owner, because a new owner clears setuid and setgid.
        let mode = attributes.mode.map { $0 & ~refused.unsafeModeBits }
        if let mode { try file.setMode(mode) }
        return (refused, mode)
    }

    /// Removes what a new file has from the directory of a user who does not own the file: the access list of the
    /// directory's default one, and the group of a setgid directory, unless it is `group`.
    private func dropInheritedRights(_ group: UInt32?) throws(SystemError) {
        try file.removeAccessList(.access)
        if try file.status().gid != group { _ = try file.changeOwner(FileAttributes(gid: Users.effectiveGID)) }
    }
}

// MARK: After the check

extension Candidate {
    /// Makes sure that the name still leads to the file that was written, and sets its attributes again if they were
    /// changed. Returns how somebody else changed the file, nil if nobody did.
    ///
    /// In a directory where only root and we can write, a check may edit the file or put another one there, as `sed -i`
    /// does, if the result is a regular file of ours. Elsewhere any user could have done it, so another file is
    /// refused, and other bytes than `content` too.
    mutating func verify(
        _ content: [UInt8]?, _ attributes: FileAttributes, like destination: Destination
    ) throws(SystemError) -> StagedChange? {
        guard let found = try folder.status(of: name) else { return .removed }
        let written = try file.status()
        let isSame = found.identity == written.identity
        let isPrivate = try folder.isPrivate()
        if !isSame {
            if !isPrivate { return .replaced(found.kind) }
            if let change = try adopt(attributes) { return change }
        } else if let content, !isPrivate, try !file.contentEquals(content) {
            return .edited
        }
        let now = try file.status()
        let isAsLeft =
            isSame && now.modified == synced?.modified && now.size == synced?.size && now.mode == synced?.mode
            && now.uid == synced?.uid && now.gid == synced?.gid
        if isAsLeft { return nil }
        _ = try setAttributes(attributes, like: destination)
        try file.synchronize()
        return nil
    }

    /// Continues with the file that the name leads to now; returns what it is if that is not a regular file of ours.
    private mutating func adopt(_ attributes: FileAttributes) throws(SystemError) -> StagedChange? {
        let new: FileDescriptor
        do throws(SystemError) {
            new = try folder.open(name, [.readWrite, .noFollow, .nonBlocking])
        } catch {
            return .replaced(try folder.status(of: name)?.kind ?? .unknown)
        }
        let status = try new.status()
        guard status.canBeOfCheck(attributes) else { return .replaced(status.kind) }
        _ = try? new.lock()
        file = new
        return nil
    }
}

extension Folder {
    /// Whether nobody but root and we can create, rename and remove names in it.
    func isPrivate() throws(SystemError) -> Bool {
        try status().isPrivate
    }
}

/// Who can change the names in a directory, by its status.
extension FileStatus {
    /// Whether nobody but root and we can create, rename and remove names in the directory. Where it has an access list,
    /// the group's permission bits are the list's mask.
    var isPrivate: Bool { Users.isRootOrOurs(uid) && mode & 0o022 == 0 }

    /// Whether a check can have made this file in a directory where only root and we can write. A file with a second name was
    /// made elsewhere.
    func canBeOfCheck(_ attributes: FileAttributes) -> Bool {
        kind == .regular && linkCount == 1 && (uid == Users.effectiveUID || uid == attributes.uid)
    }

    /// Whether the directory belongs to a user who is neither root nor us nor `owner`: a file of `owner`'s in it may be
    /// one that this user has moved there.
    func isForeign(to owner: UInt32) -> Bool { !Users.isRootOrOurs(uid) && uid != owner }
}

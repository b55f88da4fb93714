import Digests
import Posix

/// The file that a resource writes: a name in an open directory, with every symbolic link on the way followed.
///
/// The path is resolved once. Everything afterwards uses that name in that directory, and follows no link.
package struct Destination: Sendable {
    /// The path as the resource names it; log lines use this one.
    package let path: String
    /// The file that is replaced: `path`, or what the links in it lead to. It need not exist.
    package let target: String
    /// The target's name in its directory.
    let name: String
    /// Identifies the target: equal for two destinations that are one file.
    package let place: Place
    /// nil if the target's directory does not exist.
    package let folder: Folder?
    /// The kind of stream if the target is written to and not replaced; nil for a regular file, for no file, and for a type that
    /// cannot be written.
    package let stream: StreamDestination?
    /// The directory of `path` itself, and its name there; nil if that does not exist.
    let own: (folder: Folder, name: String)?
    /// Keeps the directory open, so that `SharedFolders` can start other walks there; nil if a link leads to it.
    private let reached: ReachedFolder?

    /// Follows the links in `path`; with `makesFolders`, creates the directories that are missing (`make_dirs`).
    ///
    /// Throws for a path that names no file, for a loop of links, and for a step by which a user could make confd write
    /// somebody else's file (`PathWalk`).
    package init(resolving path: String, makesFolders: Bool = false) throws(StagingError) {
        try self.init(path, PathWalk(path, makesFolders: makesFolders))
    }

    /// As `init(resolving:makesFolders:)`, but starts in the directory itself if a destination of `folders` has it open.
    package init(resolving path: String, makesFolders: Bool, sharing folders: SharedFolders) throws(StagingError) {
        if let walk = try folders.walk(to: path, makesFolders: makesFolders) {
            try self.init(path, walk)
        } else {
            try self.init(resolving: path, makesFolders: makesFolders)
            if let reached { folders.note(reached, for: path) }
        }
    }

    private init(_ path: String, _ walk: PathWalk) throws(StagingError) {
        var walk = walk
        switch try walk.run() {
        case .name(let name, let folder, let place):
            self.name = name
            self.folder = folder
            self.place = place
            target = folder.path(of: name)
            stream = StreamDestination(walk.lastKind)
        case .descriptor(let number, let name, let folder, let place):
            self.name = name
            self.folder = folder
            self.place = place
            target = folder.path(of: name)
            stream = .inherited(number)
        case .missing(let folder, let place):
            name = Files.split(place.name).name
            self.folder = nil
            self.place = place
            target = Files.join(folder, name)
            stream = nil
        }
        self.path = path
        own = walk.own
        reached = walk.reached
    }

    /// Follows the links in `path` again; throws if that leads elsewhere than to `place` now.
    package init(resolving path: String, place: Place) throws(StagingError) {
        try self.init(resolving: path)
        if self.place != place { throw StagingError(.directoryMoved(folderPath), path) }
    }

    /// The path of the target's directory.
    package var folderPath: String { Files.split(target).folder }

    /// The name of a hidden file beside the target, `.NAME` and `suffix`: at most 255 bytes (NAME_MAX) with the `room` bytes
    /// that the caller appends.
    func companion(_ suffix: String, room: Int = 0) -> String {
        let limit = 255 - 1 - suffix.utf8.count - room
        if name.utf8.count <= limit { return "." + name + suffix }
        // Long names that begin alike stay apart by their checksum.
        let checksum = MD5.hex(name.utf8).prefix(8)
        return "." + String(decoding: name.utf8.prefix(limit - 32), as: UTF8.self) + "-" + checksum + suffix
    }

    /// How the names of temporary files in the target's directory begin.
    package var candidatePrefix: String { companion(".confd-", room: Leftovers.randomLetters) }
}

// MARK: Reading

extension Destination {
    /// The target's bytes, nil when there is no file (for diffs and for `rollback`); more than `limit` are an error.
    package func read(limit: Int = FileDescriptor.standardLimit) throws(StagingError) -> [UInt8]? {
        guard let file = try openTarget() else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in try file.readAll(limit: limit) }
    }

    /// The target opened for reading, nil when there is no file.
    func openTarget() throws(StagingError) -> FileDescriptor? {
        guard try existing() != nil else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            try open([.read])
        }
    }

    /// The target's status, nil when there is no file; throws if it is no regular file.
    package func existing() throws(StagingError) -> FileStatus? {
        guard let folder else { return nil }
        let found = try staging(path, StagingError.Kind.resolve) { () throws(SystemError) in
            try folder.status(of: name)
        }
        guard let status = found else { return nil }
        if status.kind != .regular { throw StagingError(.notAFile(status.kind), path) }
        return status
    }

    /// Opens the target itself: no link, and without waiting for the other end of a pipe.
    func open(_ flags: OpenFlags) throws(SystemError) -> FileDescriptor {
        guard let folder else { throw SystemError(call: "open", path: target, code: Errno.noSuchFile) }
        return try folder.open(name, flags.union([.noFollow, .nonBlocking]))
    }

    /// The target's directory; throws `.folderMissing` if it does not exist.
    func openFolder() throws(StagingError) -> Folder {
        guard let folder else { throw StagingError(.folderMissing(folderPath), path) }
        return folder
    }

    /// Throws as a write would if the target's directory does not exist.
    package func refuseMissingFolder() throws(StagingError) { _ = try openFolder() }

    /// Throws if files that are created beside the target could not be removed: each attempt would leave another one.
    func refuseAppendOnlyFolder() throws(StagingError) {
        // If the flag cannot be read, creating a file shows what is wrong.
        let isAppendOnly = (try? folder?.flags().isAppendOnly) ?? false
        if isAppendOnly { throw StagingError(.appendOnly(folder: folderPath), path) }
    }

    /// The error of a failure to create a file beside the target.
    func cannotCreate(_ error: SystemError) -> StagingError {
        StagingError(
            error.code == Errno.noSuchFile
                ? .folderMissing(folderPath)
                : .create(error, folder: folderPath, uid: Users.effectiveUID), path)
    }
}

import Posix

/// Resolves the path from the root or the working directory to the directory of a file, one name at a time and by
/// descriptors, so that the directory that was checked is the one that is entered, whatever others rename meanwhile.
///
/// The rules are those of systemd's CHASE_SAFE, seen from where a link ends: a user other than root and
/// ourselves can lead the walk only to files of his own.
/// - A link that such a user could have put there must lead to a directory of that user's. In a user's directory, and
///   below it, that is every link: he can rename a directory of root's there, with root's links in it.
/// - From a directory of such a user the walk does not enter one of another such user. It may enter one of root's or ours:
///   only the owner of a directory can move it into another one.
/// - In a sticky directory that all may write, a link counts only if root, we or the directory's owner made it.
struct PathWalk {
    /// Where a walk ends.
    enum End {
        /// At a name in an open directory; there need not be such a file.
        case name(String, in: Folder, Place)
        /// At a directory that does not exist; its path.
        case missing(String, Place)
        /// At a descriptor of this process: its number is the name.
        case descriptor(Int32, String, in: Folder, Place)
    }

    /// A step that is still to be taken.
    private enum Step {
        /// Goes to this name; `isLast` for that of the file.
        case name(String, isLast: Bool)
        /// Checks that a link of this owner has led to a directory of this owner.
        case endOfLink(String, owner: UInt32)
    }

    /// The kernel's limit (MAXSYMLINKS).
    private static let linkLimit = 40

    private var dest: String
    private var makesFolders: Bool
    private var folder: Folder
    private var status: FileStatus
    /// The owner of the last directory on the way that is neither root's nor ours: the user who could have put there
    /// what the walk has come to since.
    private var guardian: UInt32?
    /// The directories that were entered on the way to `folder`, the outermost first.
    private var above: [(directory: FileIdentity, guardian: UInt32?)] = []
    /// The steps still to be taken, in reverse: a stack.
    private var steps: [Step] = []
    private var links = 0
    /// The directory of `dest` itself, which may be a link, and its name there.
    private(set) var own: (folder: Folder, name: String)?
    /// The type of what the last name leads to; nil before that, and if there is nothing.
    private(set) var lastKind: FileStatus.Kind?
    /// The descriptor of this process that the last link stands for.
    private var descriptor: Int32?
    /// The directory of `dest`, if no link led there.
    private(set) var reached: ReachedFolder?

    /// A walk along `dest`; with `makesFolders` it creates the directories that are missing, mode 0755 less the umask.
    init(_ dest: String, makesFolders: Bool) throws(StagingError) {
        self.dest = dest
        self.makesFolders = makesFolders
        (folder, status) = try Self.start(dest, dest)
        guardian = Self.guardian(of: folder, status)
        try push(dest, isLast: true)
    }

    /// A walk to `dest` that starts in its directory, which another walk has reached; `now` is the directory's present status.
    init(
        _ dest: String, name: String, from reached: ReachedFolder, _ now: FileStatus, makesFolders: Bool
    ) throws(StagingError) {
        self = reached.walk
        self.dest = dest
        self.makesFolders = makesFolders
        self.reached = reached
        own = nil
        status = now
        try push(name, isLast: true)
    }

    /// Takes all steps.
    ///
    /// Throws for a path without a name at its end, a loop of links, a step that is refused and what cannot be looked
    /// up.
    mutating func run() throws(StagingError) -> End {
        var name = ""
        while let step = steps.popLast() {
            switch step {
            case .endOfLink(let path, let owner):
                if status.uid != owner {
                    throw StagingError(.unsafeLink(path, owner: owner, to: folder.path, of: status.uid), dest)
                }
            case .name(".", _), .name("", _): break
            case .name("..", _): try goUp()
            case .name(let next, let isLast):
                if isLast, own == nil {
                    own = (folder, next)
                    if links == 0, reached == nil { reached = ReachedFolder(self, status.identity, try opened()) }
                }
                if let missing = try go(to: next, isLast: isLast) { return missing }
                name = next
            }
        }
        let folder = try opened()
        if links == 0 { own = (folder, name) }
        if let descriptor {
            return .descriptor(descriptor, name, in: folder, Place(directory: status.identity, name: name))
        }
        return .name(name, in: folder, Place(directory: status.identity, name: name))
    }
}

/// A directory that a walk has reached without a link; other walks may start there as long as it is in use.
final class ReachedFolder: Sendable {
    /// The walk, before its last step.
    fileprivate let walk: PathWalk
    fileprivate let opened: Folder

    /// Which directory it is.
    let identity: FileIdentity

    fileprivate init(_ walk: PathWalk, _ identity: FileIdentity, _ opened: Folder) {
        self.walk = walk
        self.identity = identity
        self.opened = opened
    }
}

// MARK: - Steps

extension PathWalk {
    /// Goes to `name`; returns the end of the walk if there is no such directory.
    private mutating func go(to name: String, isLast: Bool) throws(StagingError) -> End? {
        var entry = try self.entry(name, isLast)
        if entry == nil, !isLast, makesFolders {
            try makeFolder(name)
            entry = try self.entry(name, isLast)
        }
        guard let entry else { return isLast ? nil : missing(name) }
        let found = try resolving { () throws(SystemError) in try entry.status() }
        if isLast { lastKind = found.kind }
        if isLast, found.kind == .symbolicLink, isOwnDescriptors {
            // Such a link stands for an open descriptor; its content, `pipe:[1234]` or the path at the time of the open, is
            // not followed.
            descriptor = Int32(name)
        } else if found.kind == .symbolicLink {
            try follow(try resolving { () throws(SystemError) in try entry.linkContent() }, of: found, name, isLast)
        } else if !isLast {
            try enter(entry, found)
        }
        return nil
    }

    /// Whether this is the directory of the descriptors of this process, where `/dev/stdout` leads to.
    private var isOwnDescriptors: Bool {
        guard folder.path.hasPrefix("/proc/"), let own = try? Files.readLink("/proc/self") else { return false }
        return folder.path == "/proc/\(own)/fd"
    }

    /// `name` itself, nil if there is none.
    private func entry(_ name: String, _ isLast: Bool) throws(StagingError) -> FileDescriptor? {
        do throws(SystemError) {
            // autofs mounts a directory only when it is opened as one.
            do throws(SystemError) {
                return try folder.open(name, isLast ? [.nameOnly, .noFollow] : [.nameOnly, .noFollow, .folder])
            } catch let error where error.code == Errno.notAFolder && !isLast {
                return try folder.open(name, [.nameOnly, .noFollow])
            }
        } catch let error where error.code == Errno.noSuchFile {
            return nil
        } catch {
            throw StagingError(.resolve(error), dest)
        }
    }

    private mutating func enter(_ entry: consuming FileDescriptor, _ found: FileStatus) throws(StagingError) {
        let path = entry.path ?? ""
        if found.kind != .folder {
            throw StagingError(.resolve(SystemError(call: "open", path: path, code: Errno.notAFolder)), dest)
        }
        if !Users.isRootOrOurs(status.uid), !Users.isRootOrOurs(found.uid), status.uid != found.uid {
            throw StagingError(.unsafeDirectory(path, owner: found.uid, in: folder.path, of: status.uid), dest)
        }
        above.append((status.identity, guardian))
        folder = Folder(entry)
        status = found
        if !Users.isRootOrOurs(found.uid) { guardian = found.uid }
    }

    /// Goes to the directory that this one was entered from; throws if this one was moved out of it.
    private mutating func goUp() throws(StagingError) {
        if folder.path == "/" { return }
        let path = folder.path
        let name = Files.split(path).name
        let entry = try resolving { [folder] () throws(SystemError) in try folder.open("..", [.nameOnly, .noFollow]) }
        let found = try resolving { () throws(SystemError) in try entry.status() }
        let expected = above.popLast()
        if let expected, expected.directory != found.identity {
            throw StagingError(.directoryMoved(path), dest)
        }
        let isAbove = path == "." || name == ".."
        folder = Folder(entry, path: path == "." ? ".." : isAbove ? Files.join(path, "..") : Files.split(path).folder)
        status = found
        if let expected { guardian = expected.guardian } else { guardian = Self.guardian(of: folder, found) }
    }

    private mutating func follow(
        _ content: String, of link: FileStatus, _ name: String, _ isLast: Bool
    ) throws(StagingError) {
        links += 1
        if links > Self.linkLimit { throw StagingError(.linkLoop, dest) }
        let path = folder.path(of: name)
        let isShared = status.mode & 0o1002 == 0o1002
        if isShared, !Users.isRootOrOurs(link.uid), link.uid != status.uid {
            throw StagingError(.untrustedLink(path: path, owner: link.uid), dest)
        }
        // Below a user's directory even a link of root's counts as that user's, who can move it, or a directory that it is in.
        let owner = guardian ?? link.uid
        if !Users.isRootOrOurs(link.uid), link.uid != owner {
            throw StagingError(.unsafeLink(path, owner: link.uid, to: folder.path, of: owner), dest)
        }
        if !Users.isRootOrOurs(owner) { steps.append(.endOfLink(path, owner: owner)) }
        try push(content, isLast: isLast)
        if content.hasPrefix("/") {
            (folder, status) = try Self.start(content, dest)
            guardian = Self.guardian(of: folder, status)
            above = []
        }
    }

    /// Creates the directory `name`; if another process was faster, the next step checks what it made.
    private func makeFolder(_ name: String) throws(StagingError) {
        for case .endOfLink(let path, let owner) in steps {
            // A directory of ours would not belong to that user.
            throw StagingError(.unsafeLink(path, owner: owner, to: folder.path(of: name), of: Users.effectiveUID), dest)
        }
        do throws(SystemError) {
            try folder.makeFolder(name)
            if !Users.isRootOrOurs(status.uid) { try dropInheritedRights(name) }
            try folder.opened().synchronize()
        } catch let error where error.code == Errno.exists {
        } catch {
            throw StagingError(.makeFolder(error), dest)
        }
    }

    /// Removes from the new directory `name` the access lists and the group that it inherited from the directory of a user, who
    /// could otherwise read or change what is created in it.
    private func dropInheritedRights(_ name: String) throws(SystemError) {
        let new = Folder(try folder.open(name, [.read, .noFollow, .folder]))
        let status = try new.status()
        // The user may have put another directory there meanwhile; an empty one of ours loses nothing.
        guard status.uid == Users.effectiveUID, try new.list().isEmpty else { return }
        let file = try new.open(".", [.read, .folder])
        try file.removeAccessList(.default)
        try file.removeAccessList(.access)
        _ = try file.changeOwner(FileAttributes(gid: Users.effectiveGID))
        // Without setgid.
        try file.setMode(status.mode & 0o755)
    }

    /// The end at the missing directory `name`.
    private func missing(_ name: String) -> End {
        var names = [name]
        for case .name(let next, _) in steps.reversed() where next != "" && next != "." { names.append(next) }
        let place = Place(directory: status.identity, name: names.joined(separator: "/"))
        return .missing(names.dropLast().reduce(folder.path) { $0 == "." ? $1 : Files.join($0, $1) }, place)
    }
}

// MARK: - Helpers

extension PathWalk {
    /// The directory that `path` starts from.
    private static func start(_ path: String, _ dest: String) throws(StagingError) -> (Folder, FileStatus) {
        try staging(dest, StagingError.Kind.resolve) { () throws(SystemError) in
            let start = path.hasPrefix("/") ? "/" : "."
            let folder = Folder(try FileDescriptor(opening: start, [.nameOnly, .folder]))
            return (folder, try folder.status())
        }
    }

    /// The owner of `folder`, or of the nearest directory above it, who is neither root nor us; nil if there is none, or
    /// if we may not look.
    private static func guardian(of folder: Folder, _ status: FileStatus) -> UInt32? {
        if !Users.isRootOrOurs(status.uid) { return status.uid }
        guard folder.path != "/", let entry = try? folder.open("..", [.nameOnly, .noFollow]),
            let found = try? entry.status(), found.identity != status.identity
        else { return nil }
        return guardian(of: Folder(entry), found)
    }

    private mutating func push(_ path: String, isLast: Bool) throws(StagingError) {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        if isLast, ["", ".", ".."].contains(names.last) { throw StagingError(.noFileName, dest) }
        for (index, name) in names.enumerated().reversed() {
            steps.append(.name(String(name), isLast: isLast && index == names.count - 1))
        }
    }

    /// The directory that the walk has reached, opened for reading.
    private func opened() throws(StagingError) -> Folder {
        if let reached, reached.walk.folder === folder { return reached.opened }
        return try resolving { [folder] () throws(SystemError) in try folder.opened() }
    }

    private func resolving<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(StagingError) -> Result {
        try staging(dest, StagingError.Kind.resolve, body)
    }
}

/// The file that a path leads to, however the path is spelled: a directory and a name in it.
package struct Place: Hashable, Sendable {
    let directory: FileIdentity
    /// With the names of missing directories before it.
    let name: String
}

import Posix

/// A socket at a path, found by a walk that no other user can lead elsewhere.
///
/// The rules are those of the files we write (systemd's CHASE_SAFE, seen from where a link ends): a user other than root and
/// ourselves can lead the walk only to what is his own, or what is in his directory and root's or ours. Otherwise he could
/// have a confd of root's send its commands to a socket that only root may use.
package final class SocketFile: Sendable {
    private let file: FileDescriptor
    package let identity: FileIdentity
    /// What to connect to: the very socket that was found, where there is a /proc.
    package let connectPath: String

    /// Finds the socket at `path`; throws why there is none, or none to be trusted.
    package init(_ path: String) throws(SocketFileError) {
        var walk = try SocketWalk(path)
        file = try walk.run()
        guard let found = walk.found else { throw .notASocket }
        identity = found.identity
        let own = "/proc/self/fd/\(file.number)"
        connectPath = Files.exists(own) ? own : path
    }
}

/// Why a path leads to no socket that can be used.
package enum SocketFileError: Error, Equatable, Sendable {
    case system(SystemError)
    case untrusted(String, owner: UInt32)
    case notASocket

    /// The same of the balancer behind it.
    package var kind: ApplierError.Kind {
        switch self {
        case .system(let error): .system(error)
        case .untrusted(let path, let owner): .untrustedPath(path, owner: owner)
        case .notASocket: .notASocket
        }
    }
}

/// The walk along one path, a name at a time and by descriptors.
private struct SocketWalk {
    private enum Step {
        case name(String)
        /// Checks that what a link of this user's led to is this user's.
        case endOfLink(String, owner: UInt32)
    }

    private static let linkLimit = 40

    private let path: String
    private var folder: Folder
    private var status: FileStatus
    /// The owner of the last directory on the way that is neither root's nor ours.
    private var guardian: UInt32?
    /// The next one is the last.
    private var steps: [Step] = []
    private var links = 0
    /// The socket, once the walk has come to it.
    private(set) var found: FileStatus?

    init(_ path: String) throws(SocketFileError) {
        self.path = path
        (folder, status) = try Self.start(path)
        note(status)
        push(path)
    }

    mutating func run() throws(SocketFileError) -> FileDescriptor {
        var end: FileDescriptor?
        while let step = steps.popLast() {
            switch step {
            case .endOfLink(let link, let owner):
                let reached = found ?? status
                if reached.uid != owner { throw .untrusted(link, owner: owner) }
            case .name(let name):
                if found != nil { throw .system(SystemError(call: "connect", path: path, code: Errno.notAFolder)) }
                if let socket = try go(to: name) { end = consume socket }
            }
        }
        guard let socket = end.take() else { throw .notASocket }
        return socket
    }

    /// Goes to `name`; returns the socket if it is one.
    private mutating func go(to name: String) throws(SocketFileError) -> FileDescriptor? {
        let folder = self.folder
        let entry = try Self.resolving { () throws(SystemError) in try folder.open(name, [.nameOnly, .noFollow]) }
        let there = try Self.resolving { () throws(SystemError) in try entry.status() }
        switch there.kind {
        case .symbolicLink:
            let content = try Self.resolving { () throws(SystemError) in try entry.linkContent() }
            try follow(content, of: there, named: name)
            return nil
        case .folder:
            // Upwards nobody is led by others: the owner of a directory cannot choose where it is.
            if name != "..", isForeign(status.uid), isForeign(there.uid), status.uid != there.uid {
                throw .untrusted(folder.path(of: name), owner: status.uid)
            }
            self.folder = Folder(entry)
            status = there
            note(there)
            return nil
        case .socket:
            if let guardian, isForeign(there.uid), there.uid != guardian {
                throw .untrusted(folder.path(of: name), owner: guardian)
            }
            found = there
            return entry
        case .regular, .pipe, .characterDevice, .blockDevice, .unknown: throw .notASocket
        }
    }

    private mutating func follow(_ content: String, of link: FileStatus, named name: String) throws(SocketFileError) {
        links += 1
        if links > Self.linkLimit {
            throw .system(SystemError(call: "connect", path: path, code: Errno.tooManyLinks))
        }
        let place = folder.path(of: name)
        let isShared = status.mode & 0o1002 == 0o1002
        if isShared, isForeign(link.uid), link.uid != status.uid { throw .untrusted(place, owner: link.uid) }
        let owner = guardian ?? link.uid
        if isForeign(owner) { steps.append(.endOfLink(place, owner: owner)) }
        push(content)
        if content.hasPrefix("/") {
            (folder, status) = try Self.start(content)
            guardian = nil
            note(status)
        }
    }

    private mutating func push(_ path: String) {
        for name in path.split(separator: "/").reversed() where name != "." { steps.append(.name(String(name))) }
    }

    private mutating func note(_ status: FileStatus) {
        if isForeign(status.uid) { guardian = status.uid }
    }

    private func isForeign(_ uid: UInt32) -> Bool { !Users.isRootOrOurs(uid) }

    private static func start(_ path: String) throws(SocketFileError) -> (Folder, FileStatus) {
        let start = path.hasPrefix("/") ? "/" : "."
        return try resolving { () throws(SystemError) in
            let folder = Folder(try FileDescriptor(opening: start, [.nameOnly, .folder]))
            return (folder, try folder.status())
        }
    }

    private static func resolving<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(SocketFileError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }
}

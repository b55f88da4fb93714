import Posix

/// The file under a name that confd uses beside a destination: for marks, backups and staged files.
///
/// Users who may write in the directory can put anything there. Only a regular file of root's or ours counts, and only if it
/// has no other hard link than, at most, the destination: it could be a file that was made for something else.
enum OwnFile: ~Copyable {
    case absent
    /// One of ours, open for reading.
    case present(FileDescriptor)
    /// One of ours that we may not read: it was written when confd ran as root.
    case unreadable(SystemError)
    case foreign(Stranger)

    /// Looks at `name` in `folder`; `destination` is the name that the file may have as well. With `ofAnybody` the owner
    /// does not matter.
    init(
        _ name: String, in folder: Folder, besides destination: String? = nil, ofAnybody: Bool = false
    ) throws(SystemError) {
        // The type is checked before the open, because opening a device has effects, and after it, because the file may
        // have been exchanged in between.
        guard let status = try folder.status(of: name) else {
            self = .absent
            return
        }
        if let stranger = try Stranger(status, destination, in: folder, ofAnybody) {
            self = .foreign(stranger)
            return
        }
        do throws(SystemError) {
            let file = try folder.open(name, [.read, .noFollow, .nonBlocking])
            if let stranger = try Stranger(try file.status(), destination, in: folder, ofAnybody) {
                self = .foreign(stranger)
            } else {
                self = .present(file)
            }
        } catch {
            switch error.code {
            case Errno.noSuchFile: self = .absent
            case Errno.tooManyLinks: self = .foreign(.kind(.symbolicLink))
            case Errno.accessDenied, Errno.notPermitted: self = .unreadable(error)
            default: throw error
            }
        }
    }
}

/// Why a file is not one that confd wrote.
package enum Stranger: Equatable, Sendable {
    case kind(FileStatus.Kind)
    case owner(UInt32)
    /// It has other names.
    case links
    /// It does not hold what confd writes.
    case content

    /// nil if a file of this status can be one of ours.
    init?(
        _ status: FileStatus, _ destination: String?, in folder: Folder, _ ofAnybody: Bool
    ) throws(SystemError) {
        if status.kind != .regular {
            self = .kind(status.kind)
        } else if !ofAnybody, !Users.isRootOrOurs(status.uid) {
            self = .owner(status.uid)
        } else if status.linkCount > 1, try !Self.isLink(status, destination, in: folder) {
            self = .links
        } else {
            return nil
        }
    }

    /// Whether the file has two names, one of them the destination's.
    private static func isLink(
        _ status: FileStatus, _ destination: String?, in folder: Folder
    ) throws(SystemError) -> Bool {
        guard status.linkCount == 2, let destination else { return false }
        return try folder.status(of: destination)?.isSameFile(as: status) ?? false
    }

    /// For example `it is a directory`.
    var message: String {
        switch self {
        case .kind(let kind): "it is \(kind.words)"
        case .owner(let uid): "it belongs to uid \(uid)"
        case .links: "it has other names"
        case .content: "confd did not write it"
        }
    }
}

extension FileStatus.Kind {
    /// With its article, as messages call it.
    var words: String {
        switch self {
        case .regular: "a file"
        case .folder: "a directory"
        case .symbolicLink: "a symbolic link"
        case .pipe: "a pipe"
        case .socket: "a socket"
        case .characterDevice, .blockDevice: "a device"
        case .unknown: "of an unknown type"
        }
    }
}

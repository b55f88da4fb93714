import Glibc

/// A file's metadata, from stat(2).
package struct FileStatus: Equatable, Sendable {
    /// The type of a file.
    package enum Kind: Equatable, Sendable {
        case regular, folder, symbolicLink, pipe, socket, characterDevice, blockDevice, unknown
    }
    package let kind: Kind
    /// Permission bits with setuid, setgid and sticky, `0...0o7777`.
    package let mode: UInt16
    package let uid: UInt32
    package let gid: UInt32
    /// In bytes.
    package let size: Int64
    package let inode: UInt64
    package let device: UInt64
    /// How many names it has.
    package let linkCount: UInt64
    /// When the bytes changed, in nanoseconds since 1970.
    package let modified: Int64

    /// Whether both are of one file.
    package func isSameFile(as other: FileStatus) -> Bool { inode == other.inode && device == other.device }

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .unknown
            }
        mode = UInt16(raw.st_mode & 0o7777)
        uid = raw.st_uid
        gid = raw.st_gid
        size = Int64(raw.st_size)
        inode = UInt64(raw.st_ino)
        device = UInt64(raw.st_dev)
        linkCount = UInt64(raw.st_nlink)
        modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
    }
}

/// Device and inode: equal for two names of one file, as long as the file exists or is open.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}

extension FileStatus {
    /// Which file it is.
    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }
}

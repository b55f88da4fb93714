import CPosix

/// Attributes of an open file from statx(2).
package struct FileFlags: Equatable, Sendable {
    /// `chattr +a`: in such a directory files can be made, but not renamed or removed.
    package let isAppendOnly: Bool
    /// Whether something is mounted on the file; nil where the kernel (before 5.8) cannot say.
    package let isMountPoint: Bool?
}

extension FileDescriptor {
    /// The flags of the file.
    package func flags() throws(SystemError) -> FileFlags {
        var flags: UInt64 = 0
        var known: UInt64 = 0
        try SystemCall.run("statx", path) { confd_file_flags(number, &flags, &known) }
        let isMountPoint = known & confd_flag_mount_root == 0 ? nil : flags & confd_flag_mount_root != 0
        return FileFlags(isAppendOnly: flags & confd_flag_append_only != 0, isMountPoint: isMountPoint)
    }
}

import CPosix
import Glibc

/// An open directory. Operations by name act on it even if its path leads to another directory meanwhile.
package final class Folder: Sendable {
    /// The path it was opened with.
    package let path: String
    private let descriptor: FileDescriptor
    /// False without read permission: names can be used, and the directory cannot be synced.
    private let canSynchronize: Bool

    /// Opens the directory at `path`.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        do throws(SystemError) {
            descriptor = try FileDescriptor(opening: path, [.read, .folder])
            canSynchronize = true
        } catch let error where error.code == EACCES {
            let number = try SystemCall.run("open", path) {
                Glibc.open(path, confd_open_path_only | O_DIRECTORY | O_CLOEXEC)
            }
            descriptor = FileDescriptor(number: number, path: path)
            canSynchronize = false
        }
    }

    /// Takes over `descriptor`, a directory that was opened by name alone (`OpenFlags.nameOnly`) and has a path.
    package init(_ descriptor: consuming FileDescriptor, path: String? = nil) {
        self.path = path ?? descriptor.path ?? ""
        self.descriptor = descriptor
        canSynchronize = false
    }

    /// The same directory, opened for reading where we may: only then can it be synced and listed.
    package func opened() throws(SystemError) -> Folder {
        do throws(SystemError) {
            return Folder(readable: FileDescriptor(number: try reopen(), path: path), path: path)
        } catch let error where error.code == EACCES {
            return self
        }
    }

    private func reopen() throws(SystemError) -> Int32 {
        try SystemCall.run("open", path) { openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }

    private init(readable descriptor: consuming FileDescriptor, path: String) {
        self.path = path
        self.descriptor = descriptor
        canSynchronize = true
    }

    /// The path of `name` in this directory.
    package func path(of name: String) -> String { path == "." ? name : Files.join(path, name) }

    /// Type, mode and owner of the directory itself.
    package func status() throws(SystemError) -> FileStatus { try descriptor.status() }

    /// The flags of the directory itself.
    package func flags() throws(SystemError) -> FileFlags { try descriptor.flags() }

    /// Opens `name`.
    package func open(_ name: String, _ flags: OpenFlags, mode: UInt16 = 0o600) throws(SystemError) -> FileDescriptor {
        let path = path(of: name)
        let number = try SystemCall.run("open", path) {
            openat(descriptor.number, name, flags.rawValue | O_CLOEXEC | O_NOCTTY, mode_t(mode))
        }
        return FileDescriptor(number: number, path: path)
    }

    /// Creates a file of mode 0600 whose name is `prefix` and ten random letters or digits; the descriptor's path
    /// ends in it.
    package func create(prefix: String) throws(SystemError) -> FileDescriptor {
        var attempt = 0
        while true {
            let name = prefix + Random.letters(10)
            do throws(SystemError) {
                return try open(name, [.readWrite, .create, .exclusive, .noFollow])
            } catch let error where error.code == EEXIST && attempt < 100 {
                attempt += 1
            }
        }
    }

    /// The status of `name`, of a link itself if it is one; nil if there is no such entry.
    package func status(of name: String) throws(SystemError) -> FileStatus? {
        var raw = stat()
        do throws(SystemError) {
            try SystemCall.run("fstatat", path(of: name)) {
                fstatat(descriptor.number, name, &raw, AT_SYMLINK_NOFOLLOW)
            }
        } catch let error where error.code == ENOENT {
            return nil
        }
        return FileStatus(raw)
    }

    /// Renames `old` to `new`, replacing it at once.
    package func rename(_ old: String, to new: String) throws(SystemError) {
        try SystemCall.run("rename", path(of: new)) {
            renameat(descriptor.number, old, descriptor.number, new)
        }
    }

    /// Renames `old` to `new` in `folder`, replacing it at once.
    package func rename(_ old: String, to new: String, in folder: Folder) throws(SystemError) {
        try SystemCall.run("rename", folder.path(of: new)) {
            renameat(descriptor.number, old, folder.descriptor.number, new)
        }
    }

    /// Gives `name` a second name in `folder`; a symbolic link is not followed.
    package func link(_ name: String, to newName: String, in folder: Folder) throws(SystemError) {
        try SystemCall.run("link", folder.path(of: newName)) {
            linkat(descriptor.number, name, folder.descriptor.number, newName, 0)
        }
    }

    /// Creates the directory `name`.
    package func makeFolder(_ name: String, mode: UInt16 = 0o755) throws(SystemError) {
        try SystemCall.run("mkdir", path(of: name)) { mkdirat(descriptor.number, name, mode_t(mode)) }
    }

    /// The names in it, in the form of `Files.list`.
    package func list(where isWanted: (String) -> Bool = { _ in true }) throws(SystemError) -> [FolderEntry] {
        try Files.list(path, where: isWanted) { () throws(SystemError) in fdopendir(try reopen()) }
    }

    /// Removes `name`.
    package func unlink(_ name: String) throws(SystemError) {
        try SystemCall.run("unlink", path(of: name)) { unlinkat(descriptor.number, name, 0) }
    }

    /// Waits until the directory's names are on disk; on a file system without that call it does nothing.
    package func synchronize() throws(SystemError) {
        guard canSynchronize else { return }
        do throws(SystemError) {
            try descriptor.synchronize()
        } catch let error where error.code == EINVAL || error.code == ENOTSUP {
        }
    }
}

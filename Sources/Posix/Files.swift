import CPosix
import Glibc

/// Files and directories by path.
package enum Files {
    /// The content of the file at `path`; more than `limit` bytes fail with `EFBIG`.
    package static func read(_ path: String, limit: Int = FileDescriptor.standardLimit) throws(SystemError) -> [UInt8] {
        try FileDescriptor(opening: path, .read).readAll(limit: limit)
    }

    /// The password or token in the file at `path`, which is all of it but the ends of lines at its end. More than 1 MiB fail with
    /// `EFBIG`: other users may choose the size.
    package static func readSecret(_ path: String) throws(SystemError) -> [UInt8] {
        var bytes = try read(path, limit: 1 << 20)
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }

    /// Creates or truncates the file at `path` and writes `bytes`; not atomic and not synced.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt16 = 0o644) throws(SystemError) {
        try FileDescriptor(opening: path, [.write, .create, .truncate], mode: mode).writeAll(bytes)
    }

    /// The status of what `path` leads to.
    package static func status(_ path: String) throws(SystemError) -> FileStatus {
        var raw = stat()
        try SystemCall.run("stat", path) { stat(path, &raw) }
        return FileStatus(raw)
    }

    /// The status of `path`, of a symbolic link itself if it is one.
    package static func linkStatus(_ path: String) throws(SystemError) -> FileStatus {
        var raw = stat()
        try SystemCall.run("lstat", path) { lstat(path, &raw) }
        return FileStatus(raw)
    }

    /// Whether `path` leads to something; like confd's `fileExists`, true unless the answer is "no such file".
    package static func exists(_ path: String) -> Bool {
        do throws(SystemError) {
            _ = try status(path)
            return true
        } catch {
            return error.code != ENOENT
        }
    }

    /// Whether we may use `path` with these rights (the effective ids decide).
    package static func isAccessible(_ path: String, read: Bool = false, write: Bool = false, execute: Bool = false)
        -> Bool
    {
        let mode = (read ? R_OK : 0) | (write ? W_OK : 0) | (execute ? X_OK : 0)
        return confd_access(path, mode) == 0
    }

    /// The absolute path with every symbolic link, `.` and `..` resolved; it must exist.
    package static func realPath(_ path: String) throws(SystemError) -> String {
        var resolved: UnsafeMutablePointer<CChar>?
        try SystemCall.run("realpath", path) {
            resolved = realpath(path, nil)
            return resolved == nil ? -1 : 0
        }
        // Set, because -1 would have thrown.
        guard let resolved else { preconditionFailure("realpath returned no path") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The content of the symbolic link at `path`.
    package static func readLink(_ path: String) throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemCall.run("readlink", path) { readlink(path, &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Creates the directory `path`.
    package static func makeFolder(_ path: String, mode: UInt16 = 0o755) throws(SystemError) {
        try SystemCall.run("mkdir", path) { mkdir(path, mode_t(mode)) }
    }

    /// Creates the directory `path` and those above it that are missing.
    package static func makeFolders(_ path: String) throws(SystemError) {
        if let status = try? status(path), status.kind == .folder { return }
        let parent = split(path).folder
        if parent != path, parent != "." { try makeFolders(parent) }
        do throws(SystemError) {
            try makeFolder(path)
        } catch {
            if error.code != EEXIST { throw error }
        }
    }

    /// Creates a new directory for ourselves alone, below `parent`, and returns its path.
    package static func makeTemporaryFolder(in parent: String, prefix: String) throws(SystemError) -> String {
        let path = join(parent, prefix + Random.letters(12))
        try makeFolder(path, mode: 0o700)
        return path
    }

    /// Removes the file `path`.
    package static func unlink(_ path: String) throws(SystemError) {
        try SystemCall.run("unlink", path) { Glibc.unlink(path) }
    }

    /// Removes the empty directory `path`.
    package static func removeFolder(_ path: String) throws(SystemError) {
        try SystemCall.run("rmdir", path) { rmdir(path) }
    }

    /// Creates a symbolic link at `path` that holds `content`.
    package static func makeLink(_ path: String, to content: String) throws(SystemError) {
        try SystemCall.run("symlink", path) { symlink(content, path) }
    }

    /// Sets the permission bits of the file at `path`, for tests and files that only we can reach.
    package static func setMode(_ path: String, _ mode: UInt16) throws(SystemError) {
        try SystemCall.run("chmod", path) { chmod(path, mode_t(mode)) }
    }
}

// MARK: Paths

extension Files {
    /// `name` below `folder`.
    package static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The path split before its last part: `/etc/x` is `/etc` and `x`; without a slash the directory is `.`.
    package static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.utf8.index(after: slash)...]))
    }
}

// MARK: Directories

/// A name in a directory.
package struct FolderEntry: Equatable, Sendable {
    package let name: String
    /// The type of the entry itself, not of what a link leads to.
    package let kind: FileStatus.Kind
}

/// The files below a directory, and what could not be read.
package struct FolderTree: Sendable {
    /// Paths of all that is not a directory, a symbolic link to a directory not being followed, each directory's names
    /// in byte order (Go's `filepath.Walk`).
    package var files: [String] = []
    package var folders: [String] = []
    /// Paths of the symbolic links, also of those to directories.
    package var links: [String] = []
    package var errors: [SystemError] = []
}

extension Files {
    /// The names in the directory at `path` in byte order, hidden ones included, `.` and `..` not.
    package static func list(_ path: String) throws(SystemError) -> [FolderEntry] {
        try list(path) { () throws(SystemError) in
            var stream: OpaquePointer?
            try SystemCall.run("open", path) {
                stream = opendir(path)
                return stream == nil ? -1 : 0
            }
            return stream
        }
    }

    /// The names in the directory whose stream `open` returns; `path` is its name in errors. Names that `isWanted`
    /// refuses take no memory.
    static func list(
        _ path: String, where isWanted: (String) -> Bool = { _ in true },
        _ open: () throws(SystemError) -> OpaquePointer?
    ) throws(SystemError) -> [FolderEntry] {
        // nil: fdopendir ran out of memory.
        guard let stream = try open() else { throw SystemError(call: "open", path: path, code: ENOMEM) }
        defer { closedir(stream) }
        var entries: [FolderEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemError(call: "readdir", path: path, code: errno) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." || !isWanted(name) { continue }
            entries.append(FolderEntry(name: name, kind: try kind(entry.pointee.d_type, join(path, name))))
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// All files below the directory at `path`; what cannot be read is reported and the rest still listed.
    package static func tree(_ path: String) -> FolderTree {
        var tree = FolderTree()
        // A stack of what is to be visited, last first, so that depth is bounded by memory and not by the stack.
        var pending: [(path: String, kind: FileStatus.Kind)] = [(path, .folder)]
        while let next = pending.popLast() {
            guard next.kind == .folder else {
                if next.kind == .symbolicLink { tree.links.append(next.path) }
                if leadsToFolder(next.path, next.kind) { continue }
                tree.files.append(next.path)
                continue
            }
            tree.folders.append(next.path)
            do throws(SystemError) {
                pending += try list(next.path).reversed().map { (join(next.path, $0.name), $0.kind) }
            } catch {
                tree.errors.append(error)
            }
        }
        return tree
    }

    private static func leadsToFolder(_ path: String, _ kind: FileStatus.Kind) -> Bool {
        guard kind == .symbolicLink else { return false }
        // A link that leads nowhere counts as a file, so that reading it names the error.
        return (try? status(path))?.kind == .folder
    }

    private static func kind(_ type: UInt8, _ path: String) throws(SystemError) -> FileStatus.Kind {
        switch Int(type) {
        case Int(DT_REG): return .regular
        case Int(DT_DIR): return .folder
        case Int(DT_LNK): return .symbolicLink
        case Int(DT_FIFO): return .pipe
        case Int(DT_SOCK): return .socket
        case Int(DT_CHR): return .characterDevice
        case Int(DT_BLK): return .blockDevice
        default:
            // The file system does not say (DT_UNKNOWN), or the entry is gone by now.
            do throws(SystemError) {
                return try linkStatus(path).kind
            } catch let error where error.code == ENOENT {
                return .unknown
            }
        }
    }
}

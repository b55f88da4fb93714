import CPosix
import Glibc

/// How a file is opened; close-on-exec always is.
package struct OpenFlags: OptionSet, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    // OptionSet's own implementation looks up witness tables at run time, which takes longer than opening the first file.
    package init(arrayLiteral flags: OpenFlags...) { self.init(rawValue: flags.reduce(0) { $0 | $1.rawValue }) }

    package static let read = OpenFlags(rawValue: O_RDONLY)
    package static let write = OpenFlags(rawValue: O_WRONLY)
    package static let readWrite = OpenFlags(rawValue: O_RDWR)
    package static let append = OpenFlags(rawValue: O_APPEND)
    package static let create = OpenFlags(rawValue: O_CREAT)
    /// Fails if the file exists.
    package static let exclusive = OpenFlags(rawValue: O_EXCL)
    package static let truncate = OpenFlags(rawValue: O_TRUNC)
    /// Fails with `Errno.tooManyLinks` if the last part is a symbolic link.
    package static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
    /// Does not wait for the other end of a pipe.
    package static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
    package static let folder = OpenFlags(rawValue: O_DIRECTORY)
    /// Opens the name without its contents (O_PATH): with `noFollow` a link itself. Needs no permission and never blocks.
    package static let nameOnly = OpenFlags(rawValue: confd_open_path_only)
}

/// An open file; dropping it closes it.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number, for `Poll`.
    package let number: Int32
    /// The file's name in errors.
    package let path: String?

    init(number: Int32, path: String?) {
        self.number = number
        self.path = path
    }

    /// Opens `path`, relative to the working directory.
    package init(
        opening path: String, _ flags: OpenFlags, mode: UInt16 = 0o600
    ) throws(SystemError) {
        number = try SystemCall.run("open", path) {
            open(path, flags.rawValue | O_CLOEXEC | O_NOCTTY, mode_t(mode))
        }
        self.path = path
    }

    // The result of close is ignored: data that must be on disk went through `synchronize`, and Linux frees the number even on
    // EINTR.
    deinit { close(number) }

    /// Type, mode, owner and size.
    package func status() throws(SystemError) -> FileStatus {
        var raw = stat()
        try SystemCall.run("fstat", path) { fstat(number, &raw) }
        return FileStatus(raw)
    }

    /// The target of a symbolic link that was opened with `nameOnly` and `noFollow`.
    package func linkContent() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemCall.run("readlink", path) { readlinkat(number, "", &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

// MARK: Reading and writing

extension FileDescriptor {
    /// Reads up to `buffer.count` bytes; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try SystemCall.run("read", path) { Glibc.read(number, buffer.baseAddress, buffer.count) }
    }

    /// Goes back to the first byte for the next read.
    package func rewind() throws(SystemError) {
        try SystemCall.run("lseek", path) { lseek(number, 0, SEEK_SET) }
    }

    /// Reads up to `buffer.count` bytes from `offset` on; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        try SystemCall.run("pread", path) { pread(number, buffer.baseAddress, buffer.count, offset) }
    }

    /// Calls `body` with the bytes of `range` block by block, fewer if the file is shorter.
    package func forEachBlock(
        of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(SystemError) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        defer { block.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let piece = UnsafeMutableRawBufferPointer(rebasing: block.prefix(range.upperBound - offset))
            let count = try read(into: piece, at: offset)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            offset += count
        }
    }

    /// Reads from here to the end; more than `limit` bytes fail with `EFBIG`, before memory is taken for them.
    package func readAll(limit: Int = FileDescriptor.standardLimit) throws(SystemError) -> [UInt8] {
        let size = try status().size
        if size > limit { throw SystemError(call: "read", path: path, code: EFBIG, limit: limit) }
        var bytes: [UInt8] = []
        // One more than the size, so that the end is found without another allocation; files of /proc have size 0.
        var room = size > 0 ? Int(size) + 1 : 16_384
        while true {
            let old = bytes.count
            // `read` may return less, and the closure of the array cannot throw a typed error.
            var failure: SystemError?
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                do throws(SystemError) {
                    count = try read(into: UnsafeMutableRawBufferPointer(buffer))
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if chunk.isEmpty { return bytes }
            if old == 0 { bytes = chunk } else { bytes += chunk }
            if bytes.count > limit { throw SystemError(call: "read", path: path, code: EFBIG, limit: limit) }
            room = max(65_536, min(bytes.count, 1 << 24))
            if size > 0 && bytes.count == size { room = 1 }
        }
    }

    /// The limit where the caller names none: 1 GiB, as for an output. Other users may choose the size of a file, and a sparse
    /// one costs them nothing.
    package static let standardLimit = 1 << 30

    /// Whether the bytes from here to the end are `bytes`; stops at the first block that differs.
    package func contentEquals(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        let block = UnsafeMutableRawPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { block.deallocate() }
        let buffer = UnsafeMutableRawBufferPointer(start: block, count: 1 << 18)
        var done = 0
        while true {
            let count = try read(into: buffer)
            if count == 0 { return done == bytes.count }
            guard count <= bytes.count - done else { return false }
            let isEqual = bytes.withUnsafeBytes { raw in
                raw.baseAddress.map { memcmp($0 + done, block, count) == 0 } ?? false
            }
            guard isEqual else { return false }
            done += count
        }
    }

    /// Writes all of `bytes` from `offset` on.
    package func writeAll(_ bytes: [UInt8], at offset: Int = 0) throws(SystemError) {
        // A closure given to the array cannot throw a typed error.
        var failure: SystemError?
        bytes.withUnsafeBytes { raw in
            do throws(SystemError) {
                try writeAll(raw, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Writes all of `bytes` from `offset` on.
    package func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            // In pieces of 128 KiB: between them a signal can take effect.
            let piece = UnsafeRawBufferPointer(rebasing: bytes[done...].prefix(1 << 17))
            done += try SystemCall.run("pwrite", path) {
                pwrite(number, piece.baseAddress, piece.count, offset + done)
            }
        }
    }

    /// Makes the file `size` bytes long.
    package func truncate(to size: Int) throws(SystemError) {
        try SystemCall.run("ftruncate", path) { ftruncate(number, size) }
    }

    /// Reserves disk space for `size` bytes without changing what is read, so that writing them cannot run out of it.
    package func reserve(_ size: Int) throws(SystemError) {
        guard size > 0 else { return }
        try SystemCall.run("fallocate", path) { confd_reserve(number, size) }
    }

    /// Waits until bytes and attributes are on disk.
    package func synchronize() throws(SystemError) {
        try SystemCall.run("fsync", path) { fsync(number) }
    }
}

// MARK: Attributes

extension FileDescriptor {
    /// Sets the permission bits, `0...0o7777`, whatever the umask.
    package func setMode(_ mode: UInt16) throws(SystemError) {
        try SystemCall.run("fchmod", path) { fchmod(number, mode_t(mode)) }
    }

    /// Sets owner and group; nil leaves one as it is.
    package func setOwner(uid: UInt32?, gid: UInt32?) throws(SystemError) {
        try SystemCall.run("fchown", path) { fchown(number, uid ?? .max, gid ?? .max) }
    }

    /// The value of an extended attribute, nil if the file has none of this name or cannot have any.
    package func attribute(_ name: String) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try grown { (buffer, size) throws(SystemError) in
                try SystemCall.run("fgetxattr", path) { fgetxattr(number, name, buffer, size) }
            }
        } catch {
            if error.code == ENODATA || error.code == ENOTSUP { return nil }
            throw error
        }
    }

    /// The names of the extended attributes that we may see.
    package func attributeNames() throws(SystemError) -> [String] {
        let list = try grown { (buffer, size) throws(SystemError) in
            try SystemCall.run("flistxattr", path) {
                flistxattr(number, buffer?.assumingMemoryBound(to: CChar.self), size)
            }
        }
        return list.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Sets an extended attribute.
    package func setAttribute(_ name: String, _ value: [UInt8]) throws(SystemError) {
        try SystemCall.run("fsetxattr", path) { fsetxattr(number, name, value, value.count, 0) }
    }

    /// Removes an extended attribute.
    package func removeAttribute(_ name: String) throws(SystemError) {
        try SystemCall.run("fremovexattr", path) { fremovexattr(number, name) }
    }

    /// Asks for the size, then for the value, and again if it grew between the two.
    private func grown(
        _ call: (UnsafeMutableRawPointer?, Int) throws(SystemError) -> Int
    ) throws(SystemError) -> [UInt8] {
        while true {
            let size = try call(nil, 0)
            if size == 0 { return [] }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
            defer { buffer.deallocate() }
            do throws(SystemError) {
                let count = try call(buffer.baseAddress, size)
                return Array(buffer[..<count])
            } catch let error where error.code == ERANGE {
                continue
            }
        }
    }
}

import Posix
import Staging

/// A temporary file for a command: the changed keys (`CONFD_CHANGES`), or the staged content of a stream. Dropped = unlinked.
final class ChangesFile {
    let path: String
    /// Whether the file stays when this is dropped.
    var isKept = false
    /// Open, and so locked, for as long as it is used.
    private let file: FileDescriptor
    private let folder: Folder

    /// A file of mode 0600 in `TMPDIR`, or `/tmp`.
    convenience init(_ lines: [UInt8]) throws(SystemError) {
        _ = Self.sweepsOnce
        try self.init(lines, in: try Folder(Self.temporary), prefix: "confd-changes-")
    }

    /// A file of mode 0600 in `TMPDIR`, or `/tmp`, with what is to be written to a stream.
    convenience init(staged content: [UInt8]) throws(SystemError) {
        _ = Self.sweepsOnce
        try self.init(content, in: try Folder(Self.temporary), prefix: "confd-stage-")
    }

    /// A file of mode 0600 with the name of a candidate of `destination`.
    convenience init(_ lines: [UInt8], beside destination: Destination) throws(SystemError) {
        // The directory that was resolved, whatever its path leads to by now.
        guard let folder = destination.folder else {
            throw SystemError(call: "open", path: destination.folderPath, code: Errno.noSuchFile)
        }
        try self.init(lines, in: folder, prefix: destination.candidatePrefix)
    }

    private init(_ lines: [UInt8], in folder: Folder, prefix: String) throws(SystemError) {
        self.folder = folder
        file = try Leftovers.create(in: folder, prefix: prefix)
        // A file that was created has a path. From here on `deinit` removes it.
        path = file.path ?? ""
        try file.writeAll(lines)
    }

    /// The path of the directory of temporary files.
    static let temporary = Environment.text("TMPDIR") ?? "/tmp"

    /// Removes those that a kill has left behind; what cannot be removed does no harm.
    private static let sweepsOnce: Void = { try? Leftovers.sweep(Folder(temporary), isOurs: Leftovers.isTemporary) }()

    /// Whether it still has `content`.
    func holds(_ content: [UInt8]) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try Files.read(path, limit: content.count) == content
        } catch let error where error.code == Errno.tooLarge || error.code == Errno.noSuchFile {
            return false
        }
    }

    deinit {
        if isKept { return }
        // A file that stays in TMPDIR does no harm: its name is never used again.
        try? folder.unlink(Files.split(path).name)
    }
}

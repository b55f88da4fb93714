import Digests
import Posix

/// The last line of the durable copy that is kept beside a file while it is written in place: the number of bytes before the
/// line, their checksum, and that of the new content.
///
/// `PREVIOUS\nconfd-backup 1 COUNT MD5-OF-PREVIOUS MD5-OF-NEXT\n`
struct InPlaceBackup: Equatable {
    /// How many bytes the file had before the write.
    let count: Int
    /// The checksum of those bytes.
    let checksum: String
    /// The checksum of the bytes that are being written.
    let nextChecksum: String

    private static let word = "confd-backup"

    /// Larger files are not backed up, and so not written in place.
    static let limit = 1 << 30

    /// The last line, which follows the previous bytes.
    var trailer: [UInt8] { Array("\n\(Self.word) 1 \(count) \(checksum) \(nextChecksum)\n".utf8) }

    /// Writes the bytes of `file` and the line to the empty file `copy`.
    init(of file: borrowing FileDescriptor, next: [UInt8], to copy: borrowing FileDescriptor) throws(SystemError) {
        let size = Int(try file.status().size)
        if size > Self.limit {
            throw SystemError(call: "read", path: file.path, code: Errno.tooLarge, limit: Self.limit)
        }
        (count, checksum) = try file.copy(size, to: copy)
        nextChecksum = MD5.hex(next)
        try copy.writeAll(trailer, at: count)
        try copy.synchronize()
    }

    /// nil if `file` is not a whole backup.
    init?(reading file: borrowing FileDescriptor) throws(SystemError) {
        guard let (count, words) = try file.lastLine(), words.count == 5, words[0] == Self.word, words[1] == "1",
            count == Int(words[2]), count <= Self.limit, words[3] == (try file.checksum(of: count))
        else { return nil }
        self.count = count
        checksum = words[3]
        nextChecksum = words[4]
    }

    /// Whether `file` holds the whole of either content.
    func isWhole(_ file: borrowing FileDescriptor) throws(SystemError) -> Bool {
        let size = Int(try file.status().size)
        // Neither content is larger.
        guard size <= Self.limit else { return false }
        let found = try file.checksum(of: size)
        return found == nextChecksum || size == count && found == checksum
    }

    /// Makes the previous bytes, which `copy` begins with, the content of `file` again.
    func restore(from copy: borrowing FileDescriptor, to file: borrowing FileDescriptor) throws(SystemError) {
        var done = 0
        try copy.forEachBlock(of: 0..<count) { (block) throws(SystemError) in
            try file.writeAll(block, at: done)
            done += block.count
        }
        try file.truncate(to: count)
        try file.synchronize()
    }
}

extension FileDescriptor {
    /// The checksum of the first `count` bytes.
    func checksum(of count: Int) throws(SystemError) -> String {
        var digest = MD5()
        try forEachBlock(of: 0..<count) { digest.update($0) }
        return digest.hex
    }

    /// Overwrites the content and truncates afterwards, so that the space that was reserved stays allocated.
    func overwrite(with bytes: [UInt8]) throws(SystemError) {
        try writeAll(bytes)
        try truncate(to: bytes.count)
    }
}

/// The result of `Destination.heal`.
package enum Healing: Equatable, Sendable {
    /// No interrupted write.
    case nothing
    /// An interrupted write had left the target whole; only the backup was removed.
    case backupRemoved
    /// The target was torn and has its old bytes back.
    case restored
}

extension Destination {
    /// The name of the backup in the target's directory.
    var backupName: String { companion(".confd-backup") }

    /// The path of the backup.
    var backupPath: String { Files.join(folderPath, backupName) }

    /// A warning for each file beside the target that has the name of one of ours and was not made by us; it is left
    /// alone.
    package func strangers() -> [StagingWarning] {
        // Files that cannot be looked at are reported when they are needed.
        guard let folder else { return [] }
        return [backupName, ReloadMark.sidecar(self)].compactMap { hidden in
            (try? stranger(hidden, in: folder)).flatMap { $0 }.map { .stranger(path: folder.path(of: hidden), $0) }
        }
    }

    private func stranger(_ hidden: String, in folder: Folder) throws(SystemError) -> Stranger? {
        switch try OwnFile(hidden, in: folder, besides: name) {
        case .foreign(let stranger): stranger
        case .present(let file) where hidden == backupName: try InPlaceBackup(reading: file) == nil ? .content : nil
        case .present: nil
        case .unreadable: nil
        case .absent: nil
        }
    }

    /// Finishes what a crash interrupted: a target that was being written in place gets its old bytes back, unless it
    /// holds all of the old or all of the new ones. Call it once for each resource at start.
    ///
    /// A backup that is not ours (`OwnFile`) is not used: its bytes could be anybody's.
    package func heal() throws(StagingError) -> Healing {
        guard let folder else { return .nothing }
        do throws(SystemError) {
            switch try OwnFile(backupName, in: folder, besides: name) {
            case .absent: return .nothing
            case .foreign: return .nothing
            case .unreadable(let error): throw error
            case .present(let copy):
                guard let backup = try InPlaceBackup(reading: copy) else { return .nothing }
                let isWhole = try restore(backup, from: copy, in: folder)
                try folder.unlink(backupName)
                try folder.synchronize()
                return isWhole ? .backupRemoved : .restored
            }
        } catch {
            if error.code == Errno.noSuchFile { return .nothing }
            throw StagingError(.heal(error, backup: backupPath), path)
        }
    }

    /// Writes the previous bytes back unless the target is whole, and returns whether it was.
    private func restore(
        _ backup: InPlaceBackup, from copy: borrowing FileDescriptor, in folder: Folder
    ) throws(SystemError) -> Bool {
        // A target that is gone, or no file any more, was removed by somebody: that is not a torn write.
        guard try folder.status(of: name)?.kind == .regular else { return true }
        if try backup.isWhole(try open(.read)) { return true }
        let file = try open(.write)
        try file.refuseForeignLink(in: folder)
        try backup.restore(from: copy, to: file)
        return false
    }
}

extension FileDescriptor {
    /// Throws if writing the file in place would change a file of another name too, which another user may have linked
    /// into `folder`. A mount point is exempt: the administrator mounted it there to be written.
    func refuseForeignLink(in folder: Folder) throws(SystemError) {
        let status = try status()
        let isMountPoint = try flags().isMountPoint
        let mayBeShared = try !folder.isPrivate()
        if status.kind != .regular || status.linkCount > 1 && mayBeShared && isMountPoint != true {
            throw SystemError(call: "open", path: path, code: Errno.busy)
        }
    }
}

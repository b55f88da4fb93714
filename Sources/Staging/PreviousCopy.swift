import Digests
import Posix

/// The copy of what a mount point held before it was written into for a check: the bytes, and a line with their owner and mode.
///
/// `PREVIOUS\nconfd-previous 1 COUNT MD5-OF-PREVIOUS MD5-OF-TARGET-PATH UID GID MODE\n`, all numbers decimal.
struct PreviousCopy {
    private let count: Int
    private let checksum: String
    private let uid: UInt32
    private let gid: UInt32
    private let mode: UInt16

    private static let word = "confd-previous"

    /// Writes the bytes of `file`, which is the target of `destination`, and the line to the empty file `copy`.
    init(
        of file: borrowing FileDescriptor, _ destination: Destination, to copy: borrowing FileDescriptor
    ) throws(SystemError) {
        let status = try file.status()
        if status.size > InPlaceBackup.limit {
            throw SystemError(call: "read", path: file.path, code: Errno.tooLarge, limit: InPlaceBackup.limit)
        }
        (count, checksum) = try file.copy(Int(status.size), to: copy)
        uid = status.uid
        gid = status.gid
        mode = status.mode
        let path = MD5.hex(destination.target.utf8)
        let line = "\n\(Self.word) 1 \(count) \(checksum) \(path) \(uid) \(gid) \(mode)\n"
        try copy.writeAll(Array(line.utf8), at: count)
        try copy.synchronize()
    }

    /// nil if `copy` is not a whole copy for `destination`.
    init?(reading copy: borrowing FileDescriptor, of destination: Destination) throws(SystemError) {
        guard let (count, words) = try copy.lastLine(), words.count == 8, words[0] == Self.word, words[1] == "1",
            count == Int(words[2]), count <= InPlaceBackup.limit, words[4] == MD5.hex(destination.target.utf8),
            let uid = UInt32(words[5]), let gid = UInt32(words[6]), let mode = UInt16(words[7]), mode <= 0o7777,
            words[3] == (try copy.checksum(of: count))
        else { return nil }
        self.count = count
        checksum = words[3]
        self.uid = uid
        self.gid = gid
        self.mode = mode
    }

    /// Gives the target of `destination` these bytes, owner and mode again; false if it has them already.
    func restore(
        from copy: borrowing FileDescriptor, to destination: Destination, in folder: Folder
    ) throws(SystemError) -> Bool {
        let file = try destination.open(.readWrite)
        try file.refuseForeignLink(in: folder)
        let status = try file.status()
        let attributes = FileAttributes(mode: mode, uid: uid, gid: gid)
        if status.size == count, attributes.differences(from: status).isEmpty,
            try file.checksum(of: count) == checksum
        {
            return false
        }
        // Neither owner is to see the other's bytes.
        try file.truncate(to: 0)
        let refused = try file.changeOwner(attributes)
        try file.dropRights(ofOwner: status)
        let mode = mode & ~refused.unsafeModeBits
        try file.setMode(mode & 0o777)
        _ = try copy.copy(count, to: file)
        // Writing clears setuid and setgid.
        if mode & ~0o777 != 0 { try file.setMode(mode) }
        try file.synchronize()
        return true
    }

    /// Writes the bytes, with their owner and mode where that is permitted, to the empty file `file`.
    func write(from copy: borrowing FileDescriptor, to file: borrowing FileDescriptor) throws(SystemError) {
        let refused = try file.changeOwner(FileAttributes(uid: uid, gid: gid))
        try file.setMode(mode & 0o777 & ~refused.unsafeModeBits)
        _ = try copy.copy(count, to: file)
        try file.synchronize()
    }
}

extension FileDescriptor {
    /// Copies the first `count` bytes to `other`; returns how many there were, and their checksum.
    func copy(_ count: Int, to other: borrowing FileDescriptor) throws(SystemError) -> (count: Int, checksum: String) {
        var digest = MD5()
        var done = 0
        try forEachBlock(of: 0..<count) { (block) throws(SystemError) in
            digest.update(block)
            try other.writeAll(block, at: done)
            done += block.count
        }
        return (done, digest.hex)
    }

    /// The words of the last line, and the number of bytes before the line feed in front of it; nil if there is no such line.
    func lastLine() throws(SystemError) -> (count: Int, words: [String])? {
        let size = Int(try status().size)
        // The line is shorter than this.
        let start = max(0, size - 256)
        var end: [UInt8] = []
        try forEachBlock(of: start..<size) { end += $0 }
        let lineFeed = UInt8(ascii: "\n")
        guard end.last == lineFeed, let before = end.dropLast().lastIndex(of: lineFeed) else { return nil }
        let line = String(decoding: end[(before + 1)...].dropLast(), as: UTF8.self)
        return (start + before, line.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
    }
}

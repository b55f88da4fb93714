import Posix

/// The durable copy that a file has beside it while it is written in place: its bytes, then a line that says how many
/// they are and what both contents' checksums are.
struct InPlaceBackup: Equatable {
    /// The bytes before the write.
    let previous: [UInt8]
    /// The checksum of the bytes that are being written.
    let nextChecksum: String

    private static let word = "confd-backup"

    /// `PREVIOUS\nconfd-backup 1 COUNT MD5-OF-PREVIOUS MD5-OF-NEXT\n`
    func encoded() -> [UInt8] {
        previous + Array("\n\(Self.word) 1 \(previous.count) \(MD5.hex(previous)) \(nextChecksum)\n".utf8)
    }

    init(previous: [UInt8], next: [UInt8]) {
        self.previous = previous
        nextChecksum = MD5.hex(next)
    }

    /// nil if `bytes` are not a whole backup.
    init?(decoding bytes: [UInt8]) {
        let lineFeed = UInt8(ascii: "\n")
        guard bytes.last == lineFeed, let start = bytes.dropLast().lastIndex(of: lineFeed) else { return nil }
        let line = String(decoding: bytes[(start + 1)...].dropLast(), as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == Self.word, words[1] == "1", Int(words[2]) == start else { return nil }
        previous = Array(bytes[..<start])
        nextChecksum = String(words[4])
        guard words[3] == MD5.hex(previous) else { return nil }
    }

    /// Whether `bytes` are the whole of either content.
    func isWhole(_ bytes: [UInt8]) -> Bool {
        bytes == previous || MD5.hex(bytes) == nextChecksum
    }
}

extension Destination {
    /// The name of the backup in the target's folder.
    var backupName: String { companion(".confd-backup") }

    /// The path of the backup.
    var backupPath: String { Files.join(folderPath, backupName) }

    /// Finishes what a crash interrupted: a target that was being written in place gets its old bytes back, unless it
    /// holds all of the old or all of the new ones. Call it once for each resource at start.
    package func heal() throws(StagingError) -> Healing {
        guard let folder else { return .nothing }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try folder.open(backupName, [.read, .noFollow, .nonBlocking]).readAll()
        } catch {
            if error.code == Errno.noSuchFile { return .nothing }
            throw StagingError(.heal(error, backup: backupPath), path)
        }
        guard let backup = InPlaceBackup(decoding: bytes) else {
            throw StagingError(.foreignBackup(backupPath), path)
        }
        // A target that is gone was removed by somebody: that is not a torn write.
        let isWhole = try read().map(backup.isWhole) ?? true
        do throws(SystemError) {
            if !isWhole {
                let file = try open(.write)
                try file.overwrite(with: backup.previous)
                try file.synchronize()
            }
            try folder.unlink(backupName)
            try folder.synchronize()
        } catch {
            throw StagingError(.heal(error, backup: backupPath), path)
        }
        return isWhole ? .backupRemoved : .restored
    }
}

/// What `Destination.heal` found.
package enum Healing: Equatable, Sendable {
    /// No interrupted write.
    case nothing
    /// An interrupted write had left the target whole; only the backup was removed.
    case backupRemoved
    /// The target was torn and has its old bytes back.
    case restored
}

extension FileDescriptor {
    /// Makes `bytes` the content without giving the space up in between.
    func overwrite(with bytes: [UInt8]) throws(SystemError) {
        try writeAll(bytes)
        try truncate(to: bytes.count)
    }
}

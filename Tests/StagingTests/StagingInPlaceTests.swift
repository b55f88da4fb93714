import Digests
import Posix
import TestSupport
import Testing

@testable import Staging

/// Destinations that are mount points: rename says EBUSY.
@Suite struct StagingInPlaceTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write("source", "old", mode: 0o640)
        try folder.write("x", "hidden by the mount")
    }

    /// Runs `body` with the file `source` bound on `x`.
    func bound<Result>(_ body: @escaping (Destination) throws -> Result) throws -> Result {
        let folder = folder
        return try Privileges.inMountNamespace {
            try Privileges.bind(folder("source"), on: folder("x"))
            return try body(try Destination(resolving: folder("x")))
        }
    }

    @Test(
        .enabled(if: Privileges.canMount, "needs to mount a file system of its own"),
        arguments: ["n", "new", "much longer than before", ""])
    func writesInto(text: String) throws {
        let inode = try Files.status(folder("source")).inode
        let (replacement, mark) = try bound { destination in
            let replacement = try destination.apply(
                text, FileAttributes(mode: 0o4600), CheckedFile.Options(backup: true, reloadMark: [3]))
            return (replacement, try destination.reloadMark())
        }
        #expect(
            replacement.method
                == .writtenInPlace(error: SystemError(call: "rename", path: folder("x"), code: Errno.busy)))
        #expect(replacement.warnings == [.changedInPlace(dest: folder("x"))])
        #expect(mark == [3])
        let status = try Files.status(folder("source"))
        #expect(folder.text("source") == text)
        #expect(status.inode == inode)
        #expect(status.mode == 0o4600)
        #expect(folder.text("x.bak") == "old")
        #expect(folder.names == ["source", "x", "x.bak"])
    }

    @Test(.enabled(if: Privileges.canMount, "needs to mount a file system of its own"))
    func keepsTheStagedFile() throws {
        let replacement = try bound { try $0.apply("new", FileAttributes(), keep: true) }
        let kept = try #require(replacement.keptStagedFile)
        #expect(try Files.read(kept) == Array("new".utf8))
        #expect(folder.names.count == 3)
    }

    @Test(.enabled(if: Privileges.canMount, "needs to mount a file system of its own"))
    func touchesNothingWhenTheDiskIsFull() throws {
        let folder = folder
        try Files.makeFolder(folder("small"))
        let large = String(repeating: "new", count: 100_000)
        let (error, text) = try Privileges.inMountNamespace {
            try Privileges.mountMemory(folder("small"), size: 65_536)
            try Files.write(Array("old".utf8), to: folder("small/source"))
            try Privileges.bind(folder("small/source"), on: folder("x"))
            var caught: StagingError?
            do throws(StagingError) {
                try Destination(resolving: folder("x")).apply(large, CheckedFile.Options(reloadMark: [1]))
            } catch {
                caught = error
            }
            return (caught, String(decoding: try Files.read(folder("x")), as: UTF8.self))
        }
        #expect(error?.message == "cannot replace \(folder("x")): no space left on device")
        #expect(text == "old")
        #expect(folder.names == ["small", "source", "x"])
    }

    #if DEBUG
        /// A rename that fails, in place of a mount, which needs rights.
        static let busy = Faults.Fault("rename", nth: 1, code: Errno.otherDevice)
        static let old = String(repeating: "old\n", count: 36_000)
        static let new = String(repeating: "other\n", count: 25_000)

        @Test(arguments: [
            ("pwrite", 5, Errno.noSpace), ("ftruncate", 1, Errno.inputOutput), ("fsync", 4, Errno.inputOutput),
            ("fallocate", 1, Errno.noSpace),
        ])
        func putsTheOldBytesBack(call: String, nth: Int, code: Int32) throws {
            try folder.write("x", Self.old, mode: 0o644)
            let destination = try Destination(resolving: folder("x"))
            let error = #expect(throws: StagingError.self) {
                try Faults.with(Self.busy, .init(call, nth: nth, code: code)) {
                    try destination.apply("new", FileAttributes(mode: 0o600))
                }
            }
            #expect(error?.kind == .replace(SystemError(call: call, path: folder("x"), code: code)))
            #expect(folder.text("x") == Self.old)
            #expect(try Files.status(folder("x")).mode == 0o644)
            #expect(folder.names == ["source", "x"])
        }

        @Test func saysWhereTheOldBytesAreWhenTheyCannotBePutBack() throws {
            try folder.write("x", Self.old)
            let destination = try Destination(resolving: folder("x"))
            // Writes: 2 of the staged file, 3 of the backup, then those of the file itself.
            let error = #expect(throws: StagingError.self) {
                try Faults.with(
                    Self.busy, .init("pwrite", nth: 7, code: Errno.noSpace),
                    .init("pwrite", nth: 8, code: Errno.inputOutput)
                ) { try destination.apply(Self.new) }
            }
            let backup = folder(".x.confd-backup")
            #expect(
                error?.kind
                    == .torn(SystemError(call: "pwrite", path: folder("x"), code: Errno.noSpace), backup: backup))
            #expect(folder.text("x") != Self.old)
            #expect(try destination.heal() == .restored)
            #expect(folder.text("x") == Self.old)
            #expect(folder.names == ["source", "x"])
            #expect(try destination.heal() == .nothing)
        }

        /// Kills the write at each system call, and heals: the file is whole, and the backup is gone.
        @Test func isHealedWhereverItIsKilled() throws {
            let destination = try Destination(resolving: folder("x"))
            var seen: [Healing] = []
            for step in 1... {
                try folder.write("x", Self.old)
                // A rename before the kill would succeed, so the writer is called directly, as after one that failed.
                let reached = Faults.killed(at: step) {
                    _ = try? InPlaceWriter(destination).write(
                        Array(Self.new.utf8), FileAttributes(mode: 0o600), PendingMark(value: [1], wasOwed: false))
                }
                if !reached { break }
                seen.append(try destination.heal())
                let text = folder.text("x")
                #expect(text == Self.old || text == Self.new, "killed at call \(step)")
                #expect(!Files.exists(destination.backupPath))
                // Where the new bytes are in place, the mark of the owed reload is there too.
                let mark = try destination.reloadMark()
                #expect(text == Self.old || mark == [1], "killed at call \(step)")
                try Files.unlink(folder("x"))
            }
            #expect(seen.contains(.nothing) && seen.contains(.restored) && seen.contains(.backupRemoved))
        }

        @Test func losesNoGoodBytesToATornFile() throws {
            try folder.write("x", Self.old)
            let destination = try Destination(resolving: folder("x"))
            // Torn by a crash, and not healed before the next change.
            try Files.write(
                Self.backup(of: Array(Self.old.utf8), next: Array(Self.new.utf8)), to: destination.backupPath)
            try folder.write("x", "torn")
            try Faults.with(Self.busy) {
                try destination.apply(Self.new, CheckedFile.Options(backup: false))
            }
            #expect(folder.text("x") == Self.new)
            #expect(folder.names == ["source", "x"])
        }
    #endif

    /// A backup as confd 1.0.0 has written it.
    static func backup(of previous: [UInt8], next: [UInt8]) -> [UInt8] {
        previous + Array("\nconfd-backup 1 \(previous.count) \(MD5.hex(previous)) \(MD5.hex(next))\n".utf8)
    }

    @Test func leavesABackupThatIsNotOursAlone() throws {
        try folder.write(".x.confd-backup", "somebody's\n")
        let destination = try Destination(resolving: folder("x"))
        #expect(try destination.heal() == .nothing)
        #expect(folder.text(".x.confd-backup") == "somebody's\n")
        let warnings = destination.strangers()
        #expect(warnings == [.stranger(path: folder(".x.confd-backup"), .content)])
        #expect(
            warnings.first?.message == "\(folder(".x.confd-backup")) is ignored: confd did not write it")
    }

    @Test(arguments: [
        "", "a", "a\n", "\n\n", "confd-backup 1 0 0 0\n", "\0\u{ff}", String(repeating: "x\n", count: 70_000),
    ])
    func readsABackupBack(previous: String) throws {
        let file = try FileDescriptor(opening: folder.write("x", previous), .read)
        let copy = try FileDescriptor(opening: folder("backup"), [.readWrite, .create])
        let backup = try InPlaceBackup(of: file, next: [1], to: copy)
        let bytes = try Files.read(folder("backup"))
        #expect(bytes == Self.backup(of: Array(previous.utf8), next: [1]))
        #expect(try InPlaceBackup(reading: copy) == backup)
        #expect(try backup.isWhole(file))
        for length in 0..<min(bytes.count, 200) {
            try Files.write(Array(bytes.prefix(length)), to: folder("part"))
            let part = try FileDescriptor(opening: folder("part"), .read)
            #expect(try InPlaceBackup(reading: part) == nil, "\(length) bytes")
        }
    }
}

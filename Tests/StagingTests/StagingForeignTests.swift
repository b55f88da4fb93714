import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Staging

/// Attacks by a user who may write in the folder of a destination: files that he puts there are neither trusted nor in the way.
@Suite(.enabled(if: Privileges.isRoot, "needs root")) struct StagingForeignTests {
    let folder: TemporaryDirectory
    let destination: Destination
    /// The user who may write in the folder.
    static let service: UInt32 = 1_234

    init() throws {
        folder = try TemporaryDirectory()
        chown(folder.path, Self.service, Self.service)
        destination = try Destination(resolving: folder("x"))
    }

    /// Writes a file of the service user's.
    func plant(_ name: String, _ text: String, mode: UInt16 = 0o644) throws {
        try folder.write(name, text)
        chown(folder(name), Self.service, Self.service)
        try Files.setMode(folder(name), mode)
    }

    func attribute(_ name: String, of file: String) throws -> [UInt8]? {
        try FileDescriptor(opening: folder(file), .read).attribute(name)
    }

    // MARK: Attributes

    /// Attack: `dest` with setuid and everybody's rights, made before confd gives the file to root.
    @Test(arguments: [
        (0o6777 as UInt16, FileAttributes(uid: 0), 0o644 as UInt16), (0o6777, FileAttributes(uid: 0, gid: 0), 0o644),
        (0o1666, FileAttributes(uid: 0), 0o644), (0o600, FileAttributes(uid: 0), 0o600),
        (0o640, FileAttributes(gid: 0), 0o640), (0o6777, FileAttributes(), 0o644),
        (0o6777, FileAttributes(mode: 0o750, uid: 0), 0o750), (0o6777, FileAttributes(uid: 4_321), 0o644),
    ])
    func inheritsNoRights(planted: UInt16, wanted: FileAttributes, mode: UInt16) throws {
        try plant("x", "planted", mode: planted)
        try FileDescriptor(opening: folder("x"), .readWrite).setAttribute("user.note", [7])
        try destination.apply("new", wanted)
        let status = try Files.status(folder("x"))
        #expect(status.mode == mode)
        // The group that the former owner chose could read or change the file, which is root's now.
        let group = wanted.uid == nil ? Self.service : 0
        #expect([status.uid, status.gid] == [wanted.uid ?? Self.service, wanted.gid ?? group])
        #expect(try attribute("user.note", of: "x") == nil)
    }

    /// Attack: a setgid directory gives root's new file to the user's group; so does a file of root's own that the user
    /// has moved to the name, with its mode, access list and group.
    @Test(arguments: [
        (nil as UInt16?, FileAttributes(mode: 0o660, uid: 0), 0o660 as UInt16),
        (nil, FileAttributes(mode: 0o660), 0o660),
        (0o6660, FileAttributes(uid: 0), 0o640), (0o6777, FileAttributes(), 0o755),
        (0o660, FileAttributes(mode: 0o660, uid: 0), 0o660), (0o660, FileAttributes(uid: 4_321), 0o640),
    ])
    func givesTheUsersGroupNothing(moved: UInt16?, wanted: FileAttributes, mode: UInt16) throws {
        try Files.setMode(folder.path, 0o2755)
        if let moved {
            try folder.write("x", "root's, for the group")
            #expect(chown(folder("x"), 0, Self.service) == 0)
            let file = try FileDescriptor(opening: folder("x"), .readWrite)
            try file.setAttribute(AccessList.access.rawValue, Self.accessList)
            try Files.setMode(folder("x"), moved)
        }
        try destination.apply("new", wanted, CheckedFile.Options(backup: true))
        let status = try Files.status(folder("x"))
        #expect([status.uid, status.gid] == [wanted.uid ?? 0, 0])
        #expect(status.mode == mode)
        #expect(try attribute(AccessList.access.rawValue, of: "x") == nil)
    }

    /// Owner and group that the resource names are set, also the group of the directory's owner.
    @Test func givesTheGroupThatIsAskedFor() throws {
        try Files.setMode(folder.path, 0o2755)
        try destination.apply("new", FileAttributes(mode: 0o660, uid: 0, gid: Self.service))
        #expect(try Files.status(folder("x")).gid == Self.service)
        try Files.unlink(folder("x"))
        try destination.apply("new", FileAttributes(mode: 0o660, uid: Self.service))
        #expect(try Files.status(folder("x")).gid == Self.service)
    }

    /// Attack: a member of the group of a shared directory moves a setuid program of root's to the name.
    @Test func carriesNoSetuidOverInASharedDirectory() throws {
        #expect(chown(folder.path, 0, Self.service) == 0)
        try Files.setMode(folder.path, 0o775)
        try folder.write("x", "program", mode: 0o4755)
        try destination.apply("new")
        #expect(try Files.status(folder("x")).mode == 0o755)
    }

    /// Setuid, setgid, sticky and access lists of root's own file are for the owner that it has.
    @Test(arguments: [
        (FileAttributes(), 0o6775 as UInt16, true), (FileAttributes(uid: 1_234), 0o775, false),
        (FileAttributes(gid: 1_234), 0o775, false), (FileAttributes(mode: 0o4711, uid: 1_234), 0o4711, false),
    ])
    func carriesRightsOverToTheSameOwner(wanted: FileAttributes, mode: UInt16, keepsList: Bool) throws {
        chown(folder.path, 0, 0)
        try folder.write("x", "old", mode: 0o6775)
        let old = try FileDescriptor(opening: folder("x"), .readWrite)
        try old.setAttribute("user.note", [7])
        try old.setAttribute("system.posix_acl_access", Self.accessList)
        try destination.apply("new", wanted)
        #expect(try Files.status(folder("x")).mode == mode)
        #expect(try attribute("user.note", of: "x") == [7])
        #expect((try attribute("system.posix_acl_access", of: "x") != nil) == keepsList)
    }

    /// Attack: a second name of one of root's programs, made where the kernel does not forbid it.
    @Test func inheritsNoSetuidFromALinkedProgram() throws {
        let program = try folder.write("program", "", mode: 0o4755)
        #expect(link(program, folder("x")) == 0)
        try destination.apply("new")
        #expect(try Files.status(folder("x")).mode == 0o755)
        #expect(try Files.status(program).mode == 0o4755)
    }

    /// Attack: a default access list of the folder gives the service user rights over root's new file.
    @Test func takesNoDefaultAccessList() throws {
        let opened = try FileDescriptor(opening: folder.path, [.read, .folder])
        try opened.setAttribute("system.posix_acl_default", Self.accessList)
        try destination.apply("new", FileAttributes(mode: 0o660, uid: 0, gid: 0))
        #expect(try attribute("system.posix_acl_access", of: "x") == nil)
        try destination.apply("newer", FileAttributes(mode: 0o660, uid: Self.service))
        #expect(try attribute("system.posix_acl_access", of: "x") != nil, "the folder's owner may have it so")
    }

    /// `user::rwx,user:1234:rwx,group::r-x,mask::rwx,other::r-x` as acl(5) has it on disk, version 2.
    static let accessList: [UInt8] = {
        let entries: [(UInt16, UInt16, UInt32)] = [
            (0x01, 7, .max), (0x02, 7, service), (0x04, 5, .max), (0x10, 7, .max), (0x20, 5, .max),
        ]
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        return bytes(UInt32(2)) + entries.flatMap { bytes($0.0) + bytes($0.1) + bytes($0.2) }
    }()

    /// Attack: the former owner of `dest` keeps it open and goes on writing into it.
    @Test(arguments: [FileAttributes(mode: 0o644, uid: 0, gid: 0), FileAttributes(mode: 0o600)])
    func leavesTheFormerOwnerNoDescriptor(wanted: FileAttributes) throws {
        try plant("x", "same", mode: 0o644)
        let open = try FileDescriptor(opening: folder("x"), .readWrite)
        let correction = try destination.correctAttributes(wanted, Array("same".utf8))
        #expect(correction.refused == [] && correction.warnings == [])
        try open.writeAll(Array("evil".utf8))
        #expect(folder.text("x") == "same")
        #expect(wanted.differences(from: try Files.status(folder("x"))) == [])
        #expect(folder.names == ["x"])
    }

    @Test func keepsTheOwedReloadWhenAttributesAreMended() throws {
        try destination.apply("same", CheckedFile.Options(reloadMark: [1]))
        _ = try destination.correctAttributes(FileAttributes(mode: 0o600), Array("same".utf8))
        #expect(try destination.reloadMark() == [1])
    }

    /// Attack: a second name of root's file in the place of `dest` while its mode is corrected.
    @Test func changesNoFileOfAnotherName() throws {
        let other = try folder.write("other", "same", mode: 0o600)
        #expect(link(other, folder("x")) == 0)
        _ = try destination.correctAttributes(FileAttributes(mode: 0o644), Array("same".utf8))
        #expect(try Files.status(other).mode == 0o600)
        #expect(try Files.status(folder("x")).mode == 0o644)
    }

    @Test(.enabled(if: Privileges.canMount, "needs to mount a file system of its own"))
    func warnsOfAMountPoint() throws {
        try plant("source", "same", mode: 0o666)
        try folder.write("x", "hidden by the mount")
        let folder = folder
        let wanted = FileAttributes(mode: 0o644, uid: 0, gid: 0)
        let (mended, replaced) = try Privileges.inMountNamespace {
            try Privileges.bind(folder("source"), on: folder("x"))
            // Resolved here: a directory that was opened before does not show the mount.
            let destination = try Destination(resolving: folder("x"))
            let mended = try destination.correctAttributes(wanted, Array("same".utf8))
            chown(folder("source"), Self.service, Self.service)
            return (mended, try destination.apply("new", wanted))
        }
        #expect(mended.warnings == [.changedInPlace(dest: folder("x"))])
        #expect(mended.mended.count == 3 && mended.refused == [])
        #expect(replaced.warnings == [.changedInPlace(dest: folder("x"))])
        #expect(folder.text("source") == "new")
        #expect(try Files.status(folder("source")).uid == 0)
    }

    // MARK: Marks and backups

    /// Attack: a backup that the service user has made is healed into root's file.
    @Test(arguments: [0, 1, 2]) func healsNoForgedBackup(kind: Int) throws {
        try folder.write("x", "root's")
        let forged = StagingInPlaceTests.backup(of: Array("evil".utf8), next: [1])
        let hidden = folder(".x.confd-backup")
        switch kind {
        case 0: try plant(".x.confd-backup", String(decoding: forged, as: UTF8.self))
        case 1:
            try Files.write(forged, to: folder("other"))
            #expect(link(folder("other"), hidden) == 0)
        default:
            try Files.write(forged, to: folder("other"))
            try Files.makeLink(hidden, to: folder("other"))
        }
        #expect(try destination.heal() == .nothing)
        #expect(folder.text("x") == "root's")
        #expect(Files.exists(hidden))
        let reasons: [Stranger] = [.owner(Self.service), .links, .kind(.symbolicLink)]
        #expect(destination.strangers() == [.stranger(path: hidden, reasons[kind])])
    }

    /// Attack: one of the names that confd uses is taken by something else, or by a file of another user. Opening a pipe blocks.
    @Test(arguments: [".x.confd-reload", ".x.confd-backup", "x.bak"], ["folder", "pipe", "file", "link"])
    func isWrittenWhateverHasTheName(hidden: String, kind: String) throws {
        try folder.write("x", "old")
        switch kind {
        case "folder":
            try Files.makeFolder(folder(hidden))
            try folder.write(hidden + "/full", "")
        case "pipe": #expect(mkfifo(folder(hidden), 0o666) == 0)
        case "file": try plant(hidden, "planted")
        default: try Files.makeLink(folder(hidden), to: "/nowhere")
        }
        #expect(try destination.heal() == .nothing)
        #expect(try destination.reloadMark() == nil)
        let replacement = try destination.apply("new", CheckedFile.Options(backup: true, reloadMark: [1]))
        #expect(folder.text("x") == "new")
        #expect(replacement.warnings.count == (hidden == "x.bak" && kind == "folder" ? 1 : 0))
        #expect(try destination.reloadMark() == [1])
        try destination.clearReloadMark()
        #expect(try destination.reloadMark() == nil)
        let isGone = hidden == "x.bak" || hidden == ".x.confd-reload" && kind != "folder"
        #expect(folder.names.filter { $0.contains(".confd-") } == (isGone ? [] : [hidden]))
    }

    #if DEBUG
        @Test func remembersTheReloadByItselfWhereNoMarkCanBe() throws {
            try Files.makeFolder(folder(".x.confd-reload"))
            let replacement = try Faults.with(.init("fsetxattr", code: Errno.notSupported)) {
                try destination.apply("new", CheckedFile.Options(reloadMark: [1]))
            }
            #expect(folder.text("x") == "new")
            let error = SystemError(call: "rename", path: folder(".x.confd-reload"), code: Errno.isAFolder)
            #expect(replacement.warnings == [.notMarked(error)])
            #expect(folder.names == [".x.confd-reload", "x"])
        }

        @Test func writesAMountPointWhereTheBackupCannotHaveItsName() throws {
            try folder.write("x", "old")
            try Files.makeFolder(folder(".x.confd-backup"))
            let replacement = try Faults.with(StagingInPlaceTests.busy) { try destination.apply("new") }
            #expect(folder.text("x") == "new")
            let error = SystemError(call: "rename", path: folder(".x.confd-backup"), code: Errno.isAFolder)
            #expect(replacement.warnings == [.crashNotCovered(error)])
            #expect(folder.names == [".x.confd-backup", "x"])
        }

        /// Attack: another name of root's file in the place of a mount point that is written in place.
        @Test func writesInPlaceIntoNoFileOfAnotherName() throws {
            let other = try folder.write("other", "root's")
            #expect(link(other, folder("x")) == 0)
            #expect(throws: StagingError.self) {
                try Faults.with(StagingInPlaceTests.busy) { try destination.apply("new") }
            }
            #expect(folder.text("other") == "root's")
        }
    #endif

    /// Attack: names of staged files that are not ours are swept.
    @Test func sweepsOnlyItsOwn() throws {
        try folder.write(".x.confd-aaaaaaaaaa", "ours")
        try plant(".x.confd-bbbbbbbbbb", "planted")
        try folder.write("other", "root's")
        #expect(link(folder("other"), folder(".x.confd-cccccccccc")) == 0)
        #expect(mkfifo(folder(".x.confd-dddddddddd"), 0o666) == 0)
        try Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
        #expect(folder.names == [".x.confd-bbbbbbbbbb", ".x.confd-cccccccccc", ".x.confd-dddddddddd", "other"])
    }

    /// Report: `CONFD_CHANGES` named no file when several confds ran at a time: one that started removed what another had created
    /// and not locked yet.
    @Test func aSweepAtAnyStepLeavesWhatIsBeingCreated() throws {
        let folder = folder
        for step in 1... {
            let (name, reached) = try create(intrudingAt: step) {
                try? Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
            }
            #expect(folder.names == [name], "call \(step)")
            try Files.unlink(folder(name))
            if !reached { break }
        }
    }

    /// The same while the other confd has the file locked and is about to remove it.
    @Test func whatAnotherOneHasLockedIsNotUsed() throws {
        let folder = folder
        let locked = Mutex<(name: String, descriptor: Int32)?>(nil)
        for step in 1... {
            let (name, reached) = try create(intrudingAt: step) {
                guard let name = folder.names.first, locked.withLock({ $0 == nil }) else { return }
                let descriptor = open(folder(name), O_RDONLY | O_CLOEXEC)
                if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { locked.withLock { $0 = (name, descriptor) } }
            }
            #expect(folder.names == [name], "call \(step)")
            try Files.unlink(folder(name))
            guard let other = locked.withLock({ $0 }) else {
                if reached { continue }
                Issue.record("it was never locked")
                return
            }
            #expect(other.name != name)
            close(other.descriptor)
            return
        }
    }

    /// Creates a file while `act` runs before system call number `step`; returns its name, and whether there were so many calls.
    private func create(
        intrudingAt step: Int, _ act: @escaping @Sendable () -> Void
    ) throws -> (name: String, reached: Bool) {
        var name = ""
        let reached = try Faults.intruding(at: step, act) {
            let file = try Leftovers.create(in: Folder(folder.path), prefix: ".x.confd-")
            name = Files.split(file.path ?? "").name
        }
        return (name, reached)
    }

    /// Report: a staged file that already had its owner stayed for ever after a kill.
    @Test func sweepsThoseOfAnyOwnerInItsOwnDirectory() throws {
        chown(folder.path, 0, 0)
        try plant(".x.confd-aaaaaaaaaa", "staged")
        try folder.write("other", "a service's")
        #expect(link(folder("other"), folder(".x.confd-cccccccccc")) == 0)
        #expect(chown(folder("other"), Self.service, Self.service) == 0)
        try Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
        #expect(folder.names == [".x.confd-cccccccccc", "other"])
        try plant(".x.confd-aaaaaaaaaa", "staged")
        try Files.setMode(folder.path, 0o770)
        try Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
        #expect(folder.names.contains(".x.confd-aaaaaaaaaa"))
    }

    // MARK: Files that cannot be read

    /// Report: an output that its user may not read was never written again.
    @Test(arguments: [(0o000 as UInt16, 0o644 as UInt16?), (0o200, 0o200), (0o200, nil), (0o000, nil)])
    func replacesAFileOfItsOwnThatItMayNotRead(old: UInt16, wanted: UInt16?) throws {
        try plant("x", "old", mode: old)
        let destination = destination
        let attributes = FileAttributes(mode: wanted)
        let (comparison, mark) = try Privileges.with(id: Int(Self.service)) {
            let comparison = try destination.compare(with: Array("new".utf8), attributes: attributes)
            let options = CheckedFile.Options(backup: true, reloadMark: [1])
            #expect(try destination.apply("new", attributes, options).warnings == [])
            let mark = try destination.reloadMark()
            try destination.clearReloadMark()
            #expect(try destination.reloadMark() == nil)
            return (comparison, mark)
        }
        guard case .unreadable = comparison else {
            Issue.record("\(comparison)")
            return
        }
        #expect(mark == [1])
        #expect(folder.text("x") == "new")
        #expect(folder.text("x.bak") == "old")
        #expect(try Files.status(folder("x")).mode == wanted ?? old)
    }

    @Test func replacesAnothersFileThatItMayNotRead() throws {
        try folder.write("x", "old", mode: 0o600)
        let destination = destination
        let replacement = try Privileges.with(id: Int(Self.service)) {
            #expect(destination.checksumMessage(content: [1]) == "\(destination.path) has 3 bytes should be 1")
            return try destination.apply("new", CheckedFile.Options(backup: true, reloadMark: [1]))
        }
        #expect(folder.text("x") == "new")
        #expect(try Files.status(folder("x")).mode == 0o600)
        #expect(try Files.status(folder("x")).uid == Self.service)
        #expect(replacement.warnings.contains(.ownerNotPermitted(dest: folder("x"), uid: 0, gid: 0)))
    }

    // MARK: Sizes

    /// Attack: 200 GB that take no room, in the place of `dest` and of its backup.
    @Test func takesNoMemoryForAHugeFile() throws {
        for name in ["x", ".x.confd-backup", ".x.confd-reload"] {
            try folder.write(name, "")
            try FileDescriptor(opening: folder(name), .write).truncate(to: 200 << 30)
        }
        #expect(try destination.heal() == .nothing)
        #expect(try destination.compare(with: [1], attributes: FileAttributes()) == .contentDiffers([]))
        #expect(
            destination.checksumMessage(content: [1])
                == "\(folder("x")) has \(200 << 30) bytes should be 1")
        let error = #expect(throws: StagingError.self) { try destination.read() }
        #expect(error?.message == "cannot read \(folder("x")): file too large, more than 1 GiB")
        #expect(try destination.reloadMark() == [])
        try destination.apply("new", CheckedFile.Options(backup: true))
        #expect(folder.text("x") == "new")
    }

    #if DEBUG
        @Test func backsNoHugeFileUp() throws {
            try folder.write("x", "")
            try FileDescriptor(opening: folder("x"), .write).truncate(to: 200 << 30)
            let error = #expect(throws: StagingError.self) {
                try Faults.with(StagingInPlaceTests.busy) { try destination.apply("new") }
            }
            #expect(error?.message == "cannot back up \(folder("x")): file too large, more than 1 GiB")
            #expect(folder.names == ["x"])
        }
    #endif
}

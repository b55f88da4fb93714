import Posix
import TestSupport
import Testing

@testable import Staging

@Suite struct StagingTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    func destination(_ name: String = "x") throws -> Destination { try Destination(resolving: folder(name)) }

    // MARK: The candidate

    @Test func createsAFile() throws {
        let replacement = try destination().apply("new")
        #expect(replacement == Replacement(method: .renamed, keptStagedFile: nil, warnings: []))
        #expect(folder.text("x") == "new")
        #expect(try Files.status(folder("x")).mode == 0o644)
        #expect(folder.names == ["x"])
    }

    @Test func isGoneWhenDropped() throws {
        let staged = try StagedFile([1], for: destination(), attributes: FileAttributes())
        let path = staged.path
        #expect(path.hasPrefix(folder(".x.")))
        #expect(Files.exists(path))
        _ = consume staged
        #expect(folder.names == [])
    }

    @Test func isCompleteWhenChecked() throws {
        try folder.write("x", "old", mode: 0o640)
        let (uid, gid) = Privileges.isRoot ? (1, 2) : (Users.effectiveUID, Users.effectiveGID)
        let staged = try StagedFile(
            Array("new".utf8), for: destination(), attributes: FileAttributes(mode: 0o4711, uid: uid, gid: gid))
        var seen: [String] = []
        let checked = try staged.check { path throws(SystemError) in
            let status = try Files.status(path)
            seen = [
                String(decoding: try Files.read(path), as: UTF8.self), String(status.mode, radix: 8),
                "\(status.uid):\(status.gid)",
            ]
        }
        #expect(seen == ["new", "4711", "\(uid):\(gid)"])
        #expect(folder.text("x") == "old")
        _ = try checked.replace()
        #expect(folder.text("x") == "new")
        #expect(try Files.status(folder("x")).mode == 0o4711)
    }

    @Test func isGoneWhenTheCheckFails() throws {
        try folder.write("x", "old")
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            let staged = try StagedFile([1], for: destination(), attributes: FileAttributes())
            _ = try staged.check { _ throws(Refused) in throw Refused() }
        }
        #expect(folder.text("x") == "old")
        #expect(folder.names == ["x"])
    }

    @Test func isKeptWhenTheCheckFails() throws {
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            let staged = try StagedFile([65], for: destination(), attributes: FileAttributes(), keep: true)
            _ = try staged.check { _ throws(Refused) in throw Refused() }
        }
        #expect(folder.names.count == 1)
        #expect(folder.text(folder.names[0]) == "A")
    }

    @Test func isKeptBesideTheReplacedFile() throws {
        let replacement = try destination().apply("new", FileAttributes(mode: 0o600), keep: true)
        let kept = try #require(replacement.keptStagedFile)
        #expect(folder.text("x") == "new")
        #expect(try Files.read(kept) == Array("new".utf8))
        #expect(folder.names.count == 2)
        #expect(try Files.status(kept).inode != Files.status(folder("x")).inode)
        #expect(try Files.status(kept).mode == 0o600)
    }

    @Test func takesWhatTheCheckCommandMadeOfIt() throws {
        let staged = try StagedFile([65], for: destination(), attributes: FileAttributes(mode: 0o600), keep: true)
        let checked = try staged.check { path throws(SystemError) in try Files.write([66], to: path) }
        _ = try checked.replace()
        #expect(folder.text("x") == "B")
    }

    @Test func hasANameNoLongerThanNamesMayBe() throws {
        let name = String(repeating: "é", count: 127)
        let first = try Destination(resolving: folder(name))
        try first.apply("new", FileAttributes(), CheckedFile.Options(reloadMark: [1]))
        #expect(folder.text(name) == "new")
        let second = try Destination(resolving: folder(name.dropLast() + "e"))
        #expect(first.companion(".s") != second.companion(".s"))
        #expect(first.companion(".s").utf8.count <= 255)
    }

    // MARK: Mode and owner

    @Test(arguments: [
        (0o600 as UInt16, nil as UInt16?, 0o600 as UInt16), (0o440, nil, 0o440), (0o4755, nil, 0o4755),
        (0o640, 0o644, 0o644), (0o644, 0o2600, 0o2600), (0o644, 0, 0),
    ])
    func keepsOrSetsTheMode(old: UInt16, wanted: UInt16?, result: UInt16) throws {
        try folder.write("x", "old", mode: old)
        try destination().apply("new", FileAttributes(mode: wanted))
        #expect(try Files.status(folder("x")).mode == result)
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func keepsTheOwnerAndSetuid() throws {
        try folder.write("x", "old", mode: 0o6755)
        try destination().apply("new", FileAttributes(mode: 0o6755, uid: 0, gid: 44))
        try destination().apply("newer")
        let status = try Files.status(folder("x"))
        #expect([status.uid, status.gid, UInt32(status.mode)] == [0, 44, 0o6755])
    }

    @Test func carriesExtendedAttributesOver() throws {
        try folder.write("x", "old")
        try FileDescriptor(opening: folder("x"), .readWrite).setAttribute("user.note", [7])
        try destination().apply("new")
        let value = try FileDescriptor(opening: folder("x"), .read).attribute("user.note")
        #expect(value == [7])
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func keepsSetuidOfItsOwnFiles() throws {
        // Without root's capabilities, writing clears it.
        try Files.setMode(folder.path, 0o777)
        let destination = try destination()
        try Privileges.with(id: 1_234) { _ = try destination.apply("new", FileAttributes(mode: 0o4711)) }
        let status = try Files.status(folder("x"))
        #expect([status.uid, UInt32(status.mode)] == [1_234, 0o4711])
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func replacesAnothersFileWithAWarning() throws {
        try Files.setMode(folder.path, 0o777)
        try folder.write("x", "old", mode: 0o4755)
        let destination = try destination()
        let replacement = try Privileges.with(id: 1_234) { try destination.apply("new", FileAttributes(uid: 0)) }
        let warning = StagingWarning.ownerNotPermitted(dest: folder("x"), uid: 0, gid: 0)
        #expect(replacement.warnings == [warning])
        #expect(warning.message == "not permitted to make uid 0 and gid 0 the owner of \(folder("x"))")
        let status = try Files.status(folder("x"))
        // The setuid bit was meant for root: it is dropped, as the file's owner is 1234.
        #expect([status.uid, UInt32(status.mode)] == [1_234, 0o755])
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func correctsWhatItMay() throws {
        try Files.setMode(folder.path, 0o777)
        try folder.write("x", "old")
        let destination = try destination()
        try destination.apply("old", FileAttributes(uid: 1_234, gid: 1_234))
        let wanted = FileAttributes(mode: 0o4600, uid: 0, gid: 1_234)
        let first = try Privileges.with(id: 1_234) { try destination.correctAttributes(wanted, Array("old".utf8)) }
        #expect(first.warnings == [.ownerNotPermitted(dest: folder("x"), uid: 0, gid: nil)])
        #expect(first.mended == [.mode(is: 0o644, wanted: 0o4600)])
        let status = try Files.status(folder("x"))
        #expect(status.mode == 0o600)
        // A second time changes nothing and warns of the same, so that it can be logged once.
        let second = try Privileges.with(id: 1_234) { try destination.correctAttributes(wanted, Array("old".utf8)) }
        #expect(second.warnings == first.warnings && second.refused == first.refused && second.mended == [])
        #expect(second.refused == [.uid(is: 1_234, wanted: 0), .mode(is: 0o600, wanted: 0o4600)])
        #expect(try Files.status(folder("x")) == status)
        #expect(folder.names == ["x"])
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func warnsOfAModeItMayNotSet() throws {
        try folder.write("x", "old")
        try Files.setMode(folder.path, 0o755)
        let destination = try destination()
        let correction = try Privileges.with(id: 1_234) {
            try destination.correctAttributes(FileAttributes(mode: 0o600), Array("old".utf8))
        }
        #expect(correction.warnings == [.modeNotPermitted(dest: folder("x"), mode: 0o600)])
        #expect(correction.warnings[0].message == "not permitted to set the mode of \(folder("x")) to -rw-------")
        #expect(correction.refused == [.mode(is: 0o644, wanted: 0o600)])
    }

    @Test(arguments: [(0o644 as UInt16, 0o4664 as UInt16, true), (0o644, 0o600, false), (0o4755, 0o755, false)])
    func correctsInPlaceWhereRightsOnlyGrow(old: UInt16, wanted: UInt16, isInPlace: Bool) throws {
        try folder.write("x", "old", mode: old)
        let inode = try Files.status(folder("x")).inode
        let correction = try destination().correctAttributes(FileAttributes(mode: wanted), Array("old".utf8))
        #expect(correction == AttributeCorrection(mended: [.mode(is: old, wanted: wanted)]))
        let status = try Files.status(folder("x"))
        #expect(status.mode == wanted)
        #expect((status.inode == inode) == isInPlace)
        #expect(folder.text("x") == "old")
    }

    // MARK: Folders and backups

    @Test func makesFoldersWhenAsked() throws {
        let destination = try destination("a/b/x")
        let error = #expect(throws: StagingError.self) { try destination.apply("new") }
        #expect(error == StagingError(.folderMissing(folder("a/b")), folder("a/b/x")))
        for _ in 1...2 { try Destination(resolving: folder("a/b/x"), makesFolders: true).apply("new") }
        #expect(folder.text("a/b/x") == "new")
        #expect(try Files.status(folder("a")).mode & 0o700 == 0o700)
    }

    @Test func keepsThePreviousFile() throws {
        let options = CheckedFile.Options(backup: true)
        try destination().apply("first", options)
        #expect(folder.names == ["x"])
        try destination().apply("second", FileAttributes(mode: 0o600), options)
        #expect(folder.text("x.bak") == "first")
        let inode = try Files.status(folder("x")).inode
        try destination().apply("third", options)
        #expect(folder.text("x.bak") == "second")
        #expect(try Files.status(folder("x.bak")).inode == inode)
        #expect(try Files.status(folder("x.bak")).mode == 0o600)
        #expect(folder.names == ["x", "x.bak"])
    }

    #if DEBUG
        @Test func copiesThePreviousFileWhereItCannotLink() throws {
            try folder.write("x", "first", mode: 0o640)
            try Faults.with(.init("link", code: Errno.notPermitted)) {
                try destination().apply("second", CheckedFile.Options(backup: true))
            }
            #expect(folder.text("x.bak") == "first")
            #expect(try Files.status(folder("x.bak")).mode == 0o640)
            #expect(folder.names == ["x", "x.bak"])
        }
    #endif
}

extension Destination {
    @discardableResult
    func apply(_ text: String, _ options: CheckedFile.Options) throws(StagingError) -> Replacement {
        try apply(text, FileAttributes(), keep: false, options)
    }

    @discardableResult
    func apply(
        _ text: String, _ attributes: FileAttributes, _ options: CheckedFile.Options
    ) throws(StagingError) -> Replacement {
        try apply(text, attributes, keep: false, options)
    }
}

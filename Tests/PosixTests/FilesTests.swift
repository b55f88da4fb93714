import Posix
import TestSupport
import Testing

@Suite struct FilesTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test(arguments: [0, 1, 16_383, 16_384, 16_385, 200_000])
    func readsWhatWasWritten(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try Files.write(bytes, to: folder("f"))
        #expect(try Files.read(folder("f")) == bytes)
        #expect(try Files.status(folder("f")).size == Int64(size))
    }

    @Test func readsFilesWhoseSizeIsNotKnown() throws {
        #expect(try Files.read("/proc/self/status").count > 100)
    }

    @Test func refusesFilesAboveTheLimit() throws {
        try folder.write("f", "12345")
        #expect(try Files.read(folder("f"), limit: 5).count == 5)
        #expect(throws: SystemError.self) { try Files.read(folder("f"), limit: 4) }
    }

    @Test func namesTheCallAndThePathOfAnError() throws {
        let error = #expect(throws: SystemError.self) { try Files.read("/no/such/file") }
        #expect(error?.message == "open /no/such/file: no such file or directory")
        #expect(error?.code == Errno.noSuchFile)
    }

    @Test func tellsTypeModeAndOwner() throws {
        let path = try folder.write("f", "abc", mode: 0o640)
        try Files.setMode(path, 0o4640)
        let status = try Files.status(path)
        #expect(status.kind == .regular)
        #expect(status.mode == 0o4640)
        #expect(status.uid == Users.effectiveUID)
        #expect(try Files.status(folder.path).kind == .folder)
        try Files.makeLink(folder("l"), to: "f")
        #expect(try Files.linkStatus(folder("l")).kind == .symbolicLink)
        #expect(try Files.status(folder("l")).inode == status.inode)
        #expect(try Files.readLink(folder("l")) == "f")
        #expect(try Files.realPath(folder("l")) == Files.realPath(path))
        #expect(try Files.status("/dev/null").kind == .characterDevice)
    }

    @Test func listsByBytesWithHiddenNames() throws {
        for name in ["b", "a", ".h", "é", "Z", "a.b"] { try folder.write(name, "") }
        #expect(try Files.list(folder.path).map { $0.name } == [".h", "Z", "a", "a.b", "b", "é"])
    }

    @Test func listsATreeWithoutFollowingLinksToFolders() throws {
        try Files.makeFolder(folder("d"))
        try Files.makeFolder(folder("d/e"))
        try folder.write("d/e/x", "")
        try folder.write("d.toml", "")
        try Files.makeLink(folder("loop"), to: ".")
        try Files.makeLink(folder("file"), to: "d/e/x")
        try Files.makeLink(folder("dangling"), to: "nowhere")
        let tree = Files.tree(folder.path)
        #expect(tree.files == ["d/e/x", "d.toml", "dangling", "file"].map { folder($0) })
        #expect(tree.folders == [folder.path, folder("d"), folder("d/e")])
        #expect(tree.errors == [])
    }

    @Test func reportsAFolderThatIsNotThere() {
        let tree = Files.tree(folder("none"))
        #expect(tree.errors == [SystemError(call: "open", path: folder("none"), code: Errno.noSuchFile)])
        #expect(tree.files == [])
    }

    @Test(arguments: [
        ("/etc/x", "/etc", "x"), ("/x", "/", "x"), ("x", ".", "x"), ("a/b/c", "a/b", "c"), ("/etc/", "/etc", ""),
    ])
    func splitsPaths(path: String, folder: String, name: String) {
        #expect(Files.split(path) == (folder, name))
    }

    @Test func knowsWhatExists() throws {
        try folder.write("f", "")
        #expect(Files.exists(folder("f")))
        #expect(!Files.exists(folder("g")))
        #expect(Files.isAccessible(folder("f"), read: true))
        #expect(!Files.isAccessible(folder("f"), execute: true))
    }

    @Test func createsFilesThatNobodyElseCanRead() throws {
        let place = try Folder(folder.path)
        let first = try place.create(prefix: ".x.")
        let second = try place.create(prefix: ".x.")
        let paths = [first.path, second.path]
        let mode = try first.status().mode
        #expect(paths[0] != paths[1])
        #expect(mode == 0o600)
    }

    @Test func comparesContentBlockByBlock() throws {
        let bytes = [UInt8](repeating: 1, count: 600_000)
        try Files.write(bytes, to: folder("f"))
        for (name, other, isEqual) in [
            ("same", bytes, true), ("shorter", Array(bytes.dropLast()), false), ("longer", bytes + [1], false),
            ("last byte", bytes.dropLast() + [2], false), ("empty", [], false),
        ] {
            let file = try FileDescriptor(opening: folder("f"), .read)
            let answer = try file.contentEquals(other)
            #expect(answer == isEqual, "\(name)")
        }
    }

    @Test func setsAndListsExtendedAttributes() throws {
        try folder.write("f", "")
        let file = try FileDescriptor(opening: folder("f"), .readWrite)
        try file.setAttribute("user.confd.test", [1, 2, 0])
        let value = try file.attribute("user.confd.test")
        let names = try file.attributeNames()
        let none = try file.attribute("user.confd.none")
        try file.removeAttribute("user.confd.test")
        let removed = try file.attribute("user.confd.test")
        #expect(value == [1, 2, 0])
        #expect(names.contains("user.confd.test"))
        #expect(none == nil)
        #expect(removed == nil)
    }

    #if DEBUG
        @Test func failsTheCallThatATestAsksFor() throws {
            try folder.write("f", "abc")
            let error = #expect(throws: SystemError.self) {
                try Faults.with(.init("open", nth: 2, code: Errno.inputOutput)) {
                    _ = try Files.read(folder("f"))
                    _ = try Files.read(folder("f"))
                }
            }
            #expect(error?.code == Errno.inputOutput)
            #expect(try Files.read(folder("f")).count == 3)
        }

        @Test func retriesInterruptedCalls() throws {
            try folder.write("f", "abc")
            let bytes = try Faults.with(
                .init("open", code: Errno.interrupted), .init("read", nth: 1, code: Errno.interrupted)
            ) { try Files.read(folder("f")) }
            #expect(bytes == Array("abc".utf8))
        }
    #endif
}

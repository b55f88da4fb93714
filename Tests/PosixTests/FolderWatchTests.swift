import Posix
import Testing

@Suite struct FolderWatchTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The changes that come within a time that is ample.
    func changes(_ watch: inout FolderWatch) throws -> [String] {
        _ = try Poll.wait([watch.descriptor], timeout: .seconds(10))
        let changes = try watch.changes()
        #expect(!changes.isIncomplete)
        return changes.paths
    }

    @Test func seesFilesComeChangeAndGo() throws {
        var watch = try FolderWatch()
        try watch.add(folder.path)
        var seen = [try watch.changes().paths]
        try folder.write("a", "1")
        seen.append(try changes(&watch))
        try Files.write([50], to: folder("a"))
        seen.append(try changes(&watch))
        try Folder(folder.path).rename("a", to: "b")
        seen.append(try changes(&watch))
        try Files.unlink(folder("b"))
        seen.append(try changes(&watch))
        #expect(seen == [[], [folder("a")], [folder("a")], [folder("a"), folder("b")], [folder("b")]])
    }

    @Test func watchesFoldersThatComeLater() throws {
        var watch = try FolderWatch()
        try watch.add(folder.path)
        try Files.makeFolder(folder("d"))
        try Files.makeFolder(folder("d/e"))
        let first = try changes(&watch)
        try folder.write("d/e/x", "")
        let second = try changes(&watch)
        #expect(first.contains(folder("d")))
        #expect(second.contains(folder("d/e/x")))
    }

    @Test func seesTheFolderItselfGo() throws {
        try Files.makeFolder(folder("d"))
        var watch = try FolderWatch()
        try watch.add(folder("d"))
        try Files.removeFolder(folder("d"))
        #expect(try changes(&watch) == [folder("d")])
    }

    @Test func saysWhatCannotBeWatched() throws {
        var watch = try FolderWatch()
        var code: Int32?
        do throws(SystemError) {
            try watch.add(folder("none"))
        } catch {
            code = error.code
        }
        #expect(code == Errno.noSuchFile)
    }
}

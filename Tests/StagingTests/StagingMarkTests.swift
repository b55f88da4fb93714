import Posix
import TestSupport
import Testing

@testable import Staging

@Suite struct StagingMarkTests {
    let folder: TemporaryDirectory
    let destination: Destination

    init() throws {
        folder = try TemporaryDirectory()
        destination = try Destination(resolving: folder("x"))
    }

    @Test func isThereUntilCleared() throws {
        #expect(try destination.reloadMark() == nil)
        try destination.apply("new", CheckedFile.Options(reloadMark: [1, 2]))
        #expect(try destination.reloadMark() == [1, 2])
        #expect(folder.names == ["x"])
        try destination.clearReloadMark()
        #expect(try destination.reloadMark() == nil)
        try destination.clearReloadMark()
    }

    @Test func staysWhenTheNextFileHasNone() throws {
        try destination.apply("first", CheckedFile.Options(reloadMark: [1]))
        try destination.apply("second")
        #expect(try destination.reloadMark() == [1])
        try destination.apply("third", CheckedFile.Options(reloadMark: [2]))
        #expect(try destination.reloadMark() == [2])
    }

    @Test func isOwedAlthoughTheFileIsGone() throws {
        try destination.apply("new")
        try Files.unlink(folder("x"))
        #expect(try destination.reloadMark() == nil)
        try destination.clearReloadMark()
    }

    #if DEBUG
        @Test func isAFileWhereThereAreNoAttributes() throws {
            try Faults.with(.init("fsetxattr", code: Errno.notSupported)) {
                try destination.apply("new", CheckedFile.Options(reloadMark: [1]))
            }
            #expect(folder.names == [".x.confd-reload", "x"])
            #expect(try destination.reloadMark() == [1])
            // The attribute works again: one mark, in one place.
            try destination.apply("newer", CheckedFile.Options(reloadMark: [2]))
            #expect(folder.names == ["x"])
            #expect(try destination.reloadMark() == [2])
        }

        @Test func isClearedInTheFileToo() throws {
            try Faults.with(.init("fsetxattr", code: Errno.notSupported)) {
                try destination.apply("new", CheckedFile.Options(reloadMark: [1]))
            }
            try destination.clearReloadMark()
            #expect(folder.names == ["x"])
            #expect(try destination.reloadMark() == nil)
        }

        @Test(arguments: [false, true])
        func isNotMadeByAFailure(wasOwed: Bool) throws {
            try destination.apply("old", CheckedFile.Options(reloadMark: wasOwed ? [1] : nil))
            for fault in [Faults.Fault("rename", nth: 2, code: Errno.inputOutput)] {
                #expect(throws: StagingError.self) {
                    try Faults.with(.init("fsetxattr", code: Errno.notSupported), fault) {
                        try destination.apply("new", CheckedFile.Options(reloadMark: [2]))
                    }
                }
            }
            #expect(folder.text("x") == "old")
            #expect(try (destination.reloadMark() != nil) == wasOwed)
        }
    #endif
}

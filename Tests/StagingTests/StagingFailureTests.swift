import Posix
import TestSupport
import Testing

@testable import Staging

/// What is left after a step failed: the destination as it was, and nothing else.
@Suite struct StagingFailureTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    #if DEBUG
        /// Found by reading: the error had the random name, so a warning that is given once was given each time.
        @Test func errorsHaveNoRandomNames() throws {
            let folder = try Folder(folder.path)
            for _ in 0..<2 {
                var found: SystemError?
                Faults.with(.init("open", code: Errno.accessDenied)) {
                    do throws(SystemError) {
                        _ = try Leftovers.create(in: folder, prefix: ".x.confd-")
                    } catch {
                        found = error
                    }
                }
                #expect(found == SystemError(call: "open", path: folder.path, code: Errno.accessDenied))
            }
        }

        @Test(
            arguments: [
                ("pwrite", 1, Errno.noSpace, "cannot write the staged file of X: no space left on device"),
                ("fsync", 1, Errno.inputOutput, "cannot write the staged file of X: input/output error"),
                ("fchmod", 1, Errno.notPermitted, "cannot write the staged file of X: operation not permitted"),
                ("fchown", 1, Errno.inputOutput, "cannot write the staged file of X: input/output error"),
                ("rename", 1, Errno.notPermitted, "cannot replace X: operation not permitted"),
                ("link", 1, Errno.noSpace, "cannot back up X: no space left on device"),
            ] as [(String, Int, Int32, String)])
        func leavesEverythingAsItWas(call: String, nth: Int, code: Int32, message: String) throws {
            try folder.write("x", "old")
            let destination = try Destination(resolving: folder("x"))
            let error = #expect(throws: StagingError.self) {
                try Faults.with(.init(call, nth: nth, code: code)) {
                    try destination.apply(
                        "new", FileAttributes(mode: 0o600, uid: 4_321),
                        CheckedFile.Options(backup: call == "link", reloadMark: [1]))
                }
            }
            #expect(error?.message == message.replacing("X", with: folder("x")))
            #expect(folder.text("x") == "old")
            #expect(folder.names == ["x"])
            #expect(try destination.reloadMark() == nil)
        }

        @Test func warnsWhenTheFolderCannotBeSynced() throws {
            let destination = try Destination(resolving: folder("x"))
            let replacement = try Faults.with(.init("fsync", nth: 2, code: Errno.inputOutput)) {
                try destination.apply("new")
            }
            #expect(
                replacement.warnings.map { $0.message }
                    == ["cannot sync the directory of \(folder.path): input/output error"])
            #expect(folder.text("x") == "new")
        }

        @Test func leavesOldOrNewWhereverItIsKilled() throws {
            let destination = try Destination(resolving: folder("x"))
            var states: [String] = []
            for step in 1... {
                try folder.write("x", "old")
                let reached = Faults.killed(at: step) {
                    _ = try? destination.apply("new", CheckedFile.Options(backup: true, reloadMark: [1]))
                }
                if !reached { break }
                let text = try #require(folder.text("x"))
                // Where the new bytes are in place, the mark of the owed reload is there too.
                let mark = try destination.reloadMark()
                states.append(text == "new" && mark == nil ? "new without mark" : text)
                if mark != nil { try destination.clearReloadMark() }
            }
            #expect(Set(states) == ["old", "new"])
            #expect(states.count > 10)
        }
    #endif

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func namesTheFolderThatIsNotWritable() throws {
        try folder.write("x", "old")
        try Files.setMode(folder.path, 0o755)
        let destination = try Destination(resolving: folder("x"))
        let error = #expect(throws: StagingError.self) {
            try Privileges.with(id: 1_234) { try destination.apply("new") }
        }
        #expect(error?.message == "cannot create a file beside \(folder("x")): permission denied")
        #expect(error?.hint == "the directory \(folder.path) is not writable by uid 1234")
        #expect(folder.text("x") == "old")
    }

    @Test(.enabled(if: Privileges.canMount, "needs to mount a file system of its own"))
    func leavesTheOldFileWhenTheDiskIsFull() throws {
        let large = String(repeating: "new", count: 100_000)
        let path = folder.path
        let (error, text, names) = try Privileges.inMountNamespace {
            try Privileges.mountMemory(path, size: 65_536)
            try Files.write(Array("old".utf8), to: path + "/x")
            let destination = try Destination(resolving: path + "/x")
            var caught: StagingError?
            do throws(StagingError) {
                try destination.apply(large)
            } catch {
                caught = error
            }
            return (
                caught, String(decoding: try Files.read(path + "/x"), as: UTF8.self),
                try Files.list(path).map { $0.name }
            )
        }
        #expect(error?.message == "cannot write the staged file of \(path)/x: no space left on device")
        #expect(error?.hint == "free some space on its file system")
        #expect(text == "old")
        #expect(names == ["x"])
    }

    static let failure = SystemError(call: "open", path: "/d/y", code: Errno.accessDenied)

    @Test(
        arguments: [
            (.noFileName, "dest \"/d/x\" names no file", "dest is the path of a file"),
            (.linkLoop, "/d/x is a loop of symbolic links", nil),
            (
                .untrustedLink(path: "/d/l", owner: 5),
                "cannot follow the symbolic link /d/l: it belongs to uid 5 in a world-writable directory",
                "remove /d/l, or let dest name the file that it leads to"
            ),
            (
                .unsafeLink("/d/l", owner: 5, to: "/e", of: 0),
                "cannot follow the symbolic link /d/l of uid 5: it leads to /e of uid 0",
                "a link that a user who is neither root nor confd's own could have put there must lead to that user's files: "
                    + "let dest name the file, or give /d/l and the directories that it is in to root"
            ),
            (
                .unsafeDirectory("/d/e", owner: 5, in: "/d", of: 6),
                "cannot enter the directory /d/e of uid 5: it is in /d of uid 6",
                "/d's owner could put another directory there: give both one owner, or /d/e to root"
            ),
            (.directoryMoved("/d"), "cannot look up /d/x: the directory /d was moved meanwhile", nil),
            (
                .stagedFileChanged("/d/s", .replaced(.symbolicLink)),
                "cannot replace /d/x: its staged file /d/s was replaced by a symbolic link", nil
            ),
            (
                .stagedFileChanged("/d/s", .edited), "cannot replace /d/x: its staged file /d/s was edited",
                "a check may edit the staged file only in a directory where nobody but root and confd's user can write"
            ),
            (.notAFile(.socket), "/d/x is a socket, not a file", "dest is the path of a file"),
            (
                .folderMissing("/d"), "cannot create a file beside /d/x: no such file or directory: /d",
                "create it, or set make_dirs = true"
            ),
            (.makeFolder(failure), "cannot create the directory /d/y for /d/x: permission denied", nil),
            (.resolve(failure), "cannot look up /d/y: permission denied", nil),
            (
                .create(failure, folder: "/d", uid: 9), "cannot create a file beside /d/x: permission denied",
                "the directory /d is not writable by uid 9"
            ),
            (
                .create(SystemError(call: "open", code: Errno.readOnly), folder: "/d", uid: 9),
                "cannot create a file beside /d/x: read-only file system", "its file system is mounted read-only"
            ),
            (.read(failure), "cannot read /d/x: permission denied", nil),
            (.write(failure), "cannot write the staged file of /d/x: permission denied", nil),
            (.attributes(failure), "cannot set mode or owner of /d/x: permission denied", nil),
            (.backUp(failure), "cannot back up /d/x: permission denied", nil),
            (.replace(failure), "cannot replace /d/x: permission denied", nil),
            (
                .torn(failure, backup: "/d/.x.confd-backup"),
                "/d/x is damaged: permission denied; its previous content is in /d/.x.confd-backup",
                "make room or fix the disk: confd restores the file when it starts"
            ),
            (
                .appendOnly(folder: "/d"), "cannot replace /d/x: the directory /d is append-only",
                "what is created there can be neither renamed nor removed: chattr -a /d"
            ),
            (
                .heal(failure, backup: "/d/b"), "cannot restore /d/x from /d/b: permission denied",
                "copy all but the last line of it by hand, or fix the cause and start confd again"
            ),
            (.mark(failure), "cannot note the reload that /d/x is owed: permission denied", nil),
        ] as [(StagingError.Kind, String, String?)])
    func words(kind: StagingError.Kind, message: String, hint: String?) {
        let error = StagingError(kind, "/d/x")
        #expect(error.message == message)
        #expect(error.hint == hint)
    }

    @Test(
        arguments: [
            (.ownerNotPermitted(dest: "/x", uid: 1, gid: nil), "not permitted to make uid 1 the owner of /x"),
            (.ownerNotPermitted(dest: "/x", uid: nil, gid: 2), "not permitted to make gid 2 the group of /x"),
            (.backupNotRemoved(failure), "cannot remove /d/y: permission denied"),
            (.notBackedUp(dest: "/x", failure), "/x is replaced without a backup: open /d/y: permission denied"),
            (
                .crashNotCovered(failure),
                "cannot use /d/y: permission denied; a crash during the write would not be repaired"
            ),
            (
                .changedInPlace(dest: "/x"),
                "/x is a mount point and was changed in place: processes that have it open keep their access"
            ),
            (
                .notMarked(failure),
                "cannot note the owed reload in /d/y: permission denied; it is forgotten if confd ends"
            ),
            (.stranger(path: "/d/y", .owner(5)), "/d/y is ignored: it belongs to uid 5"),
            (.stranger(path: "/d/y", .kind(.folder)), "/d/y is ignored: it is a directory"),
            (.stranger(path: "/d/y", .links), "/d/y is ignored: it has other names"),
            (
                .unreadable(dest: "/x", failure), "cannot read /x, so it counts as different: permission denied"
            ),
        ] as [(StagingWarning, String)])
    func wordsWarnings(warning: StagingWarning, message: String) {
        #expect(warning.message == message)
    }
}

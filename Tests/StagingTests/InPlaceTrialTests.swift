import Posix
import TestSupport
import Testing

@testable import Staging

/// Trials: the new file is at the destination while its check runs, and the previous one is kept beside it.
@Suite struct InPlaceTrialTests {
    let folder: TemporaryDirectory
    let destination: Destination

    init() throws {
        folder = try TemporaryDirectory()
        destination = try Destination(resolving: folder("x"))
    }

    private static let trial = {
        var options = CheckedFile.Options(reloadMark: [1])
        options.isTrial = true
        return options
    }()

    @Test func endsWithoutATrace() throws {
        try folder.write("x", "old")
        let trial = try #require(destination.apply("new", Self.trial).trial)
        #expect(folder.text("x") == "new" && folder.text(".x.confd-previous") == "old")
        #expect(try destination.accept(trial, backup: true) == [])
        #expect(folder.names.sorted() == ["x", "x.bak"] && folder.text("x.bak") == "old")
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "new")
    }

    @Test func isUndone() throws {
        try folder.write("x", "old")
        try destination.apply("new", Self.trial)
        #expect(try destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "old" && folder.names == ["x"])
        #expect(try destination.reloadMark() == nil)
        #expect(try !destination.undoTrial(FileAttributes()))
    }

    /// `confd -onetime` beside a daemon takes the daemon's trial for what a crash has left, and undoes it: the daemon must then
    /// not accept a file that is gone.
    @Test(arguments: ["old", nil])
    func isNotAcceptedAfterItWasWithdrawn(previous: String?) throws {
        if let previous { try folder.write("x", previous) }
        let trial = try #require(destination.apply("new", Self.trial).trial)
        #expect(try destination.undoTrial(FileAttributes()))
        #expect(throws: StagingError(.withdrawnDuringCheck, folder("x"))) {
            try destination.accept(trial, backup: false)
        }
        #expect(folder.text("x") == previous && folder.names == (previous == nil ? [] : ["x"]))
    }

    /// Somebody has put another file in the place of the first one: that is not ours to remove.
    @Test func onlyTheSameFirstFileIsRemoved() throws {
        try destination.apply("new", Self.trial)
        try folder.write("theirs", "theirs")
        try Folder(folder.path).rename("theirs", to: "x")
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "theirs" && folder.names == ["x"])
    }

    /// Found by reading: a first file that the check had replaced, as `sed -i` does, stayed although it was refused.
    @Test(arguments: [(UInt16(0o755), true), (0o777, false)])
    func aFirstFileThatItsCheckReplacedIsRemoved(mode: UInt16, isRemoved: Bool) throws {
        try Files.setMode(folder.path, mode)
        let trial = try #require(destination.apply("new", Self.trial).trial)
        try folder.write("edited", "edited")
        try Folder(folder.path).rename("edited", to: "x")
        #expect(try destination.undoRefused(trial, FileAttributes()) == isRemoved)
        #expect(folder.names == (isRemoved ? [] : ["x"]), "in a directory of all it may be anybody's")
    }

    /// A hard link to another file is not taken for a file that the check has made.
    @Test func aLinkThatAppearsIsNotRemoved() throws {
        let trial = try #require(destination.apply("new", Self.trial).trial)
        try folder.write("theirs", "theirs")
        let open = try Folder(folder.path)
        try open.unlink("x")
        try open.link("theirs", to: "x", in: open)
        #expect(try !destination.undoRefused(trial, FileAttributes()))
        #expect(folder.text("x") == "theirs")
    }

    /// Attack: another user makes the trace of a trial, so that a file of root's is replaced by it.
    @Test(
        .enabled(if: Privileges.isRoot, "needs files of two users"),
        arguments: [".x.confd-previous", ".x.confd-previous-copy", ".x.confd-unchecked"])
    func aForgedTraceIsNotUsed(name: String) throws {
        try folder.write("x", "old")
        try Files.setMode(folder.path, 0o777)
        try folder.write(name, "forged", mode: 0o666)
        try FileDescriptor(opening: folder(name), [.read]).setOwner(uid: 65_533, gid: nil)
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "old")
        // Nor does it stand in the way.
        try destination.apply("new", Self.trial)
        #expect(try destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "old")
    }

    /// Attack: the trace is a link to, or a further name of, a file from elsewhere.
    @Test func aLinkIsNotUsedAsTrace() throws {
        try folder.write("x", "old")
        try Files.setMode(folder.path, 0o777)
        try folder.write("secret", "secret")
        let open = try Folder(folder.path)
        try open.link("secret", to: ".x.confd-previous", in: open)
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "old")
    }

    // MARK: What is remembered

    /// Report: a refused first file of a resource with an owner stayed in place and was reloaded.
    @Test(.enabled(if: Privileges.isRoot, "needs files of two users"), arguments: [true, false])
    func aFirstFileOfAnotherOwnerIsRemoved(afterCrash: Bool) throws {
        let attributes = FileAttributes(uid: 33)
        let trial = try #require(destination.apply("new", attributes, Self.trial).trial)
        #expect(try afterCrash ? destination.undoTrial(attributes) : destination.undoRefused(trial, attributes))
        #expect(folder.names == [])
    }

    /// Report: what is refused must not depend on files beside it, which others may remove.
    @Test func aFirstFileIsRemovedWithoutItsTrace() throws {
        let trial = try #require(destination.apply("new", Self.trial).trial)
        try Files.unlink(folder(".x.confd-unchecked"))
        #expect(try destination.undoRefused(trial, FileAttributes()))
        #expect(folder.names == [])
    }

    /// Attack: the previous file is exchanged while the check runs.
    @Test func anExchangedPreviousFileIsNotPutBack() throws {
        try folder.write("x", "old")
        let trial = try #require(destination.apply("new", Self.trial).trial)
        try folder.write("theirs", "theirs")
        try Folder(folder.path).rename("theirs", to: ".x.confd-previous")
        #expect(throws: StagingError.self) { try destination.undoRefused(trial, FileAttributes()) }
        #expect(folder.text("x") == "new")
        #expect(throws: StagingError.self) { try destination.accept(trial, backup: true) }
        #expect(folder.text("x.bak") == nil)
    }

    /// Attack: bytes of a user came back as a file of the resource's owner, with its setuid bit.
    @Test(.enabled(if: Privileges.isRoot, "needs files of two users"), arguments: [true, false])
    func aForeignFileComesBackAsItWas(isShared: Bool) throws {
        if isShared { try Files.setMode(folder.path, 0o777) }
        try folder.write("x", "theirs", mode: 0o664)
        try FileDescriptor(opening: folder("x"), [.read]).setOwner(uid: 65_533, gid: 65_533)
        let before = try Folder(folder.path).status(of: "x")
        let trial = try #require(destination.apply("new", FileAttributes(mode: 0o4755, uid: 0), Self.trial).trial)
        #expect(try Folder(folder.path).status(of: "x")?.uid == 0)
        #expect(try destination.undoRefused(trial, FileAttributes()))
        #expect(try Folder(folder.path).status(of: "x") == before)
        #expect(folder.names == ["x"])
    }

    /// Attack: a directory has the name of the previous file.
    @Test(arguments: ["old", nil])
    func aDirectoryIsNotInTheWay(previous: String?) throws {
        if let previous { try folder.write("x", previous) }
        for name in [".x.confd-previous", ".x.confd-unchecked"] { try Files.makeFolder(folder(name)) }
        let trial = try #require(destination.apply("new", Self.trial).trial)
        #expect(folder.text("x") == "new")
        #expect(try destination.undoRefused(trial, FileAttributes()))
        #expect(folder.text("x") == previous)
        #expect(folder.names.filter { $0 != "x" }.sorted() == [".x.confd-previous", ".x.confd-unchecked"])
    }

    /// Report: a file that is too large to be copied, or may not be read, could not be checked in place.
    @Test func aLargeFileComesBackWithoutBeingRead() throws {
        try folder.write("x", "")
        try FileDescriptor(opening: folder("x"), [.write]).truncate(to: 2 << 30)
        try Folder(folder.path).link("x", to: "other", in: Folder(folder.path))
        let trial = try #require(destination.apply("new", Self.trial).trial)
        #expect(try destination.undoRefused(trial, FileAttributes()))
        #expect(try Folder(folder.path).status(of: "x")?.size == 2 << 30)
        #expect(folder.names.sorted() == ["other", "x"])
    }

    // MARK: Mount points

    /// Attack: a secret of root's is renamed to the copy of a public file, or the copy of another file is.
    @Test func onlyItsOwnCopyIsWrittenBack() throws {
        try folder.write("x", "public")
        try folder.write(".x.confd-previous-copy", "secret", mode: 0o600)
        #expect(try !destination.undoTrial(FileAttributes(mode: 0o644)))
        let other = try Destination(resolving: folder("other"))
        try folder.write("other", "secret", mode: 0o600)
        let copy = try FileDescriptor(opening: folder(".x.confd-previous-copy"), [.readWrite, .truncate])
        _ = try PreviousCopy(of: other.open(.read), other, to: copy)
        #expect(try !destination.undoTrial(FileAttributes(mode: 0o644)))
        #expect(folder.text("x") == "public")
    }

    @Test(
        .enabled(if: Privileges.isRoot && Privileges.canMount, "needs root and a mount namespace"),
        arguments: ["refused", "crash", "accepted"])
    func aMountPointComesBackAsItWas(end: String) throws {
        let folder = folder
        try folder.write("x", "")
        try folder.write("mounted", "secret", mode: 0o600)
        try FileDescriptor(opening: folder("mounted"), [.read]).setOwner(uid: 65_533, gid: 65_532)
        try Privileges.inMountNamespace {
            try Privileges.bind(folder("mounted"), on: folder("x"))
            let destination = try Destination(resolving: folder("x"))
            let attributes = FileAttributes(mode: 0o644, uid: 33)
            let trial = try #require(destination.apply("new content", attributes, Self.trial).trial)
            #expect(folder.text("x") == "new content")
            switch end {
            case "refused": #expect(try destination.undoRefused(trial, FileAttributes()))
            case "crash": #expect(try destination.undoTrial(attributes))
            default: #expect(try destination.accept(trial, backup: true) == [])
            }
        }
        let kept = end == "accepted" ? "x.bak" : "mounted"
        let found = try Folder(folder.path).status(of: kept)
        let status = try #require(found)
        #expect(folder.text(kept) == "secret" && status.mode == 0o600 && status.uid == 65_533 && status.gid == 65_532)
        #expect(folder.names.filter { $0.hasPrefix(".") } == [])
    }

    #if DEBUG
        /// After a kill at any call the trial can be undone, or was accepted.
        @Test(arguments: ["old", nil])
        func killedAtEachCall(previous: String?) throws {
            var nth = 1
            while true {
                for name in folder.names { try Files.unlink(folder(name)) }
                if let previous { try folder.write("x", previous) }
                var isAccepted = false
                let wasKilled = Faults.killed(at: nth) {
                    do {
                        let trial = try destination.apply("new", Self.trial).trial
                        isAccepted = true
                        if let trial { _ = try destination.accept(trial, backup: false) }
                    } catch {
                        // The kill.
                    }
                }
                if !wasKilled { break }
                _ = try destination.undoTrial(FileAttributes())
                try sweep()
                #expect(folder.text("x") == previous || isAccepted && folder.text("x") == "new", "call \(nth)")
                #expect(folder.names.filter { $0 != "x" } == [], "call \(nth)")
                nth += 1
            }
            #expect(nth > 10)
        }

        /// Sweeps until nothing is left. A child that another test starts just now holds a copy of our descriptor, and
        /// with it the lock of a file, until it has started its program.
        private func sweep() throws {
            _ = try eventuallyBlocking {
                try Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
                return !folder.names.contains(where: Leftovers.isCandidate)
            }
        }
    #endif
}

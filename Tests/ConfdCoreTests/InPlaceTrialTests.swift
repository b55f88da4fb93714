import Posix
import Testing

@testable import ConfdCore

/// What stands beside a destination while a new file is in its place on trial.
@Suite struct InPlaceTrialTests {
    let folder: StagingFolder
    let destination: Destination

    init() throws {
        folder = try StagingFolder()
        destination = try Destination(resolving: folder("x"))
    }

    private static let trial = {
        var options = CheckedFile.Options(reloadMark: [1])
        options.isTrial = true
        return options
    }()

    @Test func endsWithoutATrace() throws {
        try folder.write("x", "old")
        try destination.apply("new", Self.trial)
        #expect(folder.text("x") == "new" && folder.text(".x.confd-previous") == "old")
        #expect(try destination.acceptTrial(backup: true) == [])
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

    /// Somebody has put another file in the place of the first one: that is not ours to remove.
    @Test func onlyTheSameFirstFileIsRemoved() throws {
        try destination.apply("new", Self.trial)
        try folder.write("theirs", "theirs")
        try Folder(folder.path).rename("theirs", to: "x")
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "theirs" && folder.names == ["x"])
    }

    /// Attack: another user makes the trace of a trial, so that a file of root's is replaced by it.
    @Test(
        .enabled(if: Privileges.isRoot, "needs files of two users"),
        arguments: [".x.confd-previous", ".x.confd-previous-copy", ".x.confd-unchecked"])
    func aForgedTraceIsNotUsed(name: String) throws {
        try folder.write("x", "old")
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
        try folder.write("secret", "secret")
        let open = try Folder(folder.path)
        try open.link("secret", to: ".x.confd-previous", in: open)
        #expect(try !destination.undoTrial(FileAttributes()))
        #expect(folder.text("x") == "old")
    }

    #if DEBUG
        /// What is on disk after a kill at any call can be undone or was accepted.
        @Test(arguments: ["old", nil])
        func killedAtEachCall(previous: String?) throws {
            var nth = 1
            while true {
                for name in folder.names { try Files.unlink(folder(name)) }
                if let previous { try folder.write("x", previous) }
                var isAccepted = false
                let wasKilled = Faults.killed(at: nth) {
                    do {
                        try destination.apply("new", Self.trial)
                        isAccepted = true
                        _ = try destination.acceptTrial(backup: false)
                    } catch {
                        // The kill.
                    }
                }
                if !wasKilled { break }
                _ = try destination.undoTrial(FileAttributes())
                try Leftovers.sweep(Folder(folder.path), isOurs: Leftovers.isCandidate)
                #expect(folder.text("x") == previous || isAccepted && folder.text("x") == "new", "call \(nth)")
                #expect(folder.names.filter { $0 != "x" } == [], "call \(nth)")
                nth += 1
            }
            #expect(nth > 10)
        }
    #endif
}

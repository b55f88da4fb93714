import Glibc
import Posix
import TestSupport
import Testing

@testable import Staging

/// What a check, or somebody in the directory, makes of the staged file before it is renamed.
@Suite struct StagedSwapTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write("precious", "precious", mode: 0o600)
        try Files.makeFolder(folder("d"))
        try folder.write("d/x", "old")
    }

    /// Stages, has `check` do its work, and replaces; the message if that fails.
    func apply(
        keep: Bool = false, _ attributes: FileAttributes = FileAttributes(),
        _ check: (String) throws(SystemError) -> Void
    ) throws -> String? {
        let destination = try Destination(resolving: folder("d/x"))
        do {
            let staged = try StagedFile(Array("new".utf8), for: destination, attributes: attributes, keep: keep)
            let path = staged.path
            do {
                _ = try staged.check(check).replace(CheckedFile.Options(reloadMark: [1]))
                return nil
            } catch let error as StagingError {
                return error.message.replacing(path, with: "STAGED").replacing(folder.path, with: "DIR")
            }
        }
    }

    struct Swap: CustomTestStringConvertible {
        let name: String
        /// What it does to the staged file; its path, and that of the test's directory.
        let act: @Sendable (String, String) throws -> Void
        /// What is in place then where only we can write, and where others can: nil if it is refused.
        let alone: String?
        let shared: String?
        let word: String

        var testDescription: String { name }
    }

    static let swaps = [
        Swap(name: "nothing", act: { _, _ in }, alone: "new", shared: "new", word: ""),
        Swap(
            name: "Attack: a link",
            act: { path, folder in
                try Files.unlink(path)
                try Files.makeLink(path, to: folder + "/precious")
            }, alone: nil, shared: nil, word: "replaced by a symbolic link"),
        Swap(
            name: "Attack: a directory",
            act: { path, _ in
                try Files.unlink(path)
                try Files.makeFolder(path)
            }, alone: nil, shared: nil, word: "replaced by a directory"),
        Swap(
            name: "Attack: a second name of another file",
            act: { path, folder in
                try Files.unlink(path)
                #expect(link(folder + "/precious", path) == 0)
            }, alone: nil, shared: nil, word: "replaced by another file"),
        Swap(name: "it is gone", act: { path, _ in try Files.unlink(path) }, alone: nil, shared: nil, word: "removed"),
        Swap(
            name: "Report: sed -i",
            act: { path, _ in
                try Files.write(Array("edited".utf8), to: path + ".tmp", mode: 0o666)
                #expect(rename(path + ".tmp", path) == 0)
            }, alone: "edited", shared: nil, word: "replaced by another file"),
        Swap(
            name: "an edit in place", act: { path, _ in try Files.write(Array("edited".utf8), to: path) },
            alone: "edited",
            shared: nil, word: "edited"),
        Swap(
            name: "Attack: other rights", act: { path, _ in try Files.setMode(path, 0o6777) }, alone: "new",
            shared: "new",
            word: ""),
    ]

    @Test(arguments: swaps, [false, true])
    func installsNothingElse(_ swap: Swap, isShared: Bool) throws {
        try Files.setMode(folder("d"), isShared ? 0o777 : 0o755)
        let path = folder.path
        let message = try apply(FileAttributes(mode: 0o640)) { staged throws(SystemError) in
            do { try swap.act(staged, path) } catch { Issue.record("\(error)") }
        }
        let expected = isShared ? swap.shared : swap.alone
        #expect(message == (expected == nil ? "cannot replace DIR/d/x: its staged file STAGED was \(swap.word)" : nil))
        #expect(folder.text("d/x") == expected ?? "old")
        #expect(try Files.linkStatus(folder("d/x")).kind == .regular)
        #expect(folder.text("precious") == "precious")
        #expect(try Files.status(folder("precious")).mode == 0o600)
        let destination = try Destination(resolving: folder("d/x"))
        #expect(try destination.reloadMark() == (expected == nil ? nil : [1]))
        if expected != nil {
            #expect(try Files.status(folder("d/x")).mode == 0o640)
            #expect(try Files.list(folder("d")).count == 1)
        }
    }

    @Test func keepsWhatTheCheckMade() throws {
        try Files.setMode(folder("d"), 0o755)
        let message = try apply(keep: true) { path throws(SystemError) in
            try Files.write(Array("edited".utf8), to: path)
        }
        #expect(message == nil)
        #expect(folder.text("d/x") == "edited")
        #expect(try Files.list(folder("d")).count == 2)
    }

    /// Attack: an edit comes from another user than root and us.
    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func installsNoFileOfAnotherUser() throws {
        try Files.setMode(folder("d"), 0o755)
        let message = try apply { path throws(SystemError) in
            try Files.unlink(path)
            try Files.write(Array("edited".utf8), to: path)
            #expect(chown(path, 1_234, 1_234) == 0)
        }
        #expect(message == "cannot replace DIR/d/x: its staged file STAGED was replaced by another file")
        #expect(folder.text("d/x") == "old")
    }
}

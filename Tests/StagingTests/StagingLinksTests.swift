import Glibc
import Posix
import TestSupport
import Testing

@testable import Staging

@Suite struct StagingLinksTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try Files.makeFolder(folder("d"))
    }

    /// Names of links to what they hold, all of which lead to the file `d/x`.
    @Test(arguments: [
        ("relative", [("x", "d/x")]), ("chain", [("x", "y"), ("y", "d/z"), ("d/z", "x")]),
        ("upwards", [("x", "d/../d/x")]), ("through a folder", [("e", "d"), ("x", "e/x")]),
    ])
    func replacesWhatTheLinkLeadsTo(name: String, links: [(String, String)]) throws {
        for (path, content) in links { try Files.makeLink(folder(path), to: content) }
        for text in ["first, dangling", "second"] {
            let destination = try Destination(resolving: folder("x"))
            #expect(destination.path == folder("x"))
            try destination.apply(text)
            #expect(folder.text("d/x") == text, "\(name)")
            for (path, content) in links { #expect(try Files.readLink(folder(path)) == content) }
            #expect(try Files.linkStatus(folder("d/x")).kind == .regular)
        }
        #expect(try Files.list(folder("d")).count == (name == "chain" ? 2 : 1), "nothing is left beside the target")
    }

    @Test func followsAbsoluteLinks() throws {
        try Files.makeLink(folder("x"), to: folder("d/x"))
        try Destination(resolving: folder("x")).apply("new")
        #expect(folder.text("d/x") == "new")
    }

    @Test(arguments: [[("x", "x")], [("x", "y"), ("y", "x")], [("x", "d/y/z"), ("d/y", "y")]])
    func refusesLoops(links: [(String, String)]) throws {
        for (path, content) in links { try Files.makeLink(folder(path), to: content) }
        let error = #expect(throws: StagingError.self) { try Destination(resolving: folder("x")) }
        #expect(error?.message == "\(folder("x")) is a loop of symbolic links")
    }

    @Test func saysThatTheTargetsFolderIsMissing() throws {
        try Files.makeLink(folder("x"), to: "none/y")
        let destination = try Destination(resolving: folder("x"))
        let error = #expect(throws: StagingError.self) { try destination.apply("new") }
        #expect(error?.kind == .folderMissing(folder("none")))
        #expect(try Files.readLink(folder("x")) == "none/y")
    }

    @Test(.enabled(if: Privileges.isRoot, "needs root"))
    func followsNoLinkOfStrangersInASharedFolder() throws {
        try Files.makeLink(folder("x"), to: "d/x")
        try Files.setMode(folder.path, 0o1777)
        #expect(lchown(folder("x"), 1_234, 1_234) == 0)
        let error = #expect(throws: StagingError.self) { try Destination(resolving: folder("x")) }
        #expect(error?.kind == .untrustedLink(path: folder("x"), owner: 1_234))
        #expect(
            error?.message
                == "cannot follow the symbolic link \(folder("x")): it belongs to uid 1234 in a world-writable directory"
        )
    }

    @Test(arguments: ["", "/", "d/", ".", "/tmp/.."])
    func refusesPathsWithoutAName(path: String) {
        let error = #expect(throws: StagingError.self) { try Destination(resolving: path) }
        #expect(error == StagingError(.noFileName, path))
    }

    @Test func refusesWhatIsNoFile() throws {
        let error = #expect(throws: StagingError.self) { try Destination(resolving: folder("d")).apply("new") }
        #expect(error?.message == "\(folder("d")) is a directory, not a file")
        #expect(mkfifo(folder("p"), 0o600) == 0)
        let pipe = try Destination(resolving: folder("p"))
        #expect(throws: StagingError(.notAFile(.pipe), folder("p"))) {
            try pipe.compare(with: [], attributes: FileAttributes())
        }
        #expect(throws: StagingError(.notAFile(.characterDevice), "/dev/null")) {
            try Destination(resolving: "/dev/null").apply("new")
        }
    }

    @Test func keepsThePreviousFileBesideTheLink() throws {
        try folder.write("d/x", "old")
        try Files.makeLink(folder("x"), to: "d/x")
        try Destination(resolving: folder("x")).apply("new", CheckedFile.Options(backup: true))
        #expect(folder.text("x.bak") == "old")
        #expect(folder.text("d/x") == "new")
    }

    @Test func worksWithRelativePaths() throws {
        let destination = try Destination(resolving: "confd-no-such-file")
        #expect(destination.target == "confd-no-such-file")
        #expect(destination.folderPath == ".")
    }
}

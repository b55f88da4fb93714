import Glibc
import Posix
import TestSupport
import Testing

@testable import Configuration

/// All resource files of a confdir, and what one of them must not do to another.
@Suite struct ResourceLoaderTests {
    private let confdir: TemporaryDirectory

    init() throws {
        confdir = try TemporaryDirectory()
        for name in ["conf.d", "templates", "out"] { try Files.makeFolder(confdir(name)) }
        try confdir.write("templates/a.tmpl", "")
    }

    /// Writes `conf.d/NAME` with a template whose dest is `out/DEST`, or DEST if that is absolute.
    private func resource(_ name: String, dest: String, more: String = "") throws {
        let path = dest.hasPrefix("/") ? dest : confdir("out/" + dest)
        try confdir.write("conf.d/" + name, "[template]\nsrc = \"a.tmpl\"\ndest = \"\(path)\"\n\(more)")
    }

    private func load(only: String? = nil, confdir path: String? = nil) throws -> ResourceLoader.Result {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-backend", "env", "-confdir", path ?? confdir.path])
        return try ResourceLoader(settings, environment: [:]).load(only: only)
    }

    private func failure(only: String? = nil, confdir path: String? = nil) -> ResourceError? {
        do {
            _ = try load(only: only, confdir: path)
            return nil
        } catch {
            return error as? ResourceError
        }
    }

    @Test func readsAllFilesInTheOrderOfTheirNames() throws {
        try resource("b.toml", dest: "b")
        try resource("a.toml", dest: "a")
        try Files.makeFolder(confdir("conf.d/sub"))
        try resource("sub/c.toml", dest: "c")
        try confdir.write("conf.d/README", "not a resource")
        let result = try load()
        #expect(result.resources.map(\.name) == ["a.toml", "b.toml", "sub/c.toml"])
        #expect(result.errors.isEmpty && result.warnings.isEmpty && result.fileCount == 3)
    }

    /// The generations of a Kubernetes volume are seen through links, once.
    @Test func leavesOutHiddenGenerations() throws {
        try Files.makeFolder(confdir("conf.d/..2026"))
        try resource("..2026/a.toml", dest: "a")
        #expect(try load().fileCount == 0)
    }

    @Test func aFileWithErrorsDoesNotAffectTheOthers() throws {
        try confdir.write("conf.d/a.toml", "x =\n")
        try resource("b.toml", dest: "b")
        let result = try load()
        #expect(result.resources.map(\.name) == ["b.toml"])
        #expect(result.errors.map(\.location.file) == [confdir("conf.d/a.toml")])
        #expect(result.errors.first?.location.line == 1)
    }

    @Test func theSecondResourceWithOneDestinationIsRefused() throws {
        try Files.makeLink(confdir("link"), to: "out")
        try resource("a.toml", dest: "x")
        try resource("b.toml", dest: confdir("link/x"))
        let result = try load()
        #expect(result.resources.map(\.name) == ["a.toml"])
        #expect(result.errors.map(\.kind) == [.destinationTaken(confdir("link/x"), by: "a.toml")])
        #expect(result.errors.first?.excerpt?.hasPrefix("dest = ") == true)
    }

    @Test func aResourceMustNotWriteItsInputs() throws {
        try resource("a.toml", dest: confdir("templates/a.tmpl"))
        try resource("b.toml", dest: confdir("conf.d/b.toml"))
        try resource("c.toml", dest: confdir("out"))
        let result = try load()
        #expect(result.resources.isEmpty)
        #expect(
            result.errors.map(\.kind) == [
                .writesInput(.template, confdir("templates/a.tmpl")),
                .writesInput(.resourceFile, confdir("conf.d/b.toml")), .writesInput(.directory, confdir("out")),
            ])
    }

    @Test func warnsOfFilesThatEverybodyMayWrite() throws {
        try resource("a.toml", dest: "a")
        try Files.setMode(confdir("conf.d/a.toml"), 0o666)
        let warnings = try load().warnings
        #expect(warnings.map(\.kind) == [.writableForAll])
        #expect(warnings.first?.hint == "chmod o-w \(confdir("conf.d/a.toml"))")
    }

    @Test("one file, as an operator names it", arguments: ["a.toml", "conf.d/a.toml", "ABSOLUTE"])
    func oneFile(_ name: String) throws {
        try resource("a.toml", dest: "a")
        try resource("b.toml", dest: "b")
        let result = try load(only: name == "ABSOLUTE" ? confdir("conf.d/a.toml") : name)
        #expect(result.resources.map(\.name) == ["a.toml"] && result.fileCount == 1)
    }

    @Test func failsWithoutAnythingToRead() throws {
        #expect(failure(confdir: "/nonexistent") == ResourceError("/nonexistent", nil, .noConfdir))
        try resource("app.toml", dest: "a")
        #expect(failure(only: "ap.toml")?.kind == .noSuchFile(suggestion: "app.toml"))
        #expect(
            failure(only: "ap.toml")?.text.hasSuffix("there is no such resource file\nhint: did you mean \"app.toml\"?")
                == true)
        #expect(failure(only: "conf.d")?.kind == .isDirectory)
        try Files.removeFolder(confdir("out"))
        try Files.unlink(confdir("conf.d/app.toml"))
        try Files.removeFolder(confdir("conf.d"))
        #expect(failure() == ResourceError(confdir("conf.d"), nil, .noFolder))
    }

    #if DEBUG
        /// Report: a resource file that was moved away while the directory was read counted as a bad one, so that it was
        /// not tried at once when it was put back.
        @Test func aFileThatGoesWhileItIsReadIsNoError() throws {
            try resource("b.toml", dest: "b")
            let gone = confdir("conf.d/a.toml")
            var step = 1
            while true {
                try resource("a.toml", dest: "a")
                var found: ResourceLoader.Result?
                let reached = try Faults.intruding(at: step) {
                    unlink(gone)
                } body: {
                    found = try load()
                }
                let result = try #require(found)
                #expect(result.errors.isEmpty, "before call \(step)")
                #expect(result.resources.map(\.name).suffix(1) == ["b.toml"], "before call \(step)")
                if !reached { break }
                step += 1
            }
            #expect(step > 3)
        }

        @Test func aLinkThatLeadsNowhereIsAnError() throws {
            try Files.makeLink(confdir("conf.d/a.toml"), to: "/nonexistent/a.toml")
            #expect(try load().errors.map(\.file) == [confdir("conf.d/a.toml")])
        }
    #endif
}

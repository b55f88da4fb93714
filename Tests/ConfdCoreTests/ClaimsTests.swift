import Posix
import Staging
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// Report: two resources with one dest rewrite it, and reload, twice a pass and for ever.
@Suite struct ClaimsTests {
    let folder: TemporaryDirectory
    var claims = Claims()

    init() throws {
        folder = try TemporaryDirectory()
        try Files.makeFolder(folder("d"))
        try Files.makeFolder(folder("e"))
        try Files.makeLink(folder("l"), to: "d")
        try Files.makeLink(folder("f"), to: "d/x")
    }

    func destination(_ name: String) throws -> Destination { try Destination(resolving: folder(name)) }

    @Test(arguments: ["d/x", "d//x", "d/./x", "e/../d/x", "l/x", "f"])
    mutating func findsOneFileUnderAnySpelling(_ name: String) throws {
        #expect(try claims.claim(destination("d/x"), for: "a") == nil)
        #expect(try claims.claim(destination(name), for: "b") == "a")
        #expect(try claims.claim(destination("d/x"), for: "a") == nil)
        #expect(try claims.claim(destination("e/x"), for: "b") == nil)
    }

    @Test func findsOneFileInAMissingDirectory() throws {
        #expect(try destination("d/n/m/x").place == destination("l/n/./m/x").place)
        #expect(try destination("d/n/m/x").place != destination("d/n/x").place)
    }

    @Test mutating func followsALinkThatIsChangedLater() throws {
        #expect(try claims.claim(destination("l/x"), for: "a") == nil)
        #expect(try claims.claim(destination("e/x"), for: "b") == nil)
        try Files.unlink(folder("l"))
        try Files.makeLink(folder("l"), to: "e")
        #expect(try claims.claim(destination("l/x"), for: "a") == "b")
        // A file that no resource writes any more can be claimed.
        #expect(try claims.claim(destination("d/x"), for: "c") == nil)
        // The link is changed again: a resource still owns the file that it has claimed.
        try Files.unlink(folder("l"))
        try Files.makeLink(folder("l"), to: "d")
        #expect(try claims.claim(destination("e/x"), for: "b") == nil)
    }

    @Test mutating func takesAFileOverFromALinkThatLeadsElsewhere() throws {
        #expect(try claims.claim(destination("l/x"), for: "a") == nil)
        try Files.unlink(folder("l"))
        try Files.makeLink(folder("l"), to: "e")
        #expect(try claims.claim(destination("d/x"), for: "b") == nil)
        #expect(try claims.claim(destination("l/x"), for: "a") == nil)
    }

    @Test mutating func forgetsResourcesThatAreGoneOrWriteElsewhere() throws {
        #expect(try claims.claim(destination("d/x"), for: "a") == nil)
        #expect(try claims.claim(destination("e/x"), for: "b") == nil)
        // The two change places, and a third is gone.
        claims.keep(["a": folder("e/x"), "b": folder("d/x")])
        #expect(try claims.claim(destination("e/x"), for: "a") == nil)
        #expect(try claims.claim(destination("d/x"), for: "b") == nil)
        claims.keep(["a": folder("e/x")])
        #expect(try claims.claim(destination("d/x"), for: "renamed") == nil)
    }
}

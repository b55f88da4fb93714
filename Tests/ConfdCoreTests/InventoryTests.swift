import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// Which resources are known after each reading of the resource files, and what is logged.
@Suite struct InventoryTests {
    /// An inventory over a directory of its own.
    private final class Rig: TestConfdir {
        let directory: TemporaryDirectory
        let log = TestLog()
        var inventory: Inventory

        init() throws {
            directory = try Self.makeDirectory()
            let settings = try Confdir(directory).settings(["-watch"])
            inventory = Inventory(ResourceLoader(settings, environment: [:]), logger: log.logger)
        }

        /// Reads the resource files again, and returns the names of the resources.
        func look() -> [String] {
            inventory.reload()
            return inventory.resources.map(\.name)
        }

        func errors(_ text: String) -> Int { log.entries.count { $0.hasPrefix("ERROR ") && $0.contains(text) } }

        func rename(_ name: String, to other: String) throws {
            let file = directory("conf.d/\(name).toml")
            try directory.write("conf.d/\(other).toml", directory.text("conf.d/\(name).toml") ?? "")
            try Files.unlink(file)
        }
    }

    private static let taken = "is already written by"

    @Test func filesComeAndGo() throws {
        let rig = try Rig()
        try rig.resource("b")
        #expect(rig.look() == ["b.toml"] && rig.inventory.isComplete && !rig.inventory.isEmpty)
        try rig.resource("a")
        #expect(rig.look() == ["a.toml", "b.toml"])
        try rig.rename("b", to: "c")
        #expect(rig.look() == ["a.toml", "c.toml"])
        try rig.dropResource("a")
        #expect(rig.look() == ["c.toml"] && rig.errors("") == 0)
    }

    @Test func aChangedFileIsAnotherDefinition() throws {
        let rig = try Rig()
        try rig.resource("a")
        _ = rig.look()
        #expect(rig.inventory.resources.map(\.attributes.mode) == [nil])
        try rig.resource("a", fields: "mode = \"0600\"")
        #expect(rig.look() == ["a.toml"] && rig.inventory.resources.map(\.attributes.mode) == [0o600])
    }

    @Test func aFileThatCannotBeUsedKeepsItsLastGoodVersion() throws {
        let rig = try Rig()
        try rig.resource("a", fields: "mode = \"0600\"")
        try rig.resource("b")
        _ = rig.look()
        try rig.resourceFile("a", "[template\n")
        for _ in 1...2 { #expect(Set(rig.look()) == ["a.toml", "b.toml"]) }
        #expect(rig.inventory.resources.first { $0.name == "a.toml" }?.attributes.mode == 0o600)
        #expect(!rig.inventory.isComplete && rig.inventory.errors.count == 1 && rig.inventory.unusable.isEmpty)
        #expect(rig.errors("a.toml:1:") == 1, "said once: \(rig.log.entries)")
        // Mended, and broken in the same way once more: that is logged again.
        try rig.resource("a")
        _ = rig.look()
        #expect(rig.inventory.isComplete && rig.inventory.resources.first?.attributes.mode == nil)
        try rig.resourceFile("a", "[template\n")
        _ = rig.look()
        #expect(rig.errors("a.toml:1:") == 2)
        // A file that was removed has no last good version.
        try rig.dropResource("a")
        #expect(rig.look() == ["b.toml"])
        try rig.resourceFile("a", "[template\n")
        #expect(rig.look() == ["b.toml"] && rig.inventory.unusable == [rig.directory("conf.d/a.toml")])
    }

    /// Of two tables in one file, a broken one keeps its last version and the other is updated.
    @Test func onlyWhatIsBrokenOfAFileIsKept() throws {
        let rig = try Rig()
        try rig.template("a", "x")
        func file(_ mode: String, _ second: String) throws {
            try rig.resourceFile(
                "a",
                "[[template]]\nsrc = \"a.tmpl\"\ndest = \"\(rig.path("one"))\"\nmode = \"\(mode)\"\n"
                    + "[[template]]\nsrc = \"a.tmpl\"\ndest = \"\(rig.path("two"))\"\nmode = \"\(second)\"\n")
        }
        try file("0600", "0600")
        let names = rig.look()
        #expect(names.count == 2)
        try file("0640", "9")
        #expect(rig.look() == names)
        #expect(rig.inventory.resources.map(\.attributes.mode) == [0o640, 0o600])
    }

    @Test func aPlaceThatIsTakenMeanwhileIsNotKept() throws {
        let rig = try Rig()
        try rig.resource("a", dest: rig.path("x"))
        _ = rig.look()
        try rig.resourceFile("a", "[template\n")
        try rig.resource("b", dest: rig.path("x"))
        #expect(rig.look() == ["b.toml"], "two would write one file")
    }

    @Test func theFirstOfTwoWithOneDestinationIsUsed() throws {
        let rig = try Rig()
        try rig.resource("b", dest: rig.path("x"))
        #expect(rig.look() == ["b.toml"])
        // A new file whose name sorts first takes the destination over.
        try rig.resource("a", dest: rig.path("x"))
        for _ in 1...2 { #expect(rig.look() == ["a.toml"]) }
        #expect(rig.errors("b.toml:3:8: dest \(rig.path("x")) \(Self.taken) a.toml") == 1, "\(rig.log.entries)")
        try rig.dropResource("a")
        #expect(rig.look() == ["b.toml"] && rig.inventory.isComplete)
    }

    @Test func destinationsAreExchangedBetweenFiles() throws {
        let rig = try Rig()
        try rig.resource("a", dest: rig.path("x"))
        try rig.resource("b", dest: rig.path("y"))
        _ = rig.look()
        try rig.resource("a", dest: rig.path("y"))
        try rig.resource("b", dest: rig.path("x"))
        #expect(rig.look() == ["a.toml", "b.toml"] && rig.errors("") == 0)
        #expect(rig.inventory.resources.map(\.destination) == [rig.path("y"), rig.path("x")])
    }

    @Test func nothingThereIsSaidOnce() throws {
        let rig = try Rig()
        for _ in 1...3 { #expect(rig.look() == []) }
        #expect(rig.inventory.isEmpty && !rig.inventory.isComplete)
        let folder = rig.directory("conf.d")
        let hint = "hint: resource files are in \(folder), and their names end in .toml"
        #expect(rig.log.entries == ["WARNING Found no templates in \(folder)\n\(hint)"])
        try rig.resource("a")
        #expect(rig.look() == ["a.toml"] && !rig.inventory.isEmpty)
    }

    /// A confdir that is missing for a moment, as while it is replaced, removes no resource.
    @Test func aConfdirThatIsGoneTakesNothingAway() throws {
        let rig = try Rig()
        try rig.resource("a")
        _ = rig.look()
        try rig.dropResource("a")
        try Files.removeFolder(rig.directory("conf.d"))
        for _ in 1...2 { #expect(rig.look() == ["a.toml"]) }
        #expect(!rig.inventory.isComplete && rig.errors("Cannot load template resources: ") == 1)
        try Files.makeFolder(rig.directory("conf.d"))
        #expect(rig.look() == [])
    }

    /// Files to watch: also the templates that are missing, and those of resources that cannot be used.
    @Test func templatesAreThoseOfAllFiles() throws {
        let rig = try Rig()
        try rig.resource("a")
        try rig.resource("b", fields: "mode = \"9\"")
        try rig.resourceFile("c", "[template]\nsrc = \"gone.tmpl\"\ndest = \"\(rig.path("c"))\"\n")
        #expect(rig.look() == ["a.toml"])
        #expect(rig.inventory.templates == Set(["a", "b", "gone"].map { rig.directory("templates/\($0).tmpl") }))
    }

    @Test func aServiceAloneNeedsNoFiles() throws {
        let rig = try Rig()
        try rig.resourceFile("web", "[service]\nkey = \"/web\"\nvalue = \"1\"\n")
        let settings = try rig.settings(["-watch"])
        let layer = WritableStore(outcome: .absent).layer
        let loaded = try ResourceLoader(settings, environment: [:], layers: [layer]).load()
        let service = try #require(loaded.services.first, "\(loaded.errors)")
        var inventory = Inventory(
            ResourceLoader(settings, environment: [:]), logger: rig.log.logger, service: service)
        inventory.reload()
        #expect(inventory.services.map(\.name) == [service.name])
        #expect(inventory.isComplete && !inventory.isEmpty && inventory.resources.isEmpty)
    }
}

import Glibc
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// What is kept of the files of items, and what is removed.
@Suite struct ItemManifestTests {
    private func file(_ name: String, _ folder: String = "/out") -> ItemFile { ItemFile(folder: folder, name: name) }
    private func hash(_ text: String) -> ContentHash { ContentHash(of: Array(text.utf8)) }

    private func randomEvent(_ random: inout SeededGenerator) -> ItemManifest.Event {
        let folder = ["/out", "/old"].randomElement(using: &random)!
        let file = file(["a", "b", "c"].randomElement(using: &random)!, folder)
        let hash = hash(["1", "2", "3"].randomElement(using: &random)!)
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1: return .writing(file, hash)
        case 2, 3: return .written(file, hash)
        case 4: return .dropped(file)
        case 5: return .withdrawn(file, hash)
        default: return Bool.random(using: &random) ? .owed : .reloaded
        }
    }

    /// Parsing the lines gives the manifest; a last line that a crash has cut off is ignored.
    @Test func linesGiveTheManifest() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var manifest = ItemManifest()
            var text = Array(ItemManifest.head.utf8)
            for _ in 0..<20 {
                let event = randomEvent(&random)
                let before = manifest
                manifest.take(event)
                let line = event.line
                let cut = text + line.prefix(Int.random(in: 0..<line.count, using: &random))
                #expect(ItemManifest(parsing: cut) == before, "seed \(seed)")
                text += line
                #expect(ItemManifest(parsing: text) == manifest)
            }
            #expect(ItemManifest(parsing: manifest.text) == manifest)
        }
        #expect(ItemManifest(parsing: Array("confd-items 2\n".utf8)) == nil)
        #expect(ItemManifest(parsing: []) == nil)
    }

    private static let badLines = [
        "written\t00\t/out\ta", "written\t/out\ta", "dropped\t/out\t../a", "dropped\t/out\t.", "dropped\t\ta",
        "held\tx", "?",
    ]

    /// Lines that name files outside of the directory, or cannot be parsed, are skipped.
    @Test(arguments: badLines)
    func refusesLines(line: String) throws {
        let good = ItemManifest.Event.written(file("a"), hash("1")).line
        let manifest = try #require(
            ItemManifest(parsing: Array(ItemManifest.head.utf8) + Array("\(line)\n".utf8) + good))
        #expect(Array(manifest.files.keys) == [file("a")])
    }

    @Test func refusesNamesThatLeadOut() throws {
        for name in ["..", ".", "", "a/b", ".hidden", "../../etc/passwd"] {
            let line = ItemManifest.Event.written(file(name), hash("1")).line
            let manifest = try #require(ItemManifest(parsing: Array(ItemManifest.head.utf8) + line))
            #expect(manifest.files.isEmpty, "\(name)")
        }
    }

    @Test func whatWasBegunCountsUntilItIsKnownToBeThere() {
        var manifest = ItemManifest()
        manifest.take(.written(file("a"), hash("1")))
        manifest.take(.writing(file("a"), hash("2")))
        #expect(manifest.isOurs(Array("1".utf8), in: file("a")) && manifest.isOurs(Array("2".utf8), in: file("a")))
        #expect(!manifest.isOurs(Array("3".utf8), in: file("a")))
        manifest.take(.written(file("a"), hash("2")))
        #expect(!manifest.isOurs(Array("1".utf8), in: file("a")))
    }

    /// Found by reading: after eight contents that a check refused, the installed one was forgotten.
    @Test func whatIsInstalledOutlivesWhatIsBegun() throws {
        var manifest = ItemManifest()
        manifest.take(.written(file("a"), hash("installed")))
        for number in 0..<100 { manifest.take(.writing(file("a"), hash("\(number)"))) }
        #expect(manifest.isOurs(Array("installed".utf8), in: file("a")))
        #expect(manifest.isOurs(Array("99".utf8), in: file("a")) && !manifest.isOurs(Array("0".utf8), in: file("a")))
        #expect(manifest.files[file("a")]?.begun.count == 7, "memory is bounded")
        #expect(ItemManifest(parsing: manifest.text) == manifest)
    }

    /// What a crash may have left in the file is still known however many contents are refused after it.
    @Test func whatIsRefusedIsForgotten() {
        var manifest = ItemManifest()
        manifest.take(.writing(file("a"), hash("left by a crash")))
        for number in 0..<100 {
            manifest.take(.writing(file("a"), hash("\(number)")))
            manifest.take(.withdrawn(file("a"), hash("\(number)")))
        }
        #expect(manifest.files[file("a")]?.begun == [hash("left by a crash")])
        manifest.take(.writing(file("new"), hash("1")))
        manifest.take(.withdrawn(file("new"), hash("1")))
        #expect(manifest.files.count == 1, "there is no such file")
        manifest.take(.written(file("a"), hash("2")))
        manifest.take(.withdrawn(file("a"), hash("2")))
        #expect(manifest.isOurs(Array("2".utf8), in: file("a")), "what was written is not taken back")
    }

    // MARK: - Plans

    private func plan(
        _ names: Int, gone: Int, _ fields: String = "prune = true", isBelieved: Bool = false
    ) throws -> RemovalPlan {
        let resource = try Resource.test(destination: "/out/{{.name}}", fields: "for_each = \"/app/*\"\n\(fields)")
        var manifest = ItemManifest()
        for number in 0..<names { manifest.take(.written(file("\(number)"), hash("x"))) }
        let rule = try #require(resource.items)
        let orphans = manifest.orphans(of: rule, among: nil) { Int(String(decoding: $0, as: UTF8.self))! >= gone }
        return RemovalPlan(orphans, of: names, rule, KeyCounts(total: 9), isBelieved: isBelieved)
    }

    private func removed(_ plan: RemovalPlan) -> Int? { plan.isHeld ? nil : plan.files.count }

    @Test func limitsHoldWhatIsTooMuch() throws {
        #expect(try removed(plan(10, gone: 5)) == 5, "half by default")
        #expect(try removed(plan(10, gone: 6)) == nil)
        #expect(try removed(plan(1, gone: 1)) == 1, "one may always go")
        #expect(try removed(plan(10, gone: 10, "prune = true\nmax_remove = 0")) == 10)
        #expect(try removed(plan(10, gone: 3, "prune = true\nmax_remove = 2")) == nil)
        #expect(try removed(plan(10, gone: 1, "prune = true\nmax_remove = \"1%\"")) == 1)
        #expect(try removed(plan(10, gone: 9, "")) == 0, "without prune nothing goes")
        #expect(try removed(plan(10, gone: 9, isBelieved: true)) == 9)
    }

    @Test func filesOfAnotherDirectoryGo() throws {
        let resource = try Resource.test(destination: "/new/{{.name}}", fields: "for_each = \"/app/*\"\nprune = true")
        var manifest = ItemManifest()
        manifest.take(.written(file("a", "/old"), hash("x")))
        manifest.take(.written(file("a", "/new"), hash("x")))
        let rule = try #require(resource.items)
        #expect(manifest.orphans(of: rule, among: nil) { _ in true } == [file("a", "/old")])
        let names: Set = [Array("a".utf8), Array("b".utf8)]
        #expect(
            manifest.orphans(of: rule, among: names) { _ in false } == [file("a", "/new")], "only what is asked for")
    }

    // MARK: - On disk

    @Test func journalGoesOnAfterARestart() throws {
        let directory = try TemporaryDirectory()
        let resource = "app.toml"
        do {
            let state = try StateDirectory(directory("state"))
            let journal = try state.items(of: resource)
            try journal.add(.written(file("a"), hash("1")))
            try journal.add(.writing(file("b"), hash("2")))
            try journal.synchronize()
        }
        let state = try StateDirectory(directory("state"))
        let journal = try state.items(of: resource)
        #expect(journal.manifest.files.keys.sorted() == [file("a"), file("b")])
        #expect(journal.manifest.files[file("a")]?.written == hash("1"))
        #expect(journal.manifest.files[file("b")]?.begun == [hash("2")])
        try journal.add(.dropped(file("a")))
        let read = try StateDirectory(reading: directory("state")).items(of: resource).manifest
        #expect(Array(read.files.keys) == [file("b")])
        #expect(try state.items(of: "other.toml").manifest == ItemManifest())
    }

    /// A line that could not be written, or not as a whole, is as if it had not been asked for.
    @Test func aFullDiskLosesNoLine() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(directory("state"))
        let journal = try state.items(of: "app.toml")
        try journal.add(.written(file("a"), hash("1")))
        Faults.with(.init("pwrite", code: 28)) {
            #expect(throws: SystemError.self) { try journal.add(.written(file("b"), hash("2"))) }
        }
        #expect(journal.manifest.files.count == 1)
        try journal.add(.written(file("c"), hash("3")))
        let read = try state.items(of: "app.toml").manifest
        #expect(read == journal.manifest)
    }

    /// After a failed fsync it is not known what is on disk: the whole journal is written again.
    @Test func aFailedSyncIsNoSync() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(directory("state"))
        let journal = try state.items(of: "app.toml")
        try journal.add(.written(file("a"), hash("1")))
        Faults.with(.init("fsync", code: Errno.inputOutput)) {
            #expect(throws: SystemError.self) { try journal.synchronize() }
        }
        // Without a thread of its own, it is synced on this one.
        Faults.with(.init("pthread_create", code: EAGAIN), .init("fsync", code: Errno.inputOutput)) {
            #expect(throws: SystemError.self) { try journal.synchronize() }
        }
        try directory.write("state/resources/app.toml.items", "what the disk has made of it")
        try journal.synchronize()
        #expect(try state.items(of: "app.toml").manifest == journal.manifest)
    }

    /// The hash of a new content is synced before its file is renamed; the note that the rename is done may be written later.
    @Test func aBeginningIsOnDiskAndAnEndWaits() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(directory("state"))
        let journal = try state.items(of: "app.toml")
        func onDisk() throws -> ItemManifest { try state.items(of: "app.toml").manifest }
        func contents(_ manifest: ItemManifest) -> ItemManifest.Contents? { manifest.files[file("a")] }
        try journal.begin(file("a"), hash("1"))
        try journal.synchronize()
        #expect(try contents(onDisk())?.begun == [hash("1")])
        try journal.begin(file("a"), hash("2"))
        try journal.synchronize()
        try journal.end(file("a"), hash("2"))
        #expect(contents(journal.manifest) == ItemManifest.Contents(written: hash("2")))
        #expect(try contents(onDisk())?.begun == [hash("1"), hash("2")])
        try journal.flush()
        #expect(try onDisk() == journal.manifest)
    }

    @Test func onlyWhatWasBegunIsWithdrawn() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(directory("state"))
        let journal = try state.items(of: "app.toml")
        try journal.begin(file("a"), hash("1"))
        try journal.end(file("a"), hash("1"))
        try journal.begin(file("a"), hash("2"))
        try journal.withdraw(file("a"), hash("2"))
        try journal.flush()
        let lines = directory.text("state/resources/app.toml.items")
        try journal.withdraw(file("a"), hash("1"))
        try journal.withdraw(file("b"), hash("1"))
        try journal.flush()
        #expect(directory.text("state/resources/app.toml.items") == lines)
        let read = try state.items(of: "app.toml").manifest
        #expect(read.files == [file("a"): ItemManifest.Contents(written: hash("1"))])
    }

    @Test func aManifestOfAnotherVersionIsNotLost() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(directory("state"))
        try directory.write("state/resources/app.toml.items", "confd-items 2\n")
        #expect(throws: ItemJournalError.self) { try state.items(of: "app.toml") }
        #expect(directory.text("state/resources/app.toml.items") == "confd-items 2\n")
    }
}

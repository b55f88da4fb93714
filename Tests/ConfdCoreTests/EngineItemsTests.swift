import Backends
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// `for_each` in process: one file for each key.
@Suite(.timeLimit(.minutes(5))) struct EngineItemsTests {
    private static let follow = ["-watch", "-interval", "0"]

    private func once(_ world: EngineWorld, _ expected: Int32 = 0) async throws {
        let code = try await world.run(["-onetime"] + world.stateDirectory)
        #expect(code == expected, "\(world.log.entries)")
    }

    @Test func writesAFileForEachItem() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2", "/app/c/x": "3"]))
        try world.items(
            "sites", fields: "reload_cmd = \"reload\"",
            template: #"{{.index}} {{.name}} {{.key}} {{.value}} {{index .parts 0}}{{range ls .key}} {{.}}{{end}}"#)
        try await once(world)
        #expect(world.outputs["a.conf"] == "0 a /app/a 1 a a")
        #expect(world.outputs["b.conf"] == "1 b /app/b 2 b b")
        #expect(world.outputs["c.conf"] == "2 c /app/c  c x")
        #expect(world.commands == ["reload"], "once for all")
        #expect(world.log.entries.last?.contains("3 changed, 0 in sync, 0 failed") == true)
        try await once(world)
        #expect(world.commands == ["reload"])
        #expect(world.log.entries.last?.contains("0 changed, 3 in sync, 0 failed") == true)
    }

    @Test func removesWhatIsGone() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3", "/app/d": "4"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nreload_cmd = \"reload\"")
        try world.write("foreign.conf", "x")
        try await once(world)
        store.put(["/app/a": nil, "/app/b": nil])
        try world.write("b.conf", "edited")
        try await once(world)
        #expect(Set(world.outputs.keys) == ["b.conf", "c.conf", "d.conf", "foreign.conf"])
        #expect(world.log.count("a.conf has been removed") == 1 && world.log.count("b.conf stays") == 1)
        #expect(world.commands == ["reload", "reload"])
        try await once(world)
        #expect(world.log.count("b.conf stays") == 1, "it is not ours any more")
        #expect(world.commands.count == 2)
    }

    /// Found by reading: after eight contents that `check_each` refused, or one that `check_cmd` refused in its place, the file
    /// counted as somebody else's and was not removed with its key.
    @Test(arguments: ["check_each = \"check {{.src}}\"", "check_cmd = \"check\""])
    func aFileStaysOursWhateverIsRefused(_ check: String) async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\n" + check)
        try await once(world)
        for number in 0..<10 {
            store.put("/app/a", "bad \(number)")
            let code = try await world.run(["-onetime"] + world.stateDirectory) { _ in 1 }
            #expect(code == 1 && world.outputs == ["a.conf": "a=1", "b.conf": "b=2"], "\(world.log.entries)")
        }
        store.put("/app/a", nil)
        try await once(world)
        #expect(world.outputs == ["b.conf": "b=2"], "\(world.log.entries.suffix(3))")
    }

    /// What a check in place has made of a file is what confd has written.
    @Test func aFileThatItsCheckHasEditedIsOurs() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\ncheck_cmd = \"check\"")
        let code = try await world.run(["-onetime"] + world.stateDirectory) { [world] _ in
            (try? Files.write(Array("edited".utf8), to: world.path("a.conf"))) == nil ? 1 : 0
        }
        #expect(code == 0 && world.output("a.conf") == "edited", "\(world.log.entries)")
        store.put("/app/a", nil)
        try await once(world)
        #expect(world.outputs == ["b.conf": "b=2"], "\(world.log.entries.suffix(3))")
    }

    /// Found by reading: each run wrote the journal anew to note that no reload is owed.
    @Test func whereNothingHappensNothingIsNoted() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2"]))
        try world.items("sites", fields: "prune = true\nreload_cmd = \"reload\"")
        try await once(world)
        let journal = world.directory("state/resources/sites.toml.items")
        let before = try Files.status(journal)
        try await once(world)
        let after = try Files.status(journal)
        #expect(after.identity == before.identity && after.modified == before.modified)
    }

    /// Found by reading: the counters of the files of items that are gone stayed for good.
    @Test func whatIsGoneHasNoCounters() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3"])
        let world = try EngineWorld(store)
        try world.items("sites")
        try world.resource("app", template: "x")
        // An address that this host does not have: nothing needs to be served.
        async let code = world.run(Self.follow + world.stateDirectory + ["-metrics-addr", "192.0.2.1:9"])
        func files() -> Set<String> {
            let labels = (world.metrics?.counters ?? []).flatMap(\.sample.labels).filter { $0.name == "dest" }
            return Set(labels.map { Files.split($0.value).name })
        }
        #expect(try await eventually { files() == ["a.conf", "b.conf", "c.conf", "app"] }, "\(files())")
        store.put("/app/a", nil)
        await world.log.wait(for: "a.conf has been removed")
        #expect(try await eventually { files() == ["b.conf", "c.conf", "app"] }, "\(files())")
        try world.dropResource("app")
        world.requests.readAnew()
        #expect(try await eventually { files() == ["b.conf", "c.conf"] }, "\(files())")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func tooManyRemovalsAreHeld() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3"])
        let world = try EngineWorld(store)
        try world.items("sites")
        try await once(world)
        store.put(["/app/a": nil, "/app/b": nil, "/app/c": nil, "/app/d": "4"])
        try await once(world, 1)
        #expect(world.outputs.count == 4, "new ones go on")
        #expect(
            world.log.count(
                "held by guard: 3 of 4 files would be removed (max_remove allows 2): a.conf, b.conf, c.conf") == 1)
        store.put(["/app/a": "1", "/app/b": "2"])
        try await once(world)
        #expect(Set(world.outputs.keys) == ["a.conf", "b.conf", "d.conf"])
    }

    /// Users have reported it: 5 of 9 files were held, a tenth came, and 5 of 10 were removed, "what would have been lost is
    /// there". Also over a restart, which each of these runs is.
    @Test func whatIsAddedEndsNoHold() async throws {
        let names = (1...9).map { "/app/s\($0)" }
        let store = TestStore(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") }))
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nmax_remove = \"50%\"")
        try await once(world)
        for name in names.prefix(5) { store.put(name, nil) }
        try await once(world, 1)
        for number in 1...3 {
            store.put("/app/new\(number)", "x")
            try await once(world, 1)
            #expect(world.outputs.count == 9 + number, "\(world.log.entries.suffix(5))")
        }
        store.put(names[0], "x")
        try await once(world)
        #expect(world.outputs.count == 12 - 4)
        #expect(world.log.count("held no longer, what would be lost is within the limits") == 1)
    }

    /// Reported: a file that somebody has edited stays, and the service was reloaded all the same.
    @Test func anEditedFileThatStaysIsNoReasonToReload() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nreload_cmd = \"reload\"")
        try await once(world)
        try world.write("a.conf", "edited")
        store.put("/app/a", nil)
        try await once(world)
        #expect(world.log.count("a.conf stays") == 1 && world.commands == ["reload"], "\(world.commands)")
        store.put("/app/b", nil)
        try await once(world)
        #expect(world.commands == ["reload", "reload"])
    }

    @Test func anotherDestRemovesTheOldFiles() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2"]))
        try world.items("sites", fields: "prune = true\nmax_remove = 0")
        try await once(world)
        try world.items("sites", dest: "site-{{.name}}", fields: "prune = true\nmax_remove = 0")
        try await once(world)
        #expect(Set(world.outputs.keys) == ["site-a", "site-b"])
        try world.dropResource("sites")
        try world.resource("other", keys: [], template: "x")
        try await once(world)
        #expect(Set(world.outputs.keys) == ["site-a", "site-b", "other"], "a resource that is gone leaves its files")
    }

    @Test func noopRemovesNothing() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2"])
        let world = try EngineWorld(store)
        try world.items("sites")
        try await once(world)
        store.put("/app/a", nil)
        let code = try await world.run(["-check"] + world.stateDirectory)
        #expect(code == 3, "\(world.log.entries)")
        #expect(world.outputs.count == 2)
        #expect(world.log.count("a.conf will not be removed") == 1)
    }

    @Test func withoutStateNothingIsRemoved() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2"])
        let world = try EngineWorld(store)
        try world.items("sites")
        #expect(try await world.run(["-onetime"]) == 0)
        store.put("/app/a", nil)
        #expect(try await world.run(["-onetime"]) == 0)
        #expect(world.outputs.count == 2)
        #expect(world.log.count("there is no -state-dir, so files of items that are gone are not removed") == 2)
    }

    /// An item that fails does not hold up the others, and a key that gives no file name is logged.
    @Test func itemsFailByThemselves() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2", "/app/.c": "3"]))
        try world.items(
            "sites", fields: "check_each = \"check {{.key}} {{.name}} {{.src}}\"",
            template: #"{{if eq .name "a"}}{{getv "/app/none"}}{{end}}x"#)
        let code = try await world.run(["-onetime"] + world.stateDirectory)
        #expect(code == 1, "\(world.log.entries)")
        #expect(world.outputs == ["b.conf": "x"])
        #expect(world.commands.count == 1 && world.commands[0].hasPrefix("check /app/b b "))
        #expect(world.log.count("ERROR sites.toml[/app/a]: ") == 1)
        #expect(world.log.count("sites.toml: /app/.c has no file: its name begins with a dot") == 1)
    }

    /// One check in place for all; what it refuses leaves the old files, and removes nothing.
    @Test func oneCheckForABatch() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\ncheck_cmd = \"check\"\nreload_cmd = \"reload\"")
        try await once(world)
        #expect(world.commands == ["check", "reload"])
        store.put(["/app/a": "bad", "/app/b": nil])
        let code = try await world.run(["-onetime"] + world.stateDirectory) { [world] _ in
            world.outputs["a.conf"] == "a=bad" ? 1 : 0
        }
        #expect(code == 1, "\(world.log.entries)")
        #expect(world.outputs == ["a.conf": "a=1", "b.conf": "b=2", "c.conf": "c=3"])
        store.put("/app/a", "good")
        try await once(world)
        #expect(world.outputs == ["a.conf": "a=good", "c.conf": "c=3"])
    }

    /// `check_each` looks at all staged files before any is in place for the check of all, and once at each; what it has made
    /// of them is what is put in place.
    @Test func eachIsCheckedBeforeAnyIsInPlace() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2", "/app/bad": "3", "/app/c": "4"]))
        try world.items("sites", fields: "check_each = \"each {{.name}} {{.src}}\"\ncheck_cmd = \"check\"")
        let code = try await world.run(["-onetime"] + world.stateDirectory) { [world] command in
            let words = command.split(separator: " ").map(String.init)
            // The check in place refuses b, so that it is run again for parts of the files; `check_each` is not.
            guard words.count == 3 else { return world.output("b.conf") == nil ? 0 : 1 }
            guard world.outputs.keys.allSatisfy({ $0.hasPrefix(".") }), words[1] != "bad",
                let file = try? Files.read(words[2])
            else { return 1 }
            return (try? Files.write(file + Array(" edited".utf8), to: words[2])) == nil ? 1 : 0
        }
        #expect(code == 1, "\(world.log.entries)")
        #expect(world.outputs == ["a.conf": "a=1 edited", "c.conf": "c=4 edited"], "\(world.log.entries)")
        #expect(world.commands.prefix { $0.hasPrefix("each") }.count == 4)
        #expect(world.commands.count { $0.hasPrefix("each") } == 4, "\(world.commands)")
    }

    /// Of many files that are refused together, those that are wrong are found without trying each.
    @Test func oneBadFileOfMany() async throws {
        let keys = (0..<64).map { ("/app/i\(10 + $0)", "1") }
        let world = try EngineWorld(TestStore(Dictionary(uniqueKeysWithValues: keys + [("/app/bad", "1")])))
        try world.items("sites", fields: "check_cmd = \"check\"")
        let code = try await world.run(["-onetime"] + world.stateDirectory) { [world] _ in
            world.output("bad.conf") == nil ? 0 : 1
        }
        #expect(code == 1, "\(world.log.entries.suffix(5))")
        #expect(world.outputs.count == 64 && world.output("bad.conf") == nil)
        #expect(world.commands.count < 24, "\(world.commands.count)")
    }

    /// A key cannot have a resource file overwrite itself.
    @Test func anItemIsNotItsOwnResource() async throws {
        let world = try EngineWorld(TestStore(["/app/sites": "1", "/app/new": "2"]))
        try world.items("sites", dest: "../conf.d/{{.name}}.toml", fields: "", template: "# nothing")
        try await once(world, 1)
        #expect(
            world.log.count("sites.toml[/app/sites]: dest: this is its own resource file: ") == 1,
            "\(world.log.entries)")
        #expect(try Files.read(world.path("../conf.d/sites.toml")).count > 20)
        #expect(try Files.read(world.path("../conf.d/new.toml")) == Array("# nothing".utf8))
    }

    @Test func followsItems() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nreload_cmd = \"reload\"")
        async let code = world.run(Self.follow + world.stateDirectory)
        await world.log.wait(for: "c.conf has been updated")
        store.put(["/app/a": "1a", "/app/b": nil, "/app/d": "4"])
        await world.log.wait(for: "d.conf has been updated")
        #expect(world.outputs == ["a.conf": "a=1a", "c.conf": "c=3", "d.conf": "d=4"])
        store.put("/app/b", "back")
        await world.log.wait(for: "b.conf has been updated")
        #expect(world.outputs["b.conf"] == "b=back")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload", "reload", "reload"], "one for each change")
        #expect(world.log.count("c.conf has been updated") == 1, "only what changed is written")
    }

    /// What is held ends as soon as enough of it has come back, without a full pass.
    @Test func aHoldEndsWhenItemsComeBack() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3", "/app/d": "4"])
        let world = try EngineWorld(store)
        try world.items("sites")
        async let code = world.run(Self.follow + world.stateDirectory)
        await world.log.wait(for: "d.conf has been updated")
        store.put(["/app/a": nil, "/app/b": nil, "/app/c": nil])
        await world.log.wait(for: "held by guard: 3 of 4 files would be removed")
        store.put("/app/a", "1")
        await world.log.wait(for: "held no longer")
        #expect(try await eventually { Set(world.outputs.keys) == ["a.conf", "d.conf"] }, "\(world.outputs)")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    /// Reported: keys that go one after the other were taken for a reload that edits its own files, and the next reload waited.
    @Test func removalsAfterEachOtherAreNoLoop() async throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/app/c": "3", "/app/d": "4"])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nreload_cmd = \"reload\"")
        async let code = world.run(Self.follow + world.stateDirectory)
        await world.log.wait(for: "d.conf has been updated")
        for (number, name) in ["a", "b", "c"].enumerated() {
            store.put("/app/\(name)", nil)
            await world.log.wait(for: "\(name).conf has been removed")
            #expect(try await eventually { world.commands.count == number + 2 }, "\(world.log.entries.suffix(3))")
        }
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("was changed right after its") == 0)
    }

    /// A definition that changes while confd runs: the old files go, the new ones come.
    @Test func followsADefinition() async throws {
        let world = try EngineWorld(TestStore(["/app/a": "1", "/app/b": "2"]))
        try world.items("sites", fields: "prune = true\nmax_remove = 0")
        async let code = world.run(["-interval", "3600"] + world.stateDirectory)
        await world.log.wait(for: "b.conf has been updated")
        try world.items("sites", dest: "{{.name}}.new", fields: "prune = true\nmax_remove = 0")
        world.requests.readAnew()
        await world.log.wait(for: "b.conf has been removed")
        #expect(world.outputs == ["a.new": "a=1", "b.new": "b=2"])
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    /// Random puts, deletes, hand edits and files of others: after each pass the directory is what the keys say, and what
    /// others have put there.
    @Test(arguments: 0..<6)
    func randomHistories(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let store = TestStore([:])
        let world = try EngineWorld(store)
        try world.items("sites", fields: "prune = true\nmax_remove = 0")
        var keys: [String: String] = [:]
        var ours: [String: String] = [:]
        var others: [String: String] = [:]
        for step in 0..<12 {
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let name = ["a", "b", "c", "d", "e"].randomElement(using: &generator)!
                let file = "\(name).conf"
                switch Int.random(in: 0..<6, using: &generator) {
                case 0, 1:
                    keys[name] = "\(step)"
                    store.put("/app/\(name)", "\(step)")
                case 2, 3:
                    keys[name] = nil
                    store.put("/app/\(name)", nil)
                case 4:
                    try world.write(file, "edited \(step)")
                    others[file] = "edited \(step)"
                    ours[file] = nil
                default:
                    guard world.output(file) != nil else { continue }
                    try Files.unlink(world.path(file))
                    others[file] = nil
                    ours[file] = nil
                }
            }
            try await once(world)
            ours = ours.filter { keys[String($0.key.dropLast(5))] != nil }
            // A file that confd has written in this pass is its own, also if another process wrote it before.
            for (name, value) in keys {
                ours["\(name).conf"] = "\(name)=\(value)"
                others["\(name).conf"] = nil
            }
            let expected = others.merging(ours) { $1 }
            #expect(world.outputs == expected, "step \(step): \(world.log.entries.suffix(20))")
        }
    }

    #if DEBUG
        /// Random changes, and a pass in which a call fails as on a full or broken disk: each file is the one of before or
        /// the new one as a whole, nothing goes that has a key, and the next pass makes good what is missing.
        @Test(arguments: 0..<6)
        func randomHistoriesOnAFailingDisk(_ seed: Int) async throws {
            var generator = SeededGenerator(seed: UInt64(seed))
            let store = TestStore([:])
            let world = try EngineWorld(store)
            try world.items("sites", fields: "prune = true\nmax_remove = 0")
            var keys: [String: String] = [:]
            for step in 0..<12 {
                let before = world.outputs
                for name in ["a", "b", "c", "d", "e"] where Bool.random(using: &generator) {
                    keys[name] = Bool.random(using: &generator) ? "\(step)" : nil
                    store.put("/app/\(name)", keys[name])
                }
                let expected = Dictionary(uniqueKeysWithValues: keys.map { ("\($0).conf", "\($0)=\($1)") })
                let call = ["pwrite", "fsync", "rename", "open", "unlink", "fstat"].randomElement(using: &generator)!
                let fault = Faults.Fault(
                    call, nth: Int.random(in: 1...12, using: &generator),
                    code: [5, 28].randomElement(using: &generator)!)
                _ = try await Faults.with(fault) { try await world.run(["-onetime"] + world.stateDirectory) }
                let context = "step \(step), \(fault): \(world.log.entries.suffix(20))"
                for (name, text) in world.outputs where !name.hasPrefix(".") {
                    #expect(text == before[name] || text == expected[name], "\(context)")
                }
                for name in before.keys where expected[name] != nil {
                    #expect(world.output(name) != nil, "\(context)")
                }
                try await once(world)
                #expect(world.outputs == expected, "\(context)")
            }
        }
    #endif
}

import Backends
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// `-interval`: everything is read anew when its time has come by the test's clock.
@Suite(.timeLimit(.minutes(5))) struct EngineIntervalTests {
    private static let interval = Duration.seconds(10)
    private static let arguments = ["-interval", "10"]

    /// A template that makes another file at each pass.
    private static let clock = "{{datetime.UnixNano}}"

    /// Begins the next pass, and waits for `text` in the log.
    private func pass(_ world: EngineWorld, until text: String) async {
        world.advance(by: Self.interval)
        await world.log.wait(for: text)
    }

    @Test func readsKeysTemplatesAndResourcesAnew() async throws {
        let store = TestStore(["/app/name": "first"])
        let world = try EngineWorld(store)
        try world.resource("app", template: #"name {{getv "/app/name"}}"#)
        async let code = world.run(Self.arguments)
        let updated = "app has been updated"
        await world.log.wait(for: updated)
        #expect(world.output("app") == "name first")

        store.put("/app/name", "second")
        world.advance(by: Self.interval - .seconds(1))
        world.advance(by: .seconds(1))
        await world.log.wait(for: updated)
        #expect(world.output("app") == "name second", "a changed key")

        try world.template("app", #"edited {{getv "/app/name"}}"#)
        await pass(world, until: updated)
        #expect(world.output("app") == "edited second", "a changed template")

        let late = #"late {{getv "/app/name"}}"#
        try world.resource("late", template: late)
        await pass(world, until: "late has been updated")
        #expect(world.output("late") == "late second", "a new resource")

        try world.resource("late", fields: "mode = \"0600\"", template: late)
        await pass(world, until: "late has mode -rw-r--r-- should be -rw-------")
        #expect(try await eventually { try Files.status(world.path("late")).mode & 0o777 == 0o600 })

        try world.dropResource("late")
        store.put("/app/name", "third")
        // A pass does not read a store that is being read already.
        #expect(
            try await eventually {
                world.advance(by: Self.interval)
                return world.output("app") == "edited third"
            })
        #expect(world.output("late") == "late second")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("late has been updated") == 1, "a resource that is gone is not rendered")
    }

    @Test func badInputDoesNotEndIt() async throws {
        // The third read of the keys fails.
        let store = TestStore(["/app/name": "first"]) { read, _ in
            read == 3 ? BackendError(.unreachable, "the store is away") : nil
        }
        let world = try EngineWorld(store)
        try world.resource("app")
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "app has been updated")
        try world.resourceFile("broken", "[template\n")
        try world.template("app", "{{")
        await pass(world, until: "broken.toml:1:")
        await world.log.wait(for: "app.tmpl:1:")
        #expect(world.output("app") == "first")
        // A pass does not read a store that is being read already.
        #expect(
            try await eventually {
                world.advance(by: Self.interval)
                return world.log.count("the store is away") > 0
            })
        try world.template("app", #"{{getv "/app/name"}}"#)
        store.put("/app/name", "healed")
        // A pass does not read a store whose failed read is being repeated: one of the next passes does.
        let isHealed = try await eventually {
            world.advance(by: Self.interval)
            return world.output("app") == "healed"
        }
        #expect(isHealed, "\(world.log.entries)")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    /// Found by reading: a store that is read for longer than `-interval` was read from the start each time, and never to the end.
    @Test(arguments: [[], ["-watch"]])
    func aReadThatTakesLongerThanTheIntervalIsFinished(_ more: [String]) async throws {
        let mayAnswer = Semaphore()
        let store = TestStore(["/app/name": "late"]) { _, _ in
            mayAnswer.wait()
            return nil
        }
        let world = try EngineWorld(store)
        try world.resource("app")
        try world.resource("pass", keys: [], template: Self.clock)
        async let code = world.run(Self.arguments + more)
        await world.log.wait(for: "pass has been updated")
        #expect(try await eventually { store.reads == 1 })
        for _ in 1...3 { await pass(world, until: "pass has been updated") }
        mayAnswer.post()
        await world.log.wait(for: "app has been updated")
        #expect(world.output("app") == "late" && store.reads == 1)
        // The next pass reads it again, and a HUP does at once.
        world.advance(by: Self.interval)
        #expect(try await eventually { store.reads == 2 })
        world.requests.readAnew()
        #expect(try await eventually { world.log.count("Captured hangup") == 1 })
        mayAnswer.post()
        #expect(try await eventually { store.reads == 3 })
        mayAnswer.post()
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func waitsForAFirstResource() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "here"]))
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "WARNING Found no templates")
        try world.resource("app")
        await pass(world, until: "app has been updated")
        #expect(world.output("app") == "here")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func unchangedKeysReloadNothing() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "same"]))
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        try world.resource("pass", template: Self.clock)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "pass has been updated")
        for _ in 1...3 { await pass(world, until: "pass has been updated") }
        #expect(try await eventually { world.commands.count == 1 })
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload"] && world.log.count("app has been updated") == 1)
    }

    /// A link in a dest is changed and leads to the file of another resource: the error names that resource, and the two do
    /// not overwrite each other.
    @Test func aLinkThatIsChangedLaterIsNamed() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "x"]))
        try Files.makeFolder(world.path("away"))
        try Files.makeLink(world.path("linked"), to: "away")
        try world.resource("1", dest: world.path("x"), fields: "reload_cmd = \"first\"", template: "text 1")
        try world.resource("2", dest: world.path("linked/x"), fields: "reload_cmd = \"second\"", template: "text 2")
        try world.resource("pass", template: Self.clock)
        async let code = world.run(Self.arguments)
        #expect(try await eventually { world.commands.count == 2 })
        #expect(world.output("x") == "text 1" && world.output("away/x") == "text 2")
        try Files.unlink(world.path("linked"))
        try Files.makeLink(world.path("linked"), to: ".")
        await pass(world, until: "is already written by 1.toml")
        for _ in 1...2 { await pass(world, until: "pass has been updated") }
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.output("x") == "text 1" && world.commands.count == 2)
    }
}

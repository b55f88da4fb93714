import Backends
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// What failed is tried again without an event, when its time has come by the test's clock.
@Suite(.timeLimit(.minutes(5))) struct EngineRetryTests {
    private static let arguments = ["-watch", "-interval", "0"]
    private static let updated = "app has been updated"

    /// Lets time pass until `condition` holds; whether it did.
    private func passTime(_ world: EngineWorld, until condition: () -> Bool) async throws -> Bool {
        try await eventually {
            world.advance(by: .seconds(1))
            return condition()
        }
    }

    /// One change, a reload that fails twice: three runs.
    @Test func aFailedReload() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        async let code = world.run(Self.arguments) { _ in world.commands.count < 3 ? 1 : 0 }
        await world.log.wait(for: "reload_cmd failed: exit status 1; it stays owed")
        #expect(world.commands.count == 1, "not before its time")
        #expect(try await passTime(world) { world.log.count(Self.updated) == 1 })
        world.advance(by: .seconds(3_600))
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.commands.count == 3, "what succeeded is not run again")
        #expect(world.log.count("reload_cmd failed") == 2)
    }

    /// A destination that cannot be written, until it can; others are not held up.
    @Test func aFailedReplacement() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app", dest: world.path("late/app"))
        try world.resource("other")
        async let code = world.run(Self.arguments)
        #expect(
            try await eventually {
                world.log.count("cannot create a file beside") == 1 && world.output("other") == "one"
            })
        try Files.makeFolder(world.path("late"))
        #expect(try await passTime(world) { world.output("late/app") == "one" })
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("ERROR ") == 1)
        // Report: each attempt logged the difference anew, after which the error was not to be seen any more.
        #expect(world.log.count("late/app out of sync") == 1, "\(world.log.entries)")
    }

    /// A service that takes no bad file: three attempts, then the one before comes back, and the bad one is not tried again.
    @Test func aRollback() async throws {
        let store = TestStore(["/app/name": "good"])
        let world = try EngineWorld(store)
        try world.resource("app", fields: "reload_cmd = \"reload\"\nrollback = true")
        let seen = Mutex<[String?]>([])
        async let code = world.run(Self.arguments) { _ in
            let text = world.output("app")
            seen.withLock { $0.append(text) }
            return text?.hasPrefix("good") == true ? 0 : 1
        }
        await world.log.wait(for: Self.updated)
        store.put("/app/name", "bad")
        let back = "putting the previous \(world.path("app")) back"
        #expect(try await passTime(world) { world.log.count(back) == 1 && seen.withLock { $0.count } == 5 })
        #expect(seen.withLock { $0 } == ["good", "bad", "bad", "bad", "good"])
        // Another template that gives the same content.
        try world.template("app", #"{{/* anew */}}{{getv "/app/name"}}"#)
        await world.log.wait(for: "the same content was refused before")
        store.put("/app/name", "good again")
        await world.log.wait(for: Self.updated)
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(seen.withLock { $0 } == ["good", "bad", "bad", "bad", "good", "good again"])
    }

    /// Report: nginx's line number was of a file that is gone, and no key was named.
    @Test func aRefusalNamesWhatChanged() async throws {
        let store = TestStore(["/app/name": "good", "/app/other": "1"])
        let world = try EngineWorld(store)
        try world.resource("app", fields: "check_cmd = \"check {{.src}}\"")
        let checks = Mutex(0)
        async let code = world.run(Self.arguments) { _ in
            checks.withLock {
                $0 += 1
                return $0 == 1 ? 0 : 1
            }
        }
        await world.log.wait(for: Self.updated)
        store.put("/app/name", "bad")
        await world.log.wait(for: "Config check failed: exit status 1")
        let error = world.log.entries.last { $0.contains("Config check failed") }
        #expect(error?.contains(", changed: /app/name, revision ") == true, "\(world.log.entries)")
        store.put("/app/name", "good")
        await world.log.wait(for: "in sync again")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("ERROR app.toml: ") == 1, "\(world.log.entries)")
    }

    /// Files are replaced at once; their reload waits for the interval, and is not dropped.
    @Test func anEarlyReload() async throws {
        let store = TestStore(["/app/name": "one"])
        let world = try EngineWorld(store)
        try world.resource("app", fields: "reload_cmd = \"reload\"\nmin_reload_interval = \"10s\"")
        let seen = Mutex<[String]>([])
        async let code = world.run(Self.arguments) { _ in
            seen.withLock { $0.append(world.output("app") ?? "") }
            return 0
        }
        await world.log.wait(for: Self.updated)
        for value in ["two", "three", "four"] {
            store.put("/app/name", value)
            #expect(try await eventually { world.output("app") == value })
        }
        world.advance(by: .seconds(9))
        try world.resource("other")
        await world.log.wait(for: "other has been updated")
        #expect(seen.withLock { $0 } == ["one"], "too early")
        world.advance(by: .seconds(2))
        await world.log.wait(for: Self.updated)
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(seen.withLock { $0 } == ["one", "four"], "none is dropped")
    }

    /// Attack: a reload_cmd that edits its own template ran nine times a second, for ever.
    @Test func aReloadThatEditsItsTemplate() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app", fields: "reload_cmd = \"reload\"", template: "x")
        async let code = world.run(Self.arguments) { _ in
            do {
                try world.template("app", "x\(world.commands.count)")
                return 0
            } catch {
                return 1
            }
        }
        await world.log.wait(for: "WARNING app.toml: its template or dest was changed right after")
        #expect(world.commands.count == 1, "by a clock that stands still there is no second one")
        for count in 2...3 {
            world.advance(by: .seconds(2))
            #expect(try await eventually { world.commands.count == count })
            #expect(try await eventually { world.output("app") == "x\(count)" })
        }
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    /// A request to stop while a reload runs: the reload is finished, and nothing is owed.
    @Test func aRequestToStopDuringAReload() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        let code = try await world.run(Self.arguments) { _ in
            world.requests.stop()
            return 0
        }
        #expect(code == 0 && world.log.count(Self.updated) == 1, "\(world.log.entries)")
        let next = try world.restarted(clock: ManualClock())
        #expect(try await next.run(["-onetime"]) == 0, "\(next.log.entries)")
        #expect(world.commands == ["reload"] && next.commands == [], "nothing is owed")
    }
}

import Backends
import Posix
import Testing

@testable import Applying
@testable import ConfdCore

/// `-watch` in process: the engine applies changes as the store reports them.
@Suite(.timeLimit(.minutes(5))) struct EngineFollowTests {
    private static let arguments = ["-watch", "-interval", "0"]

    @Test func appliesWhatIsDelivered() async throws {
        let store = TestStore(["/app/name": "one", "/other/name": "x"])
        let world = try EngineWorld(store)
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        try world.resource("other", keys: ["/other"], template: #"{{getv "/other/name"}}"#)
        async let code = world.run(Self.arguments)
        let updated = "Target config \(world.path("app")) has been updated"
        await world.log.wait(for: updated)
        #expect(world.output("app") == "one")
        store.put("/app/name", "two")
        await world.log.wait(for: updated)
        #expect(world.output("app") == "two")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload", "reload"])
        #expect(world.log.count("\(world.path("other")) has been updated") <= 1, "its keys have not changed")
    }

    /// A failure is tried again after a pause, which never ends here because the test's clock stands still; a changed key is
    /// tried at once.
    @Test func aChangeIsTriedAtOnceAfterAFailure() async throws {
        let store = TestStore(["/app/other": "x"])
        let world = try EngineWorld(store)
        try world.resource("app")
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "ERROR app.toml")
        store.put("/app/name", "found")
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "found")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func aRequestToStopEndsWithoutABackend() async throws {
        let away = BackendError(.unreachable, "the store is away")
        let world = try EngineWorld(TestStore { _, _ in away })
        try world.resource("app")
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "the store is away")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.output("app") == nil)
    }

    /// Report: where a template, a resource file or somebody else was the cause, the log named a key, or nothing.
    @Test func anUpdateNamesItsCause() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("app")
        async let code = world.run(["-interval", "3600"])
        await world.log.wait(for: "\(world.path("app")) has been updated")
        try world.template("app", #"new {{getv "/app/name"}}"#)
        world.requests.readAnew()
        await world.log.wait(for: "has been updated (\(world.directory("templates/app.tmpl")) was changed, revision 1)")
        try world.write("app", "by hand")
        world.requests.readAnew()
        await world.log.wait(for: "has been updated (somebody else had changed it, revision 1)")
        try world.resource("app", fields: "left_delimiter = \"[[\"\nright_delimiter = \"]]\"", template: "x")
        world.requests.readAnew()
        await world.log.wait(for: "has been updated (its resource file was changed, \(world.directory.path)")
        try world.resource("app", dest: world.path("moved"), template: "y")
        world.requests.readAnew()
        await world.log.wait(for: "\(world.path("moved")) has been updated (its resource file was changed, revision 1)")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.output("moved") == "y")
    }

    /// HUP reads everything anew: a resource that is new is taken up, without -watch too.
    @Test func readsResourcesAnew() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("a")
        async let code = world.run(["-interval", "3600"])
        await world.log.wait(for: "\(world.path("a")) has been updated")
        try world.resource("b")
        world.requests.readAnew()
        await world.log.wait(for: "\(world.path("b")) has been updated")
        #expect(world.output("b") == "found")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }
}

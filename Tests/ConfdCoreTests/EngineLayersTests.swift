import Backends
import Configuration
import KeyValue
import Posix
import Synchronization
import Testing

@testable import Applying
@testable import ConfdCore

/// Resources whose keys come from several stores, in process.
@Suite(.timeLimit(.minutes(5))) struct EngineLayersTests {
    private static let away = BackendError(.unreachable, "the store is away")
    private static let arguments = ["-watch", "-interval", "0"]
    private static let template = #"{{getv "/app/name"}} {{getv "/app/color" "none"}}"#

    @Test func anEarlierStoreWinsAndEachChangeCounts() async throws {
        let first = TestStore(["/app/name": "first"])
        let second = TestStore(["/app/name": "second", "/app/color": "red"])
        let world = try EngineWorld(layers: [.of(first, name: "one"), .of(second, name: "two")])
        try world.resource("app", template: Self.template)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "first red")
        second.put("/app/color", "blue")
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "first blue")
        first.replace(by: [:])
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "second blue")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func aMountedStoreIsAFolder() async throws {
        let world = try EngineWorld(layers: [
            .of(TestStore(["/name": "mounted", "/app/name": "no"]), name: "one", mount: "/app"),
            .of(TestStore(["/app/name": "no", "/app/color": "red"]), name: "two"),
        ])
        try world.resource("app", template: Self.template)
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(world.output("app") == "mounted red")
    }

    /// `-onetime` does not wait for it either, and succeeds.
    @Test func anOptionalStoreMayBeAway() async throws {
        let missing = TestStore { _, _ in Self.away }
        let world = try EngineWorld(layers: [
            .of(missing, name: "one", isOptional: true), .of(TestStore(["/app/name": "found"]), name: "two"),
        ])
        try world.resource("app", template: Self.template)
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(world.output("app") == "found none")
        #expect(world.log.entries.contains { $0.contains("WARNING") && $0.contains("the store is away") })
        #expect(world.log.count("ERROR") == 0, "\(world.log.entries)")
    }

    @Test func aRequiredStoreMustNotBeAway() async throws {
        let missing = TestStore { _, _ in Self.away }
        let world = try EngineWorld(layers: [
            .of(TestStore(["/app/name": "found"]), name: "one"), .of(missing, name: "two"),
        ])
        try world.resource("app", template: Self.template)
        #expect(try await world.run(["-onetime"]) == 4, "\(world.log.entries)")
        #expect(world.output("app") == nil)
        #expect(world.log.count("the store is away") == 1)
    }

    @Test func anOptionalStoreThatComesBackIsTakenUp() async throws {
        let isAway = Mutex(true)
        let back = TestStore(["/app/color": "red"]) { _, _ in isAway.withLock { $0 } ? Self.away : nil }
        let world = try EngineWorld(layers: [
            .of(back, name: "one", isOptional: true), .of(TestStore(["/app/name": "found"]), name: "two"),
        ])
        try world.resource("app", template: Self.template)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "found none")
        isAway.withLock { $0 = false }
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "found red")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }
}

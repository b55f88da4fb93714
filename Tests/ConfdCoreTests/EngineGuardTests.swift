import Backends
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// `[template.guard]` in the engine: a store that looks empty does not empty a file.
@Suite(.timeLimit(.minutes(5))) struct EngineGuardTests {
    private static let template = "{{range gets \"/s/*\"}}{{.Value}}\n{{end}}"
    private static let five = ["/s/a": "1", "/s/b": "2", "/s/c": "3", "/s/d": "4", "/s/e": "5"]
    private static let full = "1\n2\n3\n4\n5\n"

    private let state: TemporaryDirectory
    private let clock = ManualClock()

    init() throws { state = try TemporaryDirectory() }

    private var follow: [String] { ["-watch", "-interval", "0", "-state-dir", state("state")] }
    private var once: [String] { ["-onetime", "-state-dir", state("state")] }

    private func world(_ store: TestStore, _ guardFields: String) throws -> EngineWorld {
        let world = try EngineWorld(store, clock: clock)
        try add(to: world, guardFields)
        return world
    }

    private func add(to world: EngineWorld, _ guardFields: String) throws {
        try world.resource(
            "app", keys: ["/s"], fields: "reload_cmd = \"reload\"\n[template.guard]\n\(guardFields)",
            template: Self.template)
    }

    private func record() throws -> ResourceRecord {
        let text = try #require(state.text("state/resources/app.toml.json"))
        return try #require(ResourceRecord(parsing: Array(text.utf8)))
    }

    @Test func holdsUntilTheDataComeBack() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "max_drop = \"50%\"")
        async let code = world.run(follow)
        await world.log.wait(for: "has been updated")
        store.replace(by: ["/s/a": "1"])
        await world.log.wait(for: "held by guard: 4 of 5 keys would be gone (max_drop 50%)")
        #expect(world.output("app") == Self.full)
        // Each change is looked at, and nothing more is said.
        store.replace(by: [:])
        store.replace(by: Self.five)
        await world.log.wait(for: "held no longer")
        #expect(world.output("app") == Self.full)
        store.replace(by: ["/s/a": "1", "/s/b": "2", "/s/c": "3"])
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "1\n2\n3\n")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("held by guard") == 1)
        #expect(world.commands == ["reload", "reload"])
        #expect(try record().keys == KeyCounts(total: 3) && record().heldSince == nil)
    }

    @Test func isBelievedAfterTheTime() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "min_keys = 2\nhold = \"60s\"")
        async let code = world.run(follow)
        await world.log.wait(for: "has been updated")
        store.replace(by: [:])
        await world.log.wait(for: "held by guard: there would be 0 keys (min_keys 2)")
        #expect(world.output("app") == Self.full)
        clock.advance(by: .seconds(60))
        world.requests.wake()
        await world.log.wait(for: "now believed")
        #expect(world.output("app") == "")
        await world.log.wait(for: "has been updated")
        // What was believed is not held again.
        store.replace(by: ["/s/x": "9"])
        await world.log.wait(for: "has been updated")
        #expect(world.output("app") == "9\n")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("held by guard") == 1)
    }

    @Test func holdsOverARestart() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "max_drop = \"50%\"\nhold = 0")
        async let first = world.run(follow)
        await world.log.wait(for: "has been updated")
        world.requests.stop()
        #expect(try await first == 0)
        // The data go while confd is down, which is the worst moment.
        store.replace(by: [:])
        let second = try world.restarted(clock: clock)
        async let code = second.run(follow)
        await second.log.wait(for: "held by guard: 5 of 5 keys")
        #expect(second.output("app") == Self.full)
        second.requests.stop()
        #expect(try await code == 0, "\(second.log.entries)")
        let held = try #require(try record().heldSince)
        // The next start holds since the same time, and logs it again.
        let third = try world.restarted(clock: clock)
        async let last = third.run(follow)
        await third.log.wait(for: "held by guard")
        third.requests.stop()
        #expect(try await last == 0)
        #expect(try record().heldSince == held)
        #expect(third.output("app") == Self.full)
    }

    @Test func onetimeHoldsAndFails() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "max_drop = \"50%\"")
        #expect(try await world.run(once) == 0)
        #expect(try record().keys == KeyCounts(total: 5))
        store.replace(by: [:])
        let held = try await world.run(once)
        #expect(held == 1, "\(world.log.entries)")
        #expect(world.log.count("0 changed, 0 in sync, 1 held, 0 failed") == 1, "\(world.log.entries)")
        #expect(world.output("app") == Self.full)
        let since = try #require(try record().heldSince)
        // -check changes nothing, and says what would be held.
        let checked = try await world.run(["-check", "-state-dir", state("state")])
        #expect(checked == 3, "\(world.log.entries)")
        #expect(world.log.count("held by guard") == 2)
        // When it was held for long enough it is believed.
        var old = try record()
        old.heldSince = WallTime(seconds: since.seconds - 600)
        try state.write("state/resources/app.toml.json", String(decoding: old.json, as: UTF8.self))
        #expect(try await world.run(once) == 0, "\(world.log.entries)")
        #expect(world.output("app") == "")
        #expect(try record().heldSince == nil && record().keys == KeyCounts(total: 0))
    }

    /// Without a file nothing is lost, so only `min_keys` counts.
    @Test func aFirstRenderingHasOnlyAMinimum() async throws {
        let store = TestStore(["/s/a": "1"])
        let world = try world(store, "max_drop = \"0%\"\nmax_change = \"0%\"")
        #expect(try await world.run(once) == 0, "\(world.log.entries)")
        #expect(world.output("app") == "1\n")
        let guarded = try EngineWorld(store, clock: clock)
        try add(to: guarded, "min_keys = 2")
        #expect(try await guarded.run(["-onetime"]) == 1)
        #expect(guarded.output("app") == nil)
    }

    @Test func countsLines() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "max_change = \"60%\"")
        #expect(try await world.run(once) == 0)
        store.replace(by: ["/s/a": "1", "/s/b": "x", "/s/c": "x", "/s/d": "x", "/s/e": "5"])
        #expect(try await world.run(once) == 0, "\(world.log.entries)")
        store.replace(by: ["/s/a": "y", "/s/b": "y", "/s/c": "y", "/s/d": "y", "/s/e": "5"])
        #expect(try await world.run(once) == 1, "\(world.log.entries)")
        #expect(world.log.count("4 of 5 lines would change (max_change 60%)") == 1)
    }

    /// `max_drop` without a place to remember what was applied would be no guard.
    @Test func aDropNeedsTheStateDirectory() async throws {
        let world = try world(TestStore(Self.five), "max_drop = \"50%\"")
        #expect(try await world.run(["-onetime"]) == 1)
        #expect(world.log.count("guard: max_drop needs -state-dir") == 1, "\(world.log.entries)")
        #expect(world.output("app") == nil)
    }

    /// A resource that was edited to read other keys still has its old file to lose.
    @Test func aWrongPrefixIsHeld() async throws {
        let store = TestStore(Self.five)
        let world = try world(store, "max_drop = \"50%\"")
        async let code = world.run(follow)
        await world.log.wait(for: "has been updated")
        try world.resource(
            "app", keys: ["/s"], fields: "prefix = \"/wrong\"\n[template.guard]\nmax_drop = \"50%\"",
            template: Self.template)
        await world.log.wait(for: "held by guard: 5 of 5 keys would be gone")
        try add(to: world, "max_drop = \"50%\"")
        await world.log.wait(for: "held no longer")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.output("app") == Self.full)
    }
}

import Backends
import KeyValue
import Posix
import Synchronization
import Testing

@testable import Applying
@testable import ConfdCore

/// `-onetime` in process: the engine stops when nothing is due.
@Suite(.timeLimit(.minutes(5))) struct EngineOnceTests {
    private static let away = BackendError(.unreachable, "the store is away")

    @Test func reloadsComeAfterAllFiles() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        for name in ["a", "b", "c"] {
            try world.resource(name, fields: "reload_cmd = \"reload \(name == "b" ? "other" : "shared")\"")
        }
        let isComplete = Mutex(true)
        let code = try await world.run(["-onetime"]) { _ in
            if ["a", "b", "c"].contains(where: { world.output($0) != "found" }) { isComplete.withLock { $0 = false } }
            return 0
        }
        #expect(code == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload shared", "reload other"], "each once, in the order of the files")
        #expect(isComplete.withLock { $0 })
        #expect(world.log.entries.last?.contains("3 changed, 0 in sync, 0 failed, in 0 ms") == true)
    }

    @Test func failuresAreCountedAndNotTriedAgain() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("broken", template: #"{{getv "/app/none"}}"#)
        try world.resource("owed", fields: "reload_cmd = \"reload\"")
        try world.resource("refused", fields: "check_cmd = \"check {{.src}}\"")
        let code = try await world.run(["-onetime"]) { _ in 1 }
        #expect(code == 1, "\(world.log.entries)")
        #expect(world.commands.count == 2 && world.commands.last == "reload", "\(world.commands)")
        #expect(world.output("owed") == "found" && world.output("refused") == nil)
        #expect(world.log.entries.last?.contains("1 written, 1 reload owed, 0 in sync, 2 failed") == true)
    }

    /// Without -retry-for a backend is asked once; what needs no keys is written all the same.
    @Test func aBackendThatIsAwayFailsItsResources() async throws {
        let store = TestStore { _, _ in Self.away }
        let world = try EngineWorld(store)
        try world.resource("app")
        try world.resource("none", keys: [], template: "x")
        #expect(try await world.run(["-onetime"]) == 4, "\(world.log.entries)")
        #expect(store.reads == 1)
        #expect(world.output("app") == nil && world.output("none") == "x")
        #expect(world.log.count("the store is away") == 1)
        #expect(world.log.entries.last?.contains("1 changed, 0 in sync, 1 failed") == true)
    }

    /// The third attempt succeeds, or comes after the end of -retry-for and is the last.
    @Test(arguments: [(true, Int32(0)), (false, 4)])
    func aBackendIsTriedAgain(_ succeeds: Bool, _ expected: Int32) async throws {
        let clock = ManualClock()
        let store = TestStore(["/app/name": "found"]) { read, _ in
            if read < 3 { return Self.away }
            if succeeds { return nil }
            clock.advance(by: .seconds(3_600))
            return Self.away
        }
        let world = try EngineWorld(store, clock: clock)
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        #expect(try await world.run(["-onetime", "-retry-for", "1h"]) == expected, "\(world.log.entries)")
        #expect(store.reads == 3)
        #expect(world.output("app") == (succeeds ? "found" : nil))
        #expect(world.commands == (succeeds ? ["reload"] : []))
        #expect(world.log.count("the store is away") == (succeeds ? 2 : 3), "each attempt is an error")
    }

    /// What waits for a backend that is away holds up neither the files nor the reloads of others: the second attempt waits
    /// until a reload has run.
    @Test func othersDoNotWaitForABackend() async throws {
        let hasReloaded = Semaphore()
        let store = TestStore(["/app/name": "found"]) { read, _ in
            if read == 1 { return Self.away }
            hasReloaded.wait()
            return nil
        }
        let world = try EngineWorld(store)
        try world.resource("app")
        try world.resource("none", keys: [], fields: "reload_cmd = \"reload\"", template: "x")
        let code = try await world.run(["-onetime", "-retry-for", "1h"]) { _ in
            hasReloaded.post()
            return 0
        }
        #expect(code == 0, "\(world.log.entries)")
        #expect(world.output("app") == "found" && world.output("none") == "x")
    }

    @Test func whatMayNotBeReadFailsAlone() async throws {
        let secret = KeyRange(cleaned: Array("/secret".utf8))
        let store = TestStore(["/app/name": "found"]) { _, ranges in
            ranges.contains(secret) ? BackendError(.unreachable, "permission denied", refused: secret) : nil
        }
        let world = try EngineWorld(store)
        try world.resource("app")
        try world.resource("secret", keys: ["/secret"], template: "x")
        #expect(try await world.run(["-onetime"]) == 4, "\(world.log.entries)")
        #expect(world.output("app") == "found" && world.output("secret") == nil)
        // The follower may ask once more before the engine has given the refused resource one of its own.
        #expect((2...3).contains(store.reads))
        #expect((1...2).contains(world.log.count("permission denied")))
        #expect(world.log.entries.last?.contains("1 changed, 0 in sync, 1 failed") == true)
    }

    @Test func failFastStopsAtTheFirst() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("a", fields: "reload_cmd = \"reload\"")
        try world.resource("b", template: #"{{getv "/app/none"}}"#)
        for name in ["c", "d"] { try world.resource(name) }
        #expect(try await world.run(["-onetime", "-failure-mode", "fail-fast"]) == 1, "\(world.log.entries)")
        #expect(world.output("a") == "found" && world.output("c") == nil && world.output("d") == nil)
        #expect(world.commands == ["reload"], "what was replaced is reloaded")
        #expect(world.log.count("Fail-fast mode: stopping after error in \(world.path("b"))") == 1)
        #expect(world.log.entries.last?.contains("1 changed, 0 in sync, 1 failed") == true)
    }

    @Test func checksInPlaceComeAfterOtherFiles() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("a", fields: "check_cmd = \"judge\"\nreload_cmd = \"reload\"")
        for name in ["b", "c"] { try world.resource(name) }
        let seen = Mutex<[String?]>([])
        let code = try await world.run(["-onetime"]) { command in
            if command == "judge" { seen.withLock { $0 = ["a", "b", "c"].map { world.output($0) } } }
            return 0
        }
        #expect(code == 0, "\(world.log.entries)")
        #expect(world.commands == ["judge", "reload"])
        #expect(seen.withLock { $0 } == ["found", "found", "found"])
    }

    /// A request to stop while a check runs: that resource is finished and reloaded, the next one is not begun.
    @Test func aRequestToStopEndsBeforeTheNextResource() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("a", fields: "check_cmd = \"check {{.src}}\"\nreload_cmd = \"reload\"")
        try world.resource("b")
        // With fail-fast one resource is applied at a time.
        let code = try await world.run(["-onetime", "-failure-mode", "fail-fast"]) { _ in
            world.requests.stop()
            return 0
        }
        #expect(code == 0, "\(world.log.entries)")
        #expect(world.output("a") == "found" && world.output("b") == nil)
        #expect(world.commands.last == "reload")
        #expect(world.log.count("in sync") == 0, "there is no summary")
    }

    /// A request to stop does not wait for a backend.
    @Test func aRequestToStopWhileKeysAreRead() async throws {
        let isOver = Semaphore()
        let requests = try Requests()
        let store = TestStore { _, _ in
            requests.stop()
            isOver.wait()
            return nil
        }
        let world = try EngineWorld(store, requests: requests)
        try world.resource("app")
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(world.log.count("in sync") == 0)
        isOver.post()
    }

    /// The command that confd becomes reads the files as it starts.
    @Test func aCommandThatIsStartedNeedsNoReload() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "found"]))
        try world.resource("a", fields: "reload_cmd = \"reload\"")
        #expect(try await world.run(["-onetime", "--", "true"]) == 0, "\(world.log.entries)")
        #expect(world.commands.isEmpty)
        #expect(world.log.count("Target config \(world.path("a")) has been updated") == 1)
    }

    @Test func nothingToDo() async throws {
        let world = try EngineWorld(TestStore())
        #expect(try await world.run(["-onetime"]) == 2)
        #expect(world.log.count("Found no templates in ") == 1)
    }
}

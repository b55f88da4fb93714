import Appliers
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// Resources whose file lists the servers of a balancer, in process.
@Suite(.timeLimit(.minutes(5))) struct EngineApplyTests {
    private static let arguments = ["-watch", "-interval", "0"]
    private static let template = """
        {{range gets "/web/*"}}{"id": "{{base .Key}}", "address": "{{.Value}}"}
        {{end}}
        """
    private static let table = "[template.apply]\ndriver = \"haproxy\"\nsocket = \"/nowhere/s\"\nbackend = \"web\"\n"
    private static let updated = "web has been updated"

    private func world(
        _ store: TestStore, _ balancer: ScriptedBalancer, fields: String = Self.table, template: String = Self.template
    ) throws -> EngineWorld {
        let world = try EngineWorld(store, makeDriver: { _ in balancer.makeDriver() })
        try world.resource("web", keys: ["/web"], fields: fields, template: template)
        return world
    }

    @Test func theBalancerFollowsTheKeys() async throws {
        let balancer = ScriptedBalancer()
        let store = TestStore(["/web/a": "127.0.0.1:1", "/web/b": "127.0.0.1:2"])
        let world = try world(store, balancer)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: Self.updated)
        #expect(balancer.servers == ["a", "b"])
        store.put("/web/c", "127.0.0.1:3")
        await world.log.wait(for: Self.updated)
        #expect(balancer.servers == ["a", "b", "c"])
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(balancer.drivers == 1 && world.commands.isEmpty)
    }

    /// The file is as it should be, and nothing is owed: the balancer is compared all the same.
    @Test func aStartComparesWithoutAnyChange() async throws {
        let balancer = ScriptedBalancer()
        let store = TestStore(["/web/a": "127.0.0.1:1"])
        let world = try world(store, balancer)
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        balancer.change { $0.servers = ["x"] }
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "haproxy /nowhere/s web has the 1 server of")
        #expect(balancer.servers == ["a"])
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func whatFailsIsOwedOnceSaidAndApplied() async throws {
        let balancer = ScriptedBalancer()
        balancer.change { $0.readError = ApplierError(.notASocket, "scripted") }
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "[template.apply] failed: scripted: not a socket; it stays owed")
        try #require(await eventually { balancer.reads >= 4 })
        balancer.change { $0.readError = nil }
        await world.log.wait(for: Self.updated)
        #expect(balancer.servers == ["a"])
        #expect(world.log.count("ERROR") == 1, "\(world.log.entries)")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }

    @Test func onetimeWaitsUntilItIsAsDesired() async throws {
        let balancer = ScriptedBalancer()
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer)
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(balancer.servers == ["a"])
        #expect(world.log.count("1 changed, 0 in sync, 0 failed") == 1, "\(world.log.entries)")
        // Nothing has changed, but the balancer was restarted.
        balancer.change { $0.servers = [] }
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(balancer.servers == ["a"])
        #expect(world.log.count("0 changed, 1 in sync, 0 failed") == 1, "\(world.log.entries)")
    }

    @Test func onetimeFailsWithANamedError() async throws {
        let balancer = ScriptedBalancer()
        balancer.change { $0.readError = ApplierError(.unknownBackend(suggestion: "wab"), "scripted") }
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer)
        #expect(try await world.run(["-onetime"]) == 1, "\(world.log.entries)")
        #expect(world.log.count("web.toml: [template.apply] failed: scripted: no such backend; it stays owed") == 1)
        #expect(world.log.count("1 written, 1 reload owed, 0 in sync, 0 failed") == 1, "\(world.log.entries)")
        // The next run finds the mark of the owed change on disk.
        balancer.change { $0.readError = nil }
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(world.log.count("is still owed") == 1, "\(world.log.entries)")
        #expect(balancer.servers == ["a"])
    }

    @Test func noopCallsNothing() async throws {
        let balancer = ScriptedBalancer()
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer)
        #expect(try await world.run(["-onetime", "-noop"]) == 0, "\(world.log.entries)")
        #expect(balancer.drivers == 0)
        let line = "Noop mode enabled. haproxy /nowhere/s web will not be compared with the 1 servers of"
        #expect(world.log.count(line) == 1, "\(world.log.entries)")
    }

    @Test func whatIsNoListIsNotInstalled() async throws {
        let balancer = ScriptedBalancer()
        let line = #"{"id": "a", "address": "127.0.0.1:1"}"# + "\n"
        for (text, message) in [
            (line + "{\"id\": \"b\"", ":2:11: "), (line + "[]\n", ":2:1: not a server: an array in place of an object"),
            (line + "\n" + #"{"id": "a", "address": "127.0.0.1:2"}"#, ":3:1: id \"a\" is that of line 1 too"),
            (#"{"id": "a", "address": "name:1"}"#, "server a: haproxy adds servers by address, not by name: name:1"),
        ] {
            let world = try world(TestStore(["/web/a": "x"]), balancer, template: text)
            #expect(try await world.run(["-onetime"]) == 1)
            #expect(world.log.count(message) == 1, "\(world.log.entries)")
            #expect(world.output("web") == nil)
        }
        #expect(balancer.drivers == 0)
    }

    // MARK: - fallback

    private static let fallback = "reload_cmd = \"reload\"\n\(table)fallback = true\n"

    @Test func whatCannotBeChangedLiveIsReloaded() async throws {
        let balancer = ScriptedBalancer()
        let fixed = ApplierError(.fixedAtStart("add server", said: "no"), "scripted")
        balancer.change { $0.changeError = fixed }
        let store = TestStore(["/web/a": "127.0.0.1:1"])
        let world = try world(store, balancer, fields: Self.fallback)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: Self.updated)
        #expect(world.commands == ["reload"])
        // A change that the balancer accepts needs no reload.
        balancer.change { $0.changeError = nil }
        store.put("/web/b", "127.0.0.1:2")
        await world.log.wait(for: Self.updated)
        #expect(balancer.servers == ["a", "b"] && world.commands == ["reload"])
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("ERROR") == 0, "\(world.log.entries)")
        // A start does not repeat the reload.
        balancer.change {
            $0.servers = []
            $0.changeError = fixed
        }
        let next = try world.restarted(clock: ManualClock())
        #expect(try await next.run(["-onetime"]) == 0, "\(next.log.entries)")
        #expect(next.commands == [], "\(next.log.entries)")
    }

    @Test func aFallbackThatFailsIsOwed() async throws {
        let balancer = ScriptedBalancer()
        balancer.change { $0.changeError = ApplierError(.fixedAtStart("add server", said: "no"), "scripted") }
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer, fields: Self.fallback)
        #expect(try await world.run(["-onetime"]) { _ in 3 } == 1, "\(world.log.entries)")
        #expect(world.log.count("reload_cmd failed: ") == 1, "\(world.log.entries)")
        #expect(try await world.run(["-onetime"]) == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload", "reload"])
    }

    /// Two balancers that cannot take their servers, of which one answers late, and one command that stands in for both.
    @Test(arguments: [["-onetime"], Self.arguments]) func oneFallbackForSeveralBalancers(_ arguments: [String])
        async throws
    {
        let (web, shop) = (ScriptedBalancer(), ScriptedBalancer())
        for balancer in [web, shop] {
            balancer.change { $0.changeError = ApplierError(.fixedAtStart("add server", said: "no"), "scripted") }
        }
        shop.change { $0.readTime = .milliseconds(300) }
        let world = try EngineWorld(
            TestStore(["/web/a": "127.0.0.1:1"]),
            makeDriver: { $0.subject.hasSuffix(" shop") ? shop.makeDriver() : web.makeDriver() })
        let table = Self.fallback.replacing("backend = \"web\"", with: "backend = \"shop\"")
        try world.resource("shop", keys: ["/web"], fields: table, template: Self.template)
        try world.resource("web", keys: ["/web"], fields: Self.fallback, template: Self.template)
        async let code = world.run(arguments)
        for _ in 0..<2 { await world.log.wait(for: "has been updated") }
        if arguments == Self.arguments { world.requests.stop() }
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.commands == ["reload"], "\(world.log.entries)")
    }

    /// Found by reading: a command that had failed was run again and again as long as another balancer had not answered.
    @Test func aFallbackThatFailsIsTriedOnceInOnePass() async throws {
        let (web, shop) = (ScriptedBalancer(), ScriptedBalancer())
        web.change { $0.changeError = ApplierError(.fixedAtStart("add server", said: "no"), "scripted") }
        shop.change { $0.readTime = .seconds(1) }
        let world = try EngineWorld(
            TestStore(["/web/a": "127.0.0.1:1"]),
            makeDriver: { $0.subject.hasSuffix(" shop") ? shop.makeDriver() : web.makeDriver() })
        let table = Self.table.replacing("backend = \"web\"", with: "backend = \"shop\"")
        try world.resource("shop", keys: ["/web"], fields: table, template: Self.template)
        try world.resource("web", keys: ["/web"], fields: Self.fallback, template: Self.template)
        let code = try await world.run(["-onetime"]) { _ in 1 }
        #expect(code == 1 && world.commands == ["reload"], "\(world.log.entries)")
    }

    // MARK: - Who owns the session

    @Test func anotherBalancerEndsTheSession() async throws {
        let balancer = ScriptedBalancer()
        let store = TestStore(["/web/a": "127.0.0.1:1"])
        let world = try world(store, balancer)
        async let code = world.run(["-interval", "3600"])
        await world.log.wait(for: Self.updated)
        try world.resource(
            "web", keys: ["/web"], fields: Self.table.replacing("\"web\"", with: "\"shop\""), template: Self.template)
        world.requests.readAnew()
        await world.log.wait(for: "haproxy /nowhere/s shop has the 1 server")
        #expect(balancer.drivers == 2)
        // A HUP after which the definition is the same opens no new session.
        store.put("/web/b", "127.0.0.1:2")
        world.requests.readAnew()
        await world.log.wait(for: Self.updated)
        #expect(balancer.servers == ["a", "b"])
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(balancer.drivers == 2)
    }

    @Test func aRequestToStopEndsWhatIsStuck() async throws {
        let balancer = ScriptedBalancer()
        balancer.change { $0.readError = ApplierError(.notASocket, "scripted") }
        let world = try world(TestStore(["/web/a": "127.0.0.1:1"]), balancer)
        async let code = world.run(Self.arguments)
        await world.log.wait(for: "not a socket")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
    }
}

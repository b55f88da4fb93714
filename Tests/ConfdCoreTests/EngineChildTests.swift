import Backends
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// `confd … -- COMMAND` in process: files first, then the command, and its exit code at the end.
@Suite(.timeLimit(.minutes(5))) struct EngineChildTests {
    private func arguments(_ script: String) -> [String] {
        ["-watch", "-interval", "0", "--", "/bin/sh", "-c", script]
    }

    private static let reminder = "WARNING /bin/sh is not started yet, it waits for "

    /// The files that the command reads as it starts need no reload; those that come later do.
    @Test func filesComeBeforeTheCommand() async throws {
        let store = TestStore(["/app/name": "one"])
        let world = try EngineWorld(store)
        try world.resource("app", fields: "reload_cmd = \"reload\"")
        let script = """
            test $(cat \(world.path("app"))) = one || exit 99
            touch \(world.path("hasRead"))
            until test -e \(world.path("end")); do sleep 0.02; done
            exit 7
            """
        async let code = world.run(arguments(script))
        await world.log.wait(for: "Started /bin/sh with process id")
        #expect(world.commands.isEmpty && world.log.count("app has been updated") == 1)
        #expect(try await eventually { world.output("hasRead") != nil })
        store.put("/app/name", "two")
        await world.log.wait(for: "app has been updated")
        #expect(world.commands == ["reload"])
        try world.write("end", "")
        #expect(try await code == 7, "\(world.log.entries)")
        #expect(world.log.count("ERROR /bin/sh ended with exit status 7") == 1)
    }

    /// Report: a container whose key was missing logged one error and then nothing for ever.
    @Test func isRemindedOfWhatItWaitsFor() async throws {
        let store = TestStore(["/app/name": "one"])
        let world = try EngineWorld(store)
        try world.resource("app", template: #"{{getv "/app/late"}}"#)
        try world.resource("other")
        async let code = world.run(arguments("exit 4"))
        await world.log.wait(for: "other has been updated")
        if world.log.count("key does not exist: /app/late") == 0 {
            await world.log.wait(for: "key does not exist: /app/late")
        }
        // The engine learns it later than the log.
        #expect(
            try await eventually {
                world.requests.logStatus()
                return world.log.entries.contains { $0.contains("was never written: ") && $0.contains("/app/late") }
            })
        // It may not know yet that the other file is there: then the reminder counts it too.
        world.advance(by: .seconds(4))
        world.advance(by: .seconds(2))
        await world.log.wait(for: "\(Self.reminder)app.toml")
        let said = world.log.entries.last { $0.contains(Self.reminder) }
        #expect(said?.contains("key does not exist: /app/late") == true)
        // The next one after twice the time.
        world.advance(by: .seconds(9))
        world.advance(by: .seconds(2))
        await world.log.wait(for: "\(Self.reminder)app.toml")
        #expect(world.log.count(Self.reminder) == 2, "\(world.log.entries)")
        store.put("/app/late", "here")
        #expect(try await code == 4, "\(world.log.entries)")
    }

    @Test func isRemindedOfTheBackend() async throws {
        let away = BackendError(.unreachable, "the store is away")
        let world = try EngineWorld(TestStore { _, _ in away })
        for name in ["app", "other"] { try world.resource(name) }
        async let code = world.run(arguments("exit 4"))
        await world.log.wait(for: "ERROR the store is away")
        world.advance(by: .seconds(5))
        await world.log.wait(for: "\(Self.reminder)app.toml (and for 1 more): backend test: the store is away")
        world.requests.stop()
        #expect(try await code == 0, "\(world.log.entries)")
        #expect(world.log.count("Started") == 0)
    }

    /// The command was never started: confd exits with 128 plus the number of the signal, not with 0.
    @Test(arguments: [(.terminate, 143), (.interrupt, 130), (.quit, 131)] as [(Signal, Int32)])
    func isNotStartedAnyMore(_ signal: Signal, _ expected: Int32) async throws {
        let away = BackendError(.unreachable, "the store is away")
        let world = try EngineWorld(TestStore { _, _ in away })
        try world.resource("app")
        async let code = world.run(arguments("exit 4"))
        await world.log.wait(for: "ERROR the store is away")
        world.requests.stop(by: signal)
        #expect(try await code == expected, "\(world.log.entries)")
    }

    @Test func isRemindedOfAFirstResource() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        async let code = world.run(arguments("exit 4"))
        await world.log.wait(for: "Found no templates")
        world.advance(by: .seconds(5))
        await world.log.wait(for: "\(Self.reminder)a resource file in \(world.directory("conf.d"))")
        try world.resource("app")
        #expect(try await code == 4, "\(world.log.entries)")
    }

    /// Report: a container with a slip in a template never started, and never ended. No key can mend these.
    @Test(arguments: [
        ("conf.d/app.toml", "[template\n", "app.toml:1:"), ("templates/app.tmpl", "{{if}}", "app.tmpl:1:"),
        ("templates/app.tmpl", "{{getz \"/x\"}}", "getz"),
    ])
    func isNotWaitedForWithoutHope(_ file: String, _ text: String, _ says: String) async throws {
        // Not even the store is waited for.
        let away = BackendError(.unreachable, "the store is away")
        let world = try EngineWorld(TestStore { _, _ in away })
        try world.resource("app")
        try world.directory.write(file, text)
        #expect(try await world.run(arguments("exit 4")) == 2)
        #expect(world.log.count(says) >= 1, "\(world.log.entries)")
        #expect(world.log.count("FATAL /bin/sh is not started: no key in the store can mend these errors") == 1)
    }

    @Test func theEndOfACommandThatWasAskedToEndIsNoError() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app")
        let script = "trap 'exit 5' TERM; touch \(world.path("started")); while :; do sleep 0.02; done"
        async let code = world.run(arguments(script))
        #expect(try await eventually { world.output("started") != nil })
        world.requests.stop()
        world.requests.endChild(.terminate)
        #expect(try await code == 5, "\(world.log.entries)")
        #expect(world.log.count("INFO /bin/sh ended with exit status 5") == 1)
    }

    @Test func aCommandThatIsNotThere() async throws {
        let world = try EngineWorld(TestStore(["/app/name": "one"]))
        try world.resource("app")
        #expect(try await world.run(["-watch", "--", "/no/such/command", "x"]) == 127)
        #expect(world.log.count("FATAL cannot start /no/such/command: no such file or directory") == 1)
        #expect(world.output("app") == "one")
    }
}

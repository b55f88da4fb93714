import Backends
import KeyValue
import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// `-preflight` in process: what is read, what is said, and the exit code. Nothing is written.
@Suite struct PreflightTests {
    /// A directory whose resources read `layers`.
    private struct Rig: TestConfdir {
        let directory: TemporaryDirectory
        let log = TestLog()
        let layers: [BackendLayer]

        init(_ layers: [BackendLayer]) throws {
            directory = try Self.makeDirectory()
            self.layers = layers
        }

        func run(_ flags: [String] = []) throws -> Int32 {
            let settings = try settings(["-preflight"] + flags)
            let code = Preflight(
                settings, logger: log.logger, loader: ResourceLoader(settings, environment: [:], layers: layers),
                backends: BackendPool(environment: []) { _ in }
            ).run()
            #expect(outputNames.isEmpty)
            return code
        }
    }

    private static let away = BackendError(.unreachable, "the store is away")
    private static let done = "INFO Pre-flight checks completed successfully"

    @Test func keysAreCounted() throws {
        let store = TestStore(["/app/a": "1", "/app/b": "2", "/other": "3"])
        let rig = try Rig([.of(store)])
        try rig.resource("app")
        try rig.resource("empty", keys: ["/none", "/nothing"])
        try rig.resource("free", keys: [])
        #expect(try rig.run() == 1)
        #expect(
            rig.log.entries == [
                "INFO Running pre-flight checks", "INFO app.toml: 2 keys found",
                "WARNING empty.toml: no keys found under /none, /nothing", "INFO free.toml: needs no keys",
            ])
        #expect(store.reads == 1, "one read for all that have the backend")
        #expect(try rig.run(["-resource", "free.toml"]) == 0)
        #expect(store.reads == 1)
    }

    @Test func aBackendThatIsAwayIsNamedWithItsResources() throws {
        let rig = try Rig([.of(TestStore { _, _ in Self.away })])
        try rig.resource("app")
        try rig.resource("free", keys: [])
        #expect(try rig.run() == 4)
        #expect(rig.log.count("the store is away") == 1)
        #expect(rig.log.count("ERROR app.toml: its backend could not be read") == 1)
        #expect(rig.log.count("free.toml: needs no keys") == 1 && rig.log.count(Self.done) == 0)
    }

    @Test func whatMayNotBeReadFailsAlone() throws {
        let secret = KeyRange(cleaned: Array("/secret".utf8))
        let store = TestStore(["/app/a": "1"]) { _, ranges in
            ranges.contains(secret) ? BackendError(.unreachable, "permission denied", refused: secret) : nil
        }
        let rig = try Rig([.of(store)])
        try rig.resource("app")
        try rig.resource("secret", keys: ["/secret"])
        #expect(try rig.run() == 4)
        #expect(rig.log.count("INFO app.toml: 1 keys found") == 1, "\(rig.log.entries)")
        #expect(rig.log.count("ERROR secret.toml: its backend could not be read") == 1)
        #expect(store.reads == 2)
    }

    /// Found by a newcomer: of the ranges that a user may not read, each run named one.
    @Test func eachRefusedRangeIsNamed() throws {
        let refused = ["/a", "/b/c"].map { KeyRange(cleaned: Array($0.utf8)) }
        let store = TestStore(["/app/a": "1"]) { _, ranges in
            refused.first { range in ranges.contains { $0.overlaps(range) } }.map { range in
                BackendError(
                    .unreachable, "permission denied: \(String(decoding: range.path, as: UTF8.self))", refused: range)
            }
        }
        let rig = try Rig([.of(store)])
        try rig.resource("app")
        try rig.resource("secret", keys: ["/a", "/b"])
        #expect(try rig.run() == 4)
        #expect(rig.log.count("INFO app.toml: 1 keys found") == 1, "\(rig.log.entries)")
        for range in refused {
            #expect(
                rig.log.count("permission denied: \(String(decoding: range.path, as: UTF8.self))") == 1,
                "\(rig.log.entries)")
        }
        #expect(store.reads == 3)
    }

    @Test func anOptionalBackendMayBeAway() throws {
        let rig = try Rig([
            .of(TestStore(["/app/a": "1"]), name: "main"),
            .of(TestStore { _, _ in Self.away }, name: "extra", mount: "/extra", isOptional: true),
        ])
        try rig.resource("app", keys: ["/app", "/extra"])
        #expect(try rig.run() == 0, "\(rig.log.entries)")
        #expect(rig.log.count("app.toml: 1 keys found") == 1 && rig.log.count("ERROR") == 0)
        #expect(rig.log.count("WARNING ") == 1, "\(rig.log.entries)")
    }

    @Test func aFileThatCannotBeUsedFailsAtTheEnd() throws {
        let rig = try Rig([.of(TestStore(["/app/a": "1"]))])
        try rig.resource("app")
        try rig.resource("bad", fields: "mode = \"9\"")
        #expect(try rig.run() == 1)
        #expect(rig.log.count("app.toml: 1 keys found") == 1 && rig.log.count("bad.toml:5:8: mode") == 1)
        let none = try Rig([])
        try Files.removeFolder(none.directory("conf.d"))
        #expect(try none.run() == 2 && none.log.count("Cannot load template resources: ") == 1)
    }

    /// All backends together have `-preflight-timeout`: each is given the time that is left.
    @Test func allBackendsHaveOneDeadline() throws {
        let stores = [TestStore(["/a": "1"]), TestStore(["/a": "1"])]
        let rig = try Rig([.of(stores[0], name: "one", mount: "/one"), .of(stores[1], name: "two", mount: "/two")])
        try rig.resource("app", keys: ["/one", "/two"])
        #expect(try rig.run(["-preflight-timeout", "7s"]) == 0)
        let times = stores.flatMap(\.timeouts)
        #expect(times.count == 2 && times.allSatisfy { $0 <= .seconds(7) } && times[0] != times[1], "\(times)")
    }

    // MARK: - Rights to write

    private static let foreign = StoredKey(value: [], version: 3, holder: .nobody)

    @Test(
        arguments: [
            (.absent, 0, "/web/a may be written"), (.leaseEnded, 0, "/web/a may be written"),
            (.found(foreign), 0, "/web/a may be written, and is there"),
            (.refused(BackendError(.unreachable, "permission denied")), 4, "/web/a: permission denied"),
            (.failed(away), 4, "the store is away"),
        ] as [(WriteOutcome, Int32, String)])
    func servicesSayWhetherTheirKeysMayBeWritten(_ outcome: WriteOutcome, _ code: Int32, _ says: String) throws {
        let rig = try Rig([WritableStore(outcome: outcome).layer])
        try rig.resourceFile("web", "[service]\nkey = \"/web/a\"\nvalue = \"x\"\n")
        #expect(try rig.run() == code, "\(rig.log.entries)")
        #expect(rig.log.count(says) == 1 && rig.log.count(Self.done) == (code == 0 ? 1 : 0), "\(rig.log.entries)")
    }

    @Test(
        arguments: [
            // The store has no keys for the resource, hence the exit code 1.
            (.absent, 1, "app.toml: rollout: /_confd/rollout/app/app.toml may be written"),
            (.refused(BackendError(.unreachable, "permission denied")), 4, "app.toml: rollout: permission denied"),
        ] as [(WriteOutcome, Int32, String)])
    func rolloutsSayWhetherTheirKeysMayBeWritten(_ outcome: WriteOutcome, _ code: Int32, _ says: String) throws {
        let rig = try Rig([WritableStore(outcome: outcome).layer])
        try rig.resource("app", fields: "[template.rollout]\ngroup = \"app\"")
        #expect(try rig.run() == code, "\(rig.log.entries)")
        #expect(rig.log.count(says) == 1 && rig.log.count(Self.done) == (code == 0 ? 1 : 0), "\(rig.log.entries)")
    }
}

import Appliers
import Backends
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// A clock that the test moves.
final class ManualClock: Sendable {
    private let time = Mutex(Duration.seconds(1_000))

    var now: Duration { time.withLock { $0 } }

    func advance(by duration: Duration) { time.withLock { $0 += duration } }
}

/// A log that can be waited for.
final class TestLog: Sendable {
    private let written = Mutex<[String]>([])
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    /// A logger of level info that writes here.
    var logger: Logger {
        Logger(level: .info, tag: "confd", host: "host", time: { _ in "now" }, sink: { [self] in write($0) })
    }

    private func write(_ entry: [UInt8]) {
        let text = String(decoding: entry, as: UTF8.self)
        written.withLock { $0.append(text) }
        continuation.yield(text)
    }

    /// The entries so far, without time and name.
    var entries: [String] {
        written.withLock { $0 }.map { entry in String(entry.split(separator: ": ", maxSplits: 1).last ?? "") }
    }

    func count(_ text: String) -> Int { entries.count { $0.contains(text) } }

    /// Waits for the next entry with `text` behind the one that was waited for last.
    func wait(for text: String) async {
        for await entry in stream where entry.contains(text) { return }
    }
}

/// An engine with everything that it needs, and nothing of the machine but a directory: its store is in memory, its clock
/// stands still unless the test moves it, and its commands are the test's.
final class EngineWorld: Sendable {
    let log = TestLog()
    let requests: Requests
    private let clock: ManualClock
    private let layers: [BackendLayer]
    private let directory: TemporaryDirectory
    private let makeDriver: @Sendable (BalancerTarget) -> any BalancerDriver
    private let executed = Mutex<[String]>([])

    convenience init(
        _ store: TestStore, clock: ManualClock = ManualClock(), requests: Requests? = nil,
        makeDriver: @escaping @Sendable (BalancerTarget) -> any BalancerDriver = { $0.makeDriver() }
    ) throws {
        let directory = try Self.directory()
        self.init([.of(store)], clock, try requests ?? Requests(), directory, makeDriver)
    }

    /// A world whose resources read several stores.
    convenience init(layers: [BackendLayer], clock: ManualClock = ManualClock()) throws {
        let directory = try Self.directory()
        self.init(layers, clock, try Requests(), directory, { $0.makeDriver() })
    }

    private static func directory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in ["conf.d", "templates", "out"] { try Files.makeFolder(directory(name), mode: 0o755) }
        return directory
    }

    private init(
        _ layers: [BackendLayer], _ clock: ManualClock, _ requests: Requests, _ directory: TemporaryDirectory,
        _ makeDriver: @escaping @Sendable (BalancerTarget) -> any BalancerDriver
    ) {
        self.makeDriver = makeDriver
        self.layers = layers
        self.clock = clock
        self.requests = requests
        self.directory = directory
    }

    /// A world of the same store and directory for another run, with a log of its own.
    func restarted(clock: ManualClock) throws -> EngineWorld {
        EngineWorld(layers, clock, try Requests(), directory, makeDriver)
    }

    /// Adds a resource that writes the file `name` from the keys below `/app`, or those of `keys`.
    func resource(
        _ name: String, keys: [String] = ["/app"], fields: String = "", template: String = #"{{getv "/app/name"}}"#
    ) throws {
        try directory.write("templates/\(name).tmpl", template)
        let list = keys.map { "\"\($0)\"" }.joined(separator: ", ")
        try directory.write(
            "conf.d/\(name).toml",
            "[template]\nsrc = \"\(name).tmpl\"\ndest = \"\(path(name))\"\nkeys = [\(list)]\n\(fields)\n")
    }

    /// Adds a resource with a file for each item, `out/NAME.conf` if `dest` is not given.
    func items(
        _ name: String, forEach: String = "/app/*", dest: String = "{{.name}}.conf", keys: [String] = ["/app"],
        fields: String = "prune = true", template: String = #"{{.name}}={{.value}}"#
    ) throws {
        try directory.write("templates/\(name).tmpl", template)
        let list = keys.map { "\"\($0)\"" }.joined(separator: ", ")
        try directory.write(
            "conf.d/\(name).toml",
            "[template]\nsrc = \"\(name).tmpl\"\nfor_each = \"\(forEach)\"\ndest = '\(path(dest))'\n"
                + "keys = [\(list)]\n\(fields)\n")
    }

    /// A state directory for `run`.
    var stateDirectory: [String] { ["-state-dir", directory("state")] }

    /// What the files hold that resources have written, by name.
    var outputs: [String: String] {
        let names = (try? Files.list(directory("out")))?.map(\.name) ?? []
        return Dictionary(uniqueKeysWithValues: names.map { ($0, output($0) ?? "") })
    }

    /// What somebody else writes.
    func write(_ name: String, _ text: String) throws { try directory.write("out/\(name)", text) }

    /// Removes a resource file.
    func dropResource(_ name: String) throws { try Files.unlink(directory("conf.d/\(name).toml")) }

    /// Where the resource `name` writes.
    func path(_ name: String) -> String { directory("out/\(name)") }

    /// What the resource `name` has written, nil if nothing.
    func output(_ name: String) -> String? { directory.text("out/\(name)") }

    /// The commands that were run, in their order.
    var commands: [String] { executed.withLock { $0 } }

    /// Runs an engine to its end and returns the exit code; `command` gives the exit codes of commands, on the thread that
    /// would run them.
    func run(_ arguments: [String], command: @escaping @Sendable (String) -> Int32 = { _ in 0 }) async throws -> Int32 {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(
            ["-backend", "env", "-confdir", directory.path, "-state-dir", "none", "-control-socket", "none"]
                + arguments)
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.detach(stackSize: ResourceRenderer.stackSize) { [self] in
                    continuation.resume(with: Result { try engine(settings, command).run() })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func engine(_ settings: Settings, _ command: @escaping @Sendable (String) -> Int32) -> Engine {
        let logger = log.logger
        let applier = Applier(
            settings: settings, logger: logger, renderer: ResourceRenderer(settings),
            cancellation: requests.cancellation, child: requests.child
        ) { [self] run, _ in
            executed.withLock { $0.append(run.invocation.text) }
            return CommandResult(
                end: .exited(code: command(run.invocation.text)), executable: run.invocation.executable, output: [],
                droppedBytes: 0, duration: .zero)
        }
        return Engine(
            settings: settings, logger: logger, requests: requests,
            loader: ResourceLoader(settings, environment: [:], layers: layers),
            backends: BackendPool(environment: []) { _ in }, applier: applier, makeDriver: makeDriver,
            clock: { [clock] in clock.now })
    }
}

extension BackendLayer {
    /// The backend that has `store` behind it.
    static func of(
        _ store: TestStore, name: String = "test", mount: String = "/", isOptional: Bool = false
    ) -> BackendLayer {
        BackendLayer(
            BackendConfiguration(
                kind: TestKind(store: store, name: name), named: name, options: BackendOptions()),
            mount: Array(mount.utf8), isOptional: isOptional)
    }
}

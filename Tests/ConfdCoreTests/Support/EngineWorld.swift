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

/// A log whose entries a test can wait for.
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

    /// The entries so far, without time and name, and without the end of their last line.
    var entries: [String] {
        written.withLock { $0 }.map { entry in
            String((entry.split(separator: ": ", maxSplits: 1).last ?? "").dropLast())
        }
    }

    func count(_ text: String) -> Int { entries.count { $0.contains(text) } }

    /// Waits for an entry with `text`, and skips those before it: the next call looks only at later entries. It has no limit but
    /// the time limit of the suite.
    func wait(for text: String) async {
        for await entry in stream where entry.contains(text) { return }
    }
}

/// An engine that uses nothing of the machine but a directory: its store is in memory, its clock stands still unless the test
/// moves it, and the test answers its commands. A test ends it with `requests.stop()` and then awaits its exit code.
final class EngineWorld: TestConfdir, Sendable {
    let log = TestLog()
    let requests: Requests
    private let clock: ManualClock
    private let layers: [BackendLayer]
    let directory: TemporaryDirectory
    private let makeDriver: @Sendable (BalancerTarget) -> any BalancerDriver
    private let scripted = ScriptedCommands()
    private let counted = Mutex<Metrics?>(nil)

    convenience init(
        _ store: TestStore, clock: ManualClock = ManualClock(), requests: Requests? = nil,
        makeDriver: @escaping @Sendable (BalancerTarget) -> any BalancerDriver = { $0.makeDriver() }
    ) throws {
        let directory = try Self.makeDirectory()
        self.init([.of(store)], clock, try requests ?? Requests(), directory, makeDriver)
    }

    /// A world whose resources read several stores.
    convenience init(layers: [BackendLayer], clock: ManualClock = ManualClock()) throws {
        let directory = try Self.makeDirectory()
        self.init(layers, clock, try Requests(), directory, { $0.makeDriver() })
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

    /// A state directory for `run`.
    var stateDirectory: [String] { ["-state-dir", directory("state")] }

    /// What the last run has counted; nil before the first.
    var metrics: Metrics? { counted.withLock { $0 } }

    /// Moves the clock, and has the engine look at it.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        requests.wake()
    }

    /// The commands that were run, in their order.
    var commands: [String] { scripted.texts }

    /// Runs an engine to its end and returns the exit code; `command` gives the exit codes of commands, on the thread that
    /// would run them.
    func run(_ arguments: [String], command: @escaping @Sendable (String) -> Int32 = { _ in 0 }) async throws -> Int32 {
        let settings = try settings(arguments)
        scripted.answer { .exited(code: command($0.invocation.text)) }
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.detach(stackSize: ResourceRenderer.stackSize) { [self] in
                    continuation.resume(with: Result { try engine(settings).run() })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func engine(_ settings: Settings) -> Engine {
        let logger = log.logger
        let applier = Applier(
            settings: settings, logger: logger, renderer: ResourceRenderer(settings),
            cancellation: requests.cancellation, child: requests.child
        ) { [scripted] command, _ in scripted.run(command) }
        counted.withLock { $0 = applier.metrics }
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

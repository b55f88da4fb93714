import Posix
import Synchronization
import Testing

@testable import Checks

/// A check engine, and its verdict changes and warnings in order.
final class Recorder: Sendable {
    private struct State {
        var changes: [VerdictChange] = []
        var warnings: [String] = []
    }

    /// The changes and warnings so far.
    private final class News: Sendable {
        let state = Mutex(State())
        let arrived = Semaphore()
    }

    let engine: CheckEngine
    private let news: News

    init(limit: Int = 100) throws {
        let news = News()
        self.news = news
        engine = try CheckEngine(
            limit: limit,
            warn: { line in
                news.state.withLock { $0.warnings.append(line) }
                news.arrived.post()
            },
            deliver: { change in
                news.state.withLock { $0.changes.append(change) }
                news.arrived.post()
            })
    }

    deinit { engine.stop() }

    var changes: [VerdictChange] { news.state.withLock { $0.changes } }
    var warnings: [String] { news.state.withLock { $0.warnings } }

    /// Waits until `find` returns a value, for at most a minute.
    func wait<Found>(for find: (Recorder) -> Found?) throws -> Found {
        let end = Clock.monotonic() + .seconds(60)
        while true {
            if let found = find(self) { return found }
            try #require(news.arrived.wait(atMost: end - Clock.monotonic()), "nothing came")
        }
    }

    /// Waits for the first probe of `target`, and returns its change.
    func first(_ target: CheckedTarget) throws -> VerdictChange {
        try wait { recorder in recorder.changes.first { $0.target == target && $0.isFirst } }
    }

    /// The outcome of one probe.
    static func probe(
        _ kind: HealthCheck.Kind, _ target: CheckTarget, timeout: Duration = .seconds(50),
        _ change: (inout HealthCheck.Options) -> Void = { _ in }
    ) throws -> Health {
        var options = HealthCheck.Options()
        options.interval = .seconds(3_600)
        options.timeout = timeout
        change(&options)
        let target = CheckedTarget(target, try HealthCheck(kind, options))
        let recorder = try Recorder()
        recorder.engine.set([target])
        return try recorder.first(target).health
    }
}

extension CheckTarget {
    /// A server of the test.
    static func local(_ port: UInt16) -> CheckTarget { .host("127.0.0.1", port: port) }
}

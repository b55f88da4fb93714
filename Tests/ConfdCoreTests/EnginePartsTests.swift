import Backends
import Configuration
import Glibc
import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// Several resources that reload together.
@Suite struct ResourceTableTests {
    /// Resources 1, 2, … of one group, all of which have been rendered and owe their reload.
    private static func owing(_ count: Int) throws -> ResourceTable {
        let table = ResourceTable()
        for _ in 1...count {
            table.schedule(table.insert(try .test()), Scheduler(ApplyPolicy(), now: .zero) { 0 })
        }
        #expect(table.begin(at: .zero) == (1...count).map { .render($0) })
        return table
    }

    @Test func sharedReloadWaitsForAllThatIsRendered() throws {
        let table = try Self.owing(2)
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        #expect(table.begin(at: .zero) == [])
        #expect(table.deadline == nil)
        table.update(2, at: .zero) { $0.rendered(.replaced, at: .zero) }
        #expect(table.begin(at: .zero) == [.reload([1, 2])])
    }

    @Test func failedMemberHoldsNobodyUp() throws {
        let table = try Self.owing(2)
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        table.update(2, at: .zero) { $0.rendered(.failed, at: .zero) }
        #expect(table.begin(at: .zero) == [.reload([1])])
    }

    @Test func reloadsAreHeldUntilTheServiceRuns() throws {
        let table = try Self.owing(1)
        table.holdsReloads = true
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        #expect(table.begin(at: .seconds(60)) == [])
        table.holdsReloads = false
        #expect(table.begin(at: .seconds(60)) == [.reload([1])])
    }

    /// Report: a reload began while files were in place that no check had accepted.
    @Test func reloadsWaitForChecksInPlace() throws {
        let table = try Self.owing(1)
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        table.pausesReloads = true
        #expect(table.begin(at: .seconds(60)) == [])
        #expect(!table.isReloading)
        #expect(table.deadline.map { $0 > .seconds(60) } ?? true, "nothing is due that must wait")
        table.pausesReloads = false
        #expect(table.begin(at: .seconds(60)) == [.reload([1])])
        #expect(table.isReloading)
        table.update(1, at: .zero) { $0.reloaded(succeeded: true, at: .zero) }
        #expect(!table.isReloading)
    }

    @Test func stoppingFinishesWhatRuns() throws {
        let table = try Self.owing(2)
        table.stop(at: .zero)
        #expect(!table.isInStep)
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        table.update(2, at: .zero) { $0.rendered(.failed, at: .zero) }
        #expect(table.begin(at: .zero) == [.reload([1])])
        table.update(1, at: .zero) { $0.reloaded(succeeded: false, at: .zero) }
        #expect(table.isInStep, "what failed is left to its mark")
    }

    @Test func removedResourceIsForgotten() throws {
        let table = try Self.owing(1)
        table.update(1, at: .zero) { $0.rendered(.replaced, at: .zero) }
        table.remove(try #require(table[1]))
        table.update(1, at: .zero) { $0.reloaded(succeeded: true, at: .zero) }
        #expect(table.begin(at: .zero) == [])
        #expect(table.isInStep)
    }
}

/// The engine's worker threads, its inbox, and the followers of its backends.
@Suite struct EngineThreadsTests {
    @Test(arguments: [1, 2, 8])
    func workersKeepToTheirLimit(_ limit: Int) async throws {
        let pool = WorkerPool(threads: limit)
        let state = Mutex((running: 0, most: 0, done: [Int]()))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            for number in 0..<200 {
                pool.run { _ in
                    state.withLock { state in
                        state.running += 1
                        state.most = max(state.most, state.running)
                    }
                    // Long enough that more threads than the limit would run at the same time.
                    usleep(200)
                    let isLast = state.withLock { state in
                        state.running -= 1
                        state.done.append(number)
                        return state.done.count == 200
                    }
                    if isLast { continuation.resume() }
                }
            }
        }
        let (_, most, done) = state.withLock { $0 }
        #expect(most <= limit)
        #expect(Set(done).count == 200)
        if limit == 1 { #expect(done == Array(0..<200)) }
    }

    /// The first job waits for the second one, which only runs because the first one gave up the only place.
    @Test func slowWorkerLetsOthersIn() async {
        let pool = WorkerPool(threads: 1)
        let order = Mutex<[Int]>([])
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            pool.run { place in
                place.giveUp()
                place.giveUp()
                while order.withLock({ $0.count < 2 }) { Clock.sleep(.milliseconds(1)) }
                continuation.resume()
            }
            for number in 1...2 { pool.run { _ in order.withLock { $0.append(number) } } }
        }
        #expect(order.withLock { $0 } == [1, 2])
    }

    /// The thread that hands out the jobs is one of the workers: for one job there is no other.
    @Test func theCallingThreadHelps() {
        let pool = WorkerPool(threads: 2, isHelped: true)
        let done = Mutex(0)
        pool.run { place in
            place.giveUp()
            done.withLock { $0 += 1 }
        }
        #expect(done.withLock { $0 } == 0, "no thread was started for it")
        pool.help()
        #expect(done.withLock { $0 } == 1)
        let isOver = Semaphore()
        for _ in 0..<200 {
            pool.run { _ in
                let isLast = done.withLock { done in
                    done += 1
                    return done == 201
                }
                if isLast { isOver.post() }
            }
        }
        pool.help()
        isOver.wait()
    }

    /// 1,000 renderings wake the engine once; other messages at once.
    @Test func gatheredMessagesWakeOnce() {
        let wakes = Mutex(0)
        let inbox = Inbox { wakes.withLock { $0 += 1 } }
        inbox.gather(3)
        for id in 1...2 { inbox.post(.skipped(id)) }
        #expect(wakes.withLock { $0 } == 0)
        inbox.post(.filesChanged)
        #expect(wakes.withLock { $0 } == 1)
        inbox.post(.skipped(3))
        #expect(wakes.withLock { $0 } == 2)
        inbox.post(.skipped(4))
        #expect(wakes.withLock { $0 } == 3, "what nobody gathers wakes")
        #expect(inbox.take().count == 5)
    }

    /// A follower of the file `keys.yaml` in a new folder, which is removed at the end.
    private func withFollower(
        logger: Logger = Logger(level: .fatal, tag: "test", host: "test") { _ in },
        _ body: (Follower, _ file: String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let file = directory("keys.yaml")
        var backendOptions = BackendOptions()
        backendOptions["file"] = .list([file])
        let kind = try #require(BackendRegistry.kind(named: "file"))
        let configuration = BackendConfiguration(kind: kind, named: kind.name, options: backendOptions)
        var options = Follower.Options(watches: true, timeout: .seconds(5))
        options.patience = .milliseconds(300)
        let follower = Follower(
            configuration, BackendPool(environment: []) { _ in }, options, logger: logger
        ) {}
        defer { follower.stop() }
        try await body(follower, file)
    }

    @Test func newestSnapshotCounts() async throws {
        try await withFollower { follower, file in
            let key = KeyRange(cleaned: Array("/app".utf8))
            // The file does not exist yet: it is tried again until it does.
            #expect(try follower.read([key]) == 1)
            #expect(try await eventually { follower.failure != nil })
            try Files.write(Array("app: {a: 1}".utf8), to: file)
            #expect(try await eventually { follower.take()?.snapshot.count == 1 })
            #expect(follower.failure == nil)
            try Files.write(Array("app: {a: 1, b: 2}".utf8), to: file)
            try Files.write(Array("app: {a: 1, b: 2, c: 3}".utf8), to: file)
            #expect(try await eventually { follower.take()?.snapshot.count == 3 })
            #expect(follower.take() == nil, "each is taken once")
            #expect(try follower.read([key]) == 2)
            #expect(try await eventually { follower.take()?.generation == 2 })
        }
    }

    /// A backend that fails for longer than `patience` is logged once, and once more when it answers again.
    @Test func staleBackendIsToldOnce() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(level: .info, tag: "test", host: "test") { line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        try await withFollower(logger: logger) { follower, file in
            _ = try follower.read([KeyRange(cleaned: Array("/app".utf8))])
            #expect(try await eventually { follower.contact.isStale })
            #expect(!follower.contact.isConnected && follower.contact.lastHeard == nil)
            try Files.write(Array("app: {a: 1}".utf8), to: file)
            #expect(try await eventually { follower.contact.isConnected })
            #expect(!follower.contact.isStale && follower.contact.lastHeard != nil)
            let isSaid = try await eventually { lines.withLock { $0.contains { $0.contains("answers again") } } }
            let said = lines.withLock { $0 }
            #expect(isSaid && said.filter { $0.contains("has never been reached") }.count == 1, "\(said)")
        }
    }
}

/// How often confd notifies the watchdog of systemd.
@Suite struct EngineNotifierTests {
    @Test(arguments: [
        ("nothing is wanted", [String: String](), Duration?.none, Duration?.none),
        ("only notifications", ["NOTIFY_SOCKET": "/x"], nil, nil),
        ("half of the time", ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"], nil, .milliseconds(1_500)),
        ("an interval of our own", ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"], .seconds(1), .seconds(1)),
        ("for another process", ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"], nil, nil),
        ("nobody listens", ["WATCHDOG_USEC": "3000000"], .seconds(1), nil),
    ])
    func interval(_ name: String, _ variables: [String: String], _ own: Duration?, _ expected: Duration?) {
        #expect(SystemdNotifier(interval: own) { variables[$0] }.watchdogInterval == expected)
    }
}

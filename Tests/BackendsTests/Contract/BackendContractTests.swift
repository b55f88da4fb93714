import Glibc
import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// What every backend with a server guarantees: each snapshot is the state of one moment, or an error; the newest state is seen
/// in the end; errors name the server and hold no secret; cancelling ends it at once.
///
/// What can happen to a server, and the tests of it:
///
/// | what | for each backend | besides |
/// |---|---|---|
/// | killed, back with nothing in it | `comesBackAfterEveryLoss` | `EtcdChaosTests`, `EtcdHistoryTests`, `ZookeeperEnsembleTests` |
/// | paused | `aPausedServerIsTakenUpAgain`, `aServerThatSaysNothingIsAnError` | |
/// | slow | `aSlowServerIsWaitedFor` | |
/// | cut in the middle of an answer | `aCutAnswerIsAnError`, `aCutReportIsReadAgain` | |
/// | password or token changed | `aWrongPasswordIsNamedAndNotShown` | `EtcdAuthTests`, `VaultTests` |
/// | token expired | only etcd and vault give tokens | `EtcdAuthTests`, `VaultTests`: `outlivesItsTokens` |
/// | session expired | only zookeeper has sessions | `ZookeeperTests.saysWhenTheSessionHasExpired` |
@Suite struct BackendContractTests {
    /// A server behind a proxy that can cut it off, and a backend that asks it.
    private final class Setting {
        let kind: any ContractStore.Type
        let port: UInt16
        let proxy: Proxy
        var store: (any ContractStore)?
        static let password = "s3cret-of-the-contract"

        init(_ kind: ContractKind) throws {
            self.kind = kind.store
            port = try Ports.free()
            store = try kind.store.init(port: port, password: Self.password)
            proxy = try Proxy(to: port)
        }

        func backend(password: String = Setting.password) throws -> any Backend {
            try kind.backend(port: proxy.port, password: password)
        }

        func write(_ pairs: [(key: String, value: String?)]) throws { try store?.write(pairs) }

        var prefix: String { kind.prefix(port: proxy.port) }

        /// Starts the server anew, with nothing in it.
        func restart() throws {
            store = nil
            store = try kind.init(port: port, password: Self.password)
        }

        /// How long following takes to end when it is cancelled, `wait` microseconds after `moment` begins. The value of `/end/a`
        /// is `number` - 1 before, and `number` afterwards.
        func timeToEnd(at moment: Moment, after wait: UInt32, _ number: Int) throws -> Duration {
            if moment == .nothingIsAnswered { proxy.hold() }
            if moment == .firstRead { proxy.delay(0.2) }
            let following = try Following(try backend(), "/end")
            if !moment.isFirst { #expect(following.sees(["/end/a": "\(number - 1)"])) }
            if moment == .nothingIsAnsweredAnyMore { proxy.hold() }
            if moment == .laterRead { proxy.delay(0.2) }
            try write([("/end/a", "\(number)")])
            if moment == .idle { #expect(following.sees(["/end/a": "\(number)"])) }
            // The moment is what is tested: no condition says that a call is under way.
            usleep(wait)
            let start = ContinuousClock.now
            #expect(following.stop())
            let time = start.duration(to: .now)
            proxy.release()
            proxy.delay(0)
            proxy.cut()
            return time
        }

        /// Sends the server's process a signal.
        func signal(_ name: String) throws {
            try Shell.run(
                "kill -\(name) $(ss -Hltnp 'sport = :\(port)' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u)")
        }

        /// Checks that each error names the server and holds no secret.
        func check(_ failures: [BackendError]) {
            for failure in failures {
                let text = failure.message + (failure.hint ?? "")
                #expect(failure.message.hasPrefix(prefix), "\(failure.message)")
                #expect(!text.utf8.split(separator: UInt8(ascii: " ")).contains { $0.starts(with: "s3cret".utf8) })
            }
        }
    }

    @Test(arguments: ContractKind.keeping(.theLastWriteIsSeen))
    func theLastWriteIsSeen(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/app/a", "1"), ("/app/sub/b", "2"), ("/app2", "other"), ("/other", "x")])
        let following = try Following(try setting.backend(), "/app", "/none")
        #expect(following.sees(["/app/a": "1", "/app/sub/b": "2"]))
        for number in 1...20 { try setting.write([("/app/a", "\(number)")]) }
        #expect(following.sees(["/app/a": "20", "/app/sub/b": "2"]))
        try setting.write([("/app/sub/b", nil), ("/app/c", "3")])
        #expect(following.sees(["/app/a": "20", "/app/c": "3"]))
        try setting.write([("/app/a", nil), ("/app/c", nil)])
        #expect(following.sees([:]))
        #expect(following.failuresButTime == [])
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.snapshotsAreOfOneMoment))
    func snapshotsAreOfOneMoment(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        let backend = try setting.backend()
        let torn = Mutex<[String]>([])
        let check = { @Sendable (texts: [String: String]) in
            let numbers = Set(["/pair/a", "/pair/m/b", "/pair/z"].map { texts[$0] ?? "none" })
            // This key exists only while the number is even.
            let comes = texts["/pair/comes"] != nil
            let isEven = Int(texts["/pair/a"] ?? "1").map { $0 % 2 == 0 } ?? false
            if numbers.count > 1 || comes != isEven { torn.withLock { $0.append("\(texts)") } }
        }
        try setting.write([("/pair/a", "1"), ("/pair/m/b", "1"), ("/pair/z", "1")])
        let following = try Following(backend, "/pair") { check($0.texts) }
        let store = try #require(setting.store)
        let writer = try WriterThread { number in
            let value = "\(number + 1)"
            let comes: String? = number % 2 == 1 ? "yes" : nil
            try store.write([("/pair/a", value), ("/pair/m/b", value), ("/pair/z", value), ("/pair/comes", comes)])
        }
        let sawAWrite = try writer.wasSeen {
            let texts = try backend.read("/pair")
            check(texts)
            return texts["/pair/a"] ?? ""
        }
        #expect(torn.withLock { Array($0.prefix(3)) } == [])
        #expect(sawAWrite)
        #expect(following.sees(try backend.read("/pair")))
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.aCutAnswerIsAnError))
    func aCutAnswerIsAnError(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        let pairs = (0..<200).map { (key: "/cut/\($0)", value: Optional("value \($0)")) }
        for start in stride(from: 0, to: 200, by: 50) { try setting.write(Array(pairs[start..<start + 50])) }
        let backend = try setting.backend()
        #expect(try backend.read("/cut").count == 200)
        let size = setting.proxy.sent
        var failed = 0
        for part in 0..<24 {
            setting.proxy.truncate(after: part * size / 20)
            let backend = try setting.backend()
            do throws(BackendError) {
                let range = KeyRange(cleaned: Array("/cut".utf8))
                // Some backends repeat a request, and then the read may succeed.
                #expect(try backend.snapshot(of: [range], timeout: .seconds(5)).count == 200)
            } catch {
                failed += 1
                setting.check([error])
            }
            // Ends the connections of this round, so that the next limit counts only those of the next.
            setting.proxy.cut()
        }
        #expect(failed > 0)
        setting.proxy.truncate(after: .max)
        #expect(try setting.backend().read("/cut").count == 200)
    }

    @Test(arguments: ContractKind.keeping(.aCutReportIsReadAgain))
    func aCutReportIsReadAgain(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/report/a", "0")])
        let following = try Following(try setting.backend(), "/report")
        for number in 1...10 {
            #expect(following.sees(["/report/a": "\(number - 1)"]))
            setting.proxy.truncate(after: number * number * 5)
            try setting.write([("/report/a", "\(number)")])
            // Some ask again by themselves, others report the loss.
            #expect(following.sees(["/report/a": "\(number)"]), "\(following.failures)")
        }
        setting.check(following.failures)
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.comesBackAfterEveryLoss))
    func comesBackAfterEveryLoss(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/loss/a", "1")])
        let following = try Following(try setting.backend(), "/loss")
        #expect(following.sees(["/loss/a": "1"]))
        setting.proxy.cut()
        try setting.write([("/loss/a", "2")])
        #expect(following.sees(["/loss/a": "2"]))
        setting.proxy.refuse()
        try setting.write([("/loss/a", "3")])
        #expect(eventuallyBlocking { following.failures.contains { $0.message.contains("connection refused") } })
        try setting.proxy.accept()
        #expect(following.sees(["/loss/a": "3"]))
        // Restarted with nothing in it.
        try setting.restart()
        #expect(following.sees([:]), "\(following.failures)")
        try setting.write([("/loss/b", "4")])
        #expect(following.sees(["/loss/b": "4"]))
        setting.check(following.failures)
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.aServerThatSaysNothingIsAnError))
    func aServerThatSaysNothingIsAnError(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/still/a", "1")])
        let backend = try setting.backend()
        let following = try Following(try setting.backend(), "/still")
        #expect(following.sees(["/still/a": "1"]))
        setting.proxy.hold()
        let start = ContinuousClock.now
        let failure = try #require(backend.failure("/still", timeout: .seconds(1)))
        #expect(start.duration(to: .now) < .seconds(20))
        setting.check([failure])
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        try setting.write([("/still/a", "2")])
        setting.proxy.release()
        setting.proxy.cut()
        #expect(following.sees(["/still/a": "2"]))
        setting.check(following.failures)
        #expect(following.stop())
    }

    /// The server's process is stopped: the kernel goes on taking connections and bytes for it, and it answers them afterwards.
    @Test(arguments: ContractKind.keeping(.aPausedServerIsTakenUpAgain))
    func aPausedServerIsTakenUpAgain(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/pause/a", "1")])
        let backend = try setting.backend()
        let following = try Following(try setting.backend(), "/pause")
        #expect(following.sees(["/pause/a": "1"]))
        try setting.signal("STOP")
        let failure = try #require(backend.failure("/pause", timeout: .seconds(1)))
        setting.check([failure])
        try setting.signal("CONT")
        try setting.write([("/pause/a", "2")])
        #expect(following.sees(["/pause/a": "2"]), "\(following.failures)")
        #expect(try backend.read("/pause") == ["/pause/a": "2"])
        setting.check(following.failures)
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.aSlowServerIsWaitedFor))
    func aSlowServerIsWaitedFor(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/slow/a", "1")])
        setting.proxy.delay(0.1)
        #expect(try setting.backend().read("/slow", timeout: .seconds(60)) == ["/slow/a": "1"])
        let following = try Following(try setting.backend(), "/slow")
        #expect(following.sees(["/slow/a": "1"]))
        try setting.write([("/slow/a", "2")])
        #expect(following.sees(["/slow/a": "2"]), "\(following.failures)")
        #expect(following.stop())
    }

    @Test(arguments: ContractKind.keeping(.aWrongPasswordIsNamedAndNotShown))
    func aWrongPasswordIsNamedAndNotShown(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/locked/a", "1")])
        let failure = try #require(try setting.backend(password: "s3cret-guess").failure("/locked"))
        setting.check([failure])
        #expect(failure.hint?.contains("-password") == true)
        #expect(failure.isRefusal, "the status says that it refuses us, and not that it was never reached")
        let backend = try setting.backend()
        let following = try Following(backend, "/locked")
        #expect(following.sees(["/locked/a": "1"]))
        try setting.store?.change(password: "s3cret-2")
        setting.proxy.cut()
        #expect(eventuallyBlocking { !following.failures.isEmpty })
        try setting.store?.change(password: Setting.password)
        try setting.write([("/locked/a", "2")])
        #expect(following.sees(["/locked/a": "2"]))
        setting.check(following.failures)
        #expect(following.stop())
    }

    /// A backend makes at most three attempts at a server that fails, and returns the error: pauses and further attempts are the
    /// caller's (`Follower`, which has one back-off for all backends).
    @Test(arguments: ContractKind.keeping(.aFailureIsTheCallersToRepeat))
    func aFailureIsTheCallersToRepeat(_ kind: ContractKind) throws {
        let attempts = Mutex(0)
        let server = try TCPServer { connection in
            attempts.withLock { $0 += 1 }
            connection.resetOnClose()
        }
        let backend = try kind.store.backend(port: server.port, password: "x")
        let cancellation = try Cancellation()
        var failure: BackendError?
        do throws(BackendError) {
            let range = KeyRange(cleaned: Array("/app".utf8))
            try backend.follow([range], from: nil, timeout: .seconds(5), cancellation: cancellation) { _ in }
        } catch {
            failure = error
        }
        #expect(failure?.kind == .unreachable, "\(String(describing: failure))")
        #expect((1...3).contains(attempts.withLock { $0 }))
    }

    /// When a backend is cancelled.
    private enum Moment: CaseIterable {
        /// It waits for a change.
        case idle
        /// The server takes the connection and does not answer, from the start or from some moment on.
        case nothingIsAnswered, nothingIsAnsweredAnyMore
        /// The server is slow: the first read, or the read after a change, is in progress.
        case firstRead, laterRead

        /// After how many microseconds it is cancelled: a slow server takes 0.4 s for each answer, 0.2 s each way.
        var waits: [UInt32] {
            switch self {
            case .idle: [0]
            case .nothingIsAnswered, .nothingIsAnsweredAnyMore: [50_000]
            case .firstRead: [200_000, 600_000, 1_000_000, 1_400_000]
            case .laterRead: [600_000]
            }
        }

        var isFirst: Bool { self == .nothingIsAnswered || self == .firstRead }
    }

    /// The limit is 100 ms; the measure is the quickest of several, because the machine may be busy.
    @Test(arguments: ContractKind.keeping(.endsAsSoonAsItIsCancelled))
    func endsAsSoonAsItIsCancelled(_ kind: ContractKind) throws {
        let setting = try Setting(kind)
        try setting.write([("/end/a", "0")])
        var number = 0
        for moment in Moment.allCases {
            for wait in moment.waits {
                var quickest = Duration.seconds(60)
                for _ in 0..<8 where quickest >= .milliseconds(100) {
                    number += 1
                    quickest = min(quickest, try setting.timeToEnd(at: moment, after: wait, number))
                }
                #expect(quickest < .milliseconds(100), "\(moment), \(wait) µs")
            }
        }
    }
}

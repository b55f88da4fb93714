import Backends
import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Registration

/// Registrations in a real etcd.
@Suite struct RegistrarThreadTests {
    @Test func registersAndRemoves() throws {
        let etcd = try TestEtcd()
        let program = try Program(etcd.url)
        program.thread.set([Service("/s/a", "1"), Service("/s/b", "2", downValue: "down")])
        program.setHealth(.up)
        try program.sees(etcd, ["/s/a": "1", "/s/b": "2"])
        program.setHealth(.down)
        try program.sees(etcd, ["/s/b": "down"])
        program.setHealth(.up)
        try program.sees(etcd, ["/s/a": "1", "/s/b": "2"])
        // The key of a service that is no longer in the set is removed.
        program.thread.set([Service("/s/a", "3")])
        try program.sees(etcd, ["/s/a": "3"])
        #expect(program.stop())
        #expect(try etcd.keys("/s/") == [:])
        #expect(program.count { if case .unreachable = $0 { true } else { false } } == 0)
    }

    /// Each key is written in a transaction of its own.
    @Test func registersAThousandOverOneConnection() throws {
        let etcd = try TestEtcd()
        let proxy = try Proxy(to: etcd.port)
        let program = try Program("http://127.0.0.1:\(proxy.port)")
        let services = (0..<1_000).map { Service("/many/\($0)", "\($0)", ttl: .seconds(10)) }
        program.thread.set(services)
        for service in services { program.thread.setHealth(.up, of: service.key) }
        #expect(eventuallyBlocking { program.thread.registered.count == 1_000 })
        // Waits for more than the services' ttl of 10 s: until a lease of 12 s that nobody keeps alive has ended.
        try etcd.control("put /witness up --lease $(etcdctl --endpoints \(etcd.url) lease grant 12 | cut -d' ' -f2)")
        try program.sees(etcd, [:], "/witness")
        #expect(try etcd.keys("/many/").count == 1_000)
        #expect(program.stop())
        #expect(try etcd.keys("/many/") == [:])
        #expect(proxy.accepted == 1)
    }

    @Test func aProgramThatDiesIsGoneAfterItsTime() throws {
        let etcd = try TestEtcd()
        let program = try Program(etcd.url)
        program.thread.set([Service("/dies/a", ttl: .seconds(2))])
        program.setHealth(.up, ["/dies/a"])
        try program.sees(etcd, ["/dies/a": "up"], "/dies/")
        // As after SIGKILL: nothing more is sent.
        program.thread.abandon()
        try program.sees(etcd, [:], "/dies/")
    }

    @Test func anotherRunTakesOver() throws {
        let etcd = try TestEtcd()
        let first = try Program(etcd.url)
        first.thread.set([Service("/again/a", onStop: .keep)])
        first.setHealth(.up, ["/again/a"])
        try first.sees(etcd, ["/again/a": "up"], "/again/")
        #expect(first.stop())
        let revision = try etcd.control("get /again/a -w fields | grep ModRevision")
        let second = try Program(etcd.url)
        second.thread.set([Service("/again/a", onStop: .delete)])
        second.setHealth(.up, ["/again/a"])
        #expect(eventuallyBlocking { second.reports.contains(.registered(key: bytes("/again/a"), wasThere: true)) })
        #expect(try etcd.control("get /again/a -w fields | grep ModRevision") == revision)
        #expect(second.stop())
        #expect(try etcd.keys("/again/") == [:])
    }

    /// The server is killed and started again, compacted and emptied; then the lease is revoked, and a key is deleted.
    @Test func whateverHappensToTheStore() throws {
        let etcd = try TestEtcd()
        let program = try Program(etcd.url)
        let keys = ["/store/a": "up", "/store/b": "up"]
        program.thread.set(keys.keys.map { Service($0) })
        program.setHealth(.up, Array(keys.keys))
        try program.sees(etcd, keys, "/store/")

        // The store keeps the keys: that the program goes on is seen by another one.
        etcd.kill()
        try etcd.start()
        program.thread.set((Array(keys.keys) + ["/store/c"]).map { Service($0) })
        program.setHealth(.up, ["/store/c"])
        try program.sees(etcd, keys.merging(["/store/c": "up"]) { $1 }, "/store/")

        try etcd.control(
            "compact $(etcdctl --endpoints \(etcd.url) endpoint status -w fields | sed -n 's/.*Revision. : //p')")
        try etcd.control("defrag")
        program.thread.set(keys.keys.map { Service($0) })
        try program.sees(etcd, keys, "/store/")

        etcd.kill()
        try etcd.wipe()
        try etcd.start()
        try program.sees(etcd, keys, "/store/")

        let ends = program.count { $0 == .leaseEnded(keys: 2) }
        let id = try #require(program.thread.leaseIDs.first)
        try etcd.control("lease revoke \(String(id, radix: 16))")
        #expect(eventuallyBlocking { program.count { $0 == .leaseEnded(keys: 2) } > ends })
        try program.sees(etcd, keys, "/store/")

        try etcd.control("del /store/a")
        // The store has the key again before its answer has reached the program.
        #expect(eventuallyBlocking { program.reports.contains(.lost(key: bytes("/store/a"))) })
        try program.sees(etcd, keys, "/store/")
        #expect(program.stop())
        #expect(try etcd.keys("/store/") == [:])
    }

    @Test func aStrangersKeyIsLeftAlone() throws {
        let etcd = try TestEtcd()
        try etcd.control("put /conflict/a other")
        let program = try Program(etcd.url)
        program.thread.set([Service("/conflict/a", ttl: .seconds(3))])
        program.setHealth(.up, ["/conflict/a"])
        let report = Report.conflict(key: bytes("/conflict/a"), .nobody, waits: true)
        #expect(eventuallyBlocking { program.reports.contains(report) })
        #expect(try etcd.keys("/conflict/") == ["/conflict/a": "other"])
        try etcd.control("del /conflict/a")
        try program.sees(etcd, ["/conflict/a": "up"], "/conflict/")
        try etcd.control("put /conflict/a other")
        #expect(eventuallyBlocking { program.reports.filter { $0 == report }.count == 2 })
        #expect(program.stop())
        #expect(try etcd.keys("/conflict/") == ["/conflict/a": "other"])
    }

    @Test func aUserWithoutTheRightIsNamed() throws {
        let etcd = try TestEtcd(arguments: "--bcrypt-cost 4")
        for line in [
            "user add root:r", "user grant-role root root", "user add u:p", "role add r",
            "role grant-permission r readwrite /mine/a", "user grant-role u r", "auth enable",
        ] {
            try etcd.control(line)
        }
        let program = try Program(etcd.url) { options in
            options.credentials = EtcdCredentials(username: "u") { Array("p".utf8) }
        }
        program.thread.set([Service("/mine/a"), Service("/closed/a")])
        program.setHealth(.up, ["/mine/a", "/closed/a"])
        #expect(eventuallyBlocking { program.thread.registered.count == 1 })
        #expect(
            eventuallyBlocking {
                program.reports.contains { report in
                    guard case .refused(let key, let error) = report else { return false }
                    return key == bytes("/closed/a") && error.message.hasSuffix("permission denied (gRPC status 7)")
                        && error.hint?.hasSuffix("readwrite /closed/a") == true
                }
            })
        #expect(try etcd.keys("/", access: "--user root:r") == ["/mine/a": "up"])
        #expect(program.stop())
        #expect(try etcd.keys("/", access: "--user root:r") == [:])
    }

    @Test func theEndDoesNotWaitForAStoreThatIsAway() throws {
        let etcd = try TestEtcd()
        let proxy = try Proxy(to: etcd.port)
        let program = try Program("http://127.0.0.1:\(proxy.port)", removalTime: nil)
        program.thread.set([Service("/away/a")])
        program.setHealth(.up, ["/away/a"])
        try program.sees(etcd, ["/away/a": "up"], "/away/")
        proxy.hold()
        let start = ContinuousClock.now
        #expect(program.stop())
        #expect(start.duration(to: .now) >= .seconds(2))
        #expect(program.reports.last == .notRemoved(keys: [Array("/away/a".utf8)], within: .seconds(10)))
    }

    @Test func theOldAPI() throws {
        let etcd = try TestEtcd(arguments: "--enable-v2=true")
        func keys() throws -> String { try Shell.run("curl -s '\(etcd.url)/v2/keys/old?sorted=true'") }
        let program = try Program(etcd.url, isOld: true)
        program.thread.set([Service("/old/a", "one", ttl: .seconds(10)), Service("/old/b", "two", ttl: .seconds(10))])
        program.setHealth(.up, ["/old/a", "/old/b"])
        #expect(try eventuallyBlocking { try keys().contains("one") && keys().contains("two") })
        // Waits for more than the services' ttl of 10 s: until a key with 12 s that nobody refreshes has expired.
        try Shell.run("curl -sf \(etcd.url)/v2/keys/old/witness -XPUT -d value=witness -d ttl=12")
        #expect(try eventuallyBlocking { try !keys().contains("witness") })
        #expect(try keys().contains("one") && keys().contains("two"))
        program.thread.setHealth(.down, of: bytes("/old/a"))
        #expect(try eventuallyBlocking { try !keys().contains("one") })
        etcd.kill()
        try etcd.wipe()
        try etcd.start()
        #expect(try eventuallyBlocking { try keys().contains("two") })
        #expect(program.stop())
        #expect(try !keys().contains("two"))
    }
}

/// A registrar's thread and what it reported.
private final class Program: Sendable {
    let thread: RegistrarThread
    private let log: Log

    private final class Log: Sendable {
        let reports = Mutex<[Report]>([])
    }

    /// `removalTime`: how long it tries to remove keys at its end, nil: for as long as in the product.
    init(
        _ url: String, isOld: Bool = false, removalTime: Duration? = .seconds(30),
        _ change: (inout EtcdOptions) -> Void = { _ in }
    ) throws {
        var options = EtcdOptions()
        options.endpoints = [url]
        change(&options)
        let backend: any LeasingBackend = isOld ? try EtcdV2Backend(options) : try EtcdBackend(options)
        let identity = LeaseIdentity(machine: "m", boot: "b", host: "h", purpose: "/etc/confd")
        let log = Log()
        self.log = log
        var registrar = Registrar(identity: identity)
        if let removalTime { registrar.removalTime = removalTime }
        thread = try RegistrarThread(backend, registrar) { report in
            log.reports.withLock { $0.append(report) }
        }
        try thread.start()
    }

    deinit { thread.abandon() }

    var reports: [Report] { log.reports.withLock { $0 } }

    func count(_ isWanted: (Report) -> Bool) -> Int { reports.filter(isWanted).count }

    func setHealth(_ health: ServiceHealth, _ keys: [String] = ["/s/a", "/s/b"]) {
        for key in keys { thread.setHealth(health, of: bytes(key)) }
    }

    /// False if the thread has not ended after 30 s.
    func stop() -> Bool {
        thread.stop()
        return thread.waitUntilFinished(atMost: .seconds(30))
    }

    /// Waits until the store has these keys below `prefix`.
    func sees(_ etcd: TestEtcd, _ keys: [String: String], _ prefix: String = "/s/") throws {
        let isSeen = try eventuallyBlocking { try etcd.keys(prefix) == keys }
        let found = try etcd.keys(prefix)
        #expect(isSeen, "\(found), \(reports.map(\.message))")
    }
}

import Glibc
import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Changes of a real redis.
@Suite struct RedisFollowTests {
    let server: RedisServer

    init() throws { server = try RedisServer.shared.get() }

    /// Whether a read failed because keys change all the time. Where the writer gets more of the processors than the reader, a
    /// read may take all of its time.
    private static func isOfBusyKeys(_ error: BackendError) -> Bool {
        ["came and went while they were read, again and again", "no complete answer within the time limit"].contains {
            error.message.hasSuffix($0)
        }
    }

    @Test func followsEveryKindOfChange() throws {
        try server.call([["SET", "/kinds/a", "1"], ["HSET", "/kinds/h", "x", "1", "y", "2"]])
        let following = try Following(try server.backend(), "/kinds")
        #expect(following.sees(["/kinds/a": "1", "/kinds/h/x": "1", "/kinds/h/y": "2"]))
        let steps: [([[String]], [String: String])] = [
            ([["APPEND", "/kinds/a", "2"]], ["/kinds/a": "12", "/kinds/h/x": "1", "/kinds/h/y": "2"]),
            ([["INCR", "/kinds/a"]], ["/kinds/a": "13", "/kinds/h/x": "1", "/kinds/h/y": "2"]),
            ([["HDEL", "/kinds/h", "x"]], ["/kinds/a": "13", "/kinds/h/y": "2"]),
            ([["HSET", "/kinds/h", "z", "3"]], ["/kinds/a": "13", "/kinds/h/y": "2", "/kinds/h/z": "3"]),
            // Another type under the same name, both ways.
            ([["DEL", "/kinds/h"], ["SET", "/kinds/h", "text"]], ["/kinds/a": "13", "/kinds/h": "text"]),
            ([["DEL", "/kinds/a"], ["HSET", "/kinds/a", "f", "v"]], ["/kinds/a/f": "v", "/kinds/h": "text"]),
            ([["RENAME", "/kinds/h", "/kinds/i"]], ["/kinds/a/f": "v", "/kinds/i": "text"]),
            ([["RENAME", "/kinds/i", "/elsewhere"]], ["/kinds/a/f": "v"]),
            ([["SET", "/kinds/t", "short"]], ["/kinds/a/f": "v", "/kinds/t": "short"]),
            // It expires.
            ([["PEXPIRE", "/kinds/t", "30"]], ["/kinds/a/f": "v"]),
            ([["DEL", "/kinds/a"], ["RPUSH", "/kinds/a", "1"]], [:]),
            ([["MSET", "/kinds/b", "1", "/kinds/c", "2"]], ["/kinds/b": "1", "/kinds/c": "2"]),
            ([["COPY", "/kinds/b", "/kinds/d"]], ["/kinds/b": "1", "/kinds/c": "2", "/kinds/d": "1"]),
        ]
        for (commands, expected) in steps {
            try server.call(commands)
            #expect(following.sees(expected), "\(commands)")
        }
        #expect(following.failures == [])
    }

    /// The key at the top of a range decides what is read below it.
    @Test func followsTheKeyAtTheTop() throws {
        try server.set(["/top/a": "1"])
        let following = try Following(try server.backend(), "/top")
        #expect(following.sees(["/top/a": "1"]))
        try server.set(["/top": "own"])
        #expect(following.sees(["/top": "own"]))
        try server.set(["/top": "other"])
        #expect(following.sees(["/top": "other"]))
        try server.call([["DEL", "/top"], ["HSET", "/top", "f", "v"]])
        #expect(following.sees(["/top/f": "v"]))
        try server.call(["HSET", "/top", "g", "w"])
        #expect(following.sees(["/top/f": "v", "/top/g": "w"]))
        try server.call(["DEL", "/top"])
        #expect(following.sees(["/top/a": "1"]))
        #expect(following.failures == [])
    }

    @Test func followsWithASeparator() throws {
        let following = try Following(try server.backend { $0.separator = ":" }, "/sep")
        #expect(following.sees([:]))
        try server.set(["sep:a:b": "1", "/sep/c": "other", "separate:d": "other"])
        #expect(following.sees(["/sep/a/b": "1"]))
        try server.call(["DEL", "sep:a:b"])
        #expect(following.sees([:]))
    }

    /// What `FLUSHALL` removes is not reported.
    @Test func noticesThatEverythingIsGone() throws {
        let server = try RedisServer()
        try server.set(["/flush/a": "1"])
        let following = try Following(try server.backend(), "/flush")
        #expect(following.sees(["/flush/a": "1"]))
        try server.call(["FLUSHALL"])
        #expect(following.sees([:]))
        #expect(following.failures == [])
    }

    @Test(arguments: ["", "KEg$", "E"])
    func readsAgainWhereChangesAreNotReported(_ notifications: String) throws {
        let server = try RedisServer(notifications: notifications)
        try server.set(["/off/a": "1"])
        let warnings = Mutex<[String]>([])
        let backend = try server.backend {
            $0.unwatchedPause = .milliseconds(100)
            $0.warn = { text in warnings.withLock { $0.append(text) } }
        }
        let following = try Following(backend, "/off")
        #expect(following.sees(["/off/a": "1"]))
        try server.set(["/off/a": "2"])
        #expect(following.sees(["/off/a": "2"]))
        try server.call(["DEL", "/off/a"])
        #expect(following.sees([:]))
        let deliveries = following.deliveries
        let searches = try server.searches()
        #expect(try eventuallyBlocking { try server.searches() > searches + 5 })
        // What has not changed is not delivered again.
        #expect(following.deliveries == deliveries)
        #expect(following.failures == [])
        #expect(following.stop())
        #expect(warnings.withLock { $0.count } == 1)
        #expect(warnings.withLock { $0.first }?.contains("CONFIG SET notify-keyspace-events KA") == true)
    }

    /// With many keys that change all the time, none is missed and none comes in parts.
    @Test func keepsUpWithManyChanges() throws {
        let server = try RedisServer()
        try server.call((0..<500).map { ["SET", "/busy/\($0)", "0"] } + [["SET", "/busy/sum", "0"]])
        let torn = Mutex<[String]>([])
        let following = try Following(try server.backend(), "/busy") { snapshot in
            let texts = snapshot.texts
            let sum = texts.reduce(0) { $1.key == "/busy/sum" ? $0 : $0 + (Int($1.value) ?? 0) }
            if texts["/busy/sum"] != "\(sum)" { torn.withLock { $0.append("\(sum) for \(texts["/busy/sum"] ?? "")") } }
        }
        let writer = try WriterThread { number in
            // Without a pause the writer takes all of a busy machine.
            usleep(2_000)
            try server.call([
                ["MULTI"], ["INCR", "/busy/\(number % 500)"], ["INCR", "/busy/\(number * 7 % 500)"],
                ["INCRBY", "/busy/sum", "2"], ["EXEC"],
            ])
        }
        #expect(eventuallyBlocking { following.deliveries > 20 })
        try writer.stop()
        let expected = try server.backend().read("/busy")
        #expect(following.sees(expected))
        #expect(torn.withLock { Array($0.prefix(3)) } == [])
        let others = following.failures.filter { !Self.isOfBusyKeys($0) }
        #expect(others == [])
    }

    /// Keys that come and go while they are looked up: a read takes its time, and is right or an error.
    @Test(arguments: [("KA", 50_000), ("KA", 0), ("", 50_000)])
    func readsWhileKeysComeAndGo(_ notifications: String, _ atOnce: Int) throws {
        let server = try RedisServer(notifications: notifications)
        try server.call((0..<3_000).map { ["SET", "/churn/\($0)", "0"] })
        let writer = try WriterThread { number in
            // Few, and with pauses: a slow machine needs the time between.
            try server.call([
                ["MULTI"], ["SET", "/churn/new\(number)", "1"], ["DEL", "/churn/new\(number - 1)"], ["EXEC"],
            ])
            usleep(20_000)
        }
        let backend = try server.backend { $0.mostKeysAtOnce = atOnce }
        for _ in 0..<3 {
            do throws(BackendError) {
                let ranges = [KeyRange(cleaned: Array("/churn".utf8))]
                let found = try backend.snapshot(of: ranges, timeout: .seconds(5)).texts
                #expect(found.count == 3_001 || found["/churn/new1"] == nil && found.count == 3_000)
            } catch {
                #expect(Self.isOfBusyKeys(error), "\(error.message)")
            }
        }
        #expect(try writer.stop() > 0)
    }
}

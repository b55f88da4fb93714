import KeyValue
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Changes of a real ZooKeeper.
@Suite struct ZookeeperFollowTests {
    let server: TestZookeeper

    init() throws { server = try TestZookeeper.shared.get() }

    @Test func followsEveryKindOfChange() throws {
        func create(_ path: String, _ value: String = "") -> ZookeeperChange {
            .create(path, Array(value.utf8), .everybody)
        }
        try server.apply([create("/kinds"), create("/kinds/a", "1"), create("/kinds/f"), create("/kinds/f/b", "2")])
        let following = try Following(try server.backend(), "/kinds")
        #expect(following.sees(["/kinds/a": "1", "/kinds/f/b": "2"]))
        let steps: [([ZookeeperChange], [String: String])] = [
            ([.set("/kinds/a", Array("3".utf8))], ["/kinds/a": "3", "/kinds/f/b": "2"]),
            ([create("/kinds/f/c", "4")], ["/kinds/a": "3", "/kinds/f/b": "2", "/kinds/f/c": "4"]),
            ([.delete("/kinds/f/b")], ["/kinds/a": "3", "/kinds/f/c": "4"]),
            // A node that gets a child is no key, and one that loses its last child is one.
            ([create("/kinds/a/x", "5")], ["/kinds/a/x": "5", "/kinds/f/c": "4"]),
            ([.set("/kinds/a", Array("6".utf8))], ["/kinds/a/x": "5", "/kinds/f/c": "4"]),
            ([.delete("/kinds/a/x")], ["/kinds/a": "6", "/kinds/f/c": "4"]),
            ([.set("/kinds/a", Array("7".utf8))], ["/kinds/a": "7", "/kinds/f/c": "4"]),
            // Deleted and made again in one transaction, with other contents.
            (
                [.delete("/kinds/f/c"), .delete("/kinds/f"), create("/kinds/f"), create("/kinds/f/d", "8")],
                ["/kinds/a": "7", "/kinds/f/d": "8"]
            ),
            ([.set("/kinds/f/d", Array("9".utf8))], ["/kinds/a": "7", "/kinds/f/d": "9"]),
            (
                [.delete("/kinds/f/d"), .delete("/kinds/f"), create("/kinds/f", "10")],
                ["/kinds/a": "7", "/kinds/f": "10"]
            ),
            ([.delete("/kinds/f"), .delete("/kinds/a")], ["/kinds": ""]),
            ([.delete("/kinds")], [:]),
            ([create("/kinds", "11")], ["/kinds": "11"]),
            ([.set("/kinds", Array("12".utf8))], ["/kinds": "12"]),
            ([.delete("/kinds"), create("/kinds"), create("/kinds/z", "13")], ["/kinds/z": "13"]),
        ]
        for (changes, expected) in steps {
            try server.apply(changes)
            #expect(following.sees(expected), "\(changes)")
        }
        #expect(following.failures == [])
    }

    /// Random transactions under a watch: no snapshot has a part of one, and the last snapshot is the final state.
    @Test(arguments: 1...3)
    func followsRandomChanges(_ seed: UInt64) throws {
        let top = "/random\(seed)"
        let names = ["a", "b", "c/x", "c/y", "d/e/f", "d/e/g", "h"].map { "\(top)/\($0)" }
        try server.write([("\(top)/round", "0"), ("\(top)/end/round", "0")])
        let torn = Mutex<[String]>([])
        let following = try Following(try server.backend(), top) { snapshot in
            let texts = snapshot.texts
            if texts["\(top)/round"] != texts["\(top)/end/round"] { torn.withLock { $0.append("\(texts)") } }
        }
        var generator = SeededGenerator(seed: seed)
        var expected: [String: String] = [:]
        for round in 1...300 {
            var pairs = [(key: "\(top)/round", value: Optional("\(round)"))]
            for name in Set((0..<3).map { _ in names.randomElement(using: &generator) ?? "" }) {
                let value = Bool.random(using: &generator) ? "\(round)" : nil
                pairs.append((name, value))
                expected[name] = value
            }
            pairs.append(("\(top)/end/round", "\(round)"))
            try server.write(pairs)
            expected["\(top)/round"] = "\(round)"
            expected["\(top)/end/round"] = "\(round)"
        }
        #expect(following.sees(expected))
        #expect(torn.withLock { Array($0.prefix(2)) } == [])
        #expect(following.failures == [])
    }

    /// The nodes change all the time, and the server is far away.
    @Test func comesToAnEndWhereEverythingMoves() throws {
        try server.write((0..<20).map { ("/moving/\($0)", "0") })
        let proxy = try Proxy(to: server.port)
        let server = self.server
        let writer = try WriterThread { round in try server.write([("/moving/\(round % 20)", "\(round)")]) }
        proxy.delay(0.05)
        let following = try Following(try server.backend(through: proxy.port), "/moving")
        #expect(eventuallyBlocking { following.deliveries >= 5 })
        try writer.stop()
        #expect(following.failures == [])
        #expect(following.sees(try server.backend().read("/moving")))
    }

    @Test func deliversNothingWhereNothingIsDifferent() throws {
        try server.write(["/same/a": "1", "/same/b": "1"])
        let following = try Following(try server.backend(), "/same")
        #expect(following.sees(["/same/a": "1", "/same/b": "1"]))
        let deliveries = following.deliveries
        for _ in 0..<5 { try server.write(["/same/a": "1"]) }
        try server.write(["/same/b": "2"])
        #expect(following.sees(["/same/a": "1", "/same/b": "2"]))
        #expect(following.deliveries == deliveries + 1)
    }

    @Test func takesAnotherServerWhenItsOwnIsLost() throws {
        try server.write(["/other/a": "1"])
        let proxies = try [Proxy(to: server.port), Proxy(to: server.port)]
        let following = try Following(
            try server.backend {
                $0.nodes = try proxies.map { try ZookeeperNode("127.0.0.1:\($0.port)") }
            }, "/other")
        #expect(following.sees(["/other/a": "1"]))
        for (number, proxy) in proxies.enumerated() {
            proxy.refuse()
            try server.write(["/other/a": "\(number + 2)"])
            #expect(following.sees(["/other/a": "\(number + 2)"]))
            try proxy.accept()
        }
    }
}

import TestSupport
import Testing

@testable import KeyValue

@Suite struct ApplyingTests {
    private func updated(_ snapshot: Snapshot, _ updates: [(String, String?)]) -> Snapshot {
        snapshot.applying(
            updates.map { Update(key: Array($0.utf8), value: $1.map { Array($0.utf8) }) },
            revision: snapshot.revision + 1)
    }

    @Test(
        arguments: [
            ("nothing", ["/a"], [], ["/a=v0"]),
            ("into nothing", [], [("/b", "2"), ("/a", "1")], ["/a=1", "/b=2"]),
            ("set", ["/a", "/b"], [("/b", "x")], ["/a=v0", "/b=x"]),
            (
                "add before, between and after", ["/b", "/d"], [("/e", ""), ("/a", ""), ("/c", "")],
                ["/a=", "/b=v0", "/c=", "/d=v1", "/e="]
            ),
            ("delete", ["/a", "/b"], [("/a", nil)], ["/b=v1"]),
            ("delete all", ["/a", "/b"], [("/a", nil), ("/b", nil)], []),
            ("delete what is not there", ["/b"], [("/a", nil), ("/c", nil)], ["/b=v0"]),
            ("the last counts", ["/a"], [("/a", "1"), ("/b", "1"), ("/a", nil), ("/b", "2")], ["/b=2"]),
            ("an unclean key", ["/a/b"], [("/a//b", "x")], ["/a//b=x", "/a/b=v0"]),
        ] as [(String, [String], [(String, String?)], [String])])
    func makesUpdates(_ name: String, _ keys: [String], _ updates: [(String, String?)], _ expected: [String]) {
        let snapshot = Snapshot(keys: keys)
        let before = snapshot.pairs
        let new = updated(snapshot, updates)
        #expect(new.pairs == expected)
        #expect(new.revision == 1)
        #expect(snapshot.pairs == before)
        #expect(new.unclean == Snapshot(expected.map { ($0.split(separator: "=")[0].description, "") }).unclean)
    }

    @Test func sharesUntouchedBlocks() {
        let snapshot = Snapshot((1000..<5000).map { ("/k/\($0)", "v") })
        let new = updated(snapshot, [("/k/2000", "w"), ("/k/3000", nil), ("/k/2000a", "x")])
        let shared = Set(snapshot.table.blocks.map(ObjectIdentifier.init))
            .intersection(new.table.blocks.map(ObjectIdentifier.init))
        #expect(shared.count == snapshot.table.blocks.count - 2)
        #expect(new.difference(from: snapshot).map(\.key.text) == ["/k/2000", "/k/2000a", "/k/3000"])
        #expect(new.find("/k/4999") == 3999)
    }

    /// Many rounds, so that blocks are divided, emptied, and rid of what is not used any more.
    @Test(arguments: [1, 2] as [UInt64])
    func agreesWithADictionary(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var expected: [String: String] = [:]
        for number in 0..<700 { expected["/k/\(number % 30)/\(number)"] = "v" }
        var snapshot = Snapshot(expected.map { ($0, $1) })
        for round in 0..<150 {
            let updates: [(String, String?)] = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                let number = Int.random(in: 0..<1500, using: &generator)
                let key = "/k/\(number % 30)/\(number)"
                if Int.random(in: 0..<3, using: &generator) == 0 { return (key, nil) }
                return (
                    key,
                    String(repeating: "x", count: [1, 50, 20_000].randomElement(using: &generator) ?? 0) + "\(round)"
                )
            }
            for (key, value) in updates { expected[key] = value }
            let old = snapshot
            snapshot = updated(snapshot, updates)
            guard round % 10 == 9 else { continue }
            let fresh = Snapshot(expected.map { ($0, $1) })
            #expect(snapshot.hasSameContents(as: fresh))
            #expect(snapshot.difference(from: old).map(\.key) == fresh.difference(from: old).map(\.key))
            #expect(snapshot.children(of: "/k/7") == fresh.children(of: "/k/7"))
            #expect(try snapshot.keys(matching: "/k/*/1?7*") == fresh.keys(matching: "/k/*/1?7*"))
            for key in fresh.keys where fresh.find(key) != snapshot.find(key) { Issue.record("find \(key)") }
        }
        let held = snapshot.table.blocks.flatMap(\.changed).reduce(into: [:]) { $0[ObjectIdentifier($1)] = $1.capacity }
        let live = expected.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        #expect(held.values.reduce(0, +) < 3 * live + 2_000_000)
        #expect(snapshot.table.blocks.allSatisfy { $0.changed.count <= 65 })
    }
}

import TestSupport
import Testing

@testable import KeyValue

@Suite struct DifferenceTests {
    private func difference(_ new: Snapshot, _ old: Snapshot) -> [String] {
        new.difference(from: old).map { change in
            switch change.kind {
            case .added: "+" + change.key.text
            case .updated: "=" + change.key.text
            case .removed: "-" + change.key.text
            }
        }
    }

    @Test(arguments: [
        ("nothing", [], [], []),
        ("same", [("/a", "1")], [("/a", "1")], []),
        ("added", [], [("/a", "1"), ("/b", "2")], ["+/a", "+/b"]),
        ("removed", [("/a", "1"), ("/b", "2")], [], ["-/a", "-/b"]),
        ("updated", [("/a", "1"), ("/b", "2")], [("/a", "1"), ("/b", "")], ["=/b"]),
        (
            "all kinds", [("/a", "1"), ("/c", "3"), ("/d", "4"), ("/z", "")], [("/b", "2"), ("/c", "x"), ("/d", "4")],
            ["-/a", "+/b", "=/c", "-/z"]
        ),
    ])
    func namesChangedKeys(_ name: String, _ old: [(String, String)], _ new: [(String, String)], _ expected: [String]) {
        #expect(difference(Snapshot(new), Snapshot(old)) == expected)
        #expect(Snapshot(new).hasSameContents(as: Snapshot(old)) == expected.isEmpty)
    }

    @Test func comparesViewsOfOneTable() {
        let snapshot = Snapshot((0..<2000).map { ("/\($0 / 100)/\($0 % 100)", "v") })
        func view(_ paths: String...) -> Snapshot {
            snapshot.view(of: paths.map { KeyRange(cleaned: Array($0.utf8)) }, strippingPrefix: [])
        }
        #expect(difference(view("/3"), view("/3")).isEmpty)
        #expect(difference(view("/3", "/5/7"), view("/3")) == ["+/5/7"])
        #expect(difference(view("/3"), view("/3", "/2/1")) == ["-/2/1"])
        #expect(difference(snapshot, view("/3", "/4")).count == 1800)
        #expect(view("/3", "/7").hasSameContents(as: view("/7", "/3")))
        #expect(!view("/3").hasSameContents(as: view("/7")))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func agreesWithComparingDictionaries(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func random() -> [String: String] {
            let pairs = (0..<600).map { _ in
                ("/\(Int.random(in: 0..<900, using: &generator))", "\(Int.random(in: 0..<3, using: &generator))")
            }
            return Dictionary(pairs) { $1 }
        }
        let (old, new) = (random(), random())
        let changed = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        let expected = changed.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { (old[$0] == nil ? "+" : new[$0] == nil ? "-" : "=") + $0 }
        #expect(difference(Snapshot(Array(new.map { ($0, $1) })), Snapshot(Array(old.map { ($0, $1) }))) == expected)
    }
}

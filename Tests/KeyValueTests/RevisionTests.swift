import TestSupport
import Testing

@testable import KeyValue

/// The revisions of single keys.
@Suite struct RevisionTests {
    private func snapshot(_ keys: [(String, Int64)]) -> Snapshot {
        Snapshot([]).applying(
            keys.map { Update(key: Array($0.utf8), value: [1], revision: $1) }, revision: keys.map(\.1).max() ?? 1)
    }

    private func comparison(_ new: Snapshot, _ old: Snapshot) -> [String] {
        var lines: [String] = []
        new.compareRevisions(with: old) { key, revision in
            lines.append("-\(String(decoding: key, as: UTF8.self))@\(revision)")
        } added: { key, revision in
            lines.append("+\(String(decoding: key, as: UTF8.self))@\(revision)")
        }
        return lines
    }

    @Test(
        arguments: [
            ("nothing", [], [], []),
            ("same", [("/a", 3)], [("/a", 3)], []),
            ("added", [], [("/a", 3)], ["+/a@3"]),
            ("removed", [("/a", 3), ("/b", 4)], [("/b", 4)], ["-/a@3"]),
            ("written again", [("/a", 3), ("/b", 4)], [("/a", 5), ("/b", 4)], ["-/a@3", "+/a@5"]),
            (
                "all kinds", [("/a", 1), ("/c", 2)], [("/b", 3), ("/c", 4), ("/d", 5)],
                ["-/a@1", "+/b@3", "-/c@2", "+/c@4", "+/d@5"]
            ),
        ] as [(String, [(String, Int64)], [(String, Int64)], [String])])
    func comparesRevisions(
        _ name: String, _ old: [(String, Int64)], _ new: [(String, Int64)], _ expected: [String]
    ) {
        #expect(comparison(snapshot(new), snapshot(old)) == expected)
    }

    @Test func keepsRevisionsOfKeysThatDoNotChange() {
        let old = snapshot((0..<1_000).map { ("/\($0 + 1_000)", Int64($0 + 1)) })
        var new = old
        // So many updates that the bytes are copied in between.
        for round in 0..<200 {
            new = new.applying(
                [Update(key: Array("/1500".utf8), value: [2], revision: Int64(2_000 + round))],
                revision: Int64(2_000 + round))
        }
        #expect(comparison(new, old) == ["-/1500@501", "+/1500@2199"])
        #expect((0..<1_000).allSatisfy { $0 == 500 || new.modified(at: $0) == Int64($0 + 1) })
        let view = new.view(of: [KeyRange(cleaned: Array("/1500".utf8))], strippingPrefix: Array("/".utf8))
        #expect(view.count == 1 && view.modified(at: 0) == 2_199)
    }
}

import Testing

@testable import KeyValue

@Suite struct HidingTests {
    private static let snapshot = Snapshot(
        ["/a", "/a/b", "/a/b/c", "/a/bc", "/b"].map { (key: Array($0.utf8), value: Array("v".utf8)) }, revision: 7)

    @Test(
        arguments: [
            ([], ["/a", "/a/b", "/a/b/c", "/a/bc", "/b"]),
            (["/a/b"], ["/a", "/a/bc", "/b"]),
            (["/a"], ["/b"]),
            (["/a", "/a/b"], ["/b"]),
            (["/x"], ["/a", "/a/b", "/a/b/c", "/a/bc", "/b"]),
            (["/"], []),
        ] as [([String], [String])])
    func hidesAKeyAndAllBelow(_ paths: [String], _ keys: [String]) {
        let shown = Self.snapshot.hiding(paths.map { Array($0.utf8) })
        #expect((0..<shown.count).map { String(decoding: shown.keyBytes($0), as: UTF8.self) } == keys)
        #expect(shown.revision == 7)
    }
}

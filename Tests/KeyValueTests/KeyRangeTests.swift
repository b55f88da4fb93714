import KeyValue
import Testing

/// Whether a set of ranges contains a key: the same as asking each range.
@Suite struct KeyRangeSetTests {
    @Test(arguments: [
        ["/"], ["/a"], ["/a", "/b/c"], ["/a/b", "/a/b/c"], ["/b", "/"], ["/ab"], [], ["/a", "/a"],
    ])
    func containsWhatARangeContains(_ paths: [String]) {
        let ranges = paths.map { KeyRange(cleaned: Array($0.utf8)) }
        let set = KeyRangeSet(ranges)
        for key in [
            "/", "/a", "/a/", "/a/b", "/a/bc", "/a/b/c", "/a/b/c/d", "/ab", "/ab/c", "/b", "/b/c", "/b/cd", "a",
        ] {
            let bytes = Array(key.utf8)
            let expected = bytes.withUnsafeBufferPointer { key in ranges.contains { $0.contains(key) } }
            #expect(set.contains(bytes) == expected, "\(key)")
        }
    }
}

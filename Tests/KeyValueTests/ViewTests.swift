import Testing

@testable import KeyValue

@Suite struct ViewTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let keys: [String]
        let ranges: [String]
        let prefix: String
        let expected: [String]

        var testDescription: String { name }
    }

    private static let app = ["/app/a", "/app/b/c", "/app2/x", "/other"]

    static let rows = [
        Row(name: "everything", keys: app, ranges: ["/"], prefix: "/", expected: app),
        Row(name: "everything of nothing", keys: [], ranges: ["/"], prefix: "/", expected: []),
        Row(name: "no ranges", keys: app, ranges: [], prefix: "/", expected: []),
        Row(name: "a subtree", keys: app, ranges: ["/app"], prefix: "/", expected: ["/app/a", "/app/b/c"]),
        Row(name: "stripped", keys: app, ranges: ["/app"], prefix: "/app", expected: ["/a", "/b/c"]),
        Row(
            name: "stripped, slash at the end", keys: app, ranges: ["/app"], prefix: "/app/", expected: ["/a", "/b/c"]),
        Row(name: "nothing to strip", keys: app, ranges: ["/app"], prefix: "", expected: ["/app/a", "/app/b/c"]),
        Row(name: "one key", keys: app, ranges: ["/other"], prefix: "/", expected: ["/other"]),
        Row(
            name: "a key and its subtree, siblings between", keys: ["/a", "/a-b", "/a.c", "/a/x", "/a0"],
            ranges: ["/a"],
            prefix: "/", expected: ["/a", "/a/x"]),
        Row(
            name: "overlapping ranges", keys: app, ranges: ["/app/b", "/other", "/app", "/app"], prefix: "/",
            expected: ["/app/a", "/app/b/c", "/other"]),
        Row(
            name: "ranges apart, stripped", keys: ["/p/a/1", "/p/b/2", "/p/c/3"], ranges: ["/p/c", "/p/a"],
            prefix: "/p",
            expected: ["/a/1", "/c/3"]),
        Row(
            name: "the prefix itself is a key", keys: ["/app", "/app/a"], ranges: ["/app"], prefix: "/app",
            expected: ["/", "/a"]),
        Row(
            name: "prefix that ends inside an element", keys: ["/app/a", "/app2/b"], ranges: ["/"], prefix: "/app",
            expected: ["/2/b", "/a"]),
        Row(
            name: "some keys without the prefix", keys: ["/app/b", "/c", "/zoo"], ranges: ["/"], prefix: "/app",
            expected: ["/b", "/c", "/zoo"]),
        Row(name: "prefix that no key has", keys: app, ranges: ["/app2"], prefix: "/zoo", expected: ["/app2/x"]),
        Row(
            name: "unclean keys", keys: ["/app//a", "/app/./b", "/app/c/", "/app/d/../e", "/app/f"], ranges: ["/app"],
            prefix: "/app", expected: ["/a", "/b", "/c", "/f"]),
        // Report: a user who may write only below /tenants could set /app/debug.
        Row(
            name: "paths that climb",
            keys: [
                "/app/debug", "/tenants/..", "/tenants/../app/debug", "/tenants/..a", "/tenants/x..", "/tenants/x/../y",
            ],
            ranges: ["/app", "/tenants"], prefix: "/", expected: ["/app/debug", "/tenants/..a", "/tenants/x.."]),
        Row(
            name: "unclean keys, nothing stripped", keys: ["/a//b", "/a/c"], ranges: ["/a"], prefix: "/",
            expected: ["/a/b", "/a/c"]),
        Row(
            name: "unclean keys out of range", keys: ["/a/b", "/b//c"], ranges: ["/a"], prefix: "/a", expected: ["/b"]),
        Row(name: "keys without a slash", keys: ["a", "b/c"], ranges: ["/"], prefix: "/", expected: ["/a", "/b/c"]),
        Row(name: "root key", keys: ["/", "/a"], ranges: ["/"], prefix: "/", expected: ["/", "/a"]),
    ]

    @Test(arguments: rows)
    func seesWhatTheResourceAsksFor(_ row: Row) {
        let ranges = row.ranges.map { KeyRange(cleaned: Array($0.utf8)) }
        let snapshot = Snapshot(keys: row.keys)
        let view = snapshot.view(of: ranges, strippingPrefix: Array(row.prefix.utf8))
        #expect(view.keys == row.expected)
        // The same by definition: path.Join("/", strings.TrimPrefix(key, prefix)).
        let prefix = Array(row.prefix.utf8)
        let joined = row.keys.map { Array($0.utf8) }
            .filter { !$0.split(separator: slash).contains(Array("..".utf8)[...]) }
            .filter { key in ranges.contains { range in key.withUnsafeBufferPointer { range.contains($0) } } }
            .map { key in Path.join([[slash], key.starts(with: prefix) ? Array(key.dropFirst(prefix.count)) : key]) }
        #expect(Set(view.keys) == Set(joined.map(text)))
        for (index, key) in view.keys.enumerated() { #expect(view.find(key) == index) }
    }

    @Test func ofKeysThatBecomeEqualTheLastStays() {
        let view = Snapshot([("/a/./b", "1"), ("/a//b", "2"), ("/a/b", "3")])
            .view(of: [KeyRange(cleaned: [slash])], strippingPrefix: [])
        #expect(view.pairs == ["/a/b=3"])
    }

    @Test func sharesTheTable() {
        let snapshot = Snapshot((0..<3000).map { ("/s/\(1000 + $0)/x", "v") })
        let view = snapshot.view(of: [KeyRange(cleaned: Array("/s/1500".utf8))], strippingPrefix: Array("/s".utf8))
        #expect(view.keys == ["/1500/x"])
        #expect(view.table === snapshot.table)
        let unclean = Snapshot([("/s//x", ""), ("/s/y", "")])
        #expect(unclean.view(of: [KeyRange(cleaned: [slash])], strippingPrefix: []).table !== unclean.table)
    }

    @Test func viewsOfViews() throws {
        let snapshot = Snapshot(keys: ["/a/b/c/1", "/a/b/d/2", "/a/e/3", "/f"])
        let outer = snapshot.view(
            of: [KeyRange(cleaned: Array("/a/b".utf8)), KeyRange(cleaned: Array("/a/e".utf8))],
            strippingPrefix: Array("/a".utf8))
        #expect(outer.keys == ["/b/c/1", "/b/d/2", "/e/3"])
        let inner = outer.view(
            of: [KeyRange(cleaned: Array("/b/d".utf8)), KeyRange(cleaned: Array("/b/c".utf8))],
            strippingPrefix: Array("/b".utf8))
        #expect(inner.keys == ["/c/1", "/d/2"])
        #expect(try inner.keys(matching: "/*/2") == ["/d/2"])
        #expect(inner.children(of: "/c") == ["1"])
        #expect(inner.table === snapshot.table)
    }

    /// Queries on views whose parts lie apart, compared with a snapshot of the same keys.
    @Test func queriesSeeOnlyTheView() throws {
        let keys = ["a", "b", "c"].flatMap { x in
            (0..<300).flatMap { ["/p/\(x)/\($0)/k", "/p/\(x)/\($0)/l/m", "/q/\(x)"] }
        }
        let view = Snapshot(keys: keys)
            .view(of: ["/p/a", "/p/c"].map { KeyRange(cleaned: Array($0.utf8)) }, strippingPrefix: Array("/p".utf8))
        let copy = Snapshot(
            view.pairs.map { ($0.split(separator: "=")[0].description, $0.split(separator: "=")[1].description) })
        #expect(view.count == 1200 && view.hasSameContents(as: copy) && copy.hasSameContents(as: view))
        for path in ["/", "/a", "/b", "/c", "/c/7", "/c/7/l", "/a/"] {
            #expect(view.children(of: path) == copy.children(of: path), "ls \(path)")
            #expect(view.directories(of: path) == copy.directories(of: path), "lsdir \(path)")
        }
        for pattern in ["/*/1?/k", "/c/*/l/*", "/[^c]/2*/k", "/b/*/*", "/*/*/l/m"] {
            #expect(try view.keys(matching: pattern) == copy.keys(matching: pattern), "gets \(pattern)")
        }
    }
}

import TestSupport
import Testing

@testable import KeyValue

@Suite struct ReadSetTests {
    enum Read: Sendable {
        case key(String)
        case glob(String)
        case listing(String)
    }

    private func readSet(_ reads: [Read]) -> ReadSet {
        var recorder = ReadSet.Recorder()
        for read in reads {
            switch read {
            case .key(let key): withBytes(key) { recorder.noteKey($0) }
            case .glob(let pattern): recorder.noteGlob(withBytes(pattern) { Glob($0) })
            case .listing(let path): withBytes(path) { recorder.noteListing(of: $0) }
            }
        }
        return recorder.finish()
    }

    private func changes(_ kind: Change.Kind, _ keys: [String]) -> [Change] {
        keys.map { Change(kind: kind, key: Window(copying: Array($0.utf8))) }
    }

    @Test(
        arguments: [
            ("nothing read", [], [], ["/a", "/"]),
            (
                "keys", [.key("/a"), .key("/b/long/key/with/more/bytes")], ["/a", "/b/long/key/with/more/bytes"],
                ["/", "/b", "/a/", "/a/b"]
            ),
            ("a glob", [.glob("/a/*/c")], ["/a/", "/a/x", "/a/b/c"], ["/a", "/b/b/c", "/"]),
            ("a literal glob", [.glob("/a/b")], ["/a/b"], ["/a/b/c", "/a"]),
            ("a glob without literal prefix", [.glob("*")], ["/a", "x"], []),
            (
                "nested prefixes", [.glob("/a/b/*"), .glob("/a/*"), .glob("/a/c*"), .glob("/x?")],
                ["/a/z", "/a/b/c", "/xy"], ["/a", "/b", "/w"]
            ),
            (
                "many prefixes", (0..<100).map { .glob("/s/\($0)/*") }, ["/s/0/a", "/s/57/a", "/s/9/a", "/s/99/z"],
                ["/s/100/a", "/s/5", "/s/", "/t"]
            ),
        ] as [(String, [Read], [String], [String])])
    func changesOfWhatWasRead(_ name: String, _ reads: [Read], _ touched: [String], _ untouched: [String]) {
        let set = readSet(reads)
        for kind in [Change.Kind.added, .updated, .removed] {
            for key in touched { #expect(set.intersects(changes(kind, [key])), "\(key)") }
            #expect(!set.intersects(changes(kind, untouched)))
        }
    }

    @Test(arguments: [
        ("/a", ["/a/b", "/a/b/c", "/a", "/a//b", "b", "/"], ["/ab", "/b", "/a-b/c"]),
        ("/a/../a/", ["/a/b"], ["/ab", "/b"]),
        ("/", ["/a", "/a/b", "x"], []),
        ("rel", ["rel/a", "/a//b"], ["/a", "/rel/a"]),
    ])
    func changesOfWhatWasListed(_ path: String, _ touched: [String], _ untouched: [String]) {
        let set = readSet([.listing(path)])
        for kind in [Change.Kind.added, .removed] {
            for key in touched { #expect(set.intersects(changes(kind, [key])), "\(key)") }
            #expect(!set.intersects(changes(kind, untouched)))
        }
        #expect(!set.intersects(changes(.updated, ["/a/b", "/b", "/a/b/c"])), "a new value changes no listing")
    }

    @Test func aMalformedPatternDependsOnThereBeingKeys() {
        let set = readSet([.glob("/a[")])
        #expect(set.intersects(changes(.added, ["/z"])))
        #expect(set.intersects(changes(.removed, ["/z"])))
        #expect(!set.intersects(changes(.updated, ["/z"])))
    }

    /// Whenever a changed key changes the answer of a query, the read set contains that key.
    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func noChangedAnswerIsMissed(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func path() -> String {
            (0..<Int.random(in: 1...4, using: &generator))
                .map { _ in "/" + (["a", "b", "a-", "", ".", ".."].randomElement(using: &generator) ?? "") }.joined()
        }
        for _ in 0..<200 {
            let keys = Set((0..<6).map { _ in path() })
            let old = Snapshot(keys.sorted().map { ($0, "v") })
            let new = Snapshot(
                (keys.subtracting([keys.randomElement(using: &generator) ?? ""]).union([path()])).sorted().map {
                    ($0, "v")
                })
            let changes = new.difference(from: old)
            for _ in 0..<10 {
                let query = path()
                if old.find(query).map({ _ in 0 }) != new.find(query).map({ _ in 0 }) {
                    #expect(readSet([.key(query)]).intersects(changes), "get \(query)")
                }
                if old.children(of: query) != new.children(of: query)
                    || old.directories(of: query) != new.directories(of: query)
                {
                    #expect(readSet([.listing(query)]).intersects(changes), "ls \(query)")
                }
                let pattern = query.replacing("a", with: "*")
                if (try? old.keys(matching: pattern)) != (try? new.keys(matching: pattern)) {
                    #expect(readSet([.glob(pattern)]).intersects(changes), "gets \(pattern)")
                }
            }
        }
    }
}

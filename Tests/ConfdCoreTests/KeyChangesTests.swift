import Configuration
import KeyValue
import Testing

@testable import Applying

/// The changes of keys that commands find in the file of `CONFD_CHANGES`.
@Suite struct KeyChangesTests {
    private func snapshot(_ pairs: [String: String], revision: Int64) -> Snapshot {
        Snapshot(pairs.map { (Array($0.key.utf8), Array($0.value.utf8)) }, revision: revision)
    }

    private func changes(_ base: KeyChanges.Base, _ snapshot: Snapshot, keys: String = "/a") -> KeyChanges {
        KeyChanges(base: base, snapshot: snapshot, ranges: [KeyRange(cleaned: Array(keys.utf8))])
    }

    private func keys(_ keys: String...) -> Set<[UInt8]> { Set(keys.map { Array($0.utf8) }) }

    private func text(_ lines: [UInt8]) -> String { String(decoding: lines, as: UTF8.self) }

    @Test func againstASnapshot() {
        let old = snapshot(["/a/1": "x", "/a/2": "x", "/a/3": "x", "/b": "x"], revision: 4)
        let changes = changes(
            .snapshot(old), snapshot(["/a/1": "x", "/a/2": "y", "/a/4": "z", "/b": "y"], revision: 9))
        #expect(
            text(changes.lines) == """
                {"action":"set","key":"/a/2","revision":9}
                {"action":"delete","key":"/a/3","revision":9}
                {"action":"set","key":"/a/4","revision":9}

                """)
        #expect(changes.changesKeys)
        #expect(changes.keys == keys("/a/1", "/a/2", "/a/4"))
        #expect(changes.possibleKeys == keys("/a/1", "/a/2", "/a/3", "/a/4"))
    }

    @Test func valuesAloneChangeNoKeys() {
        let old = snapshot(["/a/1": "x"], revision: 1)
        #expect(!changes(.snapshot(old), snapshot(["/a/1": "y"], revision: 2)).changesKeys)
    }

    @Test func againstKeysOfBefore() {
        let changes = changes(.keys(keys("/a/1", "/a/2")), snapshot(["/a/2": "x", "/a/3": "x"], revision: 9))
        #expect(
            text(changes.lines) == """
                {"action":"delete","key":"/a/1","revision":9}
                {"action":"set","key":"/a/2","revision":9}
                {"action":"set","key":"/a/3","revision":9}

                """)
        #expect(changes.changesKeys && changes.possibleKeys == keys("/a/1", "/a/2", "/a/3"))
    }

    /// Each line has the name and revision of its store; a deletion has those of the store that held the key.
    @Test func severalStoresAreNamed() {
        func merged(_ first: [String: String], _ second: [String: String], _ revision: Int64) -> Snapshot {
            let stores = [(first, revision), (second, Int64(0))]
            return Snapshot.merging(
                zip(["etcd", "file"], stores).map { name, store in
                    SnapshotLayer(
                        name: name, snapshot: snapshot(store.0, revision: store.1),
                        ranges: [KeyRange(cleaned: Array("/a".utf8))], mount: Array("/".utf8))
                })
        }
        let old = merged(["/a/1": "x", "/a/2": "x"], ["/a/1": "d", "/a/3": "d"], 4)
        let changes = changes(.snapshot(old), merged(["/a/4": "x"], ["/a/1": "d"], 9))
        #expect(
            text(changes.lines) == """
                {"action":"set","key":"/a/1","backend":"file","revision":0}
                {"action":"delete","key":"/a/2","backend":"etcd","revision":9}
                {"action":"delete","key":"/a/3","backend":"file","revision":0}
                {"action":"set","key":"/a/4","backend":"etcd","revision":9}

                """)
    }

    /// Report: a server that a check hides, or shows again, was said to be a key that changed.
    @Test func whatAHealthCheckDidIsNoChangeOfAKey() {
        let store = snapshot(["/a/1/url": "x", "/a/2": "y", "/a/3": "z"], revision: 4)
        let hidden = store.hiding([Array("/a/1".utf8), Array("/a/2".utf8)])
        #expect(
            changes(.snapshot(store), hidden).summary
                == " (/a/1/url is hidden by its health check, /a/2 is hidden by its health check, revision 4)")
        let one = store.hiding([Array("/a/2".utf8)])
        #expect(changes(.snapshot(hidden), one).summary == " (/a/1/url is not hidden any more, revision 4)")
        // A key that is deleted while others are hidden.
        let later = snapshot(["/a/1/url": "x", "/a/2": "y"], revision: 5).hiding([Array("/a/2".utf8)])
        #expect(changes(.snapshot(one), later).summary == " (/a/3, revision 5)")
    }

    /// Found by a newcomer: a key that came and was hidden before the reload seemed to be no change, so that something else was
    /// named as the cause.
    @Test func aFileMayBeNewerThanItsService() {
        let old = snapshot(["/a/1": "x"], revision: 4)
        let store = snapshot(["/a/1": "x", "/a/2": "y"], revision: 5)
        var changes = changes(.snapshot(old), store.hiding([Array("/a/2".utf8)]))
        changes.fileKeys = store
        #expect(changes.summary == " (/a/2 is hidden by its health check, revision 5)")
        #expect(changes.lines.isEmpty)
        // What the service has not got yet is named with what came later.
        changes = self.changes(.snapshot(old), snapshot(["/a/1": "x", "/a/2": "y", "/a/3": "z"], revision: 6))
        changes.fileKeys = store
        #expect(changes.summary == " (/a/2, /a/3, revision 6)")
    }

    @Test func whereNothingIsKnown() {
        let changes = changes(.unknown, snapshot(["/a/1": "x"], revision: 0))
        #expect(
            text(changes.lines)
                == "{\"action\":\"reset\",\"revision\":0}\n{\"action\":\"set\",\"key\":\"/a/1\",\"revision\":0}\n")
    }

    /// If one resource has no known base, all keys follow after a reset, also those of resources whose changes are known.
    @Test func oneThatIsUnknownResetsAll() {
        let old = snapshot(["/a/1": "x", "/b/1": "x", "/b/2": "x"], revision: 1)
        let new = snapshot(["/a/1": "x", "/b/1": "x"], revision: 2)
        let lines = KeyChanges.lines(of: [changes(.unknown, new), changes(.snapshot(old), new, keys: "/b")])
        #expect(
            text(lines) == """
                {"action":"reset","revision":2}
                {"action":"set","key":"/a/1","revision":2}
                {"action":"set","key":"/b/1","revision":2}

                """)
    }

    @Test func anExpiryIsADeleteWithItsReason() {
        var new = snapshot([:], revision: 3)
        new.expired = keys("/a/1")
        let changes = changes(.snapshot(snapshot(["/a/1": "x", "/a/2": "x"], revision: 1)), new)
        #expect(
            text(changes.lines) == """
                {"action":"delete","key":"/a/1","reason":"expire","revision":3}
                {"action":"delete","key":"/a/2","revision":3}

                """)
    }
}

import Testing

@testable import KeyValue

/// Several stores as one.
@Suite struct MergingTests {
    private func layer(
        _ name: String, _ pairs: [(String, String)], keys: [String] = ["/"], mount: String = "/", revision: Int64 = 0
    ) -> SnapshotLayer {
        SnapshotLayer(
            name: name,
            snapshot: Snapshot(
                pairs.map { (key: Array($0.0.utf8), value: Array($0.1.utf8)) }, revision: revision),
            ranges: keys.map { KeyRange(cleaned: Array($0.utf8)) }, mount: Array(mount.utf8))
    }

    private func text(_ snapshot: Snapshot) -> [String] {
        (0..<snapshot.count).map { index in
            let (key, value) = snapshot[index]
            return String(decoding: key.array, as: UTF8.self) + "=" + String(decoding: value.array, as: UTF8.self)
        }
    }

    private func origin(of key: String, in snapshot: Snapshot) -> Int? { snapshot.origins?.index(of: Array(key.utf8)) }

    @Test func theFirstStoreThatHasAKeyCounts() {
        let merged = Snapshot.merging([
            layer("etcd", [("/a", "1"), ("/c/x", "1")], revision: 7),
            layer("file", [("/a", "2"), ("/b", "2"), ("/c", "2")]),
        ])
        #expect(text(merged) == ["/a=1", "/b=2", "/c=2", "/c/x=1"])
        #expect(merged.revision == 7)
        #expect(origin(of: "/a", in: merged) == 0 && origin(of: "/b", in: merged) == 1)
        #expect(origin(of: "/none", in: merged) == nil)
        #expect(merged.origins?.stores.map(\.name) == ["etcd", "file"])
        #expect(merged.origins?.stores.map(\.revision) == [7, 0])
    }

    @Test func theRevisionIsThatOfTheFirstStoreWithRevisions() {
        #expect(
            Snapshot.merging([layer("a", []), layer("b", [], revision: 3), layer("c", [], revision: 9)]).revision == 3)
        #expect(Snapshot.merging([layer("a", []), layer("b", [])]).revision == 0)
    }

    @Test func keysAreSeenBelowTheMount() {
        let merged = Snapshot.merging([
            layer("vault", [("/db", "s"), ("/", "root"), ("/other", "x")], keys: ["/db", "/"], mount: "/secrets"),
            layer("file", [("/secrets/db", "d"), ("/secrets/api", "d")]),
        ])
        #expect(text(merged) == ["/secrets=root", "/secrets/api=d", "/secrets/db=s", "/secrets/other=x"])
        #expect(origin(of: "/secrets/api", in: merged) == 1)
    }

    /// Keys that a store holds outside of the ranges of this layer are not merged.
    @Test func onlyTheRangesAreSeen() {
        let merged = Snapshot.merging([
            layer("a", [("/app/x", "1"), ("/web/x", "1")], keys: ["/app"]),
            layer("b", [("/app/y", "2"), ("/web/y", "2")], keys: ["/web"]),
        ])
        #expect(text(merged) == ["/app/x=1", "/web/y=2"])
    }

    @Test func expiredKeysAreThoseOfAllStores() {
        var snapshot = Snapshot([])
        snapshot.expired = [Array("/x".utf8)]
        let layer = SnapshotLayer(
            name: "a", snapshot: snapshot, ranges: [KeyRange(cleaned: [UInt8(ascii: "/")])], mount: Array("/m".utf8))
        #expect(Snapshot.merging([layer]).expired == [Array("/m/x".utf8)])
    }

    /// Storage is shared, so the merged snapshot must keep it alive, and can be updated as any other.
    @Test func outlivesItsStores() {
        var layers: [SnapshotLayer]? = (0..<3).map { store in
            layer("s\(store)", (0..<700).map { ("/k/\($0 * 3 + store)", "\(store)") }, mount: store == 1 ? "/m" : "/")
        }
        let merged = Snapshot.merging(layers ?? [])
        layers = nil
        #expect(merged.count == 2_100)
        #expect(Set(text(merged)).contains("/m/k/4=1"))
        let hidden = merged.hiding([Array("/m".utf8)])
        #expect(hidden.count == 1_400 && hidden.origins != nil)
    }
}

import KeyValue
import Posix
import TestSupport
import Testing

@testable import Backends

/// Transactions of several keys in a real etcd, and the revisions of keys.
@Suite struct EtcdTransactionTests {
    let server: EtcdServer
    let backend: EtcdBackend

    init() throws {
        server = try EtcdServer.shared.get()
        backend = try server.backend()
    }

    private func key(_ text: String) -> [UInt8] { Array("/transaction/\(text)".utf8) }

    private func commit(_ conditions: [(String, Int64)], _ changes: [Transaction.Change]) throws -> Bool {
        var transaction = Transaction()
        for (name, version) in conditions { transaction.require(key(name), version) }
        for change in changes { transaction.change(change) }
        return try backend.commit(transaction, timeout: .seconds(20), cancellation: try Cancellation())
    }

    private func revisions(_ path: String) throws -> [String: Int64] {
        let range = KeyRange(cleaned: Array(path.utf8))
        let snapshot = try backend.snapshot(of: [range], timeout: .seconds(20))
        return Dictionary(
            uniqueKeysWithValues: (0..<snapshot.count).map {
                (
                    String(decoding: snapshot.keyBytes($0).dropFirst(path.utf8.count + 1), as: UTF8.self),
                    snapshot.modified(at: $0)
                )
            })
    }

    @Test func makesAllChangesOrNone() throws {
        #expect(try commit([("a", 0)], [.put(key("a"), value: [1]), .put(key("b"), value: [2])]))
        let first = try revisions("/transaction")
        #expect(first.count == 2 && first["a"] == first["b"] && first["a"] ?? 0 > 0)
        // One of the conditions does not hold.
        #expect(try !commit([("a", first["a"] ?? 0), ("c", 9)], [.put(key("c"), value: [1]), .delete(key("a"))]))
        #expect(try !commit([("a", 0)], [.delete(key("a"))]))
        #expect(try revisions("/transaction") == first)
        #expect(try commit([("a", first["a"] ?? 0), ("c", 0)], [.put(key("c"), value: [1]), .delete(key("a"))]))
        #expect(try revisions("/transaction").keys.sorted() == ["b", "c"])
    }

    @Test func deletesWhatIsBelowAPath() throws {
        try server.put([
            "/transaction-below/x": "1", "/transaction-below/x/1": "1", "/transaction-below/x/y/2": "1",
            "/transaction-below/x-1": "1", "/transaction-below/x0": "1",
        ])
        #expect(try commit([], [.deleteBelow(Array("/transaction-below/x".utf8))]))
        #expect(try revisions("/transaction-below").keys.sorted() == ["x", "x-1", "x0"])
    }

    /// A snapshot that the watch has brought up to date has the same revisions as one that was read.
    @Test func watchedKeysHaveTheirRevisions() throws {
        try server.put(["/transaction-watch/a": "1", "/transaction-watch/b": "1"])
        let following = try Following(backend, "/transaction-watch")
        defer { following.stop() }
        try #require(following.sees(["/transaction-watch/a": "1", "/transaction-watch/b": "1"]))
        try server.put(["/transaction-watch/b": "2"])
        try #require(following.sees(["/transaction-watch/a": "1", "/transaction-watch/b": "2"]))
        let snapshot = try #require(following.last)
        let read = try revisions("/transaction-watch")
        #expect(read == ["a": snapshot.modified(at: 0), "b": snapshot.modified(at: 1)])
        #expect(read["a"] ?? 0 > 0 && read["b"] ?? 0 > read["a"] ?? 0)
    }
}

import Foundation
import Posix
import Synchronization

/// A stand-in for consul's KV store, after the documentation of its HTTP API: reads of prefixes, of names and in transactions,
/// blocking queries, tokens. No real consul was at hand to compare it with.
package final class ConsulStandIn: Sendable {
    private struct Entry {
        var value: [UInt8]
        var index: UInt64
    }

    private struct Store {
        var entries: [String: Entry] = [:]
        /// The indices at which keys were deleted.
        var tombstones: [String: UInt64] = [:]
        /// The index of the last write.
        var index: UInt64
        var token: String?
        var hidesSomething = false
        var hasEnded = false

        /// The entries whose keys begin with `prefix`, sorted, and the newest index among them and the deleted keys with that
        /// prefix; the store's index if there are none, or if `prefix` is empty.
        func find(_ prefix: String) -> (entries: [(key: String, entry: Entry)], index: UInt64) {
            let found = entries.filter { $0.key.utf8.starts(with: prefix.utf8) }.sorted { $0.key < $1.key }
            let deleted = tombstones.filter { $0.key.utf8.starts(with: prefix.utf8) }.values
            let newest = (found.map(\.value.index) + deleted).max()
            return (found.map { ($0.key, $0.value) }, prefix.isEmpty ? index : newest ?? index)
        }
    }

    private final class Box: Sendable {
        let store: Mutex<Store>
        init(_ store: Store) { self.store = Mutex(store) }
    }

    private let box: Box
    private let server: HTTPServer

    package var port: UInt16 { server.port }
    /// All requests so far.
    package var calls: [HTTPServer.Call] { server.calls }

    /// An empty store whose last write had `index`. With `token`, a request without it is refused with status 403. `port` nil
    /// takes a free one.
    package init(port: UInt16? = nil, token: String? = nil, index: UInt64 = 10) throws {
        let box = Box(Store(index: index, token: token))
        self.box = box
        var started: HTTPServer?
        // A stand-in that had this port before may still be closing it.
        let isUp = eventuallyBlocking(seconds: 20) {
            started = try? HTTPServer(port: port) { Self.answer($0, box) }
            return started != nil
        }
        guard isUp, let started else { throw SupportError("no port for the stand-in of consul") }
        server = started
    }

    deinit { box.store.withLock { $0.hasEnded = true } }

    /// Writes all keys with one index, under their names in consul; nil deletes.
    package func write(_ pairs: [(key: String, value: String?)]) {
        write(bytes: pairs.map { ($0.key, $0.value.map { Array($0.utf8) }) })
    }

    package func write(bytes pairs: [(key: String, value: [UInt8]?)]) {
        box.store.withLock { store in
            store.index += 1
            for (key, value) in pairs {
                if let value {
                    store.entries[key] = Entry(value: value, index: store.index)
                    store.tombstones[key] = nil
                } else if store.entries.removeValue(forKey: key) != nil {
                    store.tombstones[key] = store.index
                }
            }
        }
    }

    /// Replaces everything, as restoring a snapshot does; `index` may be lower than before.
    package func restore(_ pairs: [String: String], index: UInt64) {
        box.store.withLock { store in
            store.index = index
            store.tombstones = [:]
            store.entries = pairs.mapValues { Entry(value: Array($0.utf8), index: index) }
        }
    }

    package func change(token: String) { box.store.withLock { $0.token = token } }

    /// From now on answers have the header that says that a policy hides some keys.
    package func hideSomething() { box.store.withLock { $0.hidesSomething = true } }

    // MARK: Answers

    private static func answer(_ call: HTTPServer.Call, _ box: Box) -> HTTPServer.Answer {
        let isKnown = box.store.withLock { $0.token == nil || $0.token == call.headers["x-consul-token"] }
        guard isKnown else { return .init(403, "ACL not found") }
        if call.method == "PUT", call.path == "/v1/txn" { return transaction(call.body, box) }
        guard call.method == "GET", call.path.hasPrefix("/v1/kv/"), let url = URLComponents(string: call.path) else {
            return .init(404, "Invalid URL path")
        }
        let prefix = String(url.path.dropFirst("/v1/kv/".count))
        let query = Dictionary((url.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
        let seconds = Double(query["wait"]?.dropLast() ?? "") ?? 300
        if let index = query["index"].flatMap({ UInt64($0) }), index > 0 {
            _ = eventuallyBlocking(seconds: seconds) {
                box.store.withLock { $0.hasEnded || $0.find(prefix).index > index }
            }
        }
        let (found, hidesSomething) = box.store.withLock { ($0.find(prefix), $0.hidesSomething) }
        var headers = [("X-Consul-Index", "\(max(1, found.index))"), ("X-Consul-KnownLeader", "true")]
        if hidesSomething { headers.append(("X-Consul-Results-Filtered-By-ACLs", "true")) }
        let names = query["keys"] != nil
        if found.entries.isEmpty, !(names && prefix.isEmpty) { return .init(404, "", headers: headers) }
        let body: [Any] = names ? folded(found.entries.map(\.key), prefix) : found.entries.map(object)
        return .init(200, json(body), headers: headers)
    }

    private static func transaction(_ body: String, _ box: Box) -> HTTPServer.Answer {
        let operations = (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [[String: [String: String]]]
        let prefixes = (operations ?? []).compactMap { $0["KV"]?["Verb"] == "get-tree" ? $0["KV"]?["Key"] : nil }
        guard let operations, prefixes.count == operations.count, !prefixes.contains("") else {
            return .init(400, "Failed to parse body")
        }
        if operations.count > 64 { return .init(413, "Transaction contains too many operations") }
        let found = box.store.withLock { store in prefixes.flatMap { store.find($0).entries } }
        let results: Any = found.isEmpty ? NSNull() : found.map { ["KV": object($0)] }
        return .init(200, json(["Results": results, "Errors": NSNull()]))
    }

    private static func object(_ found: (key: String, entry: Entry)) -> [String: Any] {
        [
            "LockIndex": 0, "Key": found.key, "Flags": 0, "CreateIndex": found.entry.index,
            "ModifyIndex": found.entry.index,
            "Value": found.entry.value.isEmpty ? NSNull() : Data(found.entry.value).base64EncodedString() as Any,
        ]
    }

    /// The names up to the first slash after `prefix`, each once.
    private static func folded(_ keys: [String], _ prefix: String) -> [String] {
        var seen: Set<String> = []
        return keys.map { key in
            let rest = key.dropFirst(prefix.count)
            return prefix + (rest.firstIndex(of: "/").map { rest[...$0] } ?? rest)
        }.filter { seen.insert($0).inserted }
    }

    private static func json(_ object: Any) -> String {
        // Cannot fail: `object` consists of JSON's own types.
        (try? JSONSerialization.data(withJSONObject: object)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}

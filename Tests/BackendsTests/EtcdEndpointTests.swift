import KeyValue
import Posix
import TestSupport
import Testing

@testable import Backends

@Suite struct EtcdEndpointTests {
    @Test(arguments: [
        ("127.0.0.1:2379", "http://127.0.0.1:2379"),
        ("etcd", "http://etcd:2379"),
        ("http://etcd.example.com/", "http://etcd.example.com:2379"),
        ("HTTPS://etcd:4001", "https://etcd:4001"),
        ("[::1]:2380", "http://[::1]:2380"),
        ("https://[fe80::1%eth0]", "https://[fe80::1%eth0]:2379"),
    ])
    func reads(_ node: String, _ url: String) throws {
        let endpoint = try Endpoint(node, encryptedByDefault: false, serverName: nil)
        #expect(endpoint.url == url)
        #expect(endpoint.name == url)
        #expect(endpoint.connectTo == nil)
    }

    /// Invalid addresses, with a hint how to write one.
    @Test(arguments: [
        "", "http://", "host:port", "host:0", "host:70000", "::1", "[]:1", "a]b:1", "[::1", "[[::1]]:1", "a%b:1",
        "http://host/path",
    ])
    func refuses(_ node: String) {
        refuses(node, "etcd: not a node address: \"\(node)\"", hint: "write http://HOST:2379 or https://HOST:2379")
    }

    @Test(arguments: ["http://a b", "'host'", "\"host:2379\"", "host:2379 "])
    func refusesQuotesAndSpaces(_ node: String) {
        refuses(
            node, "etcd: not a node address: \"\(node)\"",
            hint: "write it without quotes and spaces, several with commas between them: HOST:2379,HOST2:2379")
    }

    @Test func refusesSchemesAndPasswords() {
        refuses("unix://socket", "etcd: unknown scheme in a node address: \"unix\"", hint: "use http or https")
        refuses(
            "http://user:secret@host", "etcd: a node address must not hold a user name or password",
            hint: "use -username and -password")
    }

    private func refuses(_ node: String, _ message: String, hint: String) {
        do throws(BackendError) {
            _ = try Endpoint(node, encryptedByDefault: false, serverName: nil)
            Issue.record("accepted")
        } catch {
            #expect(error == BackendError(.configuration, message, hint: hint))
        }
    }

    @Test func usesTLSWhenTheNodeDoesNotSayAndTLSIsConfigured() throws {
        #expect(try Endpoint("host", encryptedByDefault: true, serverName: nil).url == "https://host:2379")
        #expect(try Endpoint("http://host", encryptedByDefault: true, serverName: nil).url == "http://host:2379")
    }

    @Test func asksForTheServerName() throws {
        let endpoint = try Endpoint("https://10.0.0.1", encryptedByDefault: false, serverName: "etcd.internal")
        #expect(endpoint.url == "https://etcd.internal:2379")
        #expect(endpoint.connectTo == "10.0.0.1:2379")
        #expect(endpoint.name == "https://10.0.0.1:2379")
    }

    @Test(
        arguments: [
            ([], []),
            (["/app"], ["/app", "/app/…/app0"]),
            (["/app", "/app"], ["/app", "/app/…/app0"]),
            (["/app", "/app/db", "/app/db/x"], ["/app", "/app/…/app0"]),
            (["/app2", "/app"], ["/app", "/app/…/app0", "/app2", "/app2/…/app20"]),
            (["/app", "/app-x"], ["/app", "/app-x", "/app-x/…/app-x0", "/app/…/app0"]),
            (["/b", "/", "/a"], ["\0…\0"]),
        ] as [([String], [String])])
    func mergesRanges(_ paths: [String], _ spans: [String]) {
        let covering = KeySpan.covering(paths.map { KeyRange(cleaned: Array($0.utf8)) })
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        #expect(covering.map { text($0.start) + ($0.end.isEmpty ? "" : "…" + text($0.end)) } == spans)
    }

    @Test func coversAllSpansWithOne() {
        let spans = KeySpan.covering(["/b", "/app-x", "/app"].map { KeyRange(cleaned: Array($0.utf8)) })
        #expect(KeySpan.enclosing(of: spans) == KeySpan(start: Array("/app".utf8), end: Array("/b0".utf8)))
        #expect(KeySpan.enclosing(of: [.all]) == .all)
        for key in ["/app", "/app/a", "/app-x", "/app-x/", "/b", "/b/c"] {
            #expect(KeySpan.contains(Array(key.utf8), in: spans), "\(key)")
        }
        for key in ["", "/", "/a", "/app!", "/app-x!", "/app0", "/az", "/b-", "/b0", "/c"] {
            #expect(!KeySpan.contains(Array(key.utf8), in: spans), "\(key)")
        }
    }

    private func record(_ target: String, _ priority: UInt16, _ weight: UInt16) -> ServiceRecord {
        ServiceRecord(target: target, port: 2379, priority: priority, weight: weight)
    }

    @Test func takesNodesFromRecords() throws {
        let records = [record("b.example.", 2, 0), record("a.example.", 1, 0), record(".", 0, 0)]
        #expect(
            try Discovery(record: "_x", scheme: "http") { _ in records }.nodes() == [
                "a.example:2379", "b.example:2379",
            ])
        #expect(try Discovery(record: "_x", scheme: "https") { _ in records }.nodes().first == "https://a.example:2379")
        #expect(throws: BackendError.self) { try Discovery(record: "_x", scheme: "http") { _ in [] }.nodes() }
    }

    /// Records are in order of priority. Among those of one priority the first is chosen at random, in proportion to
    /// the weights.
    @Test func ordersRecordsByChance() {
        let records = [record("light", 1, 9), record("heavy", 1, 29), record("last", 2, 65_535)]
        var generator = SeededGenerator(seed: 1)
        var heavy = 0
        for _ in 0..<1_000 {
            let ordered = Discovery.ordered(records, using: &generator)
            #expect(ordered[2].target == "last")
            heavy += ordered[0].target == "heavy" ? 1 : 0
        }
        #expect((700...800).contains(heavy), "\(heavy)")
    }

    @Test func quotesWhatIsNotPrintable() {
        #expect(printable([0x2f, 0x22, 0x5c, 0x0a, 0xff]) == #"/\"\\\x0a\xff"#)
    }
}

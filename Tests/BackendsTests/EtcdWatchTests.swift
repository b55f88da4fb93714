import KeyValue
import TestSupport
import Testing

@testable import Backends

@Suite struct EtcdWatchTests {
    let server: EtcdServer

    init() throws { server = try EtcdServer.shared.get() }

    private func ranges(_ paths: [String]) -> [KeyRange] { paths.map { KeyRange(cleaned: Array($0.utf8)) } }

    private func watch(_ backend: EtcdBackend, _ paths: String...) throws -> EtcdWatch {
        let revision = try backend.snapshot(of: ranges(paths), timeout: .seconds(10)).revision
        return try backend.watch(ranges(paths), after: revision, timeout: .seconds(10))
    }

    /// The next changes as text.
    private func next(_ watch: EtcdWatch, within limit: Duration = .seconds(10)) throws -> [String: String?]? {
        switch try watch.next(until: .now.advanced(by: limit)) {
        case .changes(let changes):
            return Dictionary(
                uniqueKeysWithValues: changes.updates.map {
                    (String(decoding: $0.key, as: UTF8.self), $0.value.map { String(decoding: $0, as: UTF8.self) })
                })
        case .compacted: return ["compacted": nil]
        case .reopen: return ["reopen": nil]
        case .behind: return ["behind": nil]
        case nil: return nil
        }
    }

    @Test func seesPutsAndDeletes() throws {
        let watch = try watch(try server.backend(), "/watch")
        try server.put(["/watch/a": "1"])
        #expect(try next(watch) == ["/watch/a": "1"])
        try server.put(["/watch": "root"])
        #expect(try next(watch) == ["/watch": "root"])
        try server.put(["/watch2": "other", "/watch-x": "other"])
        try server.delete("/watch/a")
        #expect(try next(watch) == ["/watch/a": String?.none])
        #expect(try next(watch, within: .milliseconds(50)) == nil)
    }

    @Test func seesTheEndOfALease() throws {
        let watch = try watch(try server.backend(), "/lease")
        try server.etcdctl(
            "put --lease=$(ETCDCTL_API=3 etcdctl --endpoints \(server.url) lease grant 5 | cut -d' ' -f2) /lease/a 1")
        #expect(try next(watch) == ["/lease/a": "1"])
        #expect(try next(watch) == ["/lease/a": String?.none])
    }

    @Test func seesWhatHappenedBeforeItWasOpened() throws {
        let backend = try server.backend()
        let revision = try backend.snapshot(of: ranges(["/missed"]), timeout: .seconds(10)).revision
        for round in 1...5 { try server.put(["/missed/\(round)": "x", "/missed/all": "\(round)"]) }
        let watch = try backend.watch(ranges(["/missed"]), after: revision, timeout: .seconds(10))
        var seen: [String: String?] = [:]
        while seen.count < 6 { seen.merge(try #require(try next(watch))) { $1 } }
        #expect(seen["/missed/all"] == "5")
    }

    @Test func neverSeesHalfATransaction() throws {
        try server.put(["/half/a/key": "0", "/half/z/key": "0"])
        let watch = try watch(try server.backend(), "/half/a", "/half/m", "/half/z")
        let writer = try WriterThread { [server] round in
            try server.put(["/half/a/key": "\(round)", "/half/between": "x", "/half/z/key": "\(round)"])
        }
        for _ in 0..<200 {
            let changes = try #require(try next(watch))
            #expect(changes["/half/a/key"] == changes["/half/z/key"])
            #expect(changes.count == 2)
        }
        try writer.stop()
    }

    /// With a watch for each range etcd may send the parts of a transaction one by one; the last state is the same.
    @Test func seesTheSameWithAWatchForEachRange() throws {
        try server.put(["/parts/a/key": "0", "/parts/z/key": "0"])
        let backend = try server.backend()
        backend.session.withLock { $0.watchesRanges = true }
        let watch = try watch(backend, "/parts/a", "/parts/m", "/parts/z")
        var seen: [String: String?] = [:]
        for round in 1...100 {
            try server.put(["/parts/a/key": "\(round)", "/parts/between": "x", "/parts/z/key": "\(round)"])
            while seen != ["/parts/a/key": "\(round)", "/parts/z/key": "\(round)"] {
                seen.merge(try #require(try next(watch))) { $1 }
            }
        }
        #expect(seen.count == 2)
    }

    @Test func keepsToTheRangesWhenTooMuchHappensBetween() throws {
        let server = try EtcdServer()
        try server.put(["/noise/a/key": "0"])
        let backend = try server.backend()
        let watch = try watch(backend, "/noise/a", "/noise/z")
        for _ in 0...EtcdWatch.noiseLimit / 1000 {
            try server.put((0..<1000).map { (Array("/noise/m/\($0)".utf8), [0x30]) })
        }
        #expect(try watch.next(until: .now.advanced(by: .seconds(10))) == .reopen)
        try server.put(["/noise/z/key": "1"])
        let next = try backend.watch(ranges(["/noise/a", "/noise/z"]), after: watch.revision, timeout: .seconds(10))
        #expect(try self.next(next) == ["/noise/z/key": "1"])
    }

    @Test func seesEveryChangeOfManyWatchesAndKeys() throws {
        let paths = (0..<200).map { "/wide/\($0)" }
        let backend = try server.backend()
        let revision = try backend.snapshot(of: ranges(paths), timeout: .seconds(10)).revision
        let watch = try backend.watch(ranges(paths), after: revision, timeout: .seconds(10))
        let pairs = Dictionary(uniqueKeysWithValues: (0..<200).map { ("/wide/\($0)/key", "\($0)") })
        try server.put(pairs)
        var seen: [String: String?] = [:]
        while seen.count < 200 { seen.merge(try #require(try next(watch))) { $1 } }
        #expect(seen.allSatisfy { pairs[$0.key] == $0.value })
    }

    /// More than etcd puts into one message: it divides it into fragments.
    @Test func joinsFragments() throws {
        let server = try EtcdServer()
        let backend = try server.backend()
        try server.put(["/big/0": "x"])
        let value = String(repeating: "v", count: 1_000_000)
        for round in 1...12 { try server.put(["/big/\(round)": value]) }
        let watch = try backend.watch(ranges(["/big"]), after: 1, timeout: .seconds(10))
        var seen: [String: String?] = [:]
        while seen.count < 13 { seen.merge(try #require(try next(watch))) { $1 } }
        #expect((1...12).allSatisfy { seen["/big/\($0)"] == value })
    }

    @Test func readsSnapshotsBesideTheWatch() throws {
        let backend = try server.backend { $0.pageSize = 10 }
        let watch = try watch(backend, "/beside")
        for round in 0..<50 {
            try server.put(["/beside/\(round)": "\(round)"])
            #expect(try next(watch) == ["/beside/\(round)": "\(round)"])
            #expect(try backend.read("/beside").count == round + 1)
        }
    }

    /// What the consumer does not take waits at the server, and nothing is lost.
    @Test func waitsForASlowConsumer() throws {
        let backend = try server.backend { $0.pageSize = 10 }
        let watch = try watch(backend, "/slow")
        let value = String(repeating: "v", count: 100_000)
        for round in 1...60 {
            try server.put(["/slow/\(round)": value])
            // The held back watch must not hold up other calls.
            if round % 20 == 0 { #expect(try backend.read("/slow", timeout: .seconds(5)).count == round) }
        }
        var seen: [String: String?] = [:]
        while seen.count < 60 { seen.merge(try #require(try next(watch))) { $1 } }
        #expect(seen.values.allSatisfy { $0 == value })
    }

    @Test func tellsOfACompaction() throws {
        let server = try EtcdServer()
        for round in 0..<10 { try server.put(["/compact/a": "\(round)"]) }
        try server.compact(9)
        let watch = try server.backend().watch(ranges(["/compact"]), after: 3, timeout: .seconds(10))
        #expect(try watch.next(until: .now.advanced(by: .seconds(10))) == .compacted)
    }

    /// A delete in exactly the revision up to which is compacted: etcd forgets it without reporting it.
    @Test func missesNoDeleteInTheCompactedRevision() throws {
        let server = try EtcdServer()
        try server.put(["/tombstone/a": "1", "/tombstone/b": "2"])
        let backend = try server.backend()
        let snapshot = try backend.snapshot(of: ranges(["/tombstone"]), timeout: .seconds(10))
        try server.delete("/tombstone/a")
        try server.compact(snapshot.revision + 1)
        let watch = try backend.watch(ranges(["/tombstone"]), after: snapshot.revision, timeout: .seconds(10))
        #expect(try watch.next(until: .now.advanced(by: .seconds(10))) == .compacted)
    }

    @Test func endsWithItsServer() throws {
        var server: EtcdServer? = try EtcdServer()
        let backend = try #require(server).backend()
        let watch = try watch(backend, "/end")
        server = nil
        do throws(BackendError) {
            while try watch.next(until: .now.advanced(by: .seconds(10))) != nil {}
            Issue.record("the watch did not notice")
        } catch {
            #expect(error.message.contains(": watch: connection broken"), "\(error.message)")
        }
        #expect(throws: BackendError.self) { try backend.watch(ranges(["/end"]), after: 1, timeout: .seconds(5)) }
    }

    @Test func goesToAnEndpointThatAnswers() throws {
        let silent = try TCPServer { connection in while connection.read() != nil {} }
        let dead = try Ports.free()
        let backend = try server.backend {
            $0.endpoints = ["127.0.0.1:\(dead)", "127.0.0.1:\(silent.port)", server.url]
        }
        let watch = try watch(backend, "/elsewhere")
        try server.put(["/elsewhere/a": "1"])
        #expect(try next(watch) == ["/elsewhere/a": "1"])
    }

    @Test func renewsItsToken() throws {
        let server = try EtcdAuthTests.server.get()
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        backend.session.withLock { $0.token = "expired.1" }
        // The user may not read what lies between, so there is a watch for each range.
        let watch = try backend.watch(ranges(["/open"]), after: 1, timeout: .seconds(10))
        #expect(try next(watch)?["/open/a"] == "1")
    }

    @Test func namesAWatchThatIsNotPermitted() throws {
        let server = try EtcdAuthTests.server.get()
        let backend = try server.backend {
            $0.credentials = EtcdCredentials(username: "reader") { Array("readerpass".utf8) }
        }
        do throws(BackendError) {
            _ = try backend.watch(ranges(["/closed"]), after: 1, timeout: .seconds(10))
            Issue.record("the watch is permitted")
        } catch {
            #expect(error.message == #"etcd: \#(server.url): range "/closed": permission denied (gRPC status 7)"#)
            #expect(error.refused == KeyRange(cleaned: Array("/closed".utf8)))
        }
    }

    @Test func worksOverTLS() throws {
        let server = try EtcdTLSTests.mutual.get()
        let certificates = try Certificates.shared.get()
        let backend = try server.backend {
            $0.tls = EtcdTLSTests.options(certificates, authority: "ca", client: "root")
        }
        let watch = try watch(backend, "/tlswatch")
        for round in 0..<5 {
            try server.put(["/tlswatch/a": "\(round)"])
            #expect(try next(watch) == ["/tlswatch/a": "\(round)"])
            #expect(try backend.read("/tlswatch") == ["/tlswatch/a": "\(round)"])
        }
    }
}

import Glibc
import KeyValue
import Posix
import TestSupport
import Testing

@testable import Backends

/// Attack: another store takes the place of one that is followed, at the same address and with the same cluster and member
/// ids, and its revision is as high or higher when we connect again.
@Suite struct EtcdHistoryTests {
    /// Up to one page of keys is read anew; with more keys the last change and a sample of values are compared.
    static let pageSizes = [10_000, 2]

    @Test("Report: wiped, and filled beyond our revision", arguments: pageSizes)
    func filledBeyond(_ pageSize: Int) throws {
        let place = try Place()
        let following = try place.followed(pageSize) { server in
            for key in "abcd" { try server.put(["/history/\(key)": "old"]) }
        }
        try place.exchange(following) { server in
            for _ in 0..<20 { try server.put(["/history/a": "new"]) }
        }
        #expect(following.sees(["/history/a": "new"]))
        try place.server?.put(["/history/b": "newer"])
        #expect(following.sees(["/history/a": "new", "/history/b": "newer"]))
        #expect(following.stop())
    }

    @Test("Report: wiped, and filled to our revision with the same keys", arguments: pageSizes)
    func filledToTheSameRevision(_ pageSize: Int) throws {
        let place = try Place()
        let following = try place.followed(pageSize) { server in
            for key in "abcd" { try server.put(["/history/\(key)": "old"]) }
        }
        try place.exchange(following) { server in
            for key in "abcd" { try server.put(["/history/\(key)": key == "d" ? "old" : "new"]) }
        }
        let expected = ["a": "new", "b": "new", "c": "new", "d": "old"]
        #expect(following.sees(expected.inHistory))
        #expect(following.stop())
    }

    /// The two histories part at the snapshot, and change different keys after it.
    @Test("Report: restored from a snapshot, and written to past our revision", arguments: pageSizes, [true, false])
    func restoredAndPast(_ pageSize: Int, changesOurs: Bool) throws {
        let place = try Place()
        let backup = try MemoryDirectory()
        let following = try place.followed(pageSize) { server in
            for key in "abcd" { try server.put(["/history/\(key)": "old"]) }
            try server.etcdctl("snapshot save \(backup.path)/snapshot")
            for round in 0..<5 { try server.put([changesOurs ? "/history/c" : "/other": "\(round)"]) }
        }
        try place.exchange(following, restoring: backup.path + "/snapshot") { server in
            try server.put(["/history/a": "new"])
            try server.delete("/history/b")
            for round in 0..<20 { try server.put(["/elsewhere": "\(round)"]) }
        }
        let expected = ["a": "new", "c": "old", "d": "old"]
        #expect(following.sees(expected.inHistory))
        try place.server?.put(["/history/c": "newer"])
        #expect(following.sees(expected.merging(["c": "newer"]) { $1 }.inHistory))
        #expect(following.stop())
    }

    @Test("Report: restored from a snapshot, and not written to", arguments: pageSizes)
    func restored(_ pageSize: Int) throws {
        let place = try Place()
        let backup = try MemoryDirectory()
        let following = try place.followed(pageSize) { server in
            for key in "abcd" { try server.put(["/history/\(key)": "old"]) }
            try server.etcdctl("snapshot save \(backup.path)/snapshot")
            try server.put(["/history/c": "1"])
        }
        try place.exchange(following, restoring: backup.path + "/snapshot")
        let expected = ["a": "old", "b": "old", "c": "old", "d": "old"]
        #expect(following.sees(expected.inHistory))
        #expect(following.stop())
    }

    /// After a restart with more keys than a page, the last change and a sample are asked for, not all keys.
    @Test("The last change is a put, or a deletion", arguments: [false, true])
    func aRestartIsProven(_ deletes: Bool) throws {
        let place = try Place()
        let ranges = [KeyRange(cleaned: Array("/history".utf8))]
        let backend = try #require(place.server).backend { $0.pageSize = 2 }
        for key in "abcdef" { try place.server?.put(["/history/\(key)": "old"]) }
        var start = try backend.snapshot(of: ranges, timeout: .seconds(20))
        let watch = try backend.watch(ranges, after: start.revision, timeout: .seconds(20))
        if deletes { try place.server?.delete("/history/b") } else { try place.server?.put(["/history/b": "new"]) }
        guard case .changes(let changes)? = try watch.next(until: .now.advanced(by: .seconds(20))) else {
            Issue.record("no change")
            return
        }
        start = start.applying(changes.updates, revision: changes.revision)
        // Changes that are not in `start` yet.
        try place.server?.put(["/history/g": "later", "/other": "1"])
        try place.restart()
        let (snapshot, next) = try backend.goOn(ranges, from: start, timeout: .seconds(20), try Cancellation())
        #expect(snapshot.revision == start.revision, "it goes on with what it has")
        guard case .changes(let later)? = try next.next(until: .now.advanced(by: .seconds(20))) else {
            Issue.record("no change")
            return
        }
        #expect(later.updates.map(\.key) == [Array("/history/g".utf8)])
    }

    /// The member is behind our revision when the watch begins, and beyond it when it is read.
    @Test func aMemberThatIsBehindIsReadAnew() throws {
        let place = try Place()
        let following = try place.followed(10_000) { server in
            for round in 0..<200 { try server.put(["/history/a": "old \(round)", "/history/b": "old"]) }
        }
        try place.exchange(following) { server in try server.put(["/history/a": "new"]) }
        for round in 0..<300 { try place.server?.put(["/history/c": "\(round)"]) }
        #expect(following.sees(["/history/a": "new", "/history/c": "299"]))
        #expect(following.stop())
    }
}

extension [String: String] {
    fileprivate var inHistory: [String: String] {
        Dictionary(uniqueKeysWithValues: map { ("/history/\($0.key)", $0.value) })
    }
}

/// An address at which one store after the other listens, each with the same ids.
private final class Place {
    private let port: UInt16
    private let member: EtcdMember
    private let arguments: String
    private var data: MemoryDirectory
    private(set) var server: EtcdServer?

    init(arguments: String = "") throws {
        self.arguments = arguments
        port = try Ports.free()
        member = try EtcdMember.alone()
        data = try MemoryDirectory()
        server = try start(port)
    }

    private func start(_ port: UInt16) throws -> EtcdServer {
        let server = try EtcdServer(port: port, arguments: arguments, folder: data, member: member)
        try server.waitUntilHealthy()
        return server
    }

    func restart() throws {
        server = nil
        server = try start(port)
    }

    /// Fills the store, and returns a `Following` that has seen all of it.
    func followed(_ pageSize: Int, _ fill: (EtcdServer) throws -> Void) throws -> Following {
        guard let server else { throw Shell.Failure(output: "no server") }
        try fill(server)
        let backend = try server.backend { $0.pageSize = pageSize }
        let following = try Following(backend, "/history")
        let keys = try backend.read("/history")
        guard following.sees(keys) else { throw Shell.Failure(output: "not seen") }
        return following
    }

    /// Puts another store in the place of the one there is. It is filled at another address first, so that nobody sees it
    /// before.
    func exchange(
        _ following: Following, restoring snapshot: String? = nil, _ fill: (EtcdServer) throws -> Void = { _ in }
    ) throws {
        server = nil
        let hasNoticed = eventuallyBlocking { !following.failures.isEmpty }
        guard hasNoticed else { throw Shell.Failure(output: "still connected") }
        data = try MemoryDirectory()
        if let snapshot {
            try Shell.run(
                """
                ETCDCTL_API=3 etcdctl snapshot restore \(snapshot) --data-dir \(data.path)/default --name default \
                    --initial-cluster \(member.cluster) --initial-advertise-peer-urls \(member.url)
                """)
        }
        var other: EtcdServer? = try start(Ports.free())
        if let other { try fill(other) }
        other = nil
        server = try start(port)
    }
}

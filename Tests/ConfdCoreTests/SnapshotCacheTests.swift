import Applying
import Backends
import Configuration
import KeyValue
import Posix
import TestSupport
import Testing

@testable import ConfdCore

/// `-cache`: what was kept is read back, and nothing else.
@Suite struct SnapshotCacheTests {
    private let logger = Logger(level: .debug, format: .text, isJournal: false, tag: "confd", host: "h") { _ in }
    private let ranges = [KeyRange(cleaned: Array("/a".utf8))]

    private func settings(_ flags: [String]) throws -> Settings {
        var loader = SettingsLoader(environment: [:])
        return try loader.load(flags)
    }

    private func snapshot(_ count: Int, revision: Int64) -> Snapshot {
        let value = [UInt8](repeating: 7, count: 100)
        return Snapshot([]).applying(
            (0..<count).map { Update(key: Array("/a/\($0)".utf8), value: value, revision: 5) }, revision: revision)
    }

    private func keep(_ snapshots: [Snapshot], in cache: SnapshotCache, of backend: BackendConfiguration) {
        let keeper = cache.keeper(of: backend)
        for snapshot in snapshots { keeper.put(snapshot, ranges) }
        keeper.stop()
    }

    /// 60,000 keys are written in several pieces. Of several snapshots the last one stays.
    @Test(arguments: [0, 10, 60_000])
    func readsWhatWasKept(_ count: Int) throws {
        let folder = try TemporaryDirectory()
        let cache = try SnapshotCache(folder("cache"), logger)
        let backend = try settings(["-node", "http://127.0.0.1:1"]).backend
        let last = snapshot(count, revision: 9)
        keep([snapshot(3, revision: 8), last], in: cache, of: backend)
        let read = try #require(cache.load(backend, ranges))
        #expect(read.hasSameContents(as: last) && read.revision == 9)
    }

    @Test func isOfOneBackendAndItsKeys() throws {
        let folder = try TemporaryDirectory()
        let cache = try SnapshotCache(folder("cache"), logger)
        let backend = try settings(["-node", "http://127.0.0.1:1"]).backend
        keep([snapshot(3, revision: 8)], in: cache, of: backend)
        #expect(cache.load(backend, [KeyRange(cleaned: Array("/b".utf8))]) == nil)
        #expect(cache.load(try settings(["-node", "http://127.0.0.1:2"]).backend, ranges) == nil)
        #expect(cache.load(backend, ranges) != nil)
    }

    /// Neither a directory in which others write nor a link in the place of a file.
    @Test func trustsNothingOfOthers() throws {
        let folder = try TemporaryDirectory()
        try Files.makeFolder(folder("open"), mode: 0o777)
        _ = try Shell.run("chmod 777 \(folder("open"))")
        #expect(throws: SystemError.self) { _ = try SnapshotCache(folder("open"), logger) }
        let cache = try SnapshotCache(folder("cache"), logger)
        let backend = try settings(["-node", "http://127.0.0.1:1"]).backend
        keep([snapshot(3, revision: 8)], in: cache, of: backend)
        _ = try Shell.run(
            "cd \(folder("cache")) && name=$(ls) && mv $name ../elsewhere && ln -s ../elsewhere $name")
        #expect(cache.load(backend, ranges) == nil)
    }
}

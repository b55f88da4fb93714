import TestSupport
import Testing

@testable import KeyValue

@Suite struct ReadIndexTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func randomKey(_ random: inout SeededGenerator) -> String {
        let depth = Int.random(in: 1...3, using: &random)
        return (0..<depth).map { _ in "/" + ["a", "b", "ab", "c"].randomElement(using: &random)! }.joined()
    }

    private func randomReads(_ random: inout SeededGenerator) -> ReadSet {
        var recorder = ReadSet.Recorder()
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let key = bytes(randomKey(&random))
            switch Int.random(in: 0..<3, using: &random) {
            case 0: key.withUnsafeBufferPointer { recorder.noteKey($0) }
            case 1: (key + bytes("/*")).withUnsafeBufferPointer { recorder.noteGlob(Glob($0)) }
            default: key.withUnsafeBufferPointer { recorder.noteListing(of: $0) }
            }
        }
        return recorder.finish()
    }

    /// The index finds the same readers as asking each of them, while random readers are added and removed.
    @Test func agreesWithEachReader() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var index = ReadIndex()
            var readers: [Int: ReadSet] = [:]
            for id in 0..<20 {
                let reads = randomReads(&random)
                readers[id] = reads
                index.add(id, reads)
            }
            for id in 0..<20 where Bool.random(using: &random) {
                index.remove(id, readers[id]!)
                readers[id] = nil
            }
            let old = Snapshot((0..<6).map { _ in (bytes(randomKey(&random)), bytes("1")) })
            let new = Snapshot(
                (0..<6).map { _ in (bytes(randomKey(&random)), bytes(Bool.random(using: &random) ? "1" : "2")) })
            let changes = new.difference(from: old)
            let expected = Set(readers.filter { $0.value.intersects(changes) }.keys)
            #expect(index.readers(of: changes) == expected, "seed \(seed)")
        }
    }

    private static let captures: [(pattern: String, path: String, parts: [String])] = [
        ("/apps/*", "/apps/web", ["web"]), ("/apps/*/sites/*", "/apps/a/sites/b", ["a", "b"]),
        ("/apps/web-*", "/apps/web-1", ["1"]), ("/apps/*-*", "/apps/a-b-c", ["a", "b-c"]),
        ("/apps/*.conf", "/apps/a.conf", ["a"]), ("/a/*x*y/*", "/a/1x2y/3", ["1", "2", "3"]),
        ("/apps/**", "/apps/web", ["web"]), ("/apps/w?b", "/apps/web", []), ("/apps/web", "/apps/web", []),
        ("/*/b", "/a/b", ["a"]), ("/a/*x", "/a/x", [""]),
    ]

    @Test(arguments: captures)
    func capturesWhatStarsStandFor(pattern: String, path: String, parts: [String]) {
        let glob = bytes(pattern).withUnsafeBufferPointer { Glob($0) }
        let path = bytes(path)
        let found = path.withUnsafeBufferPointer { path in
            #expect(glob.matches(path))
            return glob.captures(in: path).map { String(decoding: path[$0], as: UTF8.self) }
        }
        #expect(found == parts)
        #expect(glob.starCount == parts.count)
    }
}

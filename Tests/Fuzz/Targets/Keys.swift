@testable import KeyValue

/// Queries of a snapshot give the same answers as a naive scan of all keys.
///
/// The lines of an input: a pattern, a path, and the keys, each with a value that its number decides.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let query = Query(input)
        // The naive scan looks at every key for every line: with more keys it takes too long.
        guard query.keys.count <= 200 else { return }
        let snapshot = Snapshot(query.pairs)
        let naive = NaiveStore(query.keys)
        check((0..<snapshot.count).map { snapshot.key(at: $0).array } == naive.keys, "the keys are sorted, each once")
        checkPath(query.path)
        checkAnswers(of: snapshot, naive, query)
        checkView(snapshot, query)
        checkReadSet(query, snapshot)
        checkFile(snapshot)
        // Any bytes, as if somebody had made a file of them.
        _ = Result { () throws(SnapshotFile.Problem) in try SnapshotFile.decode(SnapshotFile.sealed(Array(input))) }
    }

    /// What is read from a file is what was written.
    private static func checkFile(_ snapshot: Snapshot) {
        var bytes: [UInt8] = []
        SnapshotFile.encode(snapshot, identity: [1, 2, 3]) { bytes += $0 }
        guard let (read, identity) = try? SnapshotFile.decode(bytes) else { return check(false, "a file can be read") }
        check(identity == [1, 2, 3] && read.hasSameContents(as: snapshot), "a file holds what was written")
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let query = Query(input)
        let snapshot = Snapshot(query.pairs)
        query.pattern.withUnsafeBufferPointer { pattern in
            do throws(PatternError) { _ = try snapshot.glob(pattern) } catch {}
        }
        query.path.withUnsafeBufferPointer { path in
            _ = snapshot.children(of: path)
            _ = snapshot.directories(of: path)
        }
        _ = snapshot.view(of: [KeyRange(cleaned: Array("/a".utf8))], strippingPrefix: Array("/a".utf8))
        _ = snapshot.difference(from: Snapshot([]))
    }

    private static func checkAnswers(of snapshot: Snapshot, _ naive: NaiveStore, _ query: Query) {
        query.path.withUnsafeBufferPointer { path in
            check(snapshot.children(of: path).map(\.array) == naive.ls(query.path), "ls answers as defined")
            check(snapshot.directories(of: path).map(\.array) == naive.lsdir(query.path), "lsdir answers as defined")
            for hint in [0, snapshot.count / 2, snapshot.count] {
                check(
                    snapshot.find(path, near: hint) == naive.keys.firstIndex(of: query.path), "find answers as defined")
            }
        }
        query.pattern.withUnsafeBufferPointer { pattern in
            let expected = Result { () throws(PatternError) in try naive.gets(query.pattern) }
            let found = Result { () throws(PatternError) in
                try snapshot.glob(pattern).flatMap { $0.map { snapshot.key(at: $0).array } }
            }
            check(found == expected, "gets answers as defined")
            let glob = Glob(pattern)
            guard !glob.isMalformed else { return }
            for key in naive.keys {
                let matches = key.withUnsafeBufferPointer { glob.matches($0) }
                let expected = Result { () throws(PatternError) in try NaiveMatch.match(query.pattern[...], key[...]) }
                check(expected == .success(matches), "a key matches as defined")
            }
        }
    }

    /// Cleaning is idempotent, and the last element and the directory join to the whole.
    private static func checkPath(_ path: [UInt8]) {
        let clean = cleaned(path)
        check(cleaned(clean) == clean, "cleaning twice changes nothing")
        check(clean.count <= max(path.count, 1), "cleaning makes no path longer")
        check(Path.join([path]) == (path.isEmpty ? [] : clean), "joining one path cleans it")
        clean.withUnsafeBufferPointer { bytes in
            let parts = [Path.dir(bytes).array(of: bytes), Path.base(bytes).array(of: bytes)]
            check(Path.join(parts) == clean, "directory and base join to the path")
        }
    }

    private static func cleaned(_ path: [UInt8]) -> [UInt8] {
        path.withUnsafeBufferPointer { Path.clean($0).array(of: $0) }
    }

    /// A view shows the keys that its range covers and whose paths have no `..`, the prefix cut off.
    private static func checkView(_ snapshot: Snapshot, _ query: Query) {
        let ranges = [KeyRange(cleaned: Path.join([[slash], query.path])), KeyRange(cleaned: Array("/a".utf8))]
        let prefix = query.path
        let view = snapshot.view(of: ranges, strippingPrefix: prefix)
        var expected: [[UInt8]: [UInt8]] = [:]
        for index in 0..<snapshot.count {
            let key = snapshot.key(at: index).array
            guard ranges.contains(where: { range in key.withUnsafeBufferPointer { range.contains($0) } }) else {
                continue
            }
            if key.split(separator: slash).contains(Array("..".utf8)[...]) { continue }
            let rest = key.starts(with: prefix) ? Array(key[prefix.count...]) : key
            expected[Path.join([[slash], rest])] = snapshot.value(at: index).array
        }
        check(contents(view) == expected, "the view shows what it covers")
        let sorted = (0..<view.count).map { view.key(at: $0).array }
        check(sorted == sorted.sorted { $0.lexicographicallyPrecedes($1) }, "the view is in order")
        checkAnswers(of: view, NaiveStore(sorted), query)
    }

    private static func contents(_ snapshot: Snapshot) -> [[UInt8]: [UInt8]] {
        var pairs: [[UInt8]: [UInt8]] = [:]
        for index in 0..<snapshot.count { pairs[snapshot.key(at: index).array] = snapshot.value(at: index).array }
        check(pairs.count == snapshot.count, "each key is there once")
        return pairs
    }

    /// If the answer to a query differs between two snapshots, the read set of the query intersects their difference.
    private static func checkReadSet(_ query: Query, _ snapshot: Snapshot) {
        let removed = query.pairs.count / 2
        let older = Snapshot(
            query.pairs.enumerated().filter { $0.offset != removed }.map { pair in
                (pair.element.key, pair.offset == 0 ? Array("other".utf8) : pair.element.value)
            })
        let changes = snapshot.difference(from: older)
        check(changes.isEmpty == snapshot.hasSameContents(as: older), "no changes, same contents")
        check(changes.isEmpty == (contents(snapshot) == contents(older)), "a difference shows")
        query.path.withUnsafeBufferPointer { path in
            query.pattern.withUnsafeBufferPointer { pattern in
                var finding = ReadSet.Recorder()
                finding.noteKey(path)
                let found = [snapshot, older].map { store in store.find(path).map { store.value(at: $0).array } }
                var globbing = ReadSet.Recorder()
                globbing.noteGlob(Glob(pattern))
                let globbed = [snapshot, older].map { store in
                    Result { () throws(PatternError) in
                        try store.glob(pattern).flatMap {
                            $0.map { [store.key(at: $0).array, store.value(at: $0).array] }
                        }
                    }
                }
                var listing = ReadSet.Recorder()
                listing.noteListing(of: path)
                let listed = [snapshot, older].map { store in
                    [store.children(of: path), store.directories(of: path)].map { $0.map(\.array) }
                }
                check(found[0] == found[1] || finding.finish().intersects(changes), "a changed key is noticed")
                check(globbed[0] == globbed[1] || globbing.finish().intersects(changes), "a changed match is noticed")
                check(listed[0] == listed[1] || listing.finish().intersects(changes), "a changed listing is noticed")
            }
        }
    }

    static let pumps = [
        Pump("keys in order", "/a/*/b\n/a\n") { "/a/\(1_000_000 + $0)/b\n" },
        Pump("keys in reverse order", "/a/*/b\n/a\n") { "/a/\(9_000_000 - $0)/b\n" },
        Pump("keys below many folders", "/*/*/*\n/\n") { "/\($0 % 97)/\($0 % 89)/\($0)\n" },
        Pump("keys that almost match", "/a/*x\n/a/b\n") { "/a/b\(1_000_000 + $0)\n" },
        Pump("unclean keys", "*/a\na\n") { "a//\($0)/../b\n" },
        Pump("equal keys", "/*\n/\n") { _ in "/a\n" },
        Pump("long keys", "/*/a?\n/\n") { "/" + String(repeating: "a", count: 1 + $0 % 300) + "\n" },
        Pump("long path", "/*\n/", suffix: "\n/a") { _ in "a/../" },
        Pump("long path of dots", "/*\n", suffix: "\n/a") { _ in "../" },
        Pump("long path of slashes", "/*\n", suffix: "\n/a") { _ in "/" },
        Pump("long pattern", "/", suffix: "\n/a\n/a\n/b") { _ in "[a-z]*?" },
        Pump("long class", "/[", suffix: "]\n/a\n/a\n/b") { _ in "a-z" },
        Pump("stars", "/", suffix: "\n/a\n/a\n/b") { _ in "*" },
        Pump("pattern of slashes", "/*", suffix: "\n/a\n/a\n/b") { _ in "/*" },
    ]
}

/// What an input asks.
private struct Query {
    let pattern: [UInt8]
    let path: [UInt8]
    let keys: [[UInt8]]

    init(_ input: UnsafeBufferPointer<UInt8>) {
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        pattern = lines[0]
        path = lines.count > 1 ? lines[1] : []
        keys = Array(lines.dropFirst(2))
    }

    /// The keys with values; of equal keys the last one counts.
    var pairs: [(key: [UInt8], value: [UInt8])] {
        keys.enumerated().map { ($1, [UInt8(ascii: "0") + UInt8($0 % 64)]) }
    }
}

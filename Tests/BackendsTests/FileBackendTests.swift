import KeyValue
import Posix
import Synchronization
import Testing

@testable import Backends

/// Which files are read, and which of their keys are kept.
@Suite struct FileBackendTests {
    @Test func oneFile() throws {
        try withFolder(["x.conf": "a: {b: 1}\n"]) { (folder) throws in
            #expect(try keys(FileBackend(paths: [folder + "/x.conf"])) == ["/a/b=1"])
        }
    }

    @Test("The extension decides: .json is JSON, all else YAML")
    func extensions() throws {
        let content = "{\n\t\"a\": \"\\ud83d\\ude00\"\n}"
        try withFolder(["x.json": content, "x.yaml": "a: yes", "x": "b: 1", "x.JSON": "c: 1"]) { (folder) throws in
            let files = ["x.json", "x", "x.JSON"].map { folder + "/" + $0 }
            #expect(try keys(FileBackend(paths: files)) == ["/a=😀", "/b=1", "/c=1"])
        }
    }

    @Test("A folder is read at any depth in the order of names; the later file wins")
    func folders() throws {
        let files = [
            "b.yaml": "a: b\nb: 1\n", "a/z.yaml": "a: az\naz: 1\n", "a/b/c.yaml": "a: abc\nabc: 1\n",
            "c/.hidden": "a: hidden\n", "a.yaml": "a: a\n",
        ]
        try withFolder(files) { (folder) throws in
            let backend = FileBackend(paths: [folder])
            #expect(try keys(backend) == ["/a=hidden", "/abc=1", "/az=1", "/b=1"])
            let order = try backend.pairs(of: [root]).filter { $0.key == Array("/a".utf8) }.map(\.value)
            #expect(order.map { String(decoding: $0, as: UTF8.self) } == ["abc", "az", "a", "b", "hidden"])
        }
    }

    @Test(
        "Report: a second YAML document is named, for only the first is read",
        arguments: [
            ("a: 1\n---\nb: 2\n", ":2:1"), ("---\na: 1\n---\n# nothing\n...\n", nil), ("a: 1\n...\n", nil),
            ("a: 1\n---\n- b\n", ":2:1"), ("a: 1\n", nil), ("", nil), ("a: 1\n---\n\t'", nil),
        ])
    func secondDocument(_ text: String, _ place: String?) throws {
        let said = Mutex<[String]>([])
        try withFolder(["x.yaml": text]) { (folder) throws in
            let path = folder + "/x.yaml"
            let backend = FileBackend(paths: [path]) { text in said.withLock { $0.append(text) } }
            for _ in 0..<2 { #expect(try keys(backend) == (text.isEmpty ? [] : ["/a=1"])) }
            let expected = place.map { path + $0 + ": a second YAML document begins here, and only the first is read" }
            #expect(said.withLock { $0 } == (expected.map { [$0] } ?? []))
        }
    }

    @Test(
        "Report: a key that a mapping has twice is named, for the last one counts as in confd 0.17",
        arguments: [
            ("a: {b: 1}\na: {c: 2}\n", "2:1 a"), ("a:\n  b: 1\n  c: 2\n  b: 3\n", "4:3 b"),
            ("x: &x {b: 1}\na:\n  <<: *x\n  b: 2\n", nil), ("a: {b: 1}\nc: {b: 1}\n", nil),
            ("x: &x {b: 1, b: 2}\na: *x\nc: *x\n", "1:14 b"),
        ])
    func repeatedKeys(_ text: String, _ said: String?) throws {
        var oddities: [String] = []
        _ = try YAMLReader.pairs(Array(text.utf8)) { oddity, position in
            guard case .repeatedKey(let key) = oddity else { return }
            oddities.append("\(position.line):\(position.column) \(String(decoding: key, as: UTF8.self))")
        }
        #expect(oddities == [said].compactMap { $0 })
    }

    @Test("Paths are read in the order given")
    func order() throws {
        try withFolder(["1": "a: 1\n", "2": "a: 2\n"]) { (folder) throws in
            #expect(try keys(FileBackend(paths: [folder + "/2", folder + "/1"])) == ["/a=1"])
        }
    }

    @Test(
        "The filter matches base names inside folders only",
        arguments: [
            ("*", ["/a=1", "/b=1", "/c=1", "/d=1"]), ("*.yaml", ["/a=1", "/c=1"]), ("?.y*l", ["/a=1", "/b=1", "/c=1"]),
            ("[ab].*", ["/a=1", "/b=1"]), ("[^ab].*", ["/c=1"]), ("sub", []), ("a.yaml", ["/a=1"]), ("*/*", []),
            ("", []),
        ])
    func filter(pattern: String, expected: [String]) throws {
        let files = ["a.yaml": "a: 1\n", "sub/b.yml": "b: 1\n", "sub/c.yaml": "c: 1\n", "d": "d: 1\n"]
        try withFolder(files) { (folder) throws in
            #expect(try keys(FileBackend(paths: [folder], filter: pattern)) == expected)
            #expect(try keys(FileBackend(paths: [folder + "/d"], filter: pattern)) == ["/d=1"])
        }
    }

    @Test("A link to a file is read, a link to a folder only if it is named")
    func links() throws {
        try withFolder(["data/x.yaml": "a: 1\n", "other/y.yaml": "b: 1\n"]) { (folder) throws in
            try Files.makeLink(folder + "/data/link.yaml", to: folder + "/other/y.yaml")
            try Files.makeLink(folder + "/data/folder", to: folder + "/other")
            try Files.makeLink(folder + "/named", to: folder + "/other")
            #expect(try keys(FileBackend(paths: [folder + "/data"])) == ["/a=1", "/b=1"])
            #expect(try keys(FileBackend(paths: [folder + "/named"])) == ["/b=1"])
        }
    }

    @Test(
        "A range covers its key and what is below",
        arguments: [
            ("/", ["/app/x=1", "/app2=1", "/b=1"]), ("/app", ["/app/x=1"]), ("/app/x", ["/app/x=1"]), ("/ap", []),
            ("/b", ["/b=1"]), ("/b/c", []),
        ])
    func ranges(path: String, expected: [String]) throws {
        try withFolder(["f": "app: {x: 1}\napp2: 1\nb: 1\n"]) { (folder) throws in
            let backend = FileBackend(paths: [folder + "/f"])
            #expect(try keys(backend, of: [KeyRange(cleaned: Array(path.utf8))]) == expected)
        }
    }

    @Test func noRange() throws {
        try withFolder(["f": "a: 1\n"]) { (folder) throws in
            #expect(try keys(FileBackend(paths: [folder + "/f"]), of: []) == [])
        }
    }

    @Test func errors() throws {
        try withFolder(["ok/a.yaml": "a: 1\n", "bad/b.yaml": "a: 1\nb: [\n"]) { (folder) throws in
            let bad = folder + "/bad/b.yaml"
            #expect(
                error(FileBackend(paths: [folder + "/ok", folder + "/bad"]))
                    == BackendError(
                        .configuration,
                        "\(bad):3:1: while parsing a flow node: did not find expected node content"
                    ))
            #expect(
                error(FileBackend(paths: [folder + "/none"]))
                    == BackendError(.unreachable, "stat \(folder)/none: no such file or directory"))
            #expect(
                error(FileBackend(paths: [folder + "/ok"], filter: "[a"))
                    == BackendError(
                        .configuration, "[a: -filter is not a pattern",
                        hint: "close every \"[\" and let no \"\\\" stand at the end"))
            try Files.makeLink(folder + "/ok/dangling", to: folder + "/none")
            #expect(
                error(FileBackend(paths: [folder + "/ok"]))
                    == BackendError(.unreachable, "stat \(folder)/ok/dangling: no such file or directory"))
            try Files.unlink(folder + "/ok/dangling")
            try Files.makeLink(folder + "/ok/null", to: "/dev/null")
            #expect(
                error(FileBackend(paths: [folder + "/ok"]))
                    == BackendError(
                        .configuration, "\(folder)/ok/null: not a regular file",
                        hint: "name it with -file, or leave it out with -filter"))
            #expect(try keys(FileBackend(paths: [folder + "/ok/null", folder + "/ok/a.yaml"])) == ["/a=1"])
        }
    }

    // MARK: Helpers

    private let root = KeyRange(cleaned: Array("/".utf8))

    /// The snapshot as `key=value`, sorted by key.
    private func keys(_ backend: FileBackend, of ranges: [KeyRange]? = nil) throws -> [String] {
        let snapshot = try backend.snapshot(of: ranges ?? [root], timeout: .seconds(1))
        return (0..<snapshot.count).map { index in
            text(snapshot[index].key) + "=" + text(snapshot[index].value)
        }
    }

    private func error(_ backend: FileBackend) -> BackendError? {
        do throws(BackendError) {
            _ = try backend.snapshot(of: [root], timeout: .seconds(1))
            return nil
        } catch {
            return error
        }
    }

    /// Runs `body` with a folder that holds `files`, which is removed afterwards.
    private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = try Files.makeTemporaryFolder(in: "/tmp", prefix: "confd-file-")
        defer { remove(folder) }
        for (path, content) in files {
            var parent = folder
            for part in path.split(separator: "/").dropLast() {
                parent += "/" + part
                if !Files.exists(parent) { try Files.makeFolder(parent) }
            }
            try Files.write(Array(content.utf8), to: folder + "/" + path)
        }
        try body(folder)
    }

    /// What cannot be removed stays in the temporary folder; no test depends on it.
    private func remove(_ folder: String) {
        let tree = Files.tree(folder)
        for entry in tree.folders.flatMap({ folder in (try? Files.list(folder))?.map { folder + "/" + $0.name } ?? [] })
        {
            try? Files.unlink(entry)
        }
        for folder in tree.folders.reversed() { try? Files.removeFolder(folder) }
    }

    private func text(_ window: Window) -> String { String(decoding: window.array, as: UTF8.self) }
}

import Posix
import TestSupport
import Testing

/// Each way in which a path can come to lead to another file is noticed. 20 s are a limit for a busy machine.
@Suite final class PathWatchTests {
    let folder: TemporaryDirectory
    let never: WakeUp

    init() throws {
        folder = try TemporaryDirectory()
        never = try WakeUp()
    }

    struct Row: CustomTestStringConvertible {
        let name: String
        var files: [String] = []
        var trees: [String] = []
        /// What is there at first: `"NAME"` is a file, `"NAME -> TARGET"` a link; directories come as needed.
        let before: [String]
        /// Made between, without being watched.
        var beside: [String] = []
        let change: [(String, String)]
        var testDescription: String { name }
    }

    /// Each change is a rename of the first to the second.
    static let rows = [
        Row(name: "a file renamed over it", files: ["d/f"], before: ["d/f", "new"], change: [("new", "d/f")]),
        Row(name: "a file that comes", files: ["d/f"], before: ["d/x", "new"], change: [("new", "d/f")]),
        Row(name: "a file below nothing yet", files: ["d/e/f"], before: ["new/e/f"], change: [("new", "d")]),
        Row(
            name: "its directory exchanged", files: ["q/f"], before: ["q/f", "q1/f"],
            change: [("q", "q0"), ("q1", "q")]),
        Row(
            name: "a directory above exchanged", files: ["p/q/f"], before: ["p/q/f", "p1/q/f"],
            change: [("p", "p0"), ("p1", "p")]),
        Row(
            name: "a link on the way exchanged", files: ["current/f"],
            before: ["r/1/f", "r/2/f", "current -> r/1", "new -> r/2"], change: [("new", "current")]),
        Row(
            name: "what a link leads to exchanged", files: ["current/f"], before: ["r/f", "r1/f", "current -> r"],
            change: [("r", "r0"), ("r1", "r")]),
        Row(
            name: "a file link exchanged", files: ["f"], before: ["s/1", "s/2", "f -> s/1", "new -> s/2"],
            change: [("new", "f")]),
        Row(
            name: "what a file link leads to", files: ["f"], before: ["s/1", "new", "f -> s/1"],
            change: [("new", "s/1")]),
        Row(
            name: "Kubernetes", trees: ["v"],
            before: [
                "v/..1/f", "v/..2/f", "v/f -> ..data/f", "v/..data -> ..1",
                "v/..tmp -> ..2",
            ], change: [("v/..tmp", "v/..data")]),
        Row(
            name: "a tree's link exchanged", trees: ["current/conf.d"],
            before: ["r/1/conf.d/f", "r/2/conf.d/f", "current -> r/1", "new -> r/2"], change: [("new", "current")]),
        Row(name: "a tree that comes", trees: ["conf.d"], before: ["x", "new/f"], change: [("new", "conf.d")]),
        Row(
            name: "what a link in a tree leads to", trees: ["t"], before: ["s/f", "new", "t/deep/f -> ../../s/f"],
            change: [("new", "s/f")]),
        Row(name: "deep in a tree", trees: ["t"], before: ["t/a/b/f", "new"], change: [("new", "t/a/b/g")]),
        Row(name: "a tree that is a file", trees: ["f"], before: ["f", "new"], change: [("new", "f")]),
    ]

    private func make(_ text: String) throws {
        let parts = text.split(separator: " ").map(String.init)
        var parent = folder.path
        for name in parts[0].split(separator: "/").dropLast() {
            parent = Files.join(parent, String(name))
            if !Files.exists(parent) { try Files.makeFolder(parent) }
        }
        if parts.count == 3 {
            try Files.makeLink(folder(parts[0]), to: parts[2])
        } else {
            try folder.write(parts[0], parts[0])
        }
    }

    private func paths(_ row: Row) -> PathWatch.Paths {
        PathWatch.Paths(files: row.files.map { folder($0) }, trees: row.trees.map { folder($0) })
    }

    /// Report: `-watch` was blind behind links and renames.
    @Test(arguments: rows) func sees(_ row: Row) throws {
        for text in row.before { try make(text) }
        var watch = PathWatch(paths(row))
        #expect(try !watch.hasChange(within: .zero, wakeUp: never.descriptor), "nothing has changed yet")
        for (old, new) in row.change { try Folder(folder.path).rename(old, to: new) }
        #expect(try watch.hasChange(within: .seconds(20), wakeUp: never.descriptor))
        #expect(watch.problem == nil)
    }

    /// Without any inotify watch the same changes are found by polling.
    @Test(arguments: rows.prefix(6)) func seesWithoutWatches(_ row: Row) throws {
        for text in row.before { try make(text) }
        var watch = PathWatch(paths(row), limit: 0)
        #expect(watch.problem?.code == Errno.noSpace)
        for (old, new) in row.change { try Folder(folder.path).rename(old, to: new) }
        #expect(try watch.hasChange(within: .seconds(20), wakeUp: never.descriptor))
    }

    @Test func seesWhatIsWritten() throws {
        try make("t/f")
        try make("s/f")
        var watch = PathWatch(PathWatch.Paths(files: [folder("s/f")], trees: [folder("t")]))
        for name in ["s/f", "t/f"] {
            try Files.write([1], to: folder(name))
            #expect(try watch.hasChange(within: .seconds(20), wakeUp: never.descriptor), "\(name)")
        }
    }

    @Test func neighboursDoNotCount() throws {
        try make("d/f")
        var watch = PathWatch(PathWatch.Paths(files: [folder("d/f")]))
        try make("d/other")
        try make("other")
        #expect(try !watch.hasChange(within: .zero, wakeUp: never.descriptor))
    }

    @Test func isWokenUp() throws {
        try make("d/f")
        let wakeUp = try WakeUp()
        wakeUp.wake()
        var watch = PathWatch(PathWatch.Paths(files: [folder("d/f")]))
        #expect(try !watch.hasChange(within: nil, wakeUp: wakeUp.descriptor))
    }
}

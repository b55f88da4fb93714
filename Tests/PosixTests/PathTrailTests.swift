import Posix
import Testing

/// Which directories and names decide where a path leads, over a file system that is only a table.
@Suite struct PathTrailTests {
    struct Row: CustomTestStringConvertible {
        let name: String
        let path: String
        /// Files and links in the table, besides the directories.
        var entries: [String: PathTrail.Entry] = [:]
        let directories: [String]
        let looked: Set<String>
        let end: String?
        var testDescription: String { name }
    }

    static let rows = [
        Row(
            name: "a file", path: "/etc/app/a", entries: ["/etc/app/a": .file], directories: ["/", "/etc", "/etc/app"],
            looked: ["/etc", "/etc/app", "/etc/app/a"], end: "/etc/app/a"),
        Row(
            name: "a directory", path: "/etc//app/.", directories: ["/", "/etc", "/etc/app"],
            looked: ["/etc", "/etc/app"], end: "/etc/app"),
        Row(name: "the root", path: "/", directories: ["/"], looked: [], end: "/"),
        Row(
            name: "a file that is missing", path: "/etc/none", entries: ["/etc/none": .missing],
            directories: ["/", "/etc"], looked: ["/etc", "/etc/none"], end: nil),
        Row(
            name: "a directory above that is missing", path: "/none/b/c", entries: ["/none": .missing],
            directories: ["/"], looked: ["/none"], end: nil),
        Row(
            name: "below a file", path: "/etc/a/b", entries: ["/etc/a": .file], directories: ["/", "/etc"],
            looked: ["/etc", "/etc/a"], end: nil),
        Row(
            name: "relative", path: "q/d.yaml", entries: ["./q/d.yaml": .file], directories: [".", "./q"],
            looked: ["./q", "./q/d.yaml"], end: "./q/d.yaml"),
        Row(
            name: "upwards", path: "../x/../../y", entries: ["../../y": .file],
            directories: [".", "..", "../x", "../.."],
            looked: ["../x", "../../y"], end: "../../y"),
        Row(
            name: "a link on the way", path: "/app/current/conf.d",
            entries: ["/app/current": .link("releases/7")],
            directories: ["/", "/app", "/app/releases", "/app/releases/7", "/app/releases/7/conf.d"],
            looked: [
                "/app", "/app/current", "/app/releases", "/app/releases/7", "/app/releases/7/conf.d",
            ], end: "/app/releases/7/conf.d"),
        Row(
            name: "an absolute link at the end", path: "/t/a",
            entries: ["/t/a": .link("/shared/a"), "/shared/a": .file],
            directories: ["/", "/t", "/shared"], looked: ["/t", "/t/a", "/shared", "/shared/a"], end: "/shared/a"),
        Row(
            name: "as Kubernetes has it", path: "/v/a",
            entries: ["/v/a": .link("..data/a"), "/v/..data": .link("..2024"), "/v/..2024/a": .file],
            directories: ["/", "/v", "/v/..2024"], looked: ["/v", "/v/a", "/v/..data", "/v/..2024", "/v/..2024/a"],
            end: "/v/..2024/a"),
        Row(
            name: "a link upwards", path: "/a/l/x", entries: ["/a/l": .link("../b"), "/b/x": .file],
            directories: ["/", "/a", "/b"], looked: ["/a", "/a/l", "/b", "/b/x"], end: "/b/x"),
        Row(
            name: "a link to itself", path: "/l", entries: ["/l": .link("l")], directories: ["/"], looked: ["/l"],
            end: nil),
    ]

    @Test(arguments: rows) func follows(_ row: Row) {
        let entries = row.entries
        var trail = PathTrail { entries[$0] ?? .directory }
        let end = trail.follow(row.path)
        #expect(trail.directories == row.directories)
        #expect(trail.entries == row.looked)
        #expect(end?.path == row.end)
    }

    @Test func pathsShareTheirDirectories() {
        var trail = PathTrail { $0.hasSuffix(".toml") ? .file : .directory }
        for path in ["/etc/a.toml", "/etc/b.toml", "/etc/c/d.toml"] { _ = trail.follow(path) }
        #expect(trail.directories == ["/", "/etc", "/etc/c"])
    }
}

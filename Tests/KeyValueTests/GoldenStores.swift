import Testing

/// The keys of the recorded stores; the value of the n-th key is `vN`.
let goldenStores: [String: [String]] = [
    "regular": [
        "/app", "/app/db/host", "/app/db/port", "/app/db-2/host", "/app/name", "/app-x/y", "/app.d/z", "/app0",
        "/other", "/x/y/z", "/x/y.z", "/x/y/z/w", "/x-/q",
    ],
    "dotted": [
        "/app/.hidden/x", "/app/..data/y", "/app/.h", "/app/...", "/app/a.b/c", "/.top", "/..top/x", "/.",
        "/..x",
    ],
    "odd": [
        "", "/", "//", "a", "a/b", "a/b/c", "/a", "/a/", "/a//b", "//a", "//a/b", "/a/./b", "/a/../b", "./a",
        "./a/b", "../x", "../x/y", ".", "..", "/a/b/", "/a/b/..", "/a/b/../c/d", "/b/c//", "/b//c/d", "/./b/e",
        "/a/b/.", "a//b", "a/", "/b/",
    ],
    "none": [],
    "one": [
        "/k"
    ],
    "wide": [
        "/s/0/a", "/s/0/b", "/s/0/c/d", "/s/1/a", "/s/1/b", "/s/1/c/d", "/s/2/a", "/s/2/b", "/s/2/c/d",
        "/s/3/a", "/s/3/b", "/s/3/c/d", "/s/4/a", "/s/4/b", "/s/4/c/d", "/s/5/a", "/s/5/b", "/s/5/c/d",
        "/s/6/a", "/s/6/b", "/s/6/c/d", "/s/7/a", "/s/7/b", "/s/7/c/d", "/s/8/a", "/s/8/b", "/s/8/c/d",
        "/s/9/a", "/s/9/b", "/s/9/c/d", "/s/10/a", "/s/10/b", "/s/10/c/d", "/s/11/a", "/s/11/b", "/s/11/c/d",
        "/s/x[y]", "/s/a*b", "/s/a\\b", "/s/é", "/s/-", "/t",
    ],
]

/// Queries of one store with the answers that confd gives.
struct Golden: Sendable, CustomTestStringConvertible {
    let store: String
    let answers: String

    var testDescription: String { store }

    /// Query, argument and answer of each row.
    var rows: [(query: String, argument: String, answer: String)] {
        answers.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return (fields[0], fields[1], fields[2])
        }
    }
}

import Posix
import Testing

@testable import Staging

/// What a file difference prints.
private func text(
    _ old: String?, _ new: String, path: String = "/etc/app", context: Int = 3, coloured: Bool = false,
    escaping: Bool = false, attributes: [AttributeDifference] = [], secrets: [String] = []
) -> String {
    var style = DiffStyle()
    style.context = context
    style.isColoured = coloured
    style.escapesControls = escaping
    var output: [UInt8] = []
    let difference = FileDifference(
        path: path, old: old.map { Array($0.utf8) }, new: Array(new.utf8), attributes: attributes,
        secrets: secrets.map { Array($0.utf8) })
    difference.write(style) { output += $0 }
    return String(decoding: output, as: UTF8.self)
}

private func lines(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }

@Suite struct UnifiedDiffTests {
    private static let header = "--- /etc/app\n+++ /etc/app\n"

    @Test(
        "hunks as GNU diff writes them",
        arguments: [
            ("equal", "a\n", "a\n", ""),
            ("replaced", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"),
            ("only line", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"),
            ("emptied", "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"),
            ("filled", "", "a\n", "@@ -0,0 +1 @@\n+a\n"),
            ("appended", "a\n", "a\nb\n", "@@ -1 +1,2 @@\n a\n+b\n"),
            ("put in front", "b\n", "a\nb\n", "@@ -1 +1,2 @@\n+a\n b\n"),
            ("no newline before", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
            ("no newline after", "a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"),
            (
                "no newline in context", "a\nb\nc", "A\nb\nc",
                "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n\\ No newline at end of file\n"
            ),
            ("runs slide down", "{\n}\n", "{\n}\n{\n}\n", "@@ -1,2 +1,4 @@\n {\n }\n+{\n+}\n"),
            ("a carriage return counts", "a\r\n", "a\n", "@@ -1 +1 @@\n-a\r\n+a\n"),
        ])
    func hunks(_ name: String, _ old: String, _ new: String, _ expected: String) {
        #expect(text(old, new) == (expected.isEmpty ? "" : Self.header) + expected)
    }

    @Test(
        "secrets",
        arguments: [
            ("a line", "x\n", "x\npw=s3cret!\n", "@@ -1 +1,2 @@\n x\n+pw=********!\n"),
            ("what it replaces", "pw=old\nx\n", "pw=s3cret\nx\n", "@@ -1,2 +1,2 @@\n-********\n+pw=********\n x\n"),
            ("context", "pw=s3cret\na\n", "pw=s3cret\nb\n", "@@ -1,2 +1,2 @@\n pw=********\n-a\n+b\n"),
            ("gone", "pw=s3cret\n", "none\n", "@@ -1 +1 @@\n-pw=********\n+none\n"),
            ("twice", "", "s3crets3cret s3cre\n", "@@ -0,0 +1 @@\n+**************** s3cre\n"),
            ("of several lines", "", "  first\n  {\n  last\n", "@@ -0,0 +1,3 @@\n+  ********\n+  {\n+  ********\n"),
            ("the longer one", "", "abc\n", "@@ -0,0 +1 @@\n+********\n"),
        ])
    func secrets(_ name: String, _ old: String, _ new: String, _ expected: String) {
        let secrets = ["s3cret", "first\n{\nlast\n", "abc", "ab", ""]
        #expect(text(old, new, secrets: secrets) == Self.header + expected)
    }

    /// Changes in lines 1 and `second` share a hunk while their context touches.
    @Test(arguments: [(8, 1), (9, 2)])
    func hunksJoin(_ second: Int, _ count: Int) {
        let new = (1...20).map { $0 == 1 || $0 == second ? "new\n" : "\($0)\n" }.joined()
        #expect(text(lines(1...20), new).split(separator: "\n").filter { $0.hasPrefix("@@") }.count == count)
    }

    @Test func contextIsChosen() {
        let new = (1...20).map { $0 == 10 ? "new\n" : "\($0)\n" }.joined()
        #expect(text(lines(1...20), new, context: 0) == Self.header + "@@ -10 +10 @@\n-10\n+new\n")
        #expect(text(lines(1...20), new, context: 1) == Self.header + "@@ -9,3 +9,3 @@\n 9\n-10\n+new\n 11\n")
    }

    @Test func newAndBinaryFiles() {
        #expect(text(nil, "a\n") == "--- /dev/null\n+++ /etc/app\n@@ -0,0 +1 @@\n+a\n")
        #expect(text("a\0", "b") == "Binary files /etc/app and /etc/app differ\n")
        #expect(text(nil, "b\0") == "Binary files /dev/null and /etc/app differ\n")
    }

    @Test(
        "names that patch could misread",
        arguments: [
            ("/etc/my app", "/etc/my app\t"), ("/etc/a\nb", "\"/etc/a\\nb\""), ("/etc/\"q\"", "\"/etc/\\\"q\\\"\""),
            ("/etc/\u{1}", "\"/etc/\\001\""), ("/etc/ä", "/etc/ä"),
        ])
    func names(_ path: String, _ shown: String) {
        #expect(text("a\n", "b\n", path: path).hasPrefix("--- \(shown)\n+++ \(shown)\n@@"))
    }

    @Test func attributesAreNamed() {
        let shown = text(
            "a\n", "a\n", attributes: [.mode(is: 0o644, wanted: 0o600), .uid(is: 0, wanted: 4_000_000)])
        #expect(shown == "/etc/app: mode is 0644, should be 0600\n/etc/app: owner is root, should be 4000000\n")
    }

    @Test func coloursOnlyWhereAsked() {
        let shown = text("a\nb\n", "a\nc\n", coloured: true)
        #expect(
            shown == "\u{1B}[1m--- /etc/app\u{1B}[m\n\u{1B}[1m+++ /etc/app\u{1B}[m\n\u{1B}[36m@@ -1,2 +1,2 @@\u{1B}[m\n"
                + " a\n\u{1B}[31m-b\u{1B}[m\n\u{1B}[32m+c\u{1B}[m\n")
        #expect(text("a", "\u{1B}[2J", escaping: true).contains("+\\x1b[2J\n"))
        #expect(text("a", "\u{1B}[2J").contains("+\u{1B}[2J\n"))
    }
}

@Suite struct EditScriptTests {
    /// Lists of numbers below `letters`, the same ones for the same seed.
    private struct Source: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }

        mutating func list(_ count: Int, letters: UInt32) -> [UInt32] {
            (0..<count).map { _ in UInt32.random(in: 0..<letters, using: &self) }
        }

        /// `list` with some elements changed, moved, taken out and put in.
        mutating func edited(_ list: [UInt32], letters: UInt32, edits: Int) -> [UInt32] {
            var list = list
            for _ in 0..<edits {
                let place = Int.random(in: 0...list.count, using: &self)
                switch Int.random(in: 0..<3, using: &self) {
                case 0: list.insert(UInt32.random(in: 0..<letters, using: &self), at: place)
                case 1 where place < list.count: list.remove(at: place)
                case 2 where place < list.count: list[place] = UInt32.random(in: 0..<letters, using: &self)
                default: continue
                }
            }
            return list
        }
    }

    private func apply(_ script: EditScript, _ old: [UInt32], _ new: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var done = 0
        for change in script.changes {
            result += old[done..<change.old.lowerBound]
            result += new[change.new]
            done = change.old.upperBound
        }
        return result + old[done...]
    }

    /// The number of elements that a shortest script takes out and puts in.
    private func shortest(_ old: [UInt32], _ new: [UInt32]) -> Int {
        var row = Array(0...new.count)
        for i in old.indices {
            var next = [i + 1]
            for j in new.indices {
                next.append(old[i] == new[j] ? row[j] : min(row[j + 1], next[j]) + 1)
            }
            row = next
        }
        return row[new.count]
    }

    @Test func scriptsAreRightAndShortest() {
        var source = Source(state: 7)
        for round in 0..<3_000 {
            let letters = UInt32(1 + round % 6)
            let old = source.list(Int.random(in: 0...24, using: &source), letters: letters)
            let new =
                round % 2 == 0
                ? source.list(Int.random(in: 0...24, using: &source), letters: letters)
                : source.edited(old, letters: letters, edits: 4)
            let script = EditScript(old, new, distinct: Int(letters))
            #expect(apply(script, old, new) == new, "\(old) \(new)")
            let length = script.changes.reduce(0) { $0 + $1.old.count + $1.new.count }
            #expect(length == shortest(old, new), "\(old) \(new)")
            for (first, second) in zip(script.changes, script.changes.dropFirst()) {
                #expect(first.old.upperBound < second.old.lowerBound, "changes that touch are one")
            }
        }
    }

    /// A search that is cut short still gives a script that is right.
    @Test(arguments: [1, 2, 3, 8])
    func cutShortScriptsAreRight(_ limit: Int) {
        var source = Source(state: 5)
        for round in 0..<500 {
            let letters = UInt32(2 + round % 5)
            let old = source.list(60, letters: letters)
            let new = source.list(60, letters: letters)
            let script = EditScript(old, new, distinct: Int(letters), stepLimit: limit)
            #expect(apply(script, old, new) == new, "\(old) \(new)")
        }
    }

    /// Everything matches somewhere, and nothing in order: without a limit, the work would be the square of the length.
    @Test func hostileListsTakeNoQuadraticTime() {
        var source = Source(state: 11)
        let limit = 32
        for count in [2_000, 8_000] {
            let ordered = Array(0..<UInt32(count))
            let rows = [
                ("random", source.list(count, letters: 2), source.list(count, letters: 2)),
                ("reversed", ordered, ordered.reversed()), ("permuted", ordered, ordered.shuffled(using: &source)),
            ]
            for (name, old, new) in rows {
                var search = MyersSearch(old, new, stepLimit: limit)
                search.run()
                #expect(search.work < 4 * limit * count, "\(name): \(search.work)")
                let script = EditScript(old, new, distinct: count, stepLimit: limit)
                #expect(apply(script, old, new) == new, "\(name)")
            }
        }
    }
}

import Diagnostics
import Testing

@Suite struct ErrorReportTests {
    @Test(
        "the parts in their order",
        arguments: [
            (ErrorReport("no"), "no"),
            (ErrorReport("no", at: Location("a.toml")), "a.toml: no"),
            (ErrorReport("no", at: Location("a.toml", line: 3, column: 7)), "a.toml:3:7: no"),
            (ErrorReport("no", hint: "yes"), "no\nhint: yes"),
            (
                ErrorReport("no", at: Location("a", line: 1, column: 2), excerpt: "xy\n ^", hint: "yes"),
                "a:1:2: no\nxy\n ^\nhint: yes"
            ),
        ])
    func text(_ report: ErrorReport, _ text: String) {
        #expect(report.text == text)
        #expect(report.summary == text.prefix { $0 != "\n" })
    }

    @Test func aMarkStandsBehindTheLocation() {
        #expect(ErrorReport("no", at: Location("a")).text(marked: "note: ") == "a: note: no")
    }
}

@Suite struct ExcerptTests {
    @Test(
        "a line and a caret",
        arguments: [
            ("one\ntwo\n", 2, 2, "two\n ^"), ("one", 1, 1, "one\n^"), ("one", 1, 9, "one\n   ^"), ("", 1, 1, "\n^"),
            ("a\n", 5, 1, ""),
            // Tabs keep their width, other control characters are blanks, and a character of several bytes is one.
            ("\ta\u{1B}b", 1, 4, "\ta b\n\t  ^"), ("größer", 1, 7, "größer\n    ^"),
        ])
    func excerpts(_ source: String, _ line: Int, _ column: Int, _ expected: String) {
        #expect(Excerpt.text(of: source.utf8, line: line, column: column) == expected)
    }

    @Test func longLinesAreCut() {
        let source = String(repeating: "a", count: 500) + "b" + String(repeating: "c", count: 500)
        let lines = Excerpt.text(of: source.utf8, line: 1, column: 501).split(separator: "\n")
        #expect(lines[0] == String(repeating: "a", count: 60) + "b" + String(repeating: "c", count: 59))
        #expect(lines[1] == String(repeating: " ", count: 60) + "^")
    }
}

import Diagnostics
import Testing

@Suite struct SuggestionTests {
    private static let options = ["onetime", "interval", "node", "noop", "file", "filter", "log-level", "log-format"]

    @Test(
        "names: a third of the length, three at most",
        arguments: [
            ("onetme", "onetime"), ("intervall", "interval"), ("fil", "file"), ("node", "node"), ("ndoe", "node"),
            // The only one that begins so.
            ("inter", "interval"), ("log-l", "log-level"), ("log-", nil),
            ("zzzz", nil), ("", nil), ("NODE", nil), (String(repeating: "n", count: 65), nil),
        ] as [(String, String?)])
    func names(_ typed: String, _ nearest: String?) {
        #expect(Suggestion.nearest(to: typed, among: Self.options) == nearest)
    }

    private static let functions = ["getv", "getvs", "gets", "get", "toUpper", "printf", "quote"]

    @Test(
        "identifiers: one mistake, two from six letters on, in any case",
        arguments: [
            ("getx", "getv"), ("prinft", "printf"), ("ToUpper", "toUpper"), ("toupper", "toUpper"), ("print", "printf"),
            ("quite", "quote"), ("qite", nil), ("to", nil), (String(repeating: "g", count: 41), nil),
        ] as [(String, String?)])
    func identifiers(_ typed: String, _ nearest: String?) {
        #expect(Suggestion.nearest(to: typed, among: Self.functions, .identifiers) == nearest)
    }

    @Test func theNearestInLengthAndThenTheFirst() {
        #expect(Suggestion.nearest(to: "getx", among: ["get", "gets", "getv"], .identifiers) == "gets")
    }

    /// Report: `jsn` was taken for `js`.
    @Test func ofThoseThatAreEquallyNear() {
        #expect(Suggestion.nearest(to: "jsn", among: ["js", "json"], .identifiers) == "json")
        #expect(Suggestion.nearest(to: "fode", among: ["node", "fade"]) == "fade")
    }
}

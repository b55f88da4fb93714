import Testing

@testable import KeyValue

/// Searches in strings look at bytes: a combining mark after a text does not hide it.
@Suite struct TextTests {
    @Test(
        arguments: [
            ("", "", true), ("a", "", true), ("", "a", false), ("abc", "bc", true), ("abc", "bd", false),
            ("aab", "ab", true), ("${\u{5C2}", "${", true), ("caf\u{E9}", "cafe\u{301}", false),
            ("caf\u{E9}", "\u{E9}", true), ("a\r\nb", "\n", true),
        ])
    func contains(_ string: String, _ text: String, _ expected: Bool) {
        #expect(string.contains(text: text) == expected)
        #expect(string[...].contains(text: text[...]) == expected)
    }

    @Test(
        arguments: [
            ("", "a", "b", ""), ("banana", "an", "..", "b....a"), ("aaa", "aa", "b", "ba"),
            ("secret", "secret", "…", "…"),
            ("secret\u{301}!", "secret", "…", "…\u{301}!"), ("x", "y", "z", "x"),
        ])
    func replaces(_ string: String, _ text: String, _ replacement: String, _ expected: String) {
        let replaced = string.replacing(text: text, with: replacement)
        // Bytes, because `==` of strings holds for different encodings of one text.
        #expect(Array(replaced.utf8) == Array(expected.utf8))
    }

    @Test(
        arguments: [
            ("", 9, []), ("a", 9, ["a"]), ("a = b = c", 9, ["a", "b", "c"]), ("a = b = c", 1, ["a", "b = c"]),
            (" = a = ", 9, ["a"]), ("a = \u{301}b", 9, ["a", "\u{301}b"]),
        ] as [(String, Int, [String])])
    func splits(_ string: String, _ most: Int, _ expected: [String]) {
        #expect(string.split(at: " = ", maxSplits: most).map(String.init) == expected)
    }
}

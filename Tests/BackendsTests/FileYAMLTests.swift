import KeyValue
import Testing

@testable import Backends

/// YAML as the file backend reads it.
@Suite struct FileYAMLTests {
    @Test("A scalar is what confd 0.17 makes of it", arguments: FileRecorded.scalars)
    func scalar(text: String, value: String?) throws {
        #expect(try pairs("a: \(text)\n") == (value.map { ["/a": $0] } ?? [:]))
    }

    @Test("A document is what confd 0.17 makes of it", arguments: FileRecorded.documents)
    func document(text: String, expected: [String: String]) throws {
        #expect(try pairs(text) == expected)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let pairs: [String: String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ pairs: [String: String]) {
            self.name = name
            self.text = text
            self.pairs = pairs
        }
    }

    @Test("Where confd 0.17 panics, drops or refuses, we read", arguments: differences)
    func differing(_ row: Row) throws {
        #expect(try pairs(row.text) == row.pairs)
    }

    static let differences = [
        Row("integer as key: a panic", "1: a\n0x1f: b\n", ["/1": "a", "/0x1f": "b"]),
        Row("boolean as key: a panic", "y: a\non: b\n", ["/y": "a", "/on": "b"]),
        Row("null as key: a panic", "~: a\n", ["/~": "a"]),
        Row("float as key: a panic", "1.50: a\n", ["/1.50": "a"]),
        Row("the last of equal keys counts with what is below it", "a: {p: 1}\na: {q: 2}\n", ["/a/q": "2"]),
        Row(
            "merge, then key", "b: &b {p: 1, q: 2}\nc: {<<: *b, q: 3}\n",
            ["/b/p": "1", "/b/q": "2", "/c/p": "1", "/c/q": "3"]),
        Row(
            "key, then merge", "b: &b {p: 1, q: 2}\nc: {q: 3, <<: *b}\n",
            ["/b/p": "1", "/b/q": "2", "/c/p": "1", "/c/q": "2"]),
        Row("an integer of 64 bits without sign: dropped", "a: 18446744073709551615\n", ["/a": "18446744073709551615"]),
        Row("YAML 1.2: refused", "%YAML 1.2\n---\na: 1\n", ["/a": "1"]),
        Row("a slash escaped as in JSON: refused", #"a: "b\/c""#, ["/a": "b/c"]),
    ]

    @Test("Of equal keys the last one counts in small and large mappings", arguments: [1, 8, 9, 10, 40])
    func equalKeys(count: Int) throws {
        let first = (0..<count).map { "k\($0): old\n" }.joined()
        let second = (0..<count).reversed().map { "k\($0): \($0)\n" }.joined()
        let expected = Dictionary(uniqueKeysWithValues: (0..<count).map { ("/k\($0)", "\($0)") })
        #expect(try pairs(first + second) == expected)
        #expect(try YAMLReader.pairs(Array((first + second).utf8)).count == count)
    }

    @Test("Bytes and encodings")
    func bytes() throws {
        let utf16: [UInt8] = [0xFF, 0xFE] + "a: \u{E9}\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try YAMLReader.pairs(utf16).map(\.value) == [[0xC3, 0xA9]])
        let binary = try YAMLReader.pairs(Array("a: !!binary /wD+\n".utf8))
        #expect(binary.map(\.value) == [[0xFF, 0x00, 0xFE]])
    }

    @Test("Of keys that path cleaning makes equal the last one comes last")
    func cleanedKeys() throws {
        let pairs = try YAMLReader.pairs(Array("a: {b: 1, ./b: 2, ../a/b: 3}\n".utf8))
        #expect(pairs.map { String(decoding: $0.key, as: UTF8.self) } == ["/a/b", "/a/b", "/a/b"])
        #expect(pairs.map { String(decoding: $0.value, as: UTF8.self) } == ["1", "2", "3"])
    }
}

/// Why a YAML file is refused: whole messages with positions.
@Suite struct FileYAMLErrorTests {
    @Test(arguments: errors)
    func error(text: String, message: String) {
        #expect(firstError("f.yaml", Array(text.utf8)) == message)
    }

    static let errors: [(text: String, message: String)] = [
        ("abc\n", "f.yaml:1:1: expected a mapping at the top level, found a single value"),
        ("# c\n\n - a\n", "f.yaml:3:2: expected a mapping at the top level, found a list"),
        ("a: b: c\n", "f.yaml:1:5: mapping values are not allowed in this context"),
        ("a: 1\n b: 2\n", "f.yaml:2:3: mapping values are not allowed in this context"),
        (
            "a:\n\t- 1\n",
            "f.yaml:2:1: while scanning for the next token: found character that cannot start any token: tabs are not allowed for indentation"
        ),
        (
            "a: \"x\nb: 1\n",
            "f.yaml:3:1: while scanning a quoted scalar that begins at line 1: found unexpected end of stream"
        ),
        ("é: {a b:}\n", "f.yaml:1:8: while scanning a plain scalar: found unexpected ':'"),
        ("a: \"\u{7F}\"\n", "f.yaml:1:5: control characters are not allowed"),
        ("é: 1\nb: é\0\n", "f.yaml:2:5: control characters are not allowed"),
        ("? [a]\n: 1\n", "f.yaml:1:3: expected a key, found a list"),
        ("? {a: 1}\n: 1\n", "f.yaml:1:3: expected a key, found a mapping"),
        ("x: &x [1]\n*x : 1\n", "f.yaml:1:4: expected a key, found a list"),
        ("a: *x\n", "f.yaml:1:4: unknown anchor \"x\""),
        ("a: &a [*a]\n", "f.yaml:1:8: the anchor of this alias contains the alias"),
        ("a: &a\n  b: *a\n", "f.yaml:2:6: the anchor of this alias contains the alias"),
        ("a: &a {<<: *a}\n", "f.yaml:1:12: the anchor of this alias contains the alias"),
        ("a: &a {x: 1, y: {<<: *a}}\n", "f.yaml:1:22: the anchor of this alias contains the alias"),
        ("a: &a {<<: &b {<<: *b}}\n", "f.yaml:1:20: the anchor of this alias contains the alias"),
        ("a: {<<: 1}\n", "f.yaml:1:9: \"<<\" needs a mapping or a list of mappings"),
        ("a: {<<: [{b: 1}, 2]}\n", "f.yaml:1:18: \"<<\" needs a mapping or a list of mappings"),
        ("b: &b [1]\na: {<<: *b}\n", "f.yaml:2:9: \"<<\" needs a mapping or a list of mappings"),
        ("a: !!int secret\n", "f.yaml:1:4: the value is not of its type \"!!int\""),
        ("a: !!float yes\n", "f.yaml:1:4: the value is not of its type \"!!float\""),
        ("a: !!bool 1\n", "f.yaml:1:4: the value is not of its type \"!!bool\""),
        ("a: !!null 0\n", "f.yaml:1:4: the value is not of its type \"!!null\""),
        ("a: !!binary aGk\n", "f.yaml:1:4: the value of \"!!binary\" is not base64"),
        ("a: !!binary a=Gk\n", "f.yaml:1:4: the value of \"!!binary\" is not base64"),
    ]

    @Test(
        "A broken document is refused at its place",
        arguments: [[0xFF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]])
    func invalidUTF8(bytes: [UInt8]) {
        let message = firstError("f.yaml", Array("a: 1\nb: é".utf8) + bytes + Array("\n".utf8))
        #expect(message.hasPrefix("f.yaml:2:5: invalid "), "\(message)")
    }
}

/// Nesting, expansion and sizes.
@Suite struct FileLimitTests {
    private func list(_ depth: Int) -> String {
        "a: " + String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    }

    private func objects(_ depth: Int) -> String {
        String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
    }

    @Test func nestedYAML() throws {
        // The mapping around the list is one level.
        #expect(try pairs(list(255)).count == 1)
        let message = "f.yaml:1:259: mappings and lists are nested more than 256 levels deep"
        #expect(firstError("f.yaml", Array(list(256).utf8)) == message)
        #expect(firstError("f.yaml", Array(list(300_000).utf8)) == message)
    }

    @Test func nestedJSON() throws {
        #expect(try JSONReader.pairs(Array(objects(256).utf8)).count == 1)
        let message = "f.json:1:1281: mappings and lists are nested more than 256 levels deep"
        #expect(firstError("f.json", Array(objects(257).utf8)) == message)
    }

    @Test func nestedByAliases() throws {
        // Each anchor is 100 deep and holds the one before at its bottom.
        func text(_ anchors: Int) -> String {
            let open = String(repeating: "[", count: 100)
            let close = String(repeating: "]", count: 100)
            return (1...anchors).map { "a\($0): &a\($0) \(open)\($0 == 1 ? "1" : "*a\($0 - 1)")\(close)\n" }.joined()
        }
        #expect(try pairs(text(2)).count == 2)
        let message = firstError("f.yaml", Array(text(3).utf8))
        #expect(message.hasSuffix(": mappings and lists are nested more than 256 levels deep"), "\(message)")
    }

    @Test func limitsOfFiles() {
        #expect(FileLimits().aliasedNodes == 1_000_000)
        #expect(FileLimits().bytes == 256 << 20)
    }

    private let limits = FileLimits(aliasedNodes: 1000, bytes: 10_000)

    /// The message for `text`, or the number of keys.
    private func outcome(_ text: String, json: Bool = false) -> String {
        do throws(ContentError) {
            let bytes = Array(text.utf8)
            let pairs = try json ? JSONReader.pairs(bytes, limits: limits) : YAMLReader.pairs(bytes, limits: limits)
            return "\(pairs.count)"
        } catch {
            return FileError(path: "f", position: error.position, kind: error.kind).backendError.message
        }
    }

    @Test("Aliases of aliases multiply")
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...2 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 8).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        // 8 × 11 nodes behind the first level of aliases, 8 × (1 + 8 + 8 × 11) behind the second.
        #expect(outcome(text) == "730")
        text += "last: *a0\n"
        #expect(outcome(text) == "740")
        for level in 3...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 8).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(outcome(text) == "f:2:20: aliases stand for more than 1000 values")
    }

    @Test("Merges multiply", arguments: [(10, "550"), (11, "f:12:17: aliases stand for more than 1000 values")])
    func merges(count: Int, expected: String) {
        var text = "a0: &a0 {" + (0..<50).map { "k\($0): x" }.joined(separator: ", ") + "}\n"
        for place in 1...count { text += "m\(place): {<<: [*a0, *a0]}\n" }
        #expect(outcome(text) == expected)
    }

    @Test("A long key over many values", arguments: [true, false])
    func longKey(json: Bool) {
        func text(_ count: Int) -> String {
            "{\"" + String(repeating: "k", count: 998) + "\": {"
                + (0..<count).map { "\"\($0)\": \"\"" }.joined(separator: ", ") + "}}"
        }
        #expect(outcome(text(8), json: json) == "8")
        #expect(outcome(text(12), json: json).hasSuffix(": keys and values take more than 10000 bytes"))
    }

    @Test("A long path to elements without values")
    func longPath() {
        let nulls = (0..<12).map { "\"a/\($0)\": null" }.joined(separator: ", ")
        let text = "{\"" + String(repeating: "k", count: 998) + "\": {\(nulls)}}"
        #expect(outcome(text, json: true).hasSuffix(": keys and values take more than 10000 bytes"))
    }
}

/// The keys and values of a YAML text; of equal keys the last one counts.
private func pairs(_ text: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for (key, value) in try YAMLReader.pairs(Array(text.utf8)) {
        result[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
    }
    return result
}

/// The message for the content of a file at `path`.
func firstError(_ path: String, _ bytes: [UInt8]) -> String {
    do throws(ContentError) {
        let pairs = try path.hasSuffix(".json") ? JSONReader.pairs(bytes) : YAMLReader.pairs(bytes)
        return "no error, but \(pairs.count) keys"
    } catch {
        return FileError(path: path, position: error.position, kind: error.kind).backendError.message
    }
}

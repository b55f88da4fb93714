import Diagnostics
import Testing

@testable import Configuration

/// Renderings that `output_format` takes and refuses.
@Suite struct OutputFormatTests {
    @Test(
        arguments: [
            (.json, "{\"a\": [1, 1e999, null]}\n"), (.json, " \"text\" "), (.yaml, ""), (.yaml, "a: 1\n---\nb: 2\n"),
            (.yaml, "{\"a\": 1}"), (.toml, ""), (.toml, "a = 1\n[b]\nc = [1, 2]\n"),
        ] as [(OutputFormat, String)])
    func good(_ format: OutputFormat, _ content: String) throws {
        try format.check(Array(content.utf8))
    }

    @Test(
        arguments: [
            (.json, "", "/f:1:1: output_format: not JSON: unexpected end of JSON input"),
            (
                .json, "{\n  \"é\": 1,\n}\n",
                "/f:3:1: output_format: not JSON: invalid character '}' looking for beginning of object key string"
            ),
            (.json, "{} x", "/f:1:4: output_format: not JSON: invalid character 'x' after top-level value"),
            (.json, "[1,\n2", "/f:2:2: output_format: not JSON: unexpected end of JSON input"),
            (.yaml, "a: b: c\n", "/f:1:5: output_format: not YAML: mapping values are not allowed in this context"),
            (.yaml, "a: 1\n---\nb: *c\n", "/f:3:4: output_format: not YAML: unknown anchor \"c\""),
            (.toml, "a = 1\na = 2\n", "/f:2:1: output_format: not TOML: key \"a\" is defined twice (first at line 1)"),
        ] as [(OutputFormat, String, String)])
    func bad(_ format: OutputFormat, _ content: String, _ text: String) throws {
        let error = #expect(throws: OutputFormatError.self) { try format.check(Array(content.utf8)) }
        let place = "the place is in the new text, which confd render prints"
        let guess =
            text.contains("looking for beginning of object key") ? "is there a comma after the last element? " : ""
        #expect(error?.report(of: "/f").text == "\(text)\nhint: \(guess)\(place)")
    }

    /// A value in a file that does not parse may be a password.
    @Test(
        arguments: [
            (.toml, "password = hunter2\n"), (.toml, "password = \"x\" hunter2\n"),
            (.toml, "password = 'x' = hunter2\n"),
            (.toml, "password = 0hunter2\n"), (.toml, "password = 78hunter2\n"), (.toml, "password = True\n"),
            (.toml, "password = \"\\hunter2\"\n"), (.toml, "password = \"\\uhunter2\"\n"), (.toml, "password = +0x7\n"),
            (.toml, "password = 1979-05-27hunter2\n"), (.toml, "password = 007\n"), (.yaml, "password: 'hunter2\n"),
            (.yaml, "password: hunter2: x\n"), (.yaml, "password: @hunter2\n"), (.json, "{\"password\": hunter2}"),
            (.json, "{\"password\": \"hunter2\n\"}"),
        ] as [(OutputFormat, String)])
    func errorsShowNoValues(_ format: OutputFormat, _ content: String) throws {
        let error = #expect(throws: OutputFormatError.self) { try format.check(Array(content.utf8)) }
        let text = try #require(error).report(of: "/f").text
        for part in ["hunter2", "True", "0x7", "007", "\\h", "\\u", "78", "1979"] {
            #expect(!text.contains(part), "\(text)")
        }
    }

    @Test(arguments: [OutputFormat.json, .yaml, .toml])
    func tooLarge(_ format: OutputFormat) {
        let content = [UInt8](repeating: UInt8(ascii: " "), count: format.largest + 1)
        let error = #expect(throws: OutputFormatError.self) { try format.check(content) }
        #expect(error?.kind == .tooLarge(limit: format.largest))
        #expect(error?.message.hasPrefix("output_format: more than \(format.largest) bytes of ") == true)
    }

    /// Nesting without an end stops at the parsers' limits.
    @Test(
        arguments: [
            (.json, "[", "exceeded max depth"), (.yaml, "[", "nested more than 256 levels deep"),
            (.toml, "a = " + "[", "nested more than 128 levels deep"),
        ] as [(OutputFormat, String, String)])
    func depth(_ format: OutputFormat, _ start: String, _ reason: String) {
        let content = start + String(repeating: "[", count: 100_000)
        let error = #expect(throws: OutputFormatError.self) { try format.check(Array(content.utf8)) }
        #expect(error?.message.hasSuffix(reason) == true)
    }
}

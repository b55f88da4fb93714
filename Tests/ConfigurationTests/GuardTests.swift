import TestSupport
import Testing

@testable import Configuration

/// Parses a resource with a guard of these fields.
private func parse(_ fields: String, header: String = "[template.guard]") throws -> ResourceParser.Result {
    var loader = SettingsLoader(environment: [:]) { _ in false }
    let settings = try loader.load(["-node", "http://127.0.0.1:1"])
    let directory = try TemporaryDirectory()
    try directory.write("a.tmpl", "")
    let parser = ResourceParser(
        settings: settings, environment: [:], templateFolder: directory.path, defaultLayers: settings.layers)
    let text = "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\n\(header)\n\(fields)\n"
    return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
}

@Suite struct GuardLimitsTests {
    @Test func readsAllFields() throws {
        let result = try parse(
            """
            min_keys = { "/services/*/servers" = 2, "/Flags-x" = 1 }
            max_drop = "50%"
            max_change = "80%"
            hold = "1h"
            """)
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        let limits = try #require(result.resources.first?.guardLimits)
        // Patterns keep their case and their dashes.
        #expect(limits.minimums.map(\.pattern.text) == ["/Flags-x", "/services/*/servers"])
        #expect(limits.minimums.map(\.count) == [1, 2])
        #expect(limits.minKeys == 0 && limits.maxDrop == 50 && limits.maxChange == 80 && limits.hold == .seconds(3600))
    }

    @Test func defaults() throws {
        let limits = try #require(try parse("min_keys = 3").resources.first?.guardLimits)
        #expect(limits.minKeys == 3 && limits.minimums.isEmpty && limits.maxDrop == nil && limits.maxChange == nil)
        #expect(limits.hold == .seconds(600))
        #expect(try parse("", header: "").resources.first?.guardLimits == nil)
    }

    @Test(arguments: [("0", 0), ("\"0\"", 0), ("\"90s\"", 90), ("30", 30)])
    func hold(_ text: String, _ seconds: Int) throws {
        let limits = try #require(try parse("min_keys = 1\nhold = \(text)").resources.first?.guardLimits)
        #expect(limits.hold == .seconds(seconds))
    }

    @Test(
        arguments: [
            (
                "max_drop = \"101%\"",
                "r.toml:5:12: max_drop: not a percentage from 0 to 100\nmax_drop = \"101%\"\n           ^\n"
                    + "hint: write it in quotes: \"50%\""
            ),
            ("max_drop = \"-1%\"", "r.toml:5:12: max_drop: not a percentage from 0 to 100"),
            ("max_drop = \"half\"", "r.toml:5:12: max_drop: not a percentage from 0 to 100"),
            ("max_drop = \"%\"", "r.toml:5:12: max_drop: not a percentage from 0 to 100"),
            ("max_change = 80", "r.toml:5:14: max_change: not a percentage from 0 to 100"),
            ("min_keys = -1", "r.toml:5:12: min_keys: not a number of keys"),
            ("min_keys = 9223372036854775807", "r.toml:5:12: min_keys: not a number of keys"),
            ("min_keys = \"2\"", "r.toml:5:12: min_keys: neither a number of keys nor a table of patterns"),
            ("min_keys = { \"/a\" = -2 }", "r.toml:5:21: min_keys: not a number of keys"),
            ("min_keys = { \"/a\" = \"2\" }", "r.toml:5:21: min_keys: not a number of keys"),
            ("min_keys = { \"/a/[\" = 2 }", "r.toml:5:14: min_keys: \"/a/[\" is not a pattern of keys"),
            ("min_keys = { services = 2 }", "r.toml:5:14: min_keys: \"services\" is not a pattern of keys"),
            ("hold = -5", "r.toml:5:8: hold: -5 is not a time"),
            ("hold = \"soon\"", "r.toml:5:8: hold: \"soon\" is not a time"),
        ])
    func errors(_ fields: String, _ text: String) throws {
        let result = try parse(fields)
        #expect(result.resources.isEmpty)
        #expect(result.errors.contains { $0.text.hasPrefix(text) }, "\(result.errors.map(\.text))")
    }

    @Test func mustBeATable() throws {
        let result = try parse("guard = \"50%\"", header: "")
        #expect(result.errors.map(\.summary) == ["r.toml:5:9: guard: a string is not a table"])
    }

    @Test(arguments: [
        ("min_key = 2", "r.toml:5:1: unknown key \"min_key\" in [template.guard]", "did you mean \"min_keys\"?"),
        (
            "min_keys = 2\nfor_time = 5", "r.toml:6:1: unknown key \"for_time\" in [template.guard]",
            "what can be there: hold, max_change, max_drop, min_keys"
        ),
        (
            "hold = 5", "r.toml:4:11: guard: sets no limit, so nothing is ever held",
            "set min_keys, max_drop or max_change"
        ),
    ])
    func warnings(_ fields: String, _ message: String, _ hint: String) throws {
        let result = try parse(fields)
        #expect(result.errors.isEmpty && !result.resources.isEmpty)
        #expect(result.warnings.map(\.summary) == [message] && result.warnings.first?.hint == hint)
    }
}

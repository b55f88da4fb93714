import TestSupport
import Testing

@testable import Configuration

/// `for_each` and what goes with it, in resource files.
@Suite struct ItemRuleTests {
    private static let faults: [(fields: String, message: String)] = [
        (#"for_each = "apps""#, "7:12: for_each: \"apps\" is not a pattern of keys"),
        (#"for_each = "/apps/[""#, "7:12: for_each: \"/apps/[\" is not a pattern of keys"),
        ("prune = true", "7:9: prune: has no effect without for_each"),
        ("max_remove = 3", "7:14: max_remove: has no effect without for_each"),
        (#"check_each = "true""#, "7:14: check_each: has no effect without for_each"),
        ("for_each = \"/a/*\"\nmax_remove = \"x\"", "8:14: max_remove: neither a number of files nor a percentage"),
        ("for_each = \"/a/*\"\nmax_remove = -1", "8:14: max_remove: neither a number of files nor a percentage"),
        ("for_each = \"/a/*\"\nrollback = true", "8:12: rollback: cannot be used with for_each"),
        (
            "for_each = \"/a/*\"\ncheck_cmd = \"x {{.src}}\"",
            "8:13: check_cmd: runs once for all files of a batch, so it cannot name one of them"
        ),
        (
            "for_each = \"/a/*\"\nreload_cmd = \"x {{.dest}}\"",
            "8:14: reload_cmd: runs once for all files of a batch, so it cannot name one of them"
        ),
        (
            "for_each = \"/a/*\"\ncheck_cmd = \"x\"\ncheck = \"staged\"",
            "9:9: check: with for_each, check_cmd judges what is in place"
        ),
        ("for_each = \"/a/*\"\nmode = \"{{.nme\"", "8:8: mode: unclosed action"),
        // Reported: a slip of the pen gave no file, without a word.
        ("for_each = \"/as/*\"", "7:12: for_each: matches nothing below keys, so there is never an item"),
        (
            "prefix = \"/p\"\nfor_each = \"/b/a/*\"",
            "8:12: for_each: matches nothing below keys, so there is never an item"
        ),
    ]

    private func parse(
        _ fields: String, dest: String = "/out/{{.name}}.conf", keys: String = "keys = [\"/a\"]\n"
    ) throws -> ResourceParser.Result {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-backend", "env"])
        let directory = try TemporaryDirectory()
        try directory.write("a.tmpl", "")
        let parser = ResourceParser(
            settings: settings, environment: [:], templateFolder: directory.path, defaultLayers: settings.layers)
        let text = "[template]\nsrc = \"a.tmpl\"\ndest = '\(dest)'\n\(keys)\n\n\(fields)\n"
        return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
    }

    /// Report: without `keys` there was no file, and no word.
    @Test func aPatternWithoutKeysIsAWarning() throws {
        let found = try parse("for_each = \"/sites/*\"", keys: "prefix = \"/prod\"")
        #expect(found.errors.isEmpty)
        let text = "r.toml:6:12: for_each: the resource has no keys, so there is never an item"
        #expect(found.warnings.map(\.summary) == [text])
        #expect(found.warnings.first?.hint == "add keys = [\"/sites\"] to it")
    }

    @Test(arguments: faults)
    func errors(fields: String, message: String) throws {
        let found = try parse(fields).errors.map(\.summary)
        #expect(found.contains { $0.hasSuffix(message) || $0.contains(message) }, "\(found)")
    }

    /// A pattern may be wider than the keys, and narrower.
    @Test(arguments: ["/a/*", "/*", "/*/x", "/a/b/*", "/a", "/a*/*"]) func patternsThatMeetTheKeys(_ pattern: String)
        throws
    {
        let dest = pattern.hasSuffix("x") ? "/out/{{index .parts 0}}" : "/out/{{.name}}{{range .parts}}{{.}}{{end}}"
        #expect(try parse("for_each = \"\(pattern)\"", dest: dest).errors.map(\.summary) == [])
    }

    private static let dests: [(forEach: String, dest: String, error: String?)] = [
        ("/a/*", "/out/{{.name}}", nil), ("/a/*", "/out/x-{{.name}}.conf", nil),
        ("/a/*", "/out/{{index .parts 0}}", nil),
        ("/a/*/*", "/out/{{index .parts 0}}-{{index .parts 1}}", nil), ("/a/*/*", "/out/{{.name}}", nil),
        ("/a/*/site", "/out/{{index .parts 0}}", nil), ("/a/one", "/out/{{.name}}", nil),
        ("/a/*", "/out/{{toUpper .name}}", nil), ("/a/*", #"/out/{{replace .name "/" "-" -1}}"#, nil),
        ("/a/*", "/out/x", "is the same for different items"),
        ("/a/*/site", "/out/{{.name}}", "is the same for different items"),
        ("/a/*/*", "/out/{{index .parts 0}}", "is the same for different items"),
        ("/a/*", "/out/{{.name}}/x", "only its last part can hold a template"),
        ("/a/*", "{{.name}}", "names no directory"), ("/a/*", "/out/{{.value}}", "value"),
        ("/a/*", "/out/{{.index}}", "index"), ("/a/*", #"/out/{{getv "/x"}}"#, "getv"),
    ]

    @Test(arguments: dests)
    func destinations(forEach: String, dest: String, error: String?) throws {
        let result = try parse("for_each = \"\(forEach)\"", dest: dest)
        if let error {
            #expect(result.errors.count == 1, "\(result.errors.map(\.summary))")
            #expect(result.errors.first?.summary.contains(":3:8: dest: ") == true)
            #expect(result.errors.first?.summary.contains(error) == true, "\(result.errors.map(\.summary))")
        } else {
            #expect(result.errors.isEmpty, "\(result.errors.map(\.summary))")
            #expect(result.resources.first?.items?.folder == "/out")
        }
    }

    @Test func defaults() throws {
        let rule = try #require(try parse("for_each = \"/a/*\"").resources.first?.items)
        #expect(!rule.prune && rule.maxRemove == .percent(50))
        #expect(rule.attributes.isEmpty && rule.checkEach == nil)
    }

    @Test func attributesOverTheItem() throws {
        let result = try parse("for_each = \"/a/*\"\nmode = \"{{.value}}\"\nowner = \"{{.name}}\"\ngroup = \"root\"")
        let resource = try #require(result.resources.first, "\(result.errors.map(\.summary))")
        #expect(resource.items?.attributes.mode?.text == "{{.value}}")
        #expect(resource.items?.attributes.owner?.text == "{{.name}}")
        #expect(resource.items?.attributes.group == nil && resource.attributes.gid == 0)
        #expect(resource.attributes.mode == nil && resource.attributes.uid == nil)
    }
}

import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// `-validate` in process: the order of findings, what counts as an error, and the line that counts them.
@Suite struct ValidationTests {
    /// A directory whose resources are validated.
    private struct Rig: TestConfdir {
        let directory: TemporaryDirectory

        init() throws { directory = try Self.makeDirectory() }

        func run(_ flags: [String] = [], _ errors: [SettingsError] = []) throws -> Validation.Report {
            let settings = try settings(["-validate"] + flags)
            var validation = Validation(
                settings, errors: errors, loader: ResourceLoader(settings, environment: [:]))
            return validation.run()
        }

        /// The first lines of the findings, with paths from the directory on.
        func lines(_ report: Validation.Report) -> [String] {
            report.findings.map { finding in
                String(finding.text.prefix { $0 != "\n" }).replacing(directory.path + "/", with: "")
            }
        }
    }

    @Test func nothingIsWrong() throws {
        let rig = try Rig()
        try rig.resource("app")
        let report = try rig.run()
        #expect(report.findings.isEmpty && report.exitCode == 0)
        #expect(report.summary == "checked 1 resource file and 1 template: 0 errors, 0 warnings")
        #expect(rig.outputNames.isEmpty)
    }

    /// Files in their order, each in the order of its lines, whatever found it.
    @Test func findingsAreInTheOrderOfFilesAndLines() throws {
        let rig = try Rig()
        try rig.resource("b", fields: "relaod_cmd = \"x\"\nmode = \"9\"", template: "{{nope1}}\n{{nope2}}{{if}}")
        try rig.resource("a", fields: "mode = \"9\"", template: "fine")
        try rig.template("part", "{{nope3}}")
        let report = try rig.run()
        let places = [
            "conf.d/a.toml:5:8: mode", "conf.d/b.toml:5:1: warning: unknown key", "conf.d/b.toml:6:8: mode",
            "templates/b.tmpl:1:3: ", "templates/b.tmpl:2:3: ", "templates/b.tmpl:2:14: ", "templates/part.tmpl:1:3: ",
        ]
        let lines = rig.lines(report)
        #expect(lines.count == places.count, "\(lines)")
        for (line, place) in zip(lines, places) { #expect(line.hasPrefix(place), "\(line)") }
        #expect(report.summary == "checked 2 resource files and 3 templates: 6 errors, 1 warning")
        #expect(report.exitCode == 2)
    }

    /// With -strict a warning is an error; a note never is.
    @Test(arguments: [false, true]) func warningsCountIfThatIsWanted(_ isStrict: Bool) throws {
        let rig = try Rig()
        try rig.resource("app", fields: "relaod_cmd = \"x\"\ncheck_cmd = \"judge\"")
        let report = try rig.run(isStrict ? ["-strict"] : [])
        #expect(report.exitCode == (isStrict ? 2 : 0))
        #expect(report.summary.hasSuffix(isStrict ? ": 1 error, 0 warnings" : ": 0 errors, 1 warning"))
        // Of a resource that cannot be used there is no note.
        let notes = report.findings.filter { $0.severity == .note }
        #expect(notes.map { $0.text.contains("in place and before the reload") } == (isStrict ? [] : [true]))
    }

    @Test func aCheckOfAStreamIsNotInPlace() throws {
        let rig = try Rig()
        try rig.resource("app", dest: "/dev/null", fields: "check_cmd = \"judge\"")
        #expect(try rig.run().findings.isEmpty)
    }

    /// A template of two resources is looked at once; one that only others include, with the standard delimiters.
    @Test func eachTemplateIsCheckedOnce() throws {
        let rig = try Rig()
        try rig.resource("a", template: "{{nope}}")
        try rig.resourceFile("b", "[template]\nsrc = \"a.tmpl\"\ndest = \"\(rig.path("b"))\"\n")
        try rig.resourceFile(
            "c",
            "[template]\nsrc = \"a.tmpl\"\ndest = \"\(rig.path("c"))\"\nleft_delimiter = \"[[\"\n"
                + "right_delimiter = \"]]\"\n")
        let report = try rig.run()
        #expect(report.summary == "checked 3 resource files and 2 templates: 1 error, 1 warning")
        #expect(rig.lines(report).contains { $0.contains("there is no \"[[\" in it") })
        let one = try rig.run(["-resource", "c.toml"])
        #expect(one.summary == "checked 1 resource file and 1 template: 0 errors, 1 warning")
    }

    @Test func errorsOfSettingsComeFirst() throws {
        let rig = try Rig()
        try rig.resource("app", fields: "mode = \"9\"")
        let words = ["-backend", "env", "-interval", "soon", "-log-level", "loud"]
        let errors = try SettingsLoader.load(words, environment: [:]).errors
        let lines = rig.lines(try rig.run([], errors))
        #expect(lines.count == 3 && lines[0].contains("-interval") && lines[1].contains("-log-level"), "\(lines)")
    }

    @Test func nothingToValidateIsAnError() throws {
        let rig = try Rig()
        let none = try rig.run()
        #expect(rig.lines(none) == ["conf.d: Found no templates"] && none.exitCode == 2)
        try Files.removeFolder(rig.directory("conf.d"))
        #expect(try rig.run().exitCode == 2)
        #expect(try rig.run(["-resource", "app.toml"]).exitCode == 2)
    }

    /// Report: `-validate` said nothing of a file of keys that cannot be read.
    @Test(arguments: [
        ("a: [1\n", "keys.yaml:2:1: while parsing a flow sequence that begins at line 1: ", 2),
        ("a:\n\tb: 1\n", "keys.yaml:2:1: while scanning for the next token: ", 2),
        ("a: 1\na: 2\n", "warning: keys.yaml:2:1: the key \"a\" stands in this mapping for the second time, ", 0),
        ("app: {name: x}\n", nil, 0),
    ])
    func filesOfKeysAreRead(_ text: String, _ says: String?, _ code: Int32) throws {
        let rig = try Rig()
        try rig.resource("app")
        try rig.directory.write("keys.yaml", text)
        let report = try rig.run(["-backend", "file", "-file", rig.directory("keys.yaml")])
        let lines = rig.lines(report)
        #expect(report.exitCode == code && lines.count == (says == nil ? 0 : 1), "\(lines)")
        if let says { #expect(lines.first?.hasPrefix(says) == true, "\(lines)") }
        if text.contains("\t") { #expect(lines.first?.hasSuffix("tabs are not allowed for indentation") == true) }
        // No finding for a file that does not exist yet, nor for one that is no regular file: reading a pipe would empty it.
        for path in [rig.directory("none.yaml"), "/dev/null"] {
            #expect(try rig.run(["-backend", "file", "-file", path]).findings.isEmpty)
        }
    }

    // MARK: - Mock data

    @Test(arguments: [
        ("{{.app.port}}", 0), (#"{{add 1 (atoi (getv "/app/port"))}}"#, 0), (#"{{getv "/app/none"}}"#, 0),
        (#"{{atoi (getv "/app/none")}}"#, 2), (#"{{include "none.tmpl"}}"#, 2),
    ])
    func templatesAreTriedOverMockData(_ template: String, _ code: Int32) throws {
        let rig = try Rig()
        try rig.resource("app", template: template)
        try rig.directory.write("mock.json", #"{"app": {"port": "80"}}"#)
        let report = try rig.run(["-mock-data", rig.directory("mock.json")])
        #expect(report.exitCode == code, "\(rig.lines(report))")
        let missing = "templates/app.tmpl: warning: -mock-data has no \"/app/none\": read as empty"
        #expect(rig.lines(report).allSatisfy { $0.hasPrefix("templates/app.tmpl:1:") || $0.hasPrefix(missing) })
        #expect(rig.lines(report).contains { $0.hasPrefix(missing) } == template.contains("/app/none"))
    }

    /// One of many items fails: that is one finding.
    @Test func itemsAreTriedUntilOneFails() throws {
        let rig = try Rig()
        try rig.items("app", fields: "", template: "{{atoi .value}}")
        try rig.directory.write("mock.json", #"{"app": {"a": "1", "b": "x", "c": "y"}}"#)
        #expect(try rig.run(["-mock-data", rig.directory("mock.json")]).findings.count == 1)
    }

    @Test(arguments: [("\n [1]", "mock.json:2:2: this is not a JSON object"), ("{", "mock.json:1:2: ")])
    func mockDataThatCannotBeUsed(_ text: String, _ says: String) throws {
        let rig = try Rig()
        try rig.resource("app")
        try rig.directory.write("mock.json", text)
        let lines = rig.lines(try rig.run(["-mock-data", rig.directory("mock.json")]))
        #expect(lines.count == 1 && lines[0].hasPrefix(says), "\(lines)")
        let gone = rig.lines(try rig.run(["-mock-data", rig.directory("none.json")]))
        #expect(gone.count == 1 && gone[0].hasPrefix("-mock-data: "), "\(gone)")
    }
}

import KeyValue
import Posix
import TestSupport
import Testing

@testable import Configuration

/// Several `[[backend]]` tables, in a resource file or in confd.toml.
@Suite struct BackendLayerTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("a.tmpl", "")
    }

    private static let both = """
        [[backend]]
        backend = "redis"
        nodes = ["10.0.0.1:6379"]
        [[backend]]
        backend = "file"
        file = ["/etc/site/defaults.yaml"]

        """

    private func parse(_ text: String, layers: [BackendLayer]? = nil) throws -> ResourceParser.Result {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["-backend", "env"])
        let parser = ResourceParser(
            settings: settings, environment: [:], templateFolder: directory.path,
            defaultLayers: layers ?? settings.layers)
        return parser.parse(Array(text.utf8), path: "r.toml", name: "r.toml")
    }

    private func resource(_ keys: String) -> String {
        "[template]\nsrc = \"a.tmpl\"\ndest = \"/nowhere/x\"\nkeys = \(keys)\n"
    }

    private func paths(_ ranges: [KeyRange]) -> [String] { ranges.map { String(decoding: $0.path, as: UTF8.self) } }

    /// The settings of a confd.toml with `text`.
    private func settings(_ text: String, _ arguments: [String] = [], _ environment: [String: String] = [:]) throws
        -> (settings: Settings, errors: [SettingsError])
    {
        try directory.write("confd.toml", text)
        return try SettingsLoader.load(
            ["-config-file", directory("confd.toml")] + arguments, environment: environment)
    }

    @Test func eachTableIsABackendInTheirOrder() throws {
        let result = try parse(Self.both + resource(#"["/app"]"#))
        #expect(result.errors.isEmpty && result.warnings.isEmpty)
        let resource = try #require(result.resources.first)
        #expect(resource.layers.map(\.backend.name) == ["redis", "file"])
        #expect(resource.layers.allSatisfy { paths($0.ranges) == ["/app"] && !$0.isMounted && !$0.isOptional })
        #expect(paths(resource.ranges) == ["/app"] && resource.layers.onlyBackend == nil)
    }

    @Test func oneTableInAnArrayIsThatBackend() throws {
        let result = try parse("[[backend]]\nbackend = \"env\"\n" + resource(#"["/App_x"]"#))
        let resource = try #require(result.resources.first)
        #expect(resource.layers.onlyBackend?.name == "env")
        #expect(paths(resource.ranges) == ["/app/x"])
    }

    /// The keys wanted, those of the mounted backend and those of the other one.
    @Test(arguments: [
        ("/secrets/db", ["/db"], ["/secrets/db"]), ("/secrets", ["/"], ["/secrets"]), ("/", ["/"], ["/"]),
        ("/app", [], ["/app"]), ("/secrets2", [], ["/secrets2"]),
    ])
    func aMountIsAFolderOfOneBackend(_ key: String, _ mounted: [String], _ other: [String]) throws {
        let text =
            "[[backend]]\nbackend = \"redis\"\nmount = \"secrets/\"\noptional = true\n[[backend]]\nbackend = \"env\"\n"
        let resource = try #require(try parse(text + resource("[\"\(key)\"]")).resources.first)
        #expect(resource.layers.map { paths($0.ranges) } == [mounted, other])
        #expect(resource.layers.map(\.isOptional) == [true, false])
        #expect(paths(resource.ranges).first == key)
    }

    @Test func aKeyOutsideOfAllMountsIsAnError() throws {
        let result = try parse("[backend]\nbackend = \"env\"\nmount = \"/env\"\n" + resource(#"["/env/a", "/b"]"#))
        #expect(
            result.errors.map(\.summary) == ["r.toml:7:19: keys: no backend has \"/b\": it is outside of every mount"])
    }

    @Test func errorsOfEachTableAreReportedAtTheirPlaces() throws {
        let text = "[[backend]]\nbackend = \"file\"\n[[backend]]\nmount = 1\nbackend = \"dynamodb\"\n" + resource("[]")
        let result = try parse(text)
        #expect(result.resources.isEmpty)
        #expect(
            result.errors.map(\.summary).sorted() == [
                "r.toml:1:3: file: the file backend needs the files to read",
                "r.toml:4:9: mount: an integer where a string is expected",
                "r.toml:5:11: backend: \"dynamodb\" is not built into this confd",
            ])
    }

    @Test func servicesNeedOneBackend() throws {
        let service = "[service]\nkey = \"/s/a\"\nvalue = \"x\"\n"
        let result = try parse(Self.both + service)
        #expect(
            result.errors.map(\.summary) == [
                "r.toml:8:7: key: a service is registered in one backend, without mount and optional"
            ])
        #expect(result.services.isEmpty)
    }

    // MARK: confd.toml

    @Test func confdTOMLListsBackendsForAllResources() throws {
        let (settings, errors) = try settings(Self.both + "[[backend]]\nbackend = \"env\"\nmount = \"/env\"\n")
        #expect(errors.isEmpty)
        #expect(settings.layers.map(\.backend.name) == ["redis", "file", "env"])
        #expect(settings.backend.name == "redis")
        let resource = try #require(try parse(resource(#"["/env/home"]"#), layers: settings.layers).resources.first)
        #expect(resource.layers.map { paths($0.ranges) } == [["/env/home"], ["/env/home"], ["/home"]])
    }

    @Test func theCommandLineChoosesOneInstead() throws {
        let (settings, errors) = try settings(Self.both, ["-backend", "env"])
        #expect(errors.isEmpty && settings.layers.onlyBackend?.name == "env")
    }

    @Test(arguments: [
        (["-node", "x:1"], [:], "-node"), ([], ["CONFD_SEPARATOR": ":"], "CONFD_SEPARATOR"),
    ])
    func optionsOfABackendDoNotSayWhich(
        _ arguments: [String], _ environment: [String: String], _ name: String
    ) throws {
        let (_, errors) = try settings(Self.both, arguments, environment)
        #expect(
            errors.map(\.text) == [
                "\(name): which of the [[backend]] tables of confd.toml is meant?\n"
                    + "hint: write it into that table, or choose one backend with -backend"
            ])
    }

    @Test func errorsOfConfdTOMLHavePlaces() throws {
        let (_, errors) = try settings("interval = 5\n[[backend]]\nbackend = \"fil\"\nfile = 1\n")
        #expect(
            errors.map(\.summary) == [
                "\(directory("confd.toml")):3:11: backend: \"fil\" is not a backend",
                "\(directory("confd.toml")):4:8: file: an integer where an array of strings is expected",
            ])
    }

    @Test func registrationNeedsOneBackend() throws {
        try directory.write("confd.toml", Self.both)
        let arguments = ["register", "/a", "b", "-config-file", directory("confd.toml")]
        let (_, errors) = try SettingsLoader.load(arguments, environment: [:])
        #expect(errors.map(\.message) == ["a service is registered in one backend, and confd.toml lists several"])
    }
}

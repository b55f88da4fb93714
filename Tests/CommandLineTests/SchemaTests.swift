import Foundation
import TestSupport
import Testing

/// `confd -help=schema`: with it, a validator accepts good files, and refuses files that confd refuses.
@Suite struct SchemaTests {
    /// Prints `good` or the first error of each file.
    private static let validator = """
        import json, sys, tomllib
        try:
            import jsonschema
        except ImportError:
            sys.exit("python3-jsonschema is missing: .ci/install test installs it")
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for path in sys.argv[2:]:
            error = jsonschema.exceptions.best_match(validator.iter_errors(tomllib.load(open(path, "rb"))))
            print("good" if error is None else "bad: " + error.message.replace("\\n", " "))
        """

    /// What the validator says of each file.
    private func verdicts(_ box: Sandbox, _ paths: [String]) async throws -> [String] {
        let schema = try await box.confd("-help=schema", confdir: false)
        try box.write("schema.json", schema.standardOutput)
        let command = ChildCommand(
            executable: "python3", arguments: ["-c", Self.validator, box.path("schema.json")] + paths,
            environment: Machine.environment)
        let done = try await run(command)
        try #require(done.exitCode == 0, "\(done.testDescription)")
        return done.standardOutput.split(separator: "\n").map(String.init)
    }

    @Test func filesOfExamplesAreGood() async throws {
        try await withSandbox { box in
            let root = ExampleCasesTests.root
            let files = try ["conf.d", "examples", "packaging"].flatMap { folder in
                try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").map {
                    "\(root)/\(folder)/\($0)"
                }
            }.filter { $0.hasSuffix(".toml") }
            try #require(files.count >= 10, "\(files)")
            for (file, verdict) in zip(files, try await verdicts(box, files)) {
                #expect(verdict == "good", "\(file) \(verdict)")
            }
        }
    }

    private static let goodFiles = [
        "[[backend]]\nbackend = \"env\"\nmount = \"/env\"\n[[backend]]\nbackend = \"file\"\nfile = [\"a\"]\noptional = true\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\nmode = 0o644\nkeys = [\"/\"]\ncheck = \"in-place\"\ncheck_cmd = \"x\"\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\nreload_cmd = [\"x\", \"y\"]\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.reload]\nsignal = \"HUP\"\npid_file = \"/run/x\"\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.reload.http]\nurl = \"http://h/r\"\nheaders = { X-A = \"b\" }\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.apply]\ndriver = \"haproxy\"\nsocket = \"/s\"\nbackend = \"b\"\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.apply]\ndriver = \"caddy\"\nurl = \"http://h\"\nhandler = \"/a\"\n",
        "[[template]]\nsrc = \"a\"\ndest = \"/b\"\ndebounce = \"1m30s\"\nmax_wait = 10\noutput_format = \"yml\"\nuid = 0\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[backend]\nbackend = \"file\"\nfile = [\"/k\"]\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.guard]\nmin_keys = 3\nmax_drop = \"50%\"\nhold = \"10m\"\n",
        """
        [template]
        src = "a"
        dest = "/b"
        [[template.health_check]]
        keys = "/s/*"
        type = "http"
        tls = true
        insecure = true
        min_healthy = "50%"
        headers = { "X-A" = "b" }
        """,
        "[service]\nkey = \"/a\"\nvalue = \"{}\"\non_stop = \"keep\"\n[[service.health_check]]\ntype = \"tcp\"\nport = 80\n",
        "[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.rollout]\ngroup = \"w\"\nverify_http = { url = \"http://h/\" }\n",
        "watch = true\n[rollout]\ngroup = \"w\"\ncanary = \"5%\"\nverify_cmd = [\"true\"]\n",
        "interval = 10\nlog_level = \"debug\"\nnodes = [\"http://a:2379\"]\nwatch = true\nbackend = \"etcdv3\"\n",
        "log-format = \"json\"\ndebounce = \"250ms\"\nnode = \"http://a:2379\"\nauth_token = \"of another backend\"\n",
    ]

    @Test("good files", arguments: goodFiles)
    func good(_ text: String) async throws {
        try await withSandbox { box in
            try box.write("a.toml", text)
            #expect(try await verdicts(box, [box.path("a.toml")]) == ["good"])
        }
    }

    private static let badFiles = [
        ("[template]\nsrc = \"a\"\n", "'dest' is a required property"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\nreloads = \"x\"\n", "'reloads' was unexpected"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\nkeys = \"/a\"\n", "'/a' is not of type 'array'"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\nbackup = \"yes\"\n", "'yes' is not of type 'boolean'"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\ncheck = \"inplace\"\n", "'inplace' is not one of"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\ndebounce = \"soon\"\n", "'soon'"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.guard]\nmin = 1\n", "'min' was unexpected"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.reload.http]\nurls = \"x\"\n", "'urls' was unexpected"),
        ("[rollout]\nverify_http = { urls = \"x\" }\n", "'urls' was unexpected"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\n[template.apply]\ndriver = \"haprox\"\n", "'haprox' is not one of"),
        ("[[template.health_check]]\nkeys = \"/a/*\"\ntype = \"htp\"\n", "'htp' is not one of"),
        ("[template]\nsrc = \"a\"\ndest = \"/b\"\n[backend]\nfile = [\"/k\"]\n", "'backend' is a required property"),
        ("[service]\nkey = \"/a\"\nvalue = \"{}\"\non_fall = \"keep\"\n", "'keep' is not one of"),
        ("log_level = \"loud\"\n", "'loud' is not one of"),
        ("intervall = 10\n", "'intervall' was unexpected"),
        ("watch = \"often\"\n", "'often' is not of type 'boolean'"),
    ]

    @Test("bad files", arguments: badFiles)
    func bad(_ text: String, _ message: String) async throws {
        try await withSandbox { box in
            try box.write("a.toml", text)
            let verdict = try #require(try await verdicts(box, [box.path("a.toml")]).first)
            #expect(
                verdict.hasPrefix("bad: ") && (verdict.contains(message) || verdict.contains("under any")), "\(verdict)"
            )
            // confd refuses it as well.
            let isResource = text.hasPrefix("[")
            try box.write("confdir/templates/a", "")
            try box.write(isResource ? "confdir/conf.d/a.toml" : "confd.toml", text)
            let flags = isResource ? [] : ["-config-file", box.path("confd.toml")]
            let done = try await run(box.command(["-validate", "-strict"] + flags))
            #expect(
                done.exitCode == 2 && done.standardError.contains("a.toml:") == isResource, "\(done.testDescription)")
        }
    }
}

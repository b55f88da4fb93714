import Foundation
import Testing

/// Usage, configuration and their exit codes; where a value comes from.
@Suite struct ExitCodeTests {
    @Test func nothingToDo() async throws {
        try await withSandbox { box in
            let folder = box.path("elsewhere")
            let steps: [(says: String, prepare: () throws -> Void)] = [
                (folder, {}),
                ("\(folder)/conf.d", { try box.write("elsewhere/other", "") }),
                ("Found no templates", { try box.write("elsewhere/conf.d/app.toml.bak", "") }),
            ]
            for step in steps {
                try step.prepare()
                let done = try await box.confd("-onetime", "-backend", "env", "-confdir", folder, confdir: false)
                #expect(done.exitCode == 2, "\(done.testDescription)")
                #expect(done.standardError.contains(step.says), "\(done.testDescription)")
            }
        }
    }

    @Test func resourcesAreFoundAsBefore() async throws {
        try await withSandbox { box in
            for name in ["app.toml", ".hidden.toml", "xtoml", "deep/er/app.toml", "no.toml.bak", "NO.TOML"] {
                let dest = "\(box.out)/\(name.replacingOccurrences(of: "/", with: "-"))"
                try box.write("confdir/conf.d/\(name)", "[template]\nsrc = \"one.tmpl\"\ndest = \"\(dest)\"\n")
            }
            try box.write("confdir/templates/one.tmpl", "x")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.names("out") == [".hidden.toml", "app.toml", "deep-er-app.toml", "xtoml"])
        }
    }

    @Test func version() async throws {
        try await withSandbox { box in
            let done = try await box.confd("-version", confdir: false)
            #expect(done.exitCode == 0)
            #expect(
                done.standardOutput.wholeMatch(of: /confd \d+\.\d+\.\d+\S* ?.*\n/) != nil, "\(done.testDescription)")
            #expect(done.standardError.isEmpty)
        }
    }

    @Test(arguments: ["-help", "--help", "-h"])
    func help(_ flag: String) async throws {
        try await withSandbox { box in
            let done = try await box.confd(flag, confdir: false)
            #expect(done.exitCode == 0)
            let text = done.standardOutput + done.standardError
            for known in KnownFlag.all where known.isBuilt {
                #expect(text.contains("-\(known.name)"), "-\(known.name) is not in the help")
            }
        }
    }

    @Test(arguments: [
        (["-bakend", "env"], ["-bakend", "-backend"]), (["-keep-stage"], ["-keep-stage", "-keep-stage-file"]),
        (["-one-time"], ["-one-time", "-onetime"]), (["--confdri", "/x"], ["confdri", "-confdir"]),
        (["onetime"], ["onetime", "-onetime"]), (["-onetime=maybe"], ["onetime", "maybe"]),
        (["-interval", "soon"], ["interval", "soon"]), (["-backend"], ["backend", "argument"]),
        (["-log-level", "loud"], ["log-level", "loud"]), (["-backend", "ectd"], ["ectd", "etcd"]),
        (["-backend", "env", "-onetime", "left", "over"], ["left"]),
        (["-config-file", "/no/such/confd.toml"], ["/no/such/confd.toml"]),
    ])
    func usageError(_ arguments: [String], _ says: [String]) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await run(box.command(["-onetime"] + arguments, confdir: !arguments.contains("-backend")))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            for text in says { #expect(done.standardError.contains(text), "\(done.testDescription)") }
            #expect(box.output("app") == nil)
            #expect(done.standardOutput.isEmpty)
        }
    }

    @Test func backendAsTheFirstWordIsUnknown() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await box.confd("ectd", "-onetime")
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains("ectd") && done.standardError.contains("etcd"))
            #expect(box.output("app") == nil)
        }
    }

    @Test(arguments: ["dynamodb", "rancher", "ssm", "acm"])
    func backendNotBuilt(_ backend: String) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            for arguments in [["-onetime", "-backend", backend], [backend, "-onetime"]] {
                let done = try await run(box.command(arguments))
                #expect(done.exitCode == 2, "\(done.testDescription)")
                #expect(done.standardError.contains(backend), "\(done.testDescription)")
                #expect(box.output("app") == nil)
            }
        }
    }

    @Test(arguments: [
        ["-onetime", "-backend", "env"], ["-onetime", "-backend=env"], ["--onetime", "--backend", "env"],
        ["--onetime", "--backend=env"], ["-onetime=true", "-backend=env"], ["-onetime=1", "-backend=env"],
        ["-onetime=T", "-backend", "env"], ["env", "-onetime"], ["-backend", "file", "-backend", "env", "-onetime"],
        ["-backend", "env", "-onetime=false", "-onetime"], ["-backend", "env", "-noop=false", "-onetime"],
        ["-interval", "1s", "-backend", "env", "-onetime"], ["-interval=1", "-backend", "env", "-onetime"],
    ])
    func flagSyntax(_ arguments: [String]) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await run(box.command(arguments))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
        }
    }

    /// Report: images set `CONFD_VERSION` to the release that they downloaded. No variable chooses what is done in place
    /// of the work, and none of another backend matters.
    @Test(arguments: [
        "CONFD_VERSION=0.16.0", "CONFD_VERSION=v0.16.0", "CONFD_VERSION=1", "CONFD_HELP=1", "CONFD_HELP=man",
        "CONFD_VALIDATE=true", "CONFD_CHECK=1", "CONFD_PREFLIGHT=yes", "CONFD_RESOURCE=/x.toml", "CONFD_MOCK_DATA=x",
        "CONFD_AUTH_TYPE=token", "CONFD_SEPARATOR=:", "CONFD_TABLE=x", "CONFD_PATH=/usr/bin/confd",
        "CONFD_RETRY_MAX_ATTEMPTS=many", "CONFD_ACM_EXPORT_PRIVATE_KEY=maybe",
    ])
    func strayVariable(_ entry: String) async throws {
        try await withSandbox { box in
            try box.resource("app", keys: [], template: "x")
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            let done = try await box.render(environment: [parts[0]: parts[1]])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
            #expect(done.standardOutput.isEmpty && !done.standardError.contains("WARNING"), "\(done.testDescription)")
        }
    }

    /// Report: a resource whose dest is what confd itself reads.
    @Test(arguments: [
        ("confdir/templates/app.tmpl", "its own src"), ("out/linked", "its own src"),
        ("confdir/conf.d/../templates/app.tmpl", "its own src"),
        ("confdir/conf.d/app.toml", "its own resource file"), ("out", "a directory"), ("none/", "a directory"),
    ])
    func destinationIsAnInput(_ dest: String, _ says: String) async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/app.tmpl", "x")
            try FileManager.default.createSymbolicLink(
                atPath: box.path("out/linked"), withDestinationPath: box.path("confdir/templates/app.tmpl"))
            for dest in [dest, box.path(dest)] {
                let text = "[template]\nsrc = \"app.tmpl\"\ndest = \"\(dest)\"\n"
                try box.write("confdir/conf.d/app.toml", text)
                let done = try await box.render()
                #expect(done.exitCode == 1, "\(done.testDescription)")
                #expect(
                    done.standardError.contains("app.toml:3:8: dest: this is \(says): \"\(dest)\""),
                    "\(done.testDescription)")
                #expect(box.read("confdir/conf.d/app.toml") == text)
                #expect(box.read("confdir/templates/app.tmpl") == "x")
            }
        }
    }

    /// Some setups render a template first, and its output after that.
    @Test func destinationIsAnotherTemplate() async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/second.tmpl", "old")
            try box.write("confdir/templates/first.tmpl", #"{{"{{"}}add 1 2{{"}}"}}"#)
            let template = box.path("confdir/templates/second.tmpl")
            try box.write("confdir/conf.d/1.toml", "[template]\nsrc = \"first.tmpl\"\ndest = \"\(template)\"\n")
            let dest = box.path("out/app")
            try box.write("confdir/conf.d/2.toml", "[template]\nsrc = \"second.tmpl\"\ndest = \"\(dest)\"\n")
            for _ in 1...2 { #expect(try await box.render().exitCode == 0) }
            #expect(box.read("confdir/templates/second.tmpl") == "{{add 1 2}}")
            #expect(box.output("app") == "3")
        }
    }

    @Test(arguments: KnownFlag.all)
    func everyFlagOfConfd017IsKnown(_ flag: KnownFlag) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await run(box.command(["-onetime", "-backend", "env"] + flag.arguments))
            let said = done.standardError
            #expect(!said.contains("not defined") && !said.contains("unknown flag"), "\(done.testDescription)")
            switch flag.kind {
            case .works:
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(box.output("app") == (flag.name == "noop" ? nil : "x"))
            case .belongsTo(let backend):
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(
                    said.contains("WARNING ignored, because the backend is env: -\(flag.name) (\(backend))"),
                    "\(done.testDescription)")
                #expect(box.output("app") == "x")
            case .either:
                #expect(done.exitCode == 0 || (done.exitCode == 2 && said.contains("-\(flag.name)")))
            }
        }
    }
}

/// A flag of confd 0.17.
struct KnownFlag: CustomTestStringConvertible {
    enum Kind {
        case works
        /// Means something only to a backend that is not built, which the warning names.
        case belongsTo(String)
        /// Taken, or refused by its name.
        case either
    }

    let name: String
    let arguments: [String]
    let kind: Kind

    var testDescription: String { "-\(name)" }

    var isBuilt: Bool {
        if case .works = kind { true } else { false }
    }

    private init(_ name: String, _ value: String?, _ kind: Kind, and others: [String] = []) {
        self.name = name
        arguments = ["-\(name)"] + (value.map { [$0] } ?? []) + others
        self.kind = kind
    }

    static let all: [KnownFlag] = [
        KnownFlag("app-id", "x", .belongsTo("vault")),
        KnownFlag("auth-token", "x", .works),
        KnownFlag("auth-type", "token", .works),
        KnownFlag("backend", "env", .works),
        KnownFlag("basic-auth", nil, .works),
        KnownFlag("client-ca-keys", "/none", .works),
        // These two go together.
        KnownFlag("client-cert", "/none", .works, and: ["-client-key", "/none"]),
        KnownFlag("client-insecure", nil, .works),
        KnownFlag("client-key", "/none", .works, and: ["-client-cert", "/none"]),
        // These two stand beside the test's own flags, and have values that do not undo them.
        KnownFlag("confdir", "confdir", .works),
        KnownFlag("config-file", "/dev/null", .works),
        KnownFlag("file", "/none", .works),
        KnownFlag("filter", "*.yaml", .works),
        KnownFlag("interval", "5", .works),
        KnownFlag("keep-stage-file", nil, .works),
        KnownFlag("log-level", "debug", .works),
        KnownFlag("node", "127.0.0.1:1", .works),
        KnownFlag("noop", nil, .works),
        KnownFlag("onetime", nil, .works),
        KnownFlag("password", "x", .works),
        KnownFlag("path", "x", .works),
        KnownFlag("prefix", "/x", .works),
        KnownFlag("role-id", "x", .works),
        KnownFlag("scheme", "https", .either),
        KnownFlag("secret-id", "x", .works),
        KnownFlag("separator", ":", .works),
        KnownFlag("srv-domain", "example.invalid", .either),
        KnownFlag("srv-record", "_etcd._tcp.example.invalid.", .either),
        KnownFlag("sync-only", nil, .works),
        KnownFlag("table", "x", .belongsTo("dynamodb")),
        KnownFlag("user-id", "x", .belongsTo("vault")),
        KnownFlag("username", "x", .works),
        KnownFlag("version", nil, .either),
        // `-onetime` wins, as confd's own integration scripts expect.
        KnownFlag("watch", nil, .works),
    ]
}

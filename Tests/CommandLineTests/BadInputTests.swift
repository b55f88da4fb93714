import Foundation
import TestSupport
import Testing

/// One way to break a resource, and what must be said about it.
struct BadResource: CustomTestStringConvertible {
    let name: String
    var fields = ""
    /// The whole resource file, when `fields` is not enough.
    var file: String?
    var template: String? = "never written"
    /// All of these stand on standard error; `ROOT` is the sandbox.
    let says: [String]

    var testDescription: String { name }

    static let all: [BadResource] = [
        BadResource(
            name: "TOML that does not parse", file: "[template]\nsrc = \"bad.tmpl\"\ndest = /no/quotes\n",
            says: ["ROOT/confdir/conf.d/bad.toml:3:8: "]),
        BadResource(
            name: "TOML with an unfinished string", file: "[template]\nsrc = \"bad.tmpl\ndest = \"x\"\n",
            says: ["ROOT/confdir/conf.d/bad.toml:2:"]),
        BadResource(
            name: "a field of a wrong type", fields: "reload_cmd = 5",
            says: ["ROOT/confdir/conf.d/bad.toml:5:", "reload_cmd"]),
        BadResource(
            name: "keys that are no list",
            file: "[template]\nsrc = \"bad.tmpl\"\ndest = \"ROOT/out/bad\"\nkeys = \"/app\"\n",
            says: ["ROOT/confdir/conf.d/bad.toml:4:", "keys"]),
        BadResource(name: "no src", file: "[template]\ndest = \"ROOT/out/bad\"\n", says: ["bad.toml", "src"]),
        BadResource(name: "no dest", file: "[template]\nsrc = \"bad.tmpl\"\n", says: ["bad.toml", "dest"]),
        BadResource(name: "no [template] table", file: "title = \"x\"\n", says: ["bad.toml", "[template]"]),
        BadResource(
            name: "a mode that is no octal number", fields: "mode = \"rw-r--r--\"", says: ["bad.toml:5:", "mode"]),
        BadResource(name: "a mode with a 9", fields: "mode = \"0698\"", says: ["bad.toml:5:", "mode"]),
        BadResource(
            name: "a duration that is none", fields: "check_cmd_timeout = \"soon\"",
            says: ["bad.toml:5:", "check_cmd_timeout"]),
        BadResource(
            name: "an unknown field in check_cmd", fields: "check_cmd = \"test {{.srx}}\"",
            says: ["bad.toml:5:", "check_cmd", "srx"]),
        BadResource(
            name: "an unknown field in reload_cmd", fields: "reload_cmd = \"touch {{.dest}} {{.file}}\"",
            says: ["bad.toml:5:", "reload_cmd", "file"]),
        BadResource(
            name: "a check_cmd that does not parse", fields: "check_cmd = \"test {{.src\"",
            says: ["bad.toml:5:", "check_cmd"]),
        BadResource(name: "no template", template: nil, says: ["ROOT/confdir/templates/bad.tmpl"]),
        BadResource(
            name: "a template that does not parse", template: "line one\n{{if}}x{{end}}\n",
            says: ["missing value for if", "{{if}}x{{end}}", "^"]),
        BadResource(
            name: "a template without its end", template: "{{range gets \"/app/*\"}}\n",
            says: ["unexpected EOF"]),
        BadResource(
            name: "an unknown function", template: "{{getvv \"/app/name\"}}",
            says: [
                "bad.toml: ROOT/confdir/templates/bad.tmpl:1:3: function \"getvv\" not defined (dest ROOT/out/bad)\n",
                "did you mean", "getv",
            ]),
        BadResource(
            name: "a missing key", template: "a\n  {{getv \"/app/none\"}}",
            says: [
                "/bad.tmpl:2:5: executing \"bad.tmpl\" at <getv \"/app/none\">: error calling getv: "
                    + "key does not exist: /app/none"
            ]),
        BadResource(
            name: "a value that is no JSON", template: "{{json (getv \"/app/name\")}}",
            says: [
                "/bad.tmpl:1:3: executing \"bad.tmpl\" at <json (getv \"/app/name\")>: error calling json: "
                    + "invalid character 'w' looking for beginning of value"
            ]),
        BadResource(
            name: "output before the error", template: "{{range seq 1 50000}}0123456789{{end}}{{getv \"/app/none\"}}",
            says: ["key does not exist: /app/none"]),
        BadResource(
            name: "a division by zero", template: "{{div 1 0}}",
            says: ["/bad.tmpl:1:3: ", "error calling div"]),
        BadResource(name: "a dest that is a folder", file: folderAsDest, says: ["ROOT/folder"]),
        BadResource(
            name: "a dest whose folder is missing", file: missingFolder,
            says: ["ROOT/none"]),
        BadResource(
            name: "a check that fails", fields: "check_cmd = \"echo looked at it; exit 3\"",
            says: ["Config check failed", "exit status 3", "looked at it"]),
        BadResource(
            name: "a check that takes too long", fields: "check_cmd = \"sleep 20\"\ncheck_cmd_timeout = \"200ms\"",
            says: ["Config check failed", "200ms"]),
        BadResource(
            name: "a check that is killed", fields: "check_cmd = \"kill -KILL $$\"",
            says: ["Config check failed", "signal: killed"]),
    ]

    private static let folderAsDest = "[template]\nsrc = \"bad.tmpl\"\ndest = \"ROOT/folder\"\n"
    private static let missingFolder = "[template]\nsrc = \"bad.tmpl\"\ndest = \"ROOT/none/bad\"\n"

    func add(to box: Sandbox) throws {
        try box.resource("bad", fields: fields, template: template ?? "")
        try box.write("folder/inside", "kept")
        if let file {
            try box.write("confdir/conf.d/bad.toml", file.replacingOccurrences(of: "ROOT", with: box.root))
        }
        if template == nil { try FileManager.default.removeItem(atPath: box.path("confdir/templates/bad.tmpl")) }
    }
}

/// Every bad input: a named error, the other resources done, dest untouched, nothing left behind.
@Suite struct BadInputTests {
    @Test(arguments: BadResource.all)
    func oneBadResource(_ bad: BadResource) async throws {
        try await withSandbox { box in
            // One before it and one behind it, in the order they are read.
            try box.resource(
                "aaa", fields: "reload_cmd = \"\(box.counting("aaa"))\"", template: #"{{getv "/app/name"}}"#)
            try box.resource(
                "zzz", fields: "reload_cmd = \"\(box.counting("zzz"))\"", template: #"{{getv "/app/name"}}"#)
            try bad.add(to: box)
            try box.write("out/bad", "untouched", mode: 0o640)
            let before = try box.status("out/bad")

            let done = try await box.render(keys: ["/app/name": "well"])
            #expect(done.exitCode == 1, "\(done.testDescription)")
            for text in bad.says.map({ $0.replacingOccurrences(of: "ROOT", with: box.root) }) {
                #expect(done.standardError.contains(text), "\(text) is missing in\n\(done.testDescription)")
            }
            #expect(done.standardOutput.isEmpty)
            for good in ["aaa", "zzz"] {
                #expect(box.output(good) == "well", "\(done.testDescription)")
                #expect(box.runs(of: good) == 1)
            }
            #expect(box.output("bad") == "untouched")
            let after = try box.status("out/bad")
            #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
            #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
            #expect(try box.names("out") == ["aaa", "bad", "zzz"], "no staged file stays behind")
            #expect(try box.names("folder") == ["inside"])
            #expect(try box.names("").contains("none") == false, "a missing folder is not made unasked")
        }
    }

    @Test func everyBadResourceIsReported() async throws {
        try await withSandbox { box in
            try box.resource("one", template: "{{")
            try box.resource("three", template: #"{{getv "/app/none"}}"#)
            try box.write("confdir/conf.d/two.toml", "x")
            let done = try await box.render()
            #expect(done.exitCode == 1)
            for text in ["one.tmpl:1", "three.tmpl:1", "two.toml:1"] {
                #expect(done.standardError.contains(text), "\(text) is missing in\n\(done.testDescription)")
            }
        }
    }

    /// A reload that fails is an error of its resource; its file stays, and the next run reloads again.
    @Test func failedReloadIsOwed() async throws {
        try await withSandbox { box in
            let command = "\(box.counting("reload")); echo reloading went wrong; test -e \(box.root)/healed"
            try box.resource("app", fields: "reload_cmd = \"\(command)\"", template: "new")
            try box.resource("zzz", template: "other")
            var done = try await box.render()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("reloading went wrong"))
            #expect(done.standardError.contains("exit status 1"))
            #expect(box.output("app") == "new")
            #expect(box.output("zzz") == "other")
            #expect(box.runs(of: "reload") == 1)

            try box.write("healed", "")
            done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 2)
            done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 2)
            #expect(try box.names("out") == ["app", "zzz"])
        }
    }

    @Test func twoResourcesForOneFile() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "first")
            try box.resource("other", template: "third")
            try box.write(
                "confdir/conf.d/twin.toml", "[template]\nsrc = \"other.tmpl\"\ndest = \"\(box.out)/app\"\n")
            let done = try await box.render()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("\(box.out)/app"))
            #expect(done.standardError.contains("app.toml") && done.standardError.contains("twin.toml"))
        }
    }

    /// Not root, in a folder that root keeps to itself.
    @Test(.enabled(if: Machine.isRoot && Machine.hasSetpriv, "needs root, and setpriv to stop being root"))
    func folderWithoutPermission() async throws {
        try await withSandbox { box in
            try await copyBinary(into: box)
            try box.resource("app", template: "new")
            try box.write("out/app", "old")
            try box.write("open/app", "old")
            chmod(box.path("open"), 0o777)
            try box.write(
                "confdir/conf.d/open.toml", "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.root)/open/new\"\n")
            chmod(box.out, 0o700)
            var command = box.command(["-onetime", "-backend", "env"])
            command.arguments =
                ["--reuid=65534", "--regid=65534", "--clear-groups", box.path("confd")] + command.arguments
            command.executable = "setpriv"
            let done = try await run(command)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("\(box.out)"))
            #expect(done.standardError.contains("permission denied"))
            #expect(box.output("app") == "old")
            #expect(try box.names("out") == ["app"])
            #expect(box.read("open/new") == "new", "the other resource is done")
            #expect(try box.status("open/new").st_uid == 65_534)
        }
    }

    /// Without the right to give a file away there is one warning, and the file is written all the same.
    @Test(.enabled(if: Machine.isRoot && Machine.hasSetpriv, "needs root, and setpriv to stop being root"))
    func ownerWithoutPermission() async throws {
        try await withSandbox { box in
            try await copyBinary(into: box)
            chmod(box.out, 0o777)
            try box.resource("app", keys: [], fields: "owner = \"root\"", template: "new")
            var command = box.command(["-onetime", "-backend", "env"])
            command.arguments =
                ["--reuid=65534", "--regid=65534", "--clear-groups", box.path("confd")] + command.arguments
            command.executable = "setpriv"
            let done = try await run(command)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.errorLines.filter { $0.contains("WARNING") }.count == 1, "\(done.testDescription)")
            #expect(box.output("app") == "new")
        }
    }

    /// The binary's own folder may be closed to others. Another process copies it: while one of ours had it open for
    /// writing, a child started by a test beside this one could keep it from being run ("text file busy").
    private func copyBinary(into box: Sandbox) async throws {
        let done = try await run("install", "-m", "755", Machine.confd, box.path("confd"))
        try #require(done.exitCode == 0, "\(done.testDescription)")
    }

    // MARK: Backends

    @Test(arguments: ["etcd", "etcdv3"])
    func etcdIsNotThere(_ backend: String) async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.write("out/app", "untouched")
            let node = "http://127.0.0.1:\(try Ports.free())"
            let done = try await box.confd("-onetime", "-backend", backend, "-node", node)
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.contains(node), "\(done.testDescription)")
            #expect(done.standardError.lowercased().contains("refused"), "\(done.testDescription)")
            #expect(box.output("app") == "untouched")
            #expect(try box.names("out") == ["app"])
        }
    }

    /// A port that takes the connection and never answers ends with `-backend-timeout`.
    @Test func etcdDoesNotAnswer() async throws {
        try await withSandbox { box in
            let port = try Ports.free()
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { close(listener) }
            var address = loopback(port)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(bound == 0 && listen(listener, 8) == 0)
            try box.resource("app", template: "x")
            let done = try await box.confd(
                "-onetime", "-backend", "etcd", "-node", "127.0.0.1:\(port)", "-backend-timeout", "500ms")
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.contains("127.0.0.1:\(port)"), "\(done.testDescription)")
            #expect(box.output("app") == nil)
        }
    }

    @Test(
        arguments: [
            ("keys.yaml", "app: [unclosed\n", "keys.yaml:"), ("keys.json", "{\"app\": }", "keys.json:"),
            ("none.yaml", nil, "none.yaml"),
        ] as [(String, String?, String)])
    func brokenDataFile(_ name: String, _ content: String?, _ says: String) async throws {
        try await withSandbox { box in
            if let content { try box.write(name, content) }
            try box.resource("app", template: "x")
            try box.write("out/app", "untouched")
            let done = try await box.confd("-onetime", "-backend", "file", "-file", box.path(name))
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.contains(box.path(says)), "\(done.testDescription)")
            #expect(box.output("app") == "untouched")
        }
    }
}

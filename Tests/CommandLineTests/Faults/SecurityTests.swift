import Foundation
import Glibc
import TestSupport
import Testing

/// What must not be seen, not be followed and not be trusted.
@Suite struct SecurityTests {
    private static let marker = "mArKeR8264"

    // MARK: Secrets

    /// Markers as password, token and values, through failures of every step, at every level: in no line, no title and
    /// no file that others can read.
    @Test(.enabled(if: Machine.hasEtcd), arguments: ["debug", "info", "error"])
    func secretsAreNowhere(_ level: String) async throws {
        let marker = Self.marker
        try await withRig { rig in
            let box = rig.box
            try rig.client.put("/app/value", marker)
            try rig.client.put("/app/\(1)", "{\"broken\": \"\(marker)\"")
            try await rig.etcd.enableAuthentication(password: "\(marker)pw")
            let bad = [
                "{{json (getv \"/app/1\")}}", "{{atoi (getv \"/app/value\")}}", "{{index (getv \"/app/value\") 99}}",
                "{{template \"none\"}}{{getv \"/app/value\"}}", "{{getv \"/app/none\"}}{{getv \"/app/value\"}}",
                "{{(getv \"/app/value\").field}}", "{{include (getv \"/app/value\")}}",
            ]
            for (index, template) in bad.enumerated() { try box.resource("bad\(index)", template: template) }
            let value = "{{getv \"/app/value\"}}\n"
            try box.resource("check", fields: "check_cmd = \"exit 3\"", template: value)
            try box.resource(
                "reload",
                fields: "mode = \"0600\"\nreload_cmd = \"stat -c %a $CONFD_CHANGES > \(box.root)/mode; exit 4\"",
                template: value)
            try box.write("out/existing", "old \(marker)")
            try box.resource(
                "existing", fields: "check_cmd = \"stat -c %a {{.src}} > \(box.root)/staged\"\nmode = \"0640\"",
                template: value)
            var outputs: [String] = []
            for (password, flags) in [
                ("\(marker)pw", []), ("\(marker)wrong", ["-noop"]), ("\(marker)pw", ["-keep-stage-file"]),
            ] {
                let done = try await run(
                    box.command(
                        [
                            "-onetime", "-node", rig.node, "-basic-auth", "-username", "root", "-password", password,
                            "-log-level", level,
                        ]
                            + flags), seconds: 40)
                outputs += [done.standardOutput, done.standardError]
            }
            unlink(box.path("out/reload"))
            let daemon = try rig.daemon(
                "-log-level", level, "-basic-auth", "-username", "root", "--password=\(marker)pw")
            #expect(try await eventually { box.output("reload") == marker + "\n" }, "\(daemon.standardError)")
            // Until confd runs, the title is that of the program that starts it.
            let isHidden = try await eventually { title(of: daemon).contains("--password=xxx") }
            #expect(isHidden)
            outputs.append(title(of: daemon))
            rig.proxy.refuse()
            rig.proxy.cut()
            // The lines about the lost connection must not show the marker either.
            let isTold = try await eventually { daemon.standardError.contains("connection refused") }
            #expect(isTold, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            outputs.append(try await daemon.wait().standardError)
            for output in outputs { #expect(!output.contains(marker), "\(output)") }
            #expect(box.read("mode") == "600\n", "the changes file")
            #expect(box.read("staged") == "640\n", "the mode that was asked for, and no other")
            #expect(try box.mode("out/reload") == 0o600)
        }
    }

    /// Found by reading: the length of the argument was that of its decoded text, which is longer than its bytes if these are
    /// not UTF-8, so the arguments behind it were overwritten.
    @Test func aPasswordThatIsNoTextIsHiddenAlone() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            var command = box.command(["-interval", "600", "-backend", "env", "-log-level", "info"])
            let script = "exec \"$0\" --password=\"$(printf 'p\\374\\374\\374')\" \"$@\""
            command.arguments = ["-c", script, command.executable] + command.arguments
            command.executable = "/bin/sh"
            let daemon = try Child(command)
            #expect(try await eventually { box.output("app") == "x" }, "\(daemon.standardError)")
            let words = title(of: daemon).split(separator: "\0").dropFirst()
            #expect(words.first == "--password=xxxx")
            #expect(words.dropFirst().elementsEqual(command.arguments.dropFirst(3).map { $0[...] }), "\(words)")
            daemon.send(SIGTERM)
            _ = try await daemon.wait()
        }
    }

    private func title(of child: Child) -> String {
        let bytes = FileManager.default.contents(atPath: "/proc/\(child.processID)/cmdline") ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Paths

    /// Found by a test that had tested nothing: a pipe without a writer, as a template or a resource file, stopped everything.
    @Test func pipesAreNoFiles() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.resource("good", template: "good")
            unlink(box.path("confdir/templates/app.tmpl"))
            #expect(mkfifo(box.path("confdir/templates/app.tmpl"), 0o600) == 0)
            #expect(mkfifo(box.path("confdir/conf.d/pipe.toml"), 0o600) == 0)
            let done = try await box.render()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            for name in ["templates/app.tmpl", "conf.d/pipe.toml"] {
                #expect(done.standardError.contains("\(name): is a pipe, not a file"), "\(done.testDescription)")
            }
            #expect(box.output("good") == "good")
        }
    }

    /// What leads out of the templates folder is not included, whichever way it leads.
    @Test(arguments: ["../secret", "/etc/hostname", "link", "linked/secret", "sub/../../secret", "loop", "fifo"])
    func includeStaysInItsFolder(_ name: String) async throws {
        try await withSandbox { box in
            try box.write("confdir/secret", Self.marker)
            try box.write("confdir/templates/sub/x", "x")
            symlink("../secret", box.path("confdir/templates/link"))
            symlink("..", box.path("confdir/templates/linked"))
            symlink("loop", box.path("confdir/templates/loop"))
            #expect(mkfifo(box.path("confdir/templates/fifo"), 0o600) == 0)
            try box.resource("app", template: "{{include \"\(name)\"}}")
            try box.resource("good", template: "good")
            let done = try await box.render()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.output("app") == nil)
            #expect(box.output("good") == "good")
            #expect(!done.standardError.contains(Self.marker))
        }
    }

    /// A destination in a shared folder that is another user's link to a file of root's.
    @Test(.enabled(if: Machine.isRoot)) func strangersLinkInASharedFolder() async throws {
        try await withSandbox { box in
            try box.write("victim", "precious")
            try box.write("shared/x", "")
            chmod(box.path("shared"), 0o1777)
            symlink("../victim", box.path("shared/app"))
            lchown(box.path("shared/app"), 65_534, 65_534)
            try box.write("confdir/templates/app.tmpl", "x")
            try box.write(
                "confdir/conf.d/app.toml",
                "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.path("shared/app"))\"\nkeys = [\"/a\"]\n")
            let done = try await box.render()
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(box.read("victim") == "precious")
        }
    }

    /// A name with everything in it that a shell could mistake.
    @Test func namesAreQuotedForTheShell() async throws {
        try await withSandbox { box in
            let name = "a b'$(touch pwned);\"&|*"
            try box.write("confdir/templates/app.tmpl", "x")
            try box.write(
                "confdir/conf.d/app.toml",
                "[template]\nsrc = \"app.tmpl\"\ndest = '''\(box.out)/\(name)'''\nkeys = [\"/a\"]\n"
                    + "check_cmd = \"test -f {{.src}}\"\nreload_cmd = \"test -f {{.dest}}\"\n")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output(name) == "x")
            #expect(box.read("pwned") == nil && box.read("out/pwned") == nil)
        }
    }

    // MARK: Who may choose commands

    @Test(arguments: [
        "confdir", "confdir/conf.d", "confdir/conf.d/app.toml", "confdir/templates", "confdir/templates/app.tmpl",
        "confd.toml",
    ])
    func worldWritableWarns(_ path: String) async throws {
        try await withSandbox { box in
            try box.resource("app", keys: [], template: "x")
            try box.write("confd.toml", "backend = \"env\"\n")
            let clean = try await box.confd("-onetime", "-config-file", box.path("confd.toml"))
            #expect(!clean.standardError.contains("world-writable"), "\(clean.testDescription)")
            chmod(box.path(path), try box.mode(path) | 0o002)
            let done = try await box.confd("-onetime", "-config-file", box.path("confd.toml"))
            #expect(done.exitCode == 0)
            let warnings = done.errorLines.filter { $0.contains("WARNING") }
            #expect(
                warnings.count == 1 && warnings[0].contains("\(box.path(path)): is world-writable"),
                "\(warnings)")
        }
    }

    // MARK: Hostile files

    /// Everything that fuzzing found worth keeping, as templates and as resource files of the program: it reports and
    /// ends, and the good neighbour is there. `CONFD_BINARY` may name one built with AddressSanitizer.
    @Test func fuzzCorporaThroughTheProgram() async throws {
        let corpus = Machine.testFolder + "/../Fuzz/Corpus"
        try await withSandbox { box in
            for kind in ["template", "render", "printf"] {
                for name in try FileManager.default.contentsOfDirectory(atPath: "\(corpus)/\(kind)") {
                    let bytes = FileManager.default.contents(atPath: "\(corpus)/\(kind)/\(name)")
                    let resource = "\(kind)-\(name)"
                    try box.resource(resource, template: "")
                    try bytes?.write(to: URL(fileURLWithPath: box.path("confdir/templates/\(resource).tmpl")))
                }
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(corpus)/toml") {
                let bytes = FileManager.default.contents(atPath: "\(corpus)/toml/\(name)")
                try bytes?.write(to: URL(fileURLWithPath: box.path("confdir/conf.d/corpus-\(name).toml")))
            }
            // A resource that sees all keys: without one no file of keys is read.
            try box.write(
                "all/conf.d/all.toml",
                "[template]\nsrc = \"all\"\ndest = \"\(box.path("all.out"))\"\nkeys = [\"/\"]\n")
            try box.write("all/templates/all", "{{range gets \"/*\"}}{{.Key}}={{.Value}}\n{{end}}")
            for kind in ["yaml", "json"] {
                for name in try FileManager.default.contentsOfDirectory(atPath: "\(corpus)/\(kind)") {
                    let copy = box.path("data/\(name).\(kind)")
                    try box.write(copy, "")
                    try FileManager.default.contents(atPath: "\(corpus)/\(kind)/\(name)")?.write(
                        to: URL(fileURLWithPath: copy))
                    let done = try await box.confd(
                        "-onetime", "-backend", "file", "-file", copy, "-confdir", box.path("all"), confdir: false)
                    #expect(
                        done.exitCode != nil && !done.standardError.contains("Sanitizer"),
                        "\(name): \(done.testDescription)")
                }
            }
            try box.resource("zgood", template: "good")
            let done = try await run(box.command(["-onetime", "-backend", "env"]), seconds: 120)
            #expect(done.exitCode == 1, "\(done.testDescription.suffix(3_000))")
            #expect(!done.standardError.contains("Sanitizer"), "\(done.testDescription.suffix(5_000))")
            #expect(box.output("zgood") == "good")
        }
    }
}

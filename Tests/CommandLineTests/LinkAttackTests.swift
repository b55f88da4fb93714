import Foundation
import TestSupport
import Testing

/// A service user owns a directory that root's confd writes in, and has links there.
@Suite(.enabled(if: Machine.canBindMount, "needs root and the right to mount"))
struct LinkAttackTests {
    static let service: uid_t = 1_234

    /// A sandbox with `srv`, the service user's, and `root/precious`, a file of root's.
    private func withService(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { box in
            try box.write("root/precious", "precious", mode: 0o600)
            try box.write("srv/releases/42/old", "old")
            for name in ["srv", "srv/releases", "srv/releases/42"] { chown(box.path(name), Self.service, Self.service) }
            try await body(box)
        }
    }

    private func link(_ box: Sandbox, _ path: String, to content: String) {
        symlink(content, box.path(path))
        lchown(box.path(path), Self.service, Self.service)
    }

    private func resource(_ box: Sandbox, _ dest: String, _ fields: String = "") throws {
        try box.write("confdir/templates/app.tmpl", "new")
        try box.write(
            "confdir/conf.d/app.toml", "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.root)/\(dest)\"\n\(fields)\n")
    }

    private func render(_ box: Sandbox, _ arguments: String...) async throws -> Finished {
        try await run(box.jailed(box.command(["-onetime", "-backend", "env"] + arguments)))
    }

    @Test(arguments: [
        ("Attack: dest is a link", "srv/x", "srv/x", "../root/precious"),
        ("Attack: a directory is a link", "srv/d", "srv/d/precious", "../root"),
        ("Attack: a release is a link", "srv/releases/43", "srv/releases/43/precious", "../../root"),
    ])
    func overwritesNothingOfRoots(name: String, link path: String, dest: String, content: String) async throws {
        try await withService { box in
            link(box, path, to: content)
            for fields in ["", "backup = true", "make_dirs = true", "owner = \"1234\"", "mode = \"0666\""] {
                try resource(box, dest, fields + "\nreload_cmd = \"true\"")
                for arguments in [[], ["-noop", "-diff"]] {
                    let done = try await run(
                        box.jailed(box.command(["-onetime", "-backend", "env"] + arguments)))
                    #expect(done.exitCode == 1, "\(done.testDescription)")
                    #expect(
                        done.standardError.contains(
                            "cannot follow the symbolic link \(box.path(path)) of uid 1234: it leads to "
                                + "\(box.path("root")) of uid 0"), "\(done.testDescription)")
                    #expect(!done.standardOutput.contains("precious\n-"), "a diff shows nothing of it")
                }
            }
            #expect(box.read("root/precious") == "precious")
            #expect(try box.status("root/precious").st_uid == 0)
            #expect(try box.mode("root/precious") == 0o600)
            #expect(try box.names("root") == ["precious"])
        }
    }

    @Test func goesOnWithADeploymentsCurrent() async throws {
        try await withService { box in
            link(box, "srv/current", to: "releases/42")
            try resource(box, "srv/current/x", "backup = true")
            for _ in 1...2 {
                let done = try await render(box)
                #expect(done.exitCode == 0, "\(done.testDescription)")
            }
            #expect(box.read("srv/releases/42/x") == "new")
            #expect(try box.names("srv/releases/42") == ["old", "x"])
        }
    }

    /// Attack: `check_cmd` puts a link in the place of the staged file, and the next pass would follow it.
    @Test func installsNoLinkOfACheck() async throws {
        try await withService { box in
            try resource(box, "srv/x", "check_cmd = \"ln -sf \(box.root)/root/precious {{.src}}\"")
            for _ in 1...2 {
                let done = try await render(box)
                #expect(done.exitCode == 1, "\(done.testDescription)")
                #expect(done.standardError.contains("was replaced by a symbolic link"), "\(done.testDescription)")
            }
            #expect(try box.names("srv") == ["releases"])
            #expect(box.read("root/precious") == "precious")
        }
    }

    /// Report: checks such as `sed -i` edit what they check, as with confd 0.17.
    @Test(arguments: ["out", "srv"])
    func installsWhatACheckEditedWhereOnlyRootWrites(_ directory: String) async throws {
        try await withService { box in
            try resource(box, "\(directory)/x", "check_cmd = \"sed -i s/new/edited/ {{.src}}\"")
            let done = try await render(box)
            #expect(done.exitCode == (directory == "out" ? 0 : 1), "\(done.testDescription)")
            #expect(box.read("\(directory)/x") == (directory == "out" ? "edited" : nil))
        }
    }
}

/// Report: two resources with one dest rewrite it, and reload, twice a pass and for ever.
@Suite struct SharedDestinationTests {
    private func resources(_ box: Sandbox, _ first: String, _ second: String) throws {
        for (name, dest) in [("1", first), ("2", second)] {
            try box.write("confdir/templates/\(name).tmpl", "text \(name)")
            try box.write(
                "confdir/conf.d/\(name).toml",
                """
                [template]
                src = "\(name).tmpl"
                dest = "\(dest)"
                reload_cmd = "\(box.counting(name))"

                """)
        }
    }

    @Test(arguments: ["ROOT/out/x", "ROOT/out//x", "out/x", "ROOT/linked/x", "ROOT/file", "./linked/../linked/x"])
    func isNamedWhateverTheSpelling(_ spelling: String) async throws {
        try await withSandbox { box in
            symlink("out", box.path("linked"))
            symlink("out/x", box.path("file"))
            try resources(box, "\(box.root)/out/x", spelling.replacingOccurrences(of: "ROOT", with: box.root))
            for arguments in [["-onetime"], ["-validate"]] {
                let done = try await run(box.command(arguments + ["-backend", "env"]))
                #expect(done.exitCode != 0, "\(done.testDescription)")
                #expect((done.standardError + done.standardOutput).contains("is already written by 1.toml"))
            }
            #expect(box.output("x") == "text 1")
            #expect(box.runs(of: "1") == 1 && box.runs(of: "2") == 0)
        }
    }
}

import Foundation
import TestSupport
import Testing

/// `-watch` behind symbolic links and renames, as deployments use them.
@Suite struct DaemonLinksTests {
    private func daemon(_ box: Sandbox, confdir: String, file: String = "keys.yaml") throws -> Child {
        try box.write("keys.yaml", "app: {name: one}\n")
        return try Child(
            box.command(
                ["-watch", "-interval", "0", "-backend", "file", "-file", box.path(file), "-confdir", confdir],
                confdir: false))
    }

    private func stop(_ daemon: Child) async throws {
        daemon.send(SIGTERM)
        let done = try await daemon.wait()
        #expect(done.exitCode == 0, "\(done.testDescription)")
    }

    /// Waits until the file of the resource `app` holds `text`.
    private func expect(_ text: String, _ box: Sandbox, _ daemon: Child) async throws {
        #expect(
            try await eventually { box.output("app") == text },
            "\(text): \(box.output("app") ?? "nothing")\n\(daemon.standardError)")
    }

    private func resource(_ box: Sandbox, _ confdir: String, source: String = "app.tmpl", _ template: String) throws {
        try box.write(
            "\(confdir)/conf.d/app.toml",
            "[template]\nsrc = \"\(source)\"\ndest = \"\(box.out)/app\"\nkeys = [\"/app\"]\n")
        if !source.hasPrefix("/") { try box.write("\(confdir)/templates/\(source)", template) }
    }

    /// Replaces the link `name` by one to `target`, at once.
    private func link(_ box: Sandbox, _ name: String, to target: String) {
        symlink(target, box.path(name + ".new"))
        rename(box.path(name + ".new"), box.path(name))
    }

    /// Report: `confdir` was `current -> releases/N`, and no release after the first was seen; includes of later ones were
    /// refused.
    @Test func releaseIsSwitched() async throws {
        try await withSandbox { box in
            for number in 1...3 {
                let release = "releases/\(number)"
                try resource(box, release, #"{{include "part.tmpl"}} {{getv "/app/name"}}"#)
                try box.write("\(release)/templates/part.tmpl", "release \(number)")
            }
            link(box, "current", to: "releases/1")
            let daemon = try daemon(box, confdir: box.path("current"))
            try await expect("release 1 one", box, daemon)
            for number in 2...3 {
                link(box, "current", to: "releases/\(number)")
                try await expect("release \(number) one", box, daemon)
                try box.write("releases/\(number)/templates/part.tmpl", "edited \(number)")
                try await expect("edited \(number) one", box, daemon)
            }
            try await stop(daemon)
        }
    }

    /// Report: a directory above was exchanged by two renames.
    @Test func directoryAboveIsExchanged() async throws {
        try await withSandbox { box in
            try resource(box, "site/confd", "old")
            try resource(box, "new/confd", "new")
            let daemon = try daemon(box, confdir: box.path("site/confd"))
            try await expect("old", box, daemon)
            rename(box.path("site"), box.path("site.old"))
            rename(box.path("new"), box.path("site"))
            try await expect("new", box, daemon)
            try box.write("site/confd/templates/app.tmpl", "edited")
            try await expect("edited", box, daemon)
            try await stop(daemon)
        }
    }

    /// Report: templates and resources that are links, and an absolute `src`, were looked at only at the full pass.
    @Test func linkedTemplatesAndResources() async throws {
        try await withSandbox { box in
            try box.write("shared/app.tmpl", "one")
            try resource(box, "shared", "")
            try box.write("shared/app.tmpl", "one")
            try box.write("c/conf.d/README", "")
            try box.write("c/templates/README", "")
            symlink("../../shared/conf.d/app.toml", box.path("c/conf.d/app.toml"))
            symlink(box.path("shared/app.tmpl"), box.path("c/templates/app.tmpl"))
            let daemon = try daemon(box, confdir: box.path("c"))
            try await expect("one", box, daemon)
            try box.write("shared/app.tmpl", "edited")
            try await expect("edited", box, daemon)
            try box.write("elsewhere/a/absolute.tmpl", "absolute")
            try resource(box, "shared", source: box.path("elsewhere/a/absolute.tmpl"), "")
            try await expect("absolute", box, daemon)
            try box.write("elsewhere/a/absolute.tmpl", "absolute and edited")
            try await expect("absolute and edited", box, daemon)
            try box.write("elsewhere/b/absolute.tmpl", "its directory exchanged")
            rename(box.path("elsewhere"), box.path("elsewhere.old"))
            try box.write("new/a/absolute.tmpl", "its directory exchanged")
            rename(box.path("new"), box.path("elsewhere"))
            try await expect("its directory exchanged", box, daemon)
            try await stop(daemon)
        }
    }

    /// A template outside of confdir that is not there yet.
    @Test func absoluteTemplateComesLate() async throws {
        try await withSandbox { box in
            try resource(box, "c", source: box.path("late/a/app.tmpl"), "")
            try box.write("c/templates/README", "")
            let daemon = try daemon(box, confdir: box.path("c"))
            #expect(try await eventually { daemon.standardError.contains("Missing template") })
            try box.write("late/a/app.tmpl", "here")
            try await expect("here", box, daemon)
            try await stop(daemon)
        }
    }

    /// As Kubernetes mounts ConfigMaps: `conf.d` and `templates` are volumes of links, and `..data` is replaced.
    @Test func configMapsAreUpdated() async throws {
        try await withSandbox { box in
            for generation in 1...2 {
                try box.write(
                    "c/conf.d/..\(generation)/app.toml",
                    "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.out)/app\"\nkeys = [\"/app\"]\nmode = \"0\(generation + 5)00\"\n"
                )
                try box.write("c/templates/..\(generation)/app.tmpl", "generation \(generation)")
            }
            for (volume, file) in [("conf.d", "app.toml"), ("templates", "app.tmpl")] {
                link(box, "c/\(volume)/..data", to: "..1")
                symlink("..data/\(file)", box.path("c/\(volume)/\(file)"))
            }
            let daemon = try daemon(box, confdir: box.path("c"))
            try await expect("generation 1", box, daemon)
            #expect(try await eventually { try box.mode("out/app") == 0o600 })
            for volume in ["conf.d", "templates"] {
                link(box, "c/\(volume)/..data", to: "..2")
                try FileManager.default.removeItem(atPath: box.path("c/\(volume)/..1"))
            }
            try await expect("generation 2", box, daemon)
            #expect(try await eventually { try box.mode("out/app") == 0o700 }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// confdir, and all above it, comes after the daemon.
    @Test func confdirComesLate() async throws {
        try await withSandbox { box in
            let daemon = try daemon(box, confdir: box.path("late/site/c"))
            #expect(try await eventually { daemon.standardError.contains("confdir does not exist") })
            try resource(box, "new/site/c", "here")
            rename(box.path("new"), box.path("late"))
            try await expect("here", box, daemon)
            try await stop(daemon)
        }
    }

    /// Without inotify, files are examined every two seconds, and one warning says so.
    @Test(.enabled(if: Machine.isRoot && Machine.hasSetpriv)) func withoutWatches() async throws {
        try await withSandbox { box in
            try resource(box, "c", #"one {{getv "/app/name"}}"#)
            try box.write("keys.yaml", "app: {name: one}\n")
            // A user namespace has an inotify limit of its own, which can be set to 0.
            let script = """
                echo 0 > /proc/sys/user/max_inotify_instances
                exec \(Machine.confd) -watch -interval 0 -backend file -file \(box.path("keys.yaml")) -confdir \(box.path("c"))
                """
            let daemon = try Child(
                ChildCommand(
                    executable: "unshare", arguments: ["--user", "--map-root-user", "/bin/sh", "-c", script],
                    environment: Machine.environment, directory: box.root))
            try await expect("one one", box, daemon)
            try box.write("c/templates/app.tmpl", #"two {{getv "/app/name"}}"#)
            try await expect("two one", box, daemon)
            try box.write("keys.yaml", "app: {name: two}\n")
            try await expect("two two", box, daemon)
            let warnings = daemon.standardError.components(separatedBy: "cannot watch").count - 1
            #expect(warnings == 2, "once for confdir, once for the backend: \(daemon.standardError)")
            try await stop(daemon)
        }
    }
}
